//! What somebody who meets the program for the first time reads on it: each answer says what is so, and what to do.

use end_to_end::cluster::Role;

use crate::damage::{flip, groups, remove_what_is_derived, segments};
use crate::desk::{DONE, Desk, FAILED, NOT_ALL_COUNTED, NOTHING_NEW, WRONG_USAGE, golden};
use crate::support::{PAIRS, QUOTA};

/// A folder with a file of that text.
struct Written {
    _folder: tempfile::TempDir,
    path: String,
}

fn written(name: &str, text: &str) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    Written {
        path: path.to_str().unwrap().to_owned(),
        _folder: folder,
    }
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for said in words {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

/// Of box-22 (389 valid votes are counted): the same version with more votes than the roll of 1,500 has voters.
const OVER_ROLL: &str = concat!(
    r#"{"election":"pairs-2026","unit":"box-22","version":1,"#,
    r#""votes":{"aleph":1400,"bet":91,"gimel":85,"dalet":36,"he":42,"vav":27},"#,
    r#""form":{"papers":1684,"invalid":3,"valid":1681}}"#
);

#[test]
fn whoever_decides_over_a_conflict_sees_what_else_is_wrong_and_may_repeat_it() {
    let desk = Desk::open();
    let file = written("other.jsonl", OVER_ROLL);
    desk.expect(NOT_ALL_COUNTED, &["submit", PAIRS, &file.path]);
    let listed = desk.expect(DONE, &["review", PAIRS]);
    says(
        &listed,
        &[
            "conflicts with revision",
            "1684 ballots, but 1500 voters on the roll",
            "voters on the roll: 1500",
            "form:papers",
            "1 report waits",
        ],
    );
    let row = listed.lines().find(|line| line.contains("aleph")).unwrap();
    assert!(row.contains("1400") && row.contains("108"), "{row}");
    let told = desk.expect_json(DONE, &["review", PAIRS]);
    let reasons = told[0]["report"]["reasons"].to_string();
    says(&reasons, &["BALLOTS_OVER_ROLL"]);

    let waiting = desk.waiting();
    let decide = |how: &'static str| ["review", PAIRS, how, &waiting[0], "--reason", "compared"];
    desk.expect(DONE, &decide("--accept"));
    let again = desk.expect(NOTHING_NEW, &decide("--accept"));
    says(&again, &["accepted already", "compared"]);
    let otherwise = desk.expect(FAILED, &decide("--reject"));
    says(&otherwise, &["was accepted already"]);
    let never = ["review", PAIRS, "--accept", "1", "--reason", "r"];
    says(&desk.expect(FAILED, &never), &["revision 1 waits"]);
}

#[test]
fn a_damaged_log_is_told_by_whatever_reads_it() {
    let mut desk = Desk::open();
    let whole = desk.expect(DONE, &["history", PAIRS, "box-22"]);
    assert!(!whole.contains("DAMAGED"));
    desk.cluster.kill(Role::Results);
    let segment = segments(&desk.cluster).pop().unwrap();
    let id = election::ids::ElectionId::new(PAIRS).unwrap();
    let place = *groups(&segment, &id).last().unwrap();
    flip(&segment, place + 1_024 + 12 + 20);
    remove_what_is_derived(&desk.cluster);
    desk.cluster.restart(Role::Results);
    for command in [
        &["history", PAIRS, "box-22"][..],
        &["history", PAIRS, "box-22", "--json"],
        &["review", PAIRS],
        &["missing", PAIRS],
        &["stage", PAIRS],
        &["export", PAIRS, "--what", "units"],
    ] {
        let told = desk.expect(FAILED, command);
        says(&told, &["DAMAGED", PAIRS, "revision", "docs/operations.md"]);
    }
    // Nobody takes an election that cannot be seen for one that is spelled wrongly.
    let told = desk.expect(FAILED, &["watch", PAIRS, "--once"]);
    says(&told, &["is damaged", PAIRS, "operations.md"]);
    assert!(!told.contains("is it spelled so"), "{told}");
    let unknown = desk.expect(FAILED, &["history", "another-2026", "box-22"]);
    assert!(!unknown.contains("amaged"), "{unknown}");
}

#[test]
fn a_spreadsheet_of_any_country_can_be_sent() {
    for (mark, name) in [(";", "semicolons.csv"), ("\t", "tabs.csv")] {
        let desk = Desk::empty();
        desk.expect(DONE, &["define", &golden("pairs-2026.toml")]);
        let rows = [
            "election,unit,version,by,reason,votes:aleph,votes:bet,votes:gimel,votes:dalet,votes:he,votes:vav",
            "pairs-2026,box-22,1,,,108,91,85,36,42,27",
        ];
        let file = written(name, &rows.join("\r\n").replace(',', mark));
        let sent = desk.expect_json(DONE, &["submit", PAIRS, &file.path]);
        assert_eq!(sent["outcomes"]["ACCEPTED"], 1, "{sent}");
    }
}

#[test]
fn numbers_that_cannot_be_are_told_with_their_limits() {
    let desk = Desk::open();
    let head = "election,unit,version,votes:aleph\npairs-2026,box-22,";
    for (cells, said) in [
        (",1", "line 2: version: is missing"),
        (
            "2,-22",
            "votes:aleph: \"-22\": must be a whole number from 0 to 4294967295",
        ),
        (
            "2,18446744073709551616",
            "must be a whole number from 0 to 4294967295",
        ),
        (
            "4294967296,1",
            "must be a whole number from 1 to 4294967295",
        ),
        ("2,+22", "votes:aleph: \"+22\": must be a whole number"),
        (
            "2,\"40\"5",
            "line 2: text stands behind the quote that closes a cell",
        ),
        (
            "2,\"40",
            "line 2: the quote that opens a cell is never closed",
        ),
    ] {
        let file = written("bad.csv", &format!("{head}{cells}\n"));
        says(
            &desk.expect(FAILED, &["submit", PAIRS, &file.path]),
            &[said],
        );
    }
    let negative = ["replay", "night.jsonl", "--speed", "-3"];
    says(&desk.expect(WRONG_USAGE, &negative), &["-3", "from 1 to"]);
}

/// One digit too few in the count that a share is taken of would let lists in: it is seen by the votes of the lists.
#[test]
fn a_count_with_fewer_than_the_votes_of_the_lists_is_refused() {
    let desk = Desk::empty();
    let file = written("lists.csv", "list,votes\na,218003\nb,32367\nc,6000\n");
    let by = |law: &str, count: &str, number: &str| {
        let law = ["--profile", law, "--seats", "39", count, number];
        let arguments: Vec<&str> = [&["allocate"], &law[..], &[&file.path]].concat();
        desk.expect(if number == "25637" { FAILED } else { DONE }, &arguments)
    };
    let few = by("il-knesset", "--valid-votes", "25637");
    says(&few, &["base.valid_votes", "25637", "at least 256370"]);
    let few = by("ru-duma-2007", "--ballots-in-box", "25637");
    says(&few, &["base.ballots_in_box", "25637", "at least 256370"]);
    by("il-knesset", "--valid-votes", "256370");
    by("ru-duma-2007", "--ballots-in-box", "300000");
}

#[test]
fn what_is_not_named_one_by_one_is_counted() {
    let desk = Desk::open();
    let line = |number: u32| {
        format!(r#"{{"election":"pairs-2026","unit":"nowhere-{number}","version":1,"votes":{{}}}}"#)
    };
    let lines: Vec<String> = (0..13).map(line).collect();
    let file = written("unknown.jsonl", &lines.join("\n"));
    let submit = ["submit", PAIRS, &file.path];
    says(
        &desk.expect(NOT_ALL_COUNTED, &submit),
        &["refused: and 3 more refusals"],
    );
    let told = desk.expect_json(NOT_ALL_COUNTED, &submit);
    assert_eq!(told["refusals"].as_array().unwrap().len(), 10);
    assert_eq!(told["refusals_left_out"], 3);
}

#[test]
fn more_ballots_issued_than_voters_is_told_loudly() {
    let desk = Desk::open();
    let line = r#"{"election":"pairs-2026","unit":"box-22","version":1,"ballots_issued":1501}"#;
    let file = written("turnout.jsonl", line);
    let submit = desk.run(&["submit", PAIRS, &file.path, "--json"]);
    assert_eq!(submit.status.code(), Some(DONE));
    let warning = "1501 ballots issued, but 1500 voters on the roll";
    says(
        &String::from_utf8_lossy(&submit.stderr),
        &["WARNING: ", "box-22", warning],
    );
    let told: serde_json::Value = serde_json::from_slice(&submit.stdout).unwrap();
    says(&told["warnings"][0].to_string(), &[warning]);

    let correct = desk.run(&[
        "correct-turnout",
        PAIRS,
        "box-22",
        "--issued",
        "1502",
        "--version",
        "2",
        "--by",
        "C",
        "--reason",
        "r",
        "--json",
    ]);
    assert_eq!(correct.status.code(), Some(DONE));
    let warning = "1502 ballots issued, but 1500 voters on the roll";
    says(
        &String::from_utf8_lossy(&correct.stderr),
        &["WARNING: ", warning],
    );
    let told: serde_json::Value = serde_json::from_slice(&correct.stdout).unwrap();
    says(&told["warnings"][0].to_string(), &[warning]);
}

#[test]
fn units_whose_forms_lack_every_counter_are_named() {
    let desk = Desk::empty();
    desk.expect(DONE, &["define", &golden("quota-2026.toml")]);
    let line = r#"{"election":"quota-2026","unit":"station-013","version":1,"votes":{"north":9,"east":8,"south":7,"west":6,"hill":5}}"#;
    let file = written("bare.jsonl", line);
    desk.expect(DONE, &["submit", QUOTA, &file.path]);
    let shown = desk.expect(DONE, &["missing", QUOTA]);
    says(&shown, &["none of the 1 counted", "station-013", "papers"]);
    let told = desk.expect_json(DONE, &["missing", QUOTA]);
    assert_eq!(told["units"][0]["unit"], "station-013", "{told}");
    says(&told["places"][0]["wanted"].to_string(), &["papers"]);
}

#[test]
fn wrong_usage_says_what_is_meant() {
    let desk = Desk::open();
    let export = ["export", PAIRS, "--format", "text", "--what", "units"];
    says(&desk.expect(WRONG_USAGE, &export), &["json or csv"]);
    let open = ["publish", PAIRS, "--open", "definition", "--reason", "x"];
    says(
        &desk.expect(WRONG_USAGE, &open),
        &["--reason", "--pause", "takes none"],
    );
    let declare = [
        "declare", PAIRS, "aleph=6", "bet=5", "dalet=3", "gimel=4", "vav=1", "he=2", "--by", "C",
        "--reason", "r", "--force",
    ];
    says(&desk.expect(DONE, &declare), &["recorded: "]);
    let again = desk.expect(NOTHING_NEW, &declare);
    says(&again, &["declared so already"]);
    assert!(!again.contains("recorded: "), "{again}");
    let lists = desk.expect(DONE, &["history", PAIRS, "box-22"]);
    says(&lists, &["aleph=108", "vav=27"]);
}

#[test]
fn an_address_in_use_is_told_with_the_options_of_the_command_and_nothing_else() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut program = std::process::Command::new(end_to_end::cluster::binary());
        let output = program.args(arguments).current_dir(folder.path()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(FAILED));
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let serve = run(&["serve", "--listen", &address.to_string()]);
    says(&serve, &["hint: ", "--listen", "--http"]);
    assert!(!serve.contains("--port"), "{serve}");
    assert!(!serve.contains("stopping"), "{serve}");
    let demo = run(&["demo", "--once", "--port", &port]);
    says(&demo, &["hint: ", "--port", "--http-port"]);
    assert!(!demo.contains("--listen"), "{demo}");
}
