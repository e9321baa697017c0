//! `hemicycle export --chart bounds`: how the ranges of certain seats closed through the night, as SVG.
//!
//! One panel for each list, over the revisions of the log (ballots counted can fall): solid up to the seats that are
//! certain, hatched up to the most that are possible, a line for the seats by what is counted. Above them, the seats that
//! are certain for anybody. Where a range had to widen a mark stands below it. Before the first ballot nothing is drawn.

mod picture;
#[cfg(test)]
mod tests;

use self::picture::{
    MARGIN, PANEL_HEIGHT, PATTERNS, Scale, TEXT_SIZE, TITLE_SIZE, area, cut, escaped, floor, frame,
    isolated, letters, line, text,
};
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
const GAP: u64 = 40;
/// Lists that have a panel of their own: those with the most seats in any range.
const PANELS_MAX: usize = 24;
/// Lists without a panel that are named.
const NAMED_MAX: usize = 24;

/// What was certain at one moment.
struct Moment {
    revision: u64,
    ballots: u64,
    secured: u64,
    lists: BTreeMap<String, Seats>,
}

/// Seats of a list.
#[derive(Clone, Copy)]
struct Seats {
    fewest: u32,
    most: u32,
    /// By the ballots counted so far; `None`: there is none yet, which is not zero.
    counted: Option<u32>,
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
        let (fewest, most) = range.unwrap_or((0, all));
        let seats = Seats {
            fewest,
            most,
            counted: seats.seats,
        };
        Some((option.option_id.clone(), seats))
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
        let (lists, others) = self.lists();
        let rows = u64::try_from(lists.len()).unwrap_or(0).div_ceil(COLUMNS);
        let width = 2 * MARGIN + COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * GAP;
        let inner = width - 2 * MARGIN;
        let test = if self.is_test { "TEST · " } else { "" };
        let mut head = String::new();
        let title = format!("{test}{}", self.title);
        let soft = (TEXT_SIZE, "fill=\"#444\"");
        let look = (TITLE_SIZE, "font-weight=\"600\"");
        let mut y = text(&mut head, &title, (34, inner), look);
        for said in [LEGEND, &self.basis] {
            y = text(&mut head, said, (y, inner), soft);
        }
        let top = y + GAP / 2;
        let below = top + (rows + 1) * (PANEL_HEIGHT + 2 * GAP) - GAP / 2;
        let mut foot = String::new();
        let height = text(&mut foot, &self.others(&others), (below, inner), soft);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"{TEXT_SIZE}\" role=\"img\">\n\
             <title>{title}: seats that are certain</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n{PATTERNS}{head}",
            title = escaped(&self.title),
        );
        self.all(&mut svg, (MARGIN, top), inner);
        for (place, list) in (0_u64..).zip(&lists) {
            let x = MARGIN + place % COLUMNS * (PANEL_WIDTH + GAP);
            let y = top + (1 + place / COLUMNS) * (PANEL_HEIGHT + 2 * GAP);
            self.panel(&mut svg, list, (x, y));
        }
        svg.push_str(&foot);
        svg.push_str("</svg>\n");
        svg
    }

    /// The lists with a panel: those that can have a seat at the end or could have most, the largest first. And the others.
    fn lists(&self) -> (Vec<String>, Vec<String>) {
        let Some(last) = self.moments.last() else {
            return (Vec::new(), Vec::new());
        };
        let mut lists: Vec<(&String, &Seats)> = last.lists.iter().collect();
        lists.sort_by_key(|(id, seats)| {
            let number = self.names.number(&self.contest, id);
            (std::cmp::Reverse((seats.most, seats.fewest)), number)
        });
        let shown = lists.iter().take(PANELS_MAX);
        let shown = shown.take_while(|(_, seats)| seats.most > 0).count();
        let mut ids: Vec<String> = lists.into_iter().map(|(id, _)| id.clone()).collect();
        let others = ids.split_off(shown);
        (ids, others)
    }

    /// Which lists have no panel; empty where all have.
    fn others(&self, lists: &[String]) -> String {
        let names = lists.iter().take(NAMED_MAX);
        let names: Vec<String> = names.map(|id| isolated(self.names.option(id))).collect();
        match (names.is_empty(), lists.len() - names.len()) {
            (true, _) => String::new(),
            (false, 0) => format!("Without a panel: {}.", names.join(", ")),
            (false, more) => format!("Without a panel: {} and {more} more.", names.join(", ")),
        }
    }

    /// The moments from the first counted ballot on: before it there is nothing that could close.
    fn counted(&self) -> impl Iterator<Item = &Moment> {
        self.moments.iter().skip_while(|it| it.ballots == 0)
    }

    /// Seats that are certain for anybody.
    fn all(&self, svg: &mut String, (x, y): (u64, u64), wide: u64) {
        let points = self.counted().map(|it| (it.revision, it.secured));
        let points: Vec<(u64, u64)> = points.collect();
        let scale = self.scale((x, y), wide, u64::from(self.seats));
        let last = self.moments.last().map_or(0, |it| it.secured);
        let _ = write!(
            svg,
            "<g>\n<text x=\"{x}\" y=\"{above}\" font-weight=\"600\">All lists: {last} of {seats} seats are certain</text>\n",
            above = y - 8,
            seats = self.seats,
        );
        frame(svg, (x, y), wide, self.seats);
        let area = area(&scale, &points, &floor(&points));
        let _ = writeln!(svg, "<path d=\"{area}\" fill=\"#3b4a5a\"/>\n</g>");
        self.axis(svg, (x, y), wide);
    }

    fn panel(&self, svg: &mut String, list: &str, (x, y): (u64, u64)) {
        let of_list = |moment: &Moment| Some((moment.revision, *moment.lists.get(list)?));
        let points: Vec<(u64, Seats)> = self.counted().filter_map(of_list).collect();
        let series = |which: fn(&Seats) -> u32| -> Vec<(u64, u64)> {
            let series = points.iter().map(|(at, it)| (*at, u64::from(which(it))));
            series.collect()
        };
        let (fewest, most) = (series(|it| it.fewest), series(|it| it.most));
        let seats = points
            .iter()
            .map(|(at, it)| (*at, it.counted.map(u64::from)));
        let seats: Vec<(u64, Option<u64>)> = seats.collect();
        // Full height is what is possible in the last quarter of the moments, or was by what is counted: before that nearly
        // everything is possible for everybody, and the seats would be a thin line below it.
        let late = most.get(most.len() * 3 / 4).map_or(1, |it| it.1);
        let late = seats.iter().filter_map(|it| it.1).max().max(Some(late));
        let late = late.unwrap_or(1);
        let scale = self.scale((x, y), PANEL_WIDTH, late);
        let colour = self.names.colour(list).unwrap_or([90, 100, 110]);
        let colour = format!("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
        // Also where no ballot is counted, and nothing drawn.
        let last = self.moments.last().and_then(of_list);
        let range = match last.map(|(_, it)| (it.fewest, it.most)) {
            Some((low, high)) if low != high => format!("{low} to {high}"),
            Some((low, _)) => low.to_string(),
            None => String::new(),
        };
        let name = self.names.option(list);
        // The panel beside it begins where a long name would go on.
        let room = letters(PANEL_WIDTH, TEXT_SIZE).saturating_sub(range.len() + 2);
        let _ = write!(
            svg,
            "<g>\n<text x=\"{x}\" y=\"{above}\" font-weight=\"600\"><title>{}</title>{}: {range}</text>\n",
            escaped(name),
            escaped(&isolated(&cut(name, room))),
            above = y - 8,
        );
        frame(
            svg,
            (x, y),
            PANEL_WIDTH,
            u32::try_from(late).unwrap_or(u32::MAX),
        );
        let between = area(&scale, &most, &fewest);
        let under = area(&scale, &fewest, &floor(&fewest));
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
            if after.fewest < before.fewest || after.most > before.most {
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
        let moments = u64::try_from(self.moments.len()).unwrap_or(u64::MAX);
        let last = self.moments.last().map_or(1, |it| it.revision);
        Scale::new(corner, width, (last, moments), top)
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

const LEGEND: &str = "Solid: certain, unless a counted station is corrected, annulled or recounted. Hatched: still possible. Line: by the \
    ballots counted so far. Red mark: the range had to widen. A panel is as high as what was possible late in the night: earlier \
    ranges go on above it.";
