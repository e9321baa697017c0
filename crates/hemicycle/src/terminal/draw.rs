//! Draws the page into a terminal of any size.

use super::house::{self, House, Run};
use super::page::{Contact, Page};
use super::ticker::stage;
use crate::command::watch::{contest_state, ties};
use crate::table;
use election::ids::Timestamp;
use ratatui::Frame as Canvas;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Table, Wrap};
use wire::common::v1::SeatsState;
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
    let mut lines = vec![Line::from(page.names.title.as_str()).bold()];
    let body = page.frame.as_ref().and_then(|frame| frame.body.as_ref());
    if body.is_some_and(|body| body.is_test) {
        let notice = match page.names.notice.as_str() {
            "" => "TEST",
            notice => notice,
        };
        lines.push(Line::from(notice).fg(Color::Red));
    }
    let mut status = vec![contact(&page.contact)];
    if let Some(body) = body {
        let time = body
            .revision_time
            .and_then(|time| wire::time("revision_time", time).ok())
            .map_or_else(|| String::from("-"), table::time);
        let revision = table::thousands(body.revision);
        let text = format!("  {}; revision {revision} of {time}", stage(body.stage()));
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
        Contact::Lost { since, why } => {
            let text = format!("RECONNECTING: no contact since {} ({why})", time(since));
            Span::styled(text, alarm)
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
    let height = area.height.saturating_sub(2).min(area.width / 4 + 1);
    let [dots, text, _] = Layout::vertical([
        Constraint::Length(height),
        Constraint::Length(2),
        Constraint::Min(0),
    ])
    .areas(area);
    canvas.render_widget(House(&runs(page, contest)), dots);
    let majority = body.house_size.max(contest.seats) / 2 + 1;
    let text_lines = vec![
        Line::default(),
        Line::from(format!("{} seats, majority {majority}", contest.seats)),
    ];
    canvas.render_widget(
        Paragraph::new(text_lines).alignment(Alignment::Center),
        text,
    );
}

// Lists in the order of the ballot; then what ties, what nobody gets, what is not known.
fn runs(page: &Page, contest: &FrameContest) -> Vec<Run> {
    let rows = contest.rows.iter().enumerate();
    let mut runs: Vec<Run> = rows
        .map(|(place, row)| Run {
            sign: house::sign(place),
            colour: colour(page, &row.option_id),
            seats: held(row),
        })
        .collect();
    let mut left = contest.seats;
    for run in &mut runs {
        run.seats = run.seats.min(left);
        left -= run.seats;
    }
    let is_shown = !matches!(contest.state(), SeatsState::Withheld | SeatsState::Unknown);
    let is_begun = is_shown && contest.state() != SeatsState::NoneYet;
    let at_stake = contest.ties.iter().map(|tie| tie.seats_at_stake).sum();
    let tied = if is_shown { left.min(at_stake) } else { 0 };
    let unassigned = if is_begun {
        contest.seats_unassigned.min(left - tied)
    } else {
        0
    };
    let rest = left - tied - unassigned;
    let sign = match contest.state() {
        SeatsState::Withheld => "!",
        SeatsState::Unassigned => "x",
        _ => "○",
    };
    for (sign, seats) in [("?", tied), ("x", unassigned), (sign, rest)] {
        runs.push(Run {
            sign,
            colour: Color::DarkGray,
            seats,
        });
    }
    runs
}

fn held(row: &FrameRow) -> u32 {
    row.seats
        .as_ref()
        .and_then(|seats| seats.seats)
        .unwrap_or(0)
}

fn colour(page: &Page, option: &str) -> Color {
    let colour = page.names.colour(option);
    colour.map_or(Color::Reset, |[red, green, blue]| {
        Color::Rgb(red, green, blue)
    })
}

fn table(canvas: &mut Canvas<'_>, page: &Page, body: &FrameBody, area: Rect) {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for contest in &body.contests {
        if body.contests.len() > 1 {
            rows.push(Row::new([Cell::from(contest.contest_id.as_str()).bold()]));
        }
        contest_rows(page, contest, &mut rows);
    }
    let room = usize::from(area.height.saturating_sub(1));
    if rows.len() > room {
        let more = rows.len() - room.saturating_sub(1);
        rows.truncate(room.saturating_sub(1));
        rows.push(Row::new([format!("and {more} more lines")]).dim());
    }
    let number = |text: &str| Cell::from(Line::from(text.to_owned()).right_aligned());
    let header = Row::new([
        Cell::from("list"),
        number("votes"),
        number("share"),
        number("seats"),
    ]);
    let widths = [
        Constraint::Min(16),
        Constraint::Length(12),
        Constraint::Length(8),
        Constraint::Length(9),
    ];
    canvas.render_widget(Table::new(rows, widths).header(header.dim()), area);
}

fn contest_rows<'a>(page: &'a Page, contest: &'a FrameContest, rows: &mut Vec<Row<'a>>) {
    let number = |text: String| Cell::from(Line::from(text).right_aligned());
    let total = table::list_votes(contest);
    for entry in table::ranked(contest) {
        rows.push(match entry {
            table::Entry::Threshold(votes) => Row::new([
                Cell::from("── threshold ──"),
                number(table::thousands(votes)),
                number(table::share(votes, total)),
                Cell::default(),
            ])
            .dim(),
            table::Entry::Option {
                place,
                row,
                is_below,
            } => {
                let name = page.names.option(&row.option_id);
                let colour = colour(page, &row.option_id);
                let sign = Span::styled(house::sign(place), Style::new().fg(colour));
                let style = if is_below {
                    Style::new().add_modifier(Modifier::DIM)
                } else {
                    Style::new()
                };
                let share = match row.seats {
                    Some(_) => table::share(row.votes, total),
                    None => String::from("-"),
                };
                Row::new([
                    Cell::from(Line::from(vec![sign, Span::from(format!(" {name}"))])),
                    number(table::thousands(row.votes)),
                    number(share),
                    Cell::from(
                        Line::from(table::seats(row.seats.as_ref()))
                            .bold()
                            .right_aligned(),
                    ),
                ])
                .style(style)
            }
        });
    }
}

fn notes<'a>(page: &Page, body: &'a FrameBody) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for contest in &body.contests {
        lines.push(Line::from(contest_state(contest)));
        let ties = ties(contest, &page.names, &page.rules);
        lines.extend(ties.into_iter().map(Line::from));
        let progress = table::progress(contest.totals.as_ref(), body.turnout.as_ref());
        lines.push(Line::from(progress));
    }
    lines
}

fn ticker(canvas: &mut Canvas<'_>, page: &Page, area: Rect) {
    let lines = page.ticker.iter().map(|line| {
        let time = Span::from(format!("{} ", line.time)).dim();
        let text = Span::from(line.text.as_str());
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
