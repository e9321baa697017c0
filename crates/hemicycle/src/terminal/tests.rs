//! The page on frames of the demonstration night, as a terminal shows it.

use super::page::Page;
use super::{Heard, Key, draw, key};
use crate::names::{Names, ScreenRules};
use crate::night::almaty;
use client::FrameNews;
use election::ids::{LogId, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use std::path::PathBuf;
use wire::common::v1::{OptionRole, Publication, PublicationMode, publication_mode};
use wire::feed::v1::{Frame, Heartbeat};

const NOW: Timestamp = Timestamp(1_610_287_205_000_000);

fn golden(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/terminal/golden");
    folder.join(name)
}

/// Frames as `watch --json` printed them: before the first report, in the middle, with the first correction, at the end.
fn frames() -> Vec<Frame> {
    let text = std::fs::read_to_string(golden("night.jsonl")).unwrap();
    let frames: Vec<Frame> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(frames.len(), 4);
    frames
}

fn page() -> Page {
    let definition = almaty::night().unwrap().definition;
    let names = Names::of(
        &definition.presentation,
        definition.ballot.election.as_str(),
    );
    Page::new(
        names,
        ScreenRules::of(&definition.rules, &definition.ballot),
    )
}

fn hear(page: &mut Page, frame: &Frame) {
    page.hear(Heard::News(FrameNews::Frame(Box::new(frame.clone()))), NOW);
}

fn drawn(page: &Page, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::page(frame, page)).unwrap();
    terminal
}

fn text(page: &Page, width: u16, height: u16) -> String {
    drawn(page, width, height).backend().to_string()
}

// What differs is printed; HEMICYCLE_WRITE_GOLDEN=1 takes it as what is wanted.
fn assert_golden(name: &str, text: &str) {
    let path = golden(name);
    if std::env::var_os("HEMICYCLE_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == text, "{name} is now:\n{text}\nand was:\n{wanted}");
}

#[test]
fn the_night_fills_the_terminal() {
    let mut page = page();
    assert_golden("connecting.txt", &text(&page, 100, 20));
    let names = ["begin", "middle", "corrected", "end"];
    for (frame, name) in frames().iter().zip(names) {
        hear(&mut page, frame);
        assert_golden(&format!("{name}-120x32.txt"), &text(&page, 120, 32));
    }
    assert_golden("end-80x24.txt", &text(&page, 80, 24));
    assert_golden("end-70x44.txt", &text(&page, 70, 44));
    // Nothing that is drawn needs more room than there is.
    for (width, height) in [(1, 1), (12, 3), (40, 8), (300, 100)] {
        drawn(&page, width, height);
    }
}

/// Where there is no room for what is possible and what is declared, the seats stand alone, and whole.
#[test]
fn seats_are_never_cut() {
    let mut page = page();
    let mut frame = frames().remove(3);
    let contest = &mut frame.body.as_mut().unwrap().contests[0];
    let mut held = Vec::new();
    for row in &mut contest.rows {
        let seats = row.seats.as_mut().unwrap();
        seats.seats_declared = Some(7);
        let bounds = seats.bounds.get_or_insert_default();
        (bounds.seats_fewest, bounds.seats_most) = (Some(0), Some(39));
        held.push(seats.seats.unwrap());
    }
    hear(&mut page, &frame);
    let mut whole = 0;
    for width in 40..=160 {
        let text = text(&page, width, 60);
        for (name, seats) in ["Nur Otan", "Aq Jol"].into_iter().zip([29, 4]) {
            assert!(held.contains(&seats));
            let line = text
                .lines()
                .find(|line| line.contains(name) && line.contains('%'));
            let line = line.unwrap_or_else(|| panic!("{width}: no {name}\n{text}"));
            let shown = line.rsplit('%').next().unwrap().trim_matches(['"', ' ']);
            let all = format!("{seats} [0\u{2013}39] (declared 7)");
            assert!(
                shown == all || shown == seats.to_string(),
                "{width}: {shown:?}"
            );
            whole += u32::from(shown == all);
        }
    }
    assert!(whole > 80, "{whole}");
}

#[test]
fn lists_have_their_colours_and_as_many_signs_as_seats() {
    let mut page = page();
    hear(&mut page, &frames()[3]);
    let terminal = drawn(&page, 120, 32);
    let cells = terminal.backend().buffer().content();
    // The house is left of the table, whose rows have one sign each.
    let signs = |sign: &str, colour: Color| {
        let left = cells.chunks(120).flat_map(|row| &row[..54]);
        left.filter(|cell| cell.symbol() == sign && cell.fg == colour)
            .count()
    };
    let colour = |option: &str| {
        let [red, green, blue] = page.names.colour(option).unwrap();
        Color::Rgb(red, green, blue)
    };
    let lists = ["nur-otan", "aq-jol", "auyl", "qhp", "adal"];
    let held = frames()[3].body.as_ref().unwrap().contests[0]
        .rows
        .iter()
        .map(|row| row.seats.unwrap().seats.unwrap())
        .collect::<Vec<_>>();
    let ids = frames()[3].body.as_ref().unwrap().contests[0]
        .rows
        .iter()
        .map(|row| row.option_id.clone())
        .collect::<Vec<_>>();
    for (place, option) in ids.iter().enumerate() {
        assert!(lists.contains(&option.as_str()));
        let drawn = signs(super::house::sign(place), colour(option));
        assert_eq!(drawn, usize::try_from(held[place]).unwrap(), "{option}");
    }
    assert_eq!(held.iter().sum::<u32>(), 39);
}

#[test]
fn what_is_cut_off_stale_kept_back_or_reset_is_said() {
    let mut page = page();
    let frames = frames();
    hear(&mut page, &frames[2]);
    assert!(text(&page, 100, 30).contains("LIVE"));
    page.hear(Heard::News(FrameNews::Lost(String::from("refused"))), NOW);
    let later = Timestamp(NOW.0 + 60_000_000);
    page.hear(Heard::News(FrameNews::Lost(String::from("refused"))), later);
    let lost = text(&page, 100, 30);
    assert!(
        lost.contains("RECONNECTING: no contact since 2021-01-10T14:00:05Z (refused)"),
        "since the first: {lost}"
    );
    let heartbeat = Heartbeat {
        is_stale: true,
        lag_ms: 7_400,
        ..Heartbeat::default()
    };
    page.hear(Heard::News(FrameNews::Heartbeat(heartbeat)), NOW);
    assert!(text(&page, 100, 30).contains("STALE: the feed has lost the count for 7 s"));
    let heartbeat = Heartbeat {
        is_behind: true,
        ..Heartbeat::default()
    };
    page.hear(Heard::News(FrameNews::Heartbeat(heartbeat)), NOW);
    assert!(text(&page, 100, 30).contains("STALE: this feed has not come as far yet"));
    page.hear(Heard::News(FrameNews::Heartbeat(Heartbeat::default())), NOW);
    assert!(text(&page, 100, 30).contains("LIVE"));
    let mut held = frames[2].clone();
    let body = held.body.as_mut().unwrap();
    body.revision += 1;
    held.envelope.as_mut().unwrap().publication = Some(Publication {
        mode: Some(PublicationMode {
            mode: Some(publication_mode::Mode::Paused(Default::default())),
        }),
        reason: String::from("a check of district 4"),
        ..Publication::default()
    });
    hear(&mut page, &held);
    let paused = text(&page, 100, 30);
    assert!(
        paused.contains("PUBLICATION PAUSED: a check of district 4"),
        "{paused}"
    );
    assert!(
        paused.contains("LIVE"),
        "a frame says that the count is in sight"
    );
    page.hear(Heard::News(FrameNews::Reset(LogId([7; 16]))), NOW);
    let reset = text(&page, 100, 30);
    assert!(reset.contains("the count begins anew") && reset.contains("Nothing is shown yet"));
    page.hear(Heard::Waiting, NOW);
    assert!(text(&page, 100, 30).contains("does not show this election yet"));
}

#[test]
fn a_correction_is_told_once_and_the_stage_when_it_changes() {
    let mut page = page();
    let frames = frames();
    for frame in [&frames[0], &frames[2], &frames[2], &frames[3]] {
        hear(&mut page, frame);
    }
    let lines: Vec<&str> = page.ticker.iter().map(|line| line.text.as_str()).collect();
    let of = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
    // The frame has them all: six, none twice.
    assert_eq!(of("correction, demo-"), 6, "{lines:#?}");
    assert_eq!(of("stage: "), 2, "{lines:#?}");
    assert_eq!(lines[0], "stage: complete unofficial");
    assert!(lines.last().unwrap().contains("stage: partial unofficial"));
}

#[test]
fn q_escape_and_control_c_end_it() {
    let press = |code, modifiers| key(&Event::Key(KeyEvent::new(code, modifiers)));
    let none = KeyModifiers::NONE;
    assert_eq!(press(KeyCode::Char('q'), none), Some(Key::Quit));
    assert_eq!(press(KeyCode::Esc, none), Some(Key::Quit));
    let control = KeyModifiers::CONTROL;
    assert_eq!(press(KeyCode::Char('c'), control), Some(Key::Quit));
    assert_eq!(press(KeyCode::Char('c'), none), None);
    assert_eq!(key(&Event::Resize(80, 24)), Some(Key::Redraw));
}

#[test]
#[ignore = "what the next test runs in a terminal of its own"]
fn a_page_that_panics() {
    let _screen = super::Screen::enter().unwrap();
    panic!("in the middle of a page");
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let program = std::env::current_exe().unwrap();
    let test = "terminal::tests::a_page_that_panics";
    let command = format!("{} --exact {test} --ignored --nocapture", program.display());
    // Of util-linux: it runs a command in a terminal.
    let output = std::process::Command::new("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null())
        .output();
    let Ok(output) = output else {
        println!("skipped: script is not there");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let at = |text: &str| {
        said.find(text)
            .unwrap_or_else(|| panic!("{text:?}: {said}"))
    };
    let (entered, left) = (at("\u{1b}[?1049h"), at("\u{1b}[?1049l"));
    assert!(
        entered < left && left < at("in the middle of a page"),
        "{said}"
    );
}

#[test]
fn each_contest_says_what_its_shares_are_of_and_what_is_no_list() {
    let mut page = page();
    let mut frame = frames()[3].clone();
    let body = frame.body.as_mut().unwrap();
    let mut mayor = body.contests[0].clone();
    mayor.contest_id = String::from("mayor");
    mayor.seats = 0;
    for row in &mut mayor.rows {
        row.seats = None;
        row.role = OptionRole::Independent.into();
    }
    body.contests[0].rows[4].role = OptionRole::AgainstAll.into();
    body.contests.push(mayor);
    hear(&mut page, &frame);
    let drawn = text(&page, 120, 40);
    let at = |text: &str| {
        let place = drawn.find(text);
        place.unwrap_or_else(|| panic!("{text}: {drawn}"))
    };
    assert!(at("of list votes") < at("mayor") && at("mayor") < at("of all votes"));
    let lines: Vec<&str> = drawn.lines().collect();
    let with = |text: &str| lines.iter().find(|line| line.contains(text)).unwrap();
    assert!(with("mayor").contains("of all votes") && !with("mayor").contains("of list votes"));
    assert!(
        drawn.contains("(against all)") && drawn.contains("(independent)"),
        "{drawn}"
    );
    // One contest alone has them in the head, with the word for its options.
    let body = frame.body.as_mut().unwrap();
    body.contests.pop();
    body.revision += 1;
    hear(&mut page, &frame);
    let drawn = text(&page, 120, 40);
    assert!(
        drawn
            .lines()
            .any(|line| line.contains("option ") && line.contains("of list votes"))
    );
}
