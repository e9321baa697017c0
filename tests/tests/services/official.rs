//! What officials do beside the count: amendments, statuses, stages, lots, candidates, certification.

use std::path::PathBuf;

use crate::desk::{DONE, Desk, FAILED, NOTHING_NEW, WRONG_USAGE, golden};
use crate::support::{PAIRS, QUOTA};

const ORDER: [&str; 4] = ["--by", "Commission", "--reason", "protocol 7"];
const REASON: [&str; 2] = ["--reason", "protocol 7"];

/// Two lists with equal votes for one seat.
const TIE: &str = r#"
[ballot]
election = "tie-2026"
is_test = true
[[ballot.contests]]
id = "list"
[[ballot.contests.districts]]
id = "north"
options = [{ id = "elk" }, { id = "fox" }]
[[ballot.contests.districts]]
id = "south"
options = [{ id = "elk" }, { id = "fox" }]
[rules]
house_size = 3
[[rules.contests]]
id = "list"
districts = [{ id = "north", seats = 1 }, { id = "south", seats = 2 }]
stages = [{ method = "highest-averages", divisors = "d-hondt" }]
ties = ["earlier-registration", "lot"]
[register]
units = [{ id = "u1", district = "north" }, { id = "u2", district = "south" }]
[presentation]
title = { en = "A tie" }
"#;
const TIE_REPORTS: &str = r#"{"election":"tie-2026","unit":"u1","version":1,"votes":{"elk":50,"fox":50}}
{"unit":"u2","version":1,"votes":{"elk":70,"fox":50}}
"#;

/// A folder with files of a test's own.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

fn with(arguments: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    [arguments, more].concat()
}

#[test]
fn rules_and_presentation_are_amended_with_a_reason_and_once() {
    let (desk, files) = (Desk::open(), Files::new());
    let definition = std::fs::read_to_string(golden("pairs-2026.toml")).unwrap();
    let other = definition.replace("share = [35, 1000]", "share = [6, 100]");
    let file = files.write(
        "other.toml",
        &other.replace("Invented pairs", "Pairs at six percent"),
    );
    let amend = |part, file: &str, more: &[&str]| -> Vec<String> {
        let all = [&["amend", PAIRS, part, file][..], more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let run = |code, arguments: &[String]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        desk.expect(code, &arguments)
    };
    let checked = run(DONE, &amend("rules", &file, &["--check"]));
    assert!(checked.contains("would be amended: the rules"), "{checked}");
    let amended = run(DONE, &amend("rules", &file, &REASON));
    assert!(amended.contains("amended: the rules"), "{amended}");
    run(NOTHING_NEW, &amend("rules", &file, &REASON));
    run(DONE, &amend("presentation", &file, &REASON));
    desk.expect(DONE, &["publish", PAIRS, "--open", "all"]);
    let shown = desk.until(&["watch", PAIRS, "--once"], "6.00%");
    assert!(shown.contains("Pairs at six percent"), "{shown}");
    // What is wrong is named by its field, its value and the rule, here and by the server.
    let shape = files.write("shape.toml", &other.replace("[6, 100]", "\"5%\""));
    let refused = run(FAILED, &amend("rules", &shape, &REASON));
    assert!(
        refused.contains("rules.contests[0].threshold.share"),
        "{refused}"
    );
    let none = files.write("none.toml", &other.replace("[6, 100]", "[6, 0]"));
    let refused = run(FAILED, &amend("rules", &none, &REASON));
    for said in ["rules.contests[0].threshold.share", "[6, 0]"] {
        assert!(refused.contains(said), "{said} is not in {refused}");
    }
    run(WRONG_USAGE, &amend("rules", &file, &[]));
    run(WRONG_USAGE, &amend("ballot", &file, &REASON));
}

#[test]
fn a_register_is_amended_by_what_is_new_and_what_has_changed() {
    let (desk, files) = (Desk::open(), Files::new());
    let text = std::fs::read_to_string(golden("pairs-2026.toml")).unwrap();
    let text = text.replace(
        r#"{ id = "box-40", district = "country", roll = 1500 },"#,
        r#"{ id = "box-40", district = "country", roll = 1600 },
        { id = "box-41", district = "country", kind = "mobile" },"#,
    );
    let file = files.write("register.toml", &text);
    let amend = ["amend", PAIRS, "register", &file];
    let amended = desk.expect_json(DONE, &[&amend[..], &REASON].concat());
    assert_eq!(amended["units_added"], serde_json::json!(["box-41"]));
    assert_eq!(amended["units_changed"], serde_json::json!(["box-40"]));
    let again = desk.expect_json(NOTHING_NEW, &[&amend[..], &REASON].concat());
    assert_eq!(again["events_written"], 0);
    let alone = files.write(
        "units.toml",
        r#"units = [{ id = "box-42", district = "nowhere" }]"#,
    );
    let refused = [&["amend", PAIRS, "register", &alone][..], &REASON].concat();
    let refused = desk.expect(FAILED, &refused);
    for said in ["units[0].district_id", "nowhere"] {
        assert!(refused.contains(said), "{said} is not in {refused}");
    }
}

#[test]
fn a_unit_gets_the_status_that_it_can_have() {
    let desk = Desk::open();
    let set = |unit, status| with(&["set-status", PAIRS, unit, status], &ORDER);
    let recount = desk.expect_json(DONE, &set("box-37", "under-recount"));
    assert_eq!(
        (&recount["status"], &recount["events_written"]),
        (&"under-recount".into(), &1.into())
    );
    desk.expect(NOTHING_NEW, &set("box-37", "under-recount"));
    desk.expect(DONE, &set("box-22", "annulled"));
    desk.expect(DONE, &set("box-09", "repeat-ordered"));
    let history = desk.expect(DONE, &["history", PAIRS, "box-22"]);
    assert!(
        history.contains("annulled") && history.contains("protocol 7"),
        "{history}"
    );
    let refused = desk.expect(FAILED, &set("box-35", "not-opened"));
    for said in ["status", "not-opened", "withdraw it first"] {
        assert!(refused.contains(said), "{said} is not in {refused}");
    }
    // An annulled box reports through another one, which must be named, and be there.
    let merged = set("box-22", "merged");
    desk.expect(WRONG_USAGE, &merged);
    let refused = desk.expect(FAILED, &with(&merged, &["--into", "box-99"]));
    assert!(
        refused.contains("merged_into_unit_id") && refused.contains("box-99"),
        "{refused}"
    );
    // The other one has said all it will, unless it is counted again.
    let refused = desk.expect(FAILED, &with(&merged, &["--into", "box-07"]));
    assert!(refused.contains("complete or closed"), "{refused}");
    desk.expect(DONE, &set("box-07", "under-recount"));
    desk.expect(DONE, &with(&merged, &["--into", "box-07"]));
    desk.expect(
        WRONG_USAGE,
        &with(&set("box-35", "closed"), &["--into", "box-07"]),
    );
    desk.expect(WRONG_USAGE, &set("box-35", "partial"));
    desk.expect(
        WRONG_USAGE,
        &["set-status", PAIRS, "box-35", "closed", "--by", "C"],
    );
    let place = with(&set("box-35", "closed"), &["--contest", "mayor"]);
    let refused = desk.expect(FAILED, &place);
    assert!(
        refused.contains("contest_id") && refused.contains("mayor"),
        "{refused}"
    );
}

#[test]
fn stage_and_marks_are_set_until_the_result_is_declared_and_certified() {
    let desk = Desk::open();
    let stage = ["stage", PAIRS];
    let shown = desk.expect_json(DONE, &stage);
    assert_eq!(shown["stage"], "pre-election");
    let set = with(
        &stage,
        &["--set", "complete-unofficial", "--reason", "all boxes"],
    );
    assert_eq!(desk.expect_json(DONE, &set)["stage"], "complete-unofficial");
    desk.expect(NOTHING_NEW, &set);
    desk.expect(
        WRONG_USAGE,
        &with(&stage, &["--set", "declared", "--reason", "r"]),
    );
    desk.expect(WRONG_USAGE, &with(&stage, &["--set", "pre-election"]));
    let certify = with(&["certify", PAIRS], &ORDER);
    let early = desk.expect(FAILED, &certify);
    assert!(early.contains("must be declared before"), "{early}");

    let seats = ["aleph=6", "bet=5", "dalet=3", "gimel=4", "vav=1", "he=2"];
    let declare = [&["declare", PAIRS][..], &seats, &ORDER].concat();
    desk.until(
        &[&["declare", PAIRS, "--check"][..], &seats].concat(),
        "agrees",
    );
    desk.expect(DONE, &declare);
    let late = with(&stage, &["--set", "partial-unofficial", "--reason", "r"]);
    let late = desk.expect(FAILED, &late);
    assert!(late.contains("set a mark instead"), "{late}");
    desk.expect(DONE, &certify);
    desk.expect(NOTHING_NEW, &certify);
    let mark = with(&stage, &["--mark", "recount", "--reason", "a court"]);
    let marked = desk.expect_json(DONE, &mark);
    assert_eq!(marked["stage"], "certified");
    assert_eq!(marked["marks"], serde_json::json!(["recount"]));
    desk.expect(NOTHING_NEW, &mark);
    let unmark = with(&stage, &["--unmark", "recount", "--reason", "done"]);
    assert_eq!(
        desk.expect_json(DONE, &unmark)["marks"],
        serde_json::json!([])
    );
    // A wrong form of a row is wrong usage; a list that is not there is not.
    let shape = [&["declare", PAIRS, "aleph:6"][..], &ORDER].concat();
    let refused = desk.expect(WRONG_USAGE, &shape);
    assert!(
        refused.contains("aleph:6") && refused.contains("LIST=SEATS"),
        "{refused}"
    );
    let unknown = [&["declare", PAIRS, "zayin=6"][..], &ORDER].concat();
    let refused = desk.expect(FAILED, &unknown);
    assert!(
        refused.contains("rows[0].option_id") && refused.contains("zayin"),
        "{refused}"
    );
}

#[test]
fn a_list_loses_candidates() {
    let desk = Desk::open();
    let change = |candidates, since| {
        let change = [
            "change-candidates",
            PAIRS,
            "aleph",
            "--candidates",
            candidates,
        ];
        [&change[..], &["--since", since], &REASON].concat()
    };
    let changed = desk.expect_json(DONE, &change("3", "2026-03-20"));
    assert_eq!(
        (&changed["district"], &changed["candidates"]),
        (&"country".into(), &3.into())
    );
    desk.expect(NOTHING_NEW, &change("3", "2026-03-20"));
    desk.expect(DONE, &["publish", PAIRS, "--open", "all"]);
    // Six seats by votes, three candidates.
    let export = ["export", PAIRS, "--format", "csv"];
    desk.until(&export, ",aleph,5385,3,");
    let wrong = desk.expect(WRONG_USAGE, &change("3", "20.3.2026"));
    assert!(wrong.contains("--since"), "{wrong}");
    desk.expect(WRONG_USAGE, &change("-1", "2026-03-20"));
    let mut unknown = change("3", "2026-03-20");
    unknown[2] = "zayin";
    let refused = desk.expect(FAILED, &unknown);
    assert!(
        refused.contains("option_id") && refused.contains("zayin"),
        "{refused}"
    );
    let place = [&change("3", "2026-03-20")[..], &["--district", "north"]].concat();
    let refused = desk.expect(FAILED, &place);
    assert!(
        refused.contains("--district north") && refused.contains("country"),
        "{refused}"
    );
}

#[test]
fn a_tie_is_shown_with_its_rule_and_settled_by_a_lot() {
    let (desk, files) = (Desk::empty(), Files::new());
    let definition = files.write("tie.toml", TIE);
    let reports = files.write("tie.jsonl", TIE_REPORTS);
    desk.expect(DONE, &["define", &definition, "--open", "all"]);
    desk.expect(DONE, &["submit", "tie-2026", &reports]);
    let draw = ["draw-lot", "tie-2026"];
    let listed = desk.until(&draw, "elk, fox");
    for said in [
        "the order of registration did not settle it; to be settled by lot",
        "--contest list --district north --stage 0 --tied elk,fox --winner",
    ] {
        assert!(listed.contains(said), "{said} is not in\n{listed}");
    }
    let watch = ["watch", "tie-2026", "--once"];
    let shown = desk.until(&watch, "tie in north: ");
    assert!(
        shown.contains(
            "tie in north: elk, fox for 1 seat; the order of registration did not settle it"
        ),
        "{shown}"
    );
    let wrong = with(&with(&draw, &["--winner", "elk,fox"]), &ORDER);
    let refused = desk.expect(FAILED, &wrong);
    assert!(
        refused.contains("--winner elk,fox")
            && refused.contains("list/north stage 0: elk, fox for 1"),
        "{refused}"
    );
    desk.expect(WRONG_USAGE, &with(&draw, &["--winner", "elk"]));
    let lot = with(
        &with(&draw, &["--winner", "fox", "--tied", "fox,elk"]),
        &ORDER,
    );
    desk.expect(DONE, &lot);
    desk.until(&draw, "no tie of tie-2026 is open");
    desk.expect(NOTHING_NEW, &lot);
    let other = with(&with(&draw, &["--winner", "elk"]), &ORDER);
    let refused = desk.expect(FAILED, &other);
    assert!(refused.contains("open: none is"), "{refused}");
    // One district is declared, and the other is named.
    let declare = ["declare", "tie-2026", "fox=1", "--district", "north"];
    desk.expect(DONE, &with(&declare, &ORDER));
    desk.until(&watch, "declared in 1 of 2 districts: not yet south");
    // One district alone has its own seats, with the official ones beside them; one that is not there is said so.
    let north = ["watch", "tie-2026", "--once", "--district", "north"];
    let shown = desk.until(&north, "1 (declared 1)");
    assert!(
        shown.contains("0 (declared 0)") && shown.contains("1 seat as declared here, majority"),
        "{shown}"
    );
    let nowhere = ["watch", "tie-2026", "--once", "--district", "no where"];
    let refused = desk.expect(WRONG_USAGE, &nowhere);
    assert!(refused.contains("district \"no where\""), "{refused}");
    // A place that is not named is not guessed where there are several.
    let unnamed = with(&["declare", "tie-2026", "fox=1", "--force"], &ORDER);
    let refused = desk.run(&unnamed);
    assert!(!refused.status.success());
}

#[test]
fn rules_without_a_lot_take_none() {
    let (desk, files) = (Desk::empty(), Files::new());
    let definition = TIE.replace(r#"ties = ["earlier-registration", "lot"]"#, "");
    let definition = files.write("tie.toml", &definition);
    let reports = files.write("tie.jsonl", TIE_REPORTS);
    desk.expect(DONE, &["define", &definition]);
    desk.expect(DONE, &["submit", "tie-2026", &reports]);
    desk.until(&["draw-lot", "tie-2026"], "the rules settle no tie");
    let lot = with(&["draw-lot", "tie-2026", "--winner", "fox"], &ORDER);
    let refused = desk.expect(FAILED, &lot);
    assert!(
        refused.contains("know no lot") && refused.contains("amend tie-2026 rules"),
        "{refused}"
    );
}

#[test]
fn a_missing_counter_is_named_with_its_contest_and_units() {
    let (desk, files) = (Desk::empty(), Files::new());
    let definition = golden("quota-2026.toml");
    desk.expect(DONE, &["define", &definition, "--open", "all"]);
    let nothing = desk.expect(DONE, &["missing", QUOTA]);
    assert!(
        nothing.contains("nothing that the rules of quota-2026 need is missing"),
        "{nothing}"
    );
    let report = |unit: &str, form: &str| {
        let votes = r#"{"north":249,"east":87,"south":52,"west":57,"hill":24}"#;
        let head = format!(r#""election":"{QUOTA}","unit":"{unit}","version":1"#);
        format!(r#"{{{head},"votes":{votes},"form":{{{form}}}}}"#)
    };
    let whole = r#""box-fixed":493,"box-portable":25,"invalid":49,"valid":469"#;
    let reports = [
        report("station-010", whole),
        report("station-011", r#""box-portable":25,"valid":469"#),
        report("station-012", whole),
    ];
    let reports = files.write("reports.jsonl", &reports.join("\n"));
    desk.expect(DONE, &["submit", QUOTA, &reports]);
    let shown = desk.until(&["watch", QUOTA, "--once"], "seats unknown");
    for said in [
        "contest list, district city",
        "ballots in the box",
        "the counter box-fixed is missing on 1 of 3 counted tallies",
        "hemicycle missing",
    ] {
        assert!(shown.contains(said), "{said} is not in\n{shown}");
    }
    let standings = desk.expect(DONE, &["export", QUOTA]);
    assert!(
        standings.contains("the counter box-fixed is missing on 1 of 3"),
        "{standings}"
    );
    let missing = desk.expect_json(DONE, &["missing", QUOTA]);
    let units = missing["units"].as_array().unwrap();
    assert_eq!(units.len(), 1);
    assert_eq!(units[0]["unit"], "station-011");
    assert_eq!(
        units[0]["counters"],
        serde_json::json!(["box-fixed", "invalid"])
    );
    let shown = desk.expect(DONE, &["missing", QUOTA]);
    assert!(
        shown.contains("station-011") && !shown.contains("station-010"),
        "{shown}"
    );
}
