//! Draws the page into a terminal of any size.

use super::house::{self, House, Run};
use super::page::{Contact, Page};
use crate::table;
use crate::text::visible;
use crate::told;
use election::ids::Timestamp;
use live_feed::house::{Holder, runs};
use live_feed::threshold::Entry;
use ratatui::Frame as Canvas;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Table, Wrap};
use wire::feed::v1::{FrameBody, FrameContest, FrameRow};

/// From this width on the house stands beside the table.
const WIDE: u16 = 96;
/// From this height on it stands above it.
const HIGH: u16 = 30;
/// Lines of the ticker.
const TICKER: u16 = 6;

/// The whole page.
pub(super) fn page(canvas: &mut Canvas<'_>, page: &Page) {
    let area = canvas.area();
    let head = head(page);
    // The empty line at its end is what a word that is wrapped may take.
    let width = usize::from(area.width.max(1));
    let lines = head
        .iter()
        .map(|line| line.width().saturating_sub(1) / width + 1);
    let lines = u16::try_from(lines.sum::<usize>()).unwrap_or(1);
    let ticker = if area.height >= 18 { TICKER } else { 2 };
    let [top, middle, bottom, keys] = Layout::vertical([
        Constraint::Length(lines),
        Constraint::Min(3),
        Constraint::Length(ticker),
        Constraint::Length(1),
    ])
    .areas(area);
    canvas.render_widget(Paragraph::new(head).wrap(Wrap { trim: true }), top);
    let body = page.frame.as_ref().and_then(|frame| frame.body.as_ref());
    match body {
        Some(body) => count(canvas, page, body, middle),
        None => canvas.render_widget(Paragraph::new("Nothing is shown yet.").dim(), middle),
    }
    self::ticker(canvas, page, bottom);
    canvas.render_widget(Line::from("q or Ctrl-C: end").dim(), keys);
}

fn head(page: &Page) -> Vec<Line<'_>> {
    let mut lines = vec![Line::from(visible(&page.names.title)).bold()];
    let body = page.frame.as_ref().and_then(|frame| frame.body.as_ref());
    if body.is_some_and(|body| body.is_test) {
        let notice = match page.names.notice.as_str() {
            "" => "TEST",
            notice => notice,
        };
        lines.push(Line::from(visible(notice)).fg(Color::Red));
    }
    let mut status = vec![contact(&page.contact)];
    if let Some(body) = body {
        let time = body
            .revision_time
            .and_then(|time| wire::time("revision_time", time).ok())
            .map_or_else(|| String::from("-"), table::time);
        let revision = table::thousands(body.revision);
        let text = format!("  {}; revision {revision} of {time}", told::stage(body));
        status.push(Span::from(text));
    }
    lines.push(Line::from(status));
    lines.push(Line::default());
    lines
}

fn contact(contact: &Contact) -> Span<'_> {
    let time = |time: &Timestamp| table::time(*time);
    let alarm = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
    match contact {
        Contact::Connecting => Span::from("connecting ..."),
        Contact::Waiting => Span::from("the feed does not show this election yet; waiting"),
        Contact::Live => Span::styled("LIVE", Style::new().fg(Color::Green).bold()),
        Contact::Stale { lag_ms } => {
            let seconds = lag_ms / 1_000;
            let text = format!("STALE: the feed has lost the count for {seconds} s");
            Span::styled(text, alarm)
        }
        Contact::Behind => Span::styled("STALE: this feed has not come as far yet", alarm),
        Contact::Lost { since, why } => {
            let text = format!("RECONNECTING: no contact since {} ({why})", time(since));
            Span::styled(visible(&text).into_owned(), alarm)
        }
    }
}

fn count(canvas: &mut Canvas<'_>, page: &Page, body: &FrameBody, area: Rect) {
    let seated = body.contests.iter().find(|contest| contest.seats > 0);
    let beside = area.width >= WIDE;
    let above = !beside && area.height >= HIGH;
    let rest = match seated {
        Some(contest) if beside => {
            let [left, gap, right] = Layout::horizontal([
                Constraint::Percentage(44),
                Constraint::Length(2),
                Constraint::Min(40),
            ])
            .areas(area);
            let _ = gap;
            house(canvas, page, body, contest, left);
            right
        }
        Some(contest) if above => {
            let [top, rest] =
                Layout::vertical([Constraint::Length(14), Constraint::Min(8)]).areas(area);
            house(canvas, page, body, contest, top);
            rest
        }
        Some(_) | None => area,
    };
    let notes = notes(page, body);
    let width = usize::from(rest.width.max(1));
    let height = notes
        .iter()
        .map(|line| line.width() / width + 1)
        .sum::<usize>();
    let height = u16::try_from(height)
        .unwrap_or(u16::MAX)
        .min(rest.height / 2);
    let lines = Paragraph::new(notes).wrap(Wrap { trim: true });
    let [top, below] =
        Layout::vertical([Constraint::Min(4), Constraint::Length(height)]).areas(rest);
    self::table(canvas, page, body, top);
    canvas.render_widget(lines, below);
}

fn house(
    canvas: &mut Canvas<'_>,
    page: &Page,
    body: &FrameBody,
    contest: &FrameContest,
    area: Rect,
) {
    let height = area.height.saturating_sub(3).min(area.width / 4 + 1);
    let [dots, text, _] = Layout::vertical([
        Constraint::Length(height),
        Constraint::Length(3),
        Constraint::Min(0),
    ])
    .areas(area);
    canvas.render_widget(House(&drawn(page, contest)), dots);
    let text_lines = vec![
        Line::default(),
        Line::from(told::majority(body, contest)),
        Line::from(legend(contest).unwrap_or_default()).dim(),
    ];
    canvas.render_widget(
        Paragraph::new(text_lines).alignment(Alignment::Center),
        text,
    );
}

// The runs of the house, each with its sign and colour.
fn drawn(page: &Page, contest: &FrameContest) -> Vec<Run> {
    let runs = runs(contest).into_iter().map(|run| {
        let row = match run.holder {
            Holder::Row(row) | Holder::Open(row) => contest.rows.get(row).map(|entry| (row, entry)),
            _ => None,
        };
        let (sign, colour) = match row {
            Some((place, row)) => {
                let number = number(page, contest, place);
                let sign = match run.holder {
                    Holder::Open(_) => house::open_sign(number),
                    _ => house::sign(number),
                };
                (sign, colour(page, &row.option_id))
            }
            None => (house::sign_of(run.holder), Color::DarkGray),
        };
        Run {
            sign,
            colour,
            seats: run.seats,
        }
    });
    runs.collect()
}

// The sign of an option, by its place on the ballot: the same in every frame.
fn sign(page: &Page, contest: &FrameContest, place: usize) -> &'static str {
    house::sign(number(page, contest, place))
}

fn number(page: &Page, contest: &FrameContest, place: usize) -> usize {
    let row = contest.rows.get(place);
    let number = row.and_then(|row| page.names.number(&contest.contest_id, &row.option_id));
    number.unwrap_or(place)
}

// What the signs stand for that no list of the table has.
fn legend(contest: &FrameContest) -> Option<String> {
    let signs = runs(contest).into_iter().filter_map(|run| {
        let what = match run.holder {
            Holder::Row(_) | Holder::Open(_) => return None,
            Holder::Others => "others, not shown",
            Holder::Person => "without a list",
            Holder::Tied => "tied",
            Holder::Unassigned => "unassigned",
            Holder::Withheld => "withheld",
            Holder::NotYet => "not decided yet",
        };
        Some(format!(
            "{} {what} {}",
            house::sign_of(run.holder),
            run.seats
        ))
    });
    let signs: Vec<String> = signs.collect();
    (!signs.is_empty()).then(|| signs.join("   "))
}

fn colour(page: &Page, option: &str) -> Color {
    let colour = page.names.colour(option);
    colour.map_or(Color::Reset, |[red, green, blue]| {
        Color::Rgb(red, green, blue)
    })
}

/// How wide the columns of the table are: where they have not the room that they want, the seats are the last that gives way,
/// and never the number of them.
struct Columns {
    name: u16,
    votes: u16,
    share: u16,
    seats: u16,
    /// Whether what is possible and what is declared stand beside the seats.
    whole_seats: bool,
}

impl Columns {
    fn of(body: &FrameBody, room: u16) -> Self {
        let widest = |text: &dyn Fn(&FrameRow) -> String| {
            let rows = body.contests.iter().flat_map(|contest| &contest.rows);
            let widest = rows.map(|row| text(row).chars().count()).max();
            u16::try_from(widest.unwrap_or(0)).unwrap_or(u16::MAX)
        };
        // The header of the column has five letters.
        let whole = widest(&|row| table::seats(row.seats.as_ref())).max(6);
        let counted = widest(&|row| table::seats_counted(row.seats.as_ref())).max(6);
        let votes = widest(&|row| table::thousands(row.votes)).max(5);
        let columns = |name, votes, share, seats, whole_seats| Self {
            name,
            votes,
            share,
            seats,
            whole_seats,
        };
        let ways = [
            columns(16, votes.max(12), 14, whole, true),
            columns(16, votes, 7, whole, true),
            columns(16, votes, 7, counted, false),
        ];
        let fits = |it: &Self| {
            [it.name, it.votes, it.share, it.seats, 3]
                .into_iter()
                .fold(0, u16::saturating_add)
                <= room
        };
        let [.., least] = &ways;
        let others = [least.votes, least.share, least.seats, 3].into_iter();
        let name = room.saturating_sub(others.fold(0, u16::saturating_add));
        let least = columns(name, least.votes, least.share, least.seats, false);
        ways.into_iter().find(fits).unwrap_or(least)
    }

    fn seats_of(&self, row: &FrameRow) -> String {
        match self.whole_seats {
            true => table::seats(row.seats.as_ref()),
            false => table::seats_counted(row.seats.as_ref()),
        }
    }
}

fn table(canvas: &mut Canvas<'_>, page: &Page, body: &FrameBody, area: Rect) {
    let columns = Columns::of(body, area.width);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for contest in &body.contests {
        if body.contests.len() > 1 {
            // What shares are of may be another in each.
            let base = Line::from(table::share_header(contest))
                .right_aligned()
                .dim();
            rows.push(Row::new([
                Cell::from(visible(page.names.contest(&contest.contest_id)).into_owned()).bold(),
                Cell::from(""),
                Cell::from(base),
            ]));
        }
        contest_rows(page, contest, &columns, &mut rows);
    }
    let room = usize::from(area.height.saturating_sub(1));
    if rows.len() > room {
        let more = rows.len() - room.saturating_sub(1);
        rows.truncate(room.saturating_sub(1));
        rows.push(Row::new([format!("and {more} more lines")]).dim());
    }
    let number = |text: &str| Cell::from(Line::from(text.to_owned()).right_aligned());
    let (option, base) = match &body.contests[..] {
        [only] if columns.share > 7 => (table::option_header(only), table::share_header(only)),
        [only] => (table::option_header(only), "share"),
        _ => ("", "share"),
    };
    let header = Row::new([
        Cell::from(option),
        number("votes"),
        number(base),
        number("seats"),
    ]);
    let widths = [
        Constraint::Min(columns.name),
        Constraint::Length(columns.votes),
        Constraint::Length(columns.share),
        Constraint::Length(columns.seats),
    ];
    canvas.render_widget(Table::new(rows, widths).header(header.dim()), area);
}

fn contest_rows<'a>(
    page: &'a Page,
    contest: &'a FrameContest,
    columns: &Columns,
    rows: &mut Vec<Row<'a>>,
) {
    let number = |text: String| Cell::from(Line::from(text).right_aligned());
    let total = table::base_votes(contest);
    for entry in page.rules.thresholds.ranked(contest) {
        rows.push(match entry {
            Entry::Threshold(votes) => Row::new([
                Cell::from("── threshold ──"),
                number(table::thousands(votes)),
                number(table::share(votes, total)),
                Cell::default(),
            ])
            .dim(),
            Entry::Option {
                place,
                row,
                is_below,
            } => {
                let name = table::option(row, &page.names);
                let name = visible(&name);
                let colour = colour(page, &row.option_id);
                let sign = Span::styled(sign(page, contest, place), Style::new().fg(colour));
                let style = if is_below {
                    Style::new().add_modifier(Modifier::DIM)
                } else {
                    Style::new()
                };
                let share = table::share_of(contest, row);
                Row::new([
                    Cell::from(Line::from(vec![sign, Span::from(format!(" {name}"))])),
                    number(table::thousands(row.votes)),
                    number(share),
                    Cell::from(Line::from(columns.seats_of(row)).bold().right_aligned()),
                ])
                .style(style)
            }
        });
    }
}

fn notes(page: &Page, body: &FrameBody) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |text: String| lines.push(Line::from(visible(&text).into_owned()));
    for contest in &body.contests {
        let state = told::contest_state(contest, body.stage());
        say(match &body.contests[..] {
            [_] => state,
            _ => format!("{}: {state}", page.names.contest(&contest.contest_id)),
        });
        told::ties(contest, &page.names, &page.rules)
            .into_iter()
            .for_each(&mut say);
        told::declared(contest, &page.names)
            .into_iter()
            .for_each(&mut say);
        told::certain(contest, &page.names)
            .into_iter()
            .for_each(&mut say);
        let envelope = page
            .frame
            .as_ref()
            .and_then(|frame| frame.envelope.as_ref());
        let widened = envelope.map(|envelope| told::widened(envelope, contest, &page.names));
        widened.into_iter().flatten().for_each(&mut say);
        told::left_out(contest).into_iter().for_each(&mut say);
        say(table::progress(
            contest.totals.as_ref(),
            body.turnout.as_ref(),
        ));
    }
    told::contests_left_out(body).into_iter().for_each(&mut say);
    lines
}

fn ticker(canvas: &mut Canvas<'_>, page: &Page, area: Rect) {
    let lines = page.ticker.iter().map(|line| {
        let time = Span::from(format!("{} ", line.time)).dim();
        let text = Span::from(visible(&line.text));
        let text = if line.is_alarm {
            text.fg(Color::Yellow)
        } else {
            text
        };
        Line::from(vec![time, text])
    });
    let block = Block::new().borders(Borders::TOP);
    canvas.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}
