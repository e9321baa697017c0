//! `hemicycle export --chart bounds`: how the ranges of certain seats closed through the night, as SVG.
//!
//! One panel for each list, over the revisions of the log (ballots counted can fall): solid up to the seats that are
//! certain, hatched up to the most that are possible, a line for the seats by what is counted. Above them, the seats that
//! are certain for anybody. Where a range had to widen a mark stands below it.

use crate::failure::Failure;
use crate::names::Names;
use crate::table::thousands;
use client::Client;
use election::ids::ElectionId;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wire::allocation::v1::{GetStandingsRequest, Standings};
use wire::common::v1::View;

/// Panels side by side, and their measures in units of the picture.
const COLUMNS: u64 = 3;
const PANEL_WIDTH: u64 = 300;
const PANEL_HEIGHT: u64 = 130;
const GAP: u64 = 40;
const MARGIN: u64 = 30;
const HEAD: u64 = 96;
/// Lists that have a panel of their own: those with the most seats in any range.
const PANELS_MAX: usize = 24;

/// What was certain at one moment.
struct Moment {
    revision: u64,
    ballots: u64,
    secured: u64,
    /// Fewest, most and counted seats by list.
    lists: BTreeMap<String, (u32, u32, u32)>,
}

/// Asks for the standings of so many moments of the log, evenly over its revisions, and draws them.
///
/// # Errors
///
/// As `GetStandings`; an election of which nothing is ever claimed.
pub async fn bounds(
    client: &Client,
    election: &ElectionId,
    view: View,
    until: u64,
    moments: u64,
) -> Result<String, Failure> {
    let names = Names::ask(client, election, view).await?;
    let last = at(client, election, view, until).await?;
    let head = last.token.as_ref().map_or(0, |token| token.revision);
    let Some(contest) = last.contests.iter().find(|it| it.certain.is_some()) else {
        let what = "nothing is claimed of certain seats: the rules have no [rules.outstanding] (docs/definition.md)";
        return Err(Failure::Input(what.to_owned()));
    };
    let (contest, seats) = (contest.contest_id.clone(), contest.seats);
    let bar = ProgressBar::new(moments);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} moments");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut drawn: Vec<Moment> = Vec::new();
    for number in 1..moments {
        bar.inc(1);
        // Revisions below 2^40, so the product fits.
        let revision = head * number / moments;
        if revision <= drawn.last().map_or(0, |it| it.revision) {
            continue;
        }
        let standings = at(client, election, view, revision).await?;
        drawn.extend(moment(&standings, &contest));
    }
    drawn.extend(moment(&last, &contest));
    bar.finish_and_clear();
    let of = Drawing {
        title: names.title.clone(),
        names,
        contest,
        seats,
        is_test: last.is_test,
        basis: basis(&last),
        moments: drawn,
    };
    Ok(of.svg())
}

async fn at(
    client: &Client,
    election: &ElectionId,
    view: View,
    revision: u64,
) -> Result<Standings, Failure> {
    let request = GetStandingsRequest {
        election_id: election.to_string(),
        view: view.into(),
        revision,
        ..GetStandingsRequest::default()
    };
    Ok(client.get_standings(request).await?)
}

/// What a moment claims of a contest; `None`: nothing.
fn moment(standings: &Standings, contest: &str) -> Option<Moment> {
    let mut contests = standings.contests.iter();
    let contest = contests.find(|it| it.contest_id == contest)?;
    let certain = contest.certain.as_ref()?;
    let all = contest.seats;
    let lists = contest.options.iter().filter_map(|option| {
        let seats = option.seats.as_ref()?;
        // While nothing is claimed, everything is possible.
        let bounds = seats.bounds.as_ref();
        let range = bounds.and_then(|bounds| bounds.seats_fewest.zip(bounds.seats_most));
        let range = range.unwrap_or((0, all));
        Some((
            option.option_id.clone(),
            (range.0, range.1, seats.seats.unwrap_or(0)),
        ))
    });
    let lists: BTreeMap<_, _> = lists.collect();
    (!lists.is_empty()).then(|| Moment {
        revision: standings.token.as_ref().map_or(0, |token| token.revision),
        ballots: contest.totals.as_ref().map_or(0, |it| it.ballots_counted),
        secured: certain.seats_secured,
        lists,
    })
}

/// What the bound at the end rests on, in words.
fn basis(standings: &Standings) -> String {
    let certain = standings.contests.iter().find_map(|it| it.certain.as_ref());
    let outstanding = certain.and_then(|it| it.outstanding.as_ref());
    outstanding
        .and_then(|it| it.ballots_most)
        .map_or_else(String::new, |ballots| match ballots {
            0 => String::from("At the end no ballot is outstanding."),
            1 => String::from("At the end at most one ballot is outstanding."),
            _ => format!(
                "At the end at most {} ballots are outstanding.",
                thousands(ballots)
            ),
        })
}

struct Drawing {
    title: String,
    names: Names,
    contest: String,
    seats: u32,
    is_test: bool,
    basis: String,
    moments: Vec<Moment>,
}

impl Drawing {
    fn svg(&self) -> String {
        let lists = self.lists();
        let rows = u64::try_from(lists.len()).unwrap_or(0).div_ceil(COLUMNS);
        let width = 2 * MARGIN + COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * GAP;
        let height = HEAD + (rows + 1) * (PANEL_HEIGHT + 2 * GAP) + GAP;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n\
             <title>{title}: seats that are certain</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n{PATTERNS}",
            title = escaped(&self.title),
        );
        let test = if self.is_test { "TEST · " } else { "" };
        let _ = write!(
            svg,
            "<text x=\"{MARGIN}\" y=\"34\" font-size=\"20\" font-weight=\"600\">{test}{}</text>\n\
             <text x=\"{MARGIN}\" y=\"58\" fill=\"#444\">Solid: certain, unless a counted station is corrected, annulled or recounted. \
             Hatched: still possible. Line: by the ballots counted so far. Red mark: the range had to widen.</text>\n\
             <text x=\"{MARGIN}\" y=\"78\" fill=\"#444\">{}</text>\n",
            escaped(&self.title),
            escaped(&self.basis),
        );
        self.all(&mut svg, width);
        for (place, list) in (0_u64..).zip(&lists) {
            let x = MARGIN + place % COLUMNS * (PANEL_WIDTH + GAP);
            let y = HEAD + (1 + place / COLUMNS) * (PANEL_HEIGHT + 2 * GAP);
            self.panel(&mut svg, list, (x, y));
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The lists with a panel: those that can have a seat at the end or could have most, the largest first.
    fn lists(&self) -> Vec<String> {
        let Some(last) = self.moments.last() else {
            return Vec::new();
        };
        let mut lists: Vec<(&String, &(u32, u32, u32))> = last.lists.iter().collect();
        lists.sort_by_key(|(id, (fewest, most, _))| {
            let votes = self.names.number(&self.contest, id);
            (std::cmp::Reverse((*most, *fewest)), votes)
        });
        let lists = lists.into_iter().filter(|(_, range)| range.1 > 0);
        lists.take(PANELS_MAX).map(|(id, _)| id.clone()).collect()
    }

    /// Seats that are certain for anybody.
    fn all(&self, svg: &mut String, width: u64) {
        let (x, y) = (MARGIN, HEAD + GAP / 2);
        let wide = width - 2 * MARGIN;
        let points = self.moments.iter().map(|it| (it.revision, it.secured));
        let points: Vec<(u64, u64)> = points.collect();
        let scale = self.scale((x, y), wide, u64::from(self.seats));
        let last = points.last().map_or(0, |point| point.1);
        let _ = write!(
            svg,
            "<g>\n<text x=\"{x}\" y=\"{above}\" font-weight=\"600\">All lists: {last} of {seats} seats are certain</text>\n",
            above = y - 8,
            seats = self.seats,
        );
        frame(svg, (x, y), wide, self.seats);
        let area = area(&scale, &points, &[(points.first().map_or(0, |it| it.0), 0)]);
        let _ = writeln!(svg, "<path d=\"{area}\" fill=\"#3b4a5a\"/>\n</g>");
        self.axis(svg, (x, y), wide);
    }

    fn panel(&self, svg: &mut String, list: &str, (x, y): (u64, u64)) {
        let of_list = self.moments.iter().filter_map(|moment| {
            let (fewest, most, seats) = moment.lists.get(list)?;
            Some((moment.revision, [*fewest, *most, *seats].map(u64::from)))
        });
        let points: Vec<(u64, [u64; 3])> = of_list.collect();
        let series = |which: usize| -> Vec<(u64, u64)> {
            points.iter().map(|(at, it)| (*at, it[which])).collect()
        };
        let (fewest, most, seats) = (series(0), series(1), series(2));
        // Full height is what is possible in the last quarter of the moments, or was by what is counted: before that nearly
        // everything is possible for everybody, and the seats would be a thin line below it.
        let late = most.get(most.len() * 3 / 4).map_or(1, |it| it.1);
        let late = seats.iter().map(|it| it.1).max().unwrap_or(0).max(late);
        let scale = self.scale((x, y), PANEL_WIDTH, late);
        let colour = self.names.colour(list).unwrap_or([90, 100, 110]);
        let colour = format!("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
        let (low, high) = (
            fewest.last().map_or(0, |it| it.1),
            most.last().map_or(0, |it| it.1),
        );
        let range = if low == high {
            format!("{low}")
        } else {
            format!("{low} to {high}")
        };
        let _ = write!(
            svg,
            "<g>\n<text x=\"{x}\" y=\"{above}\" font-weight=\"600\">{}: {range}</text>\n",
            isolated(self.names.option(list)),
            above = y - 8,
        );
        frame(
            svg,
            (x, y),
            PANEL_WIDTH,
            u32::try_from(late).unwrap_or(u32::MAX),
        );
        let between = area(&scale, &most, &fewest);
        let floor = [(fewest.first().map_or(0, |it| it.0), 0)];
        let under = area(&scale, &fewest, &floor);
        let _ = write!(
            svg,
            "<path d=\"{between}\" fill=\"{colour}\" fill-opacity=\"0.25\"/>\n\
             <path d=\"{between}\" fill=\"url(#hatch)\"/>\n\
             <path d=\"{under}\" fill=\"{colour}\"/>\n\
             <path d=\"{}\" fill=\"none\" stroke=\"#111\" stroke-width=\"1.5\"/>\n",
            line(&scale, &seats),
        );
        for pair in points.windows(2) {
            let (_, before) = pair[0];
            let (at, after) = pair[1];
            if after[0] < before[0] || after[1] > before[1] {
                let x = scale.x(at);
                let foot = y + PANEL_HEIGHT;
                let _ = writeln!(
                    svg,
                    "<path d=\"M{x} {foot}l-4 9h8z\" fill=\"#b00020\"><title>the range had to widen</title></path>"
                );
            }
        }
        svg.push_str("</g>\n");
        self.axis(svg, (x, y), PANEL_WIDTH);
    }

    fn scale(&self, corner: (u64, u64), width: u64, top: u64) -> Scale {
        Scale {
            corner,
            width,
            revisions: self.moments.last().map_or(1, |it| it.revision).max(1),
            top: top.max(1),
        }
    }

    /// The end of the log, below a panel.
    fn axis(&self, svg: &mut String, (x, y): (u64, u64), width: u64) {
        let last = self.moments.last();
        let (revision, ballots) = last.map_or((0, 0), |it| (it.revision, it.ballots));
        let y = y + PANEL_HEIGHT + 22;
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" fill=\"#444\" font-size=\"11\">revision 1</text>\n\
             <text x=\"{}\" y=\"{y}\" fill=\"#444\" font-size=\"11\" text-anchor=\"end\">{}: {} ballots counted</text>\n",
            x + width,
            thousands(revision),
            thousands(ballots),
        );
    }
}

/// Where a revision and a number of seats are in a panel.
struct Scale {
    corner: (u64, u64),
    width: u64,
    revisions: u64,
    top: u64,
}

impl Scale {
    fn x(&self, revision: u64) -> u64 {
        let along = u128::from(revision.min(self.revisions)) * u128::from(self.width);
        self.corner.0 + u64::try_from(along / u128::from(self.revisions)).unwrap_or(0)
    }

    fn y(&self, seats: u64) -> u64 {
        let up = seats.min(self.top) * PANEL_HEIGHT / self.top;
        self.corner.1 + PANEL_HEIGHT - up
    }
}

/// Steps: what a moment says holds until the next one.
fn line(scale: &Scale, points: &[(u64, u64)]) -> String {
    let mut path = String::new();
    for (place, (ballots, seats)) in points.iter().enumerate() {
        let (x, y) = (scale.x(*ballots), scale.y(*seats));
        let _ = if place == 0 {
            write!(path, "M{x} {y}")
        } else {
            write!(path, "H{x}V{y}")
        };
    }
    path
}

/// Between two lines of steps.
fn area(scale: &Scale, upper: &[(u64, u64)], lower: &[(u64, u64)]) -> String {
    let mut path = line(scale, upper);
    let end = upper.last().map_or(0, |it| it.0);
    let mut back = lower.iter().rev();
    if let Some((_, seats)) = back.next() {
        let _ = write!(path, "H{}V{}", scale.x(end), scale.y(*seats));
        let mut at = lower.last().map_or(0, |it| it.0);
        for (ballots, seats) in back {
            let _ = write!(path, "H{}V{}", scale.x(at), scale.y(*seats));
            at = *ballots;
        }
        let _ = write!(path, "H{}", scale.x(at));
    }
    path.push('Z');
    path
}

fn frame(svg: &mut String, (x, y): (u64, u64), width: u64, top: u32) {
    let _ = write!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{PANEL_HEIGHT}\" fill=\"#f4f5f7\" stroke=\"#ccd\"/>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#444\" font-size=\"11\" text-anchor=\"end\">{top}</text>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#444\" font-size=\"11\" text-anchor=\"end\">0</text>\n",
        x - 4,
        y + 10,
        x - 4,
        y + PANEL_HEIGHT,
    );
}

const PATTERNS: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><path d=\"M0 0V6\" stroke=\"#000\" stroke-opacity=\"0.35\" stroke-width=\"1.5\"/></pattern></defs>\n";

/// A name of any script, so that its direction ends with it.
fn isolated(name: &str) -> String {
    format!("\u{2068}{}\u{2069}", escaped(name))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
