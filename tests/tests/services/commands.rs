//! The commands of officials, as they type them: what is written, what is printed, and the exit code.

use end_to_end::cluster::Role;

use crate::desk::{DONE, Desk, FAILED, NOT_ALL_COUNTED, NOTHING_NEW, WRONG_USAGE, golden};
use crate::support::PAIRS;

/// Sums that break the form's identity; the counted version with other votes; a unit that is counted as it should be.
const REPORTS: [&str; 3] = [
    r#"{"election":"pairs-2026","unit":"box-09","version":2,"kind":"full",
        "votes":{"aleph":200,"bet":53,"gimel":42,"dalet":59,"he":53,"vav":25},
        "form":{"papers":386,"invalid":7,"valid":379}}"#,
    r#"{"election":"pairs-2026","unit":"box-22","version":1,"kind":"full",
        "votes":{"aleph":109,"bet":91,"gimel":85,"dalet":36,"he":42,"vav":27},
        "form":{"papers":393,"invalid":3,"valid":390}}"#,
    r#"{"election":"pairs-2026","unit":"box-37","version":1,"kind":"full",
        "votes":{"aleph":158,"bet":147,"gimel":89,"dalet":67,"he":78,"vav":42},
        "form":{"papers":583,"invalid":2,"valid":581}}"#,
];

#[test]
fn what_waits_is_listed_accepted_and_rejected() {
    let desk = Desk::open();
    assert!(
        desk.expect(DONE, &["review", PAIRS])
            .contains("nothing of pairs-2026 waits")
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("doubtful.jsonl");
    // One report a line.
    let lines = REPORTS.map(|report| report.replace('\n', ""));
    std::fs::write(&file, lines.join("\n")).unwrap();
    let submit = ["submit", PAIRS, file.to_str().unwrap()];
    let told = desk.expect(NOT_ALL_COUNTED, &submit);
    for said in [
        "report 1 in line 1 (box-09, version 2): ",
        "report 2 in line 2 (box-22, version 1): the same version came with other content",
        "2 reports wait; `hemicycle review",
    ] {
        assert!(told.contains(said), "{said} is not in\n{told}");
    }
    let again = desk.expect(NOT_ALL_COUNTED, &submit);
    assert!(again.contains("sent before, and waits since"), "{again}");

    let listed = desk.expect(DONE, &["review", PAIRS]);
    for said in [
        "box-09/list/all",
        "counted now: version 1",
        "votes = 432, valid = 379",
        "box-22/list/all",
        "conflicts with revision",
    ] {
        assert!(listed.contains(said), "{said} is not in\n{listed}");
    }
    let waiting = desk.waiting();
    let [broken, conflict] = waiting.as_slice() else {
        panic!("{waiting:?}")
    };
    // One that is mistyped leaves the others alone.
    let refused = desk.expect(
        FAILED,
        &[
            "review", PAIRS, "--accept", conflict, "--reject", "1", "--reason", "r",
        ],
    );
    assert!(
        refused.contains("revision 1 ") && refused.contains("hemicycle review pairs-2026"),
        "{refused}"
    );
    let both = [
        "review", PAIRS, "--reject", broken, "--accept", conflict, "--reject", conflict,
        "--reason", "r",
    ];
    let refused = desk.expect(WRONG_USAGE, &both);
    assert!(refused.contains("both accepted and rejected"), "{refused}");
    desk.expect(WRONG_USAGE, &["review", PAIRS, "--accept", conflict]);
    assert_eq!(desk.waiting().len(), 2);
    // What waits leaves the queue by a decision, never by a withdrawal in passing.
    let withdraw = [
        "withdraw", PAIRS, "box-09", "--by", "C", "--reason", "r", "--json",
    ];
    let refused = desk.expect(FAILED, &withdraw);
    assert!(
        refused.contains(&format!("--accept {broken}")) && refused.contains("version 2"),
        "{refused}"
    );
    assert_eq!(desk.waiting().len(), 2);

    let decided = desk.expect_json(
        DONE,
        &[
            "review", PAIRS, "--accept", conflict, "--reject", broken, "--reason", "compared",
        ],
    );
    assert_eq!(
        (
            decided["events_written"].as_u64(),
            decided["waiting"].as_u64()
        ),
        (Some(2), Some(0))
    );
    assert!(desk.waiting().is_empty());
    let history = desk.expect(DONE, &["history", PAIRS, "box-22"]);
    assert!(
        history.contains("released") && history.contains("compared"),
        "{history}"
    );
}

#[test]
fn f25_a_file_that_does_not_name_its_election_is_not_sent() {
    let desk = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last-year.jsonl");
    let line = REPORTS[2].replace('\n', "");
    let unnamed = line.replace(r#""election":"pairs-2026","#, "");
    assert_ne!(line, unnamed);
    std::fs::write(&file, unnamed).unwrap();
    let told = desk.expect(FAILED, &["submit", PAIRS, file.to_str().unwrap()]);
    assert!(told.contains("line 1: election: is missing"), "{told}");
    std::fs::write(&file, "").unwrap();
    let told = desk.expect(FAILED, &["submit", PAIRS, file.to_str().unwrap()]);
    assert!(told.contains("holds no report"), "{told}");
}

#[test]
fn only_asking_withdraws_nothing_and_a_refused_withdrawal_does_not_end_the_file() {
    let desk = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("night.jsonl");
    let withdrawal = |unit: &str, version: u32| {
        format!(
            r#"{{"election":"pairs-2026","unit":"{unit}","version":{version},"kind":"withdraw","by":"x","reason":"y"}}"#
        )
    };
    let path = file.to_str().unwrap();
    let before = desk.expect_json(DONE, &["history", PAIRS, "box-37"]);
    std::fs::write(&file, withdrawal("box-37", 100)).unwrap();
    let asked = desk.expect_json(NOTHING_NEW, &["submit", PAIRS, path, "--validate-only"]);
    assert_eq!(asked["withdrawals_left_out"], 1, "{asked}");
    assert_eq!(asked["withdrawals"], 0, "{asked}");
    assert_eq!(
        desk.expect_json(DONE, &["history", PAIRS, "box-37"]),
        before
    );
    let lines = [withdrawal("box-unknown", 1), withdrawal("box-37", 100)];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let sent = desk.expect_json(NOT_ALL_COUNTED, &["submit", PAIRS, path]);
    assert_eq!(sent["withdrawals"], 1, "{sent}");
    assert_eq!(sent["outcomes"]["REFUSED"], 1, "{sent}");
}

#[test]
fn a_file_that_cannot_be_read_on_says_what_was_sent_of_it() {
    let desk = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("torn.jsonl");
    let lines = [
        REPORTS[2].replace('\n', ""),
        r#"{"election":"pairs-2026","unit":"box-37","version":-1}"#.to_owned(),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let told = desk.expect(FAILED, &["submit", PAIRS, file.to_str().unwrap()]);
    for said in ["line 2", "was sent: ", " 1\n", "send the whole file again"] {
        assert!(told.contains(said), "{said} is not in\n{told}");
    }
    let checkpoint = r#"{"checkpoint":"end","seats":{"aleph":99}}"#;
    std::fs::write(&file, checkpoint).unwrap();
    desk.expect(FAILED, &["submit", PAIRS, file.to_str().unwrap()]);
}

#[test]
fn a_tally_is_withdrawn_once() {
    let desk = Desk::open();
    let withdraw = [
        "withdraw",
        PAIRS,
        "box-37",
        "--by",
        "Commission",
        "--reason",
        "another box's votes",
    ];
    let withdrawn = desk.expect_json(DONE, &withdraw);
    assert_eq!(withdrawn["tally"], "box-37/list/all");
    assert_eq!(withdrawn["version"], 2);
    assert_eq!(withdrawn["events_written"], 1);
    desk.expect(NOTHING_NEW, &withdraw);
    let history = desk.expect(DONE, &["history", PAIRS, "box-37"]);
    assert!(
        history.contains("withdrawn, version 2") && history.contains("another box's votes"),
        "{history}"
    );
    let old = ["--version", "1"];
    let other = [
        "withdraw",
        PAIRS,
        "box-22",
        "--by",
        "Commission",
        "--reason",
        "r",
    ];
    let stale = desk.expect(FAILED, &[other.as_slice(), &old].concat());
    assert!(
        stale.contains("must be above the counted one, which is 1"),
        "{stale}"
    );
    let nowhere = desk.expect(
        FAILED,
        &[other.as_slice(), &["--contest", "mayor"]].concat(),
    );
    assert!(nowhere.contains("it has list/all"), "{nowhere}");
}

#[test]
fn what_is_public_is_shown_opened_paused_and_resumed() {
    let desk = Desk::open();
    let told = desk.expect(DONE, &["publish", PAIRS]);
    assert!(told.contains("results is not open"), "{told}");
    let hidden = desk.expect_json(DONE, &["publish", PAIRS]);
    assert!(hidden["public_revision"].is_null() && hidden["head_revision"].as_u64() > Some(50));
    desk.expect(FAILED, &["watch", PAIRS, "--once"]);

    let opened = desk.expect_json(DONE, &["publish", PAIRS, "--open", "all"]);
    assert_eq!(opened["events_written"], 3);
    assert_eq!(opened["public_revision"], opened["head_revision"]);
    desk.expect(NOTHING_NEW, &["publish", PAIRS, "--open", "all"]);
    let late = desk.expect(
        FAILED,
        &[
            "publish",
            PAIRS,
            "--open",
            "results",
            "--at",
            "2999-01-01T00:00:00Z",
        ],
    );
    assert!(late.contains("open already"), "{late}");

    let paused = desk.expect(DONE, &["publish", PAIRS, "--pause", "--reason", "a check"]);
    assert!(paused.contains("paused: a check"), "{paused}");
    desk.watch_until("PUBLICATION PAUSED: a check");
    desk.expect(
        DONE,
        &[
            "withdraw",
            PAIRS,
            "box-37",
            "--by",
            "Commission",
            "--reason",
            "r",
        ],
    );
    let standing = desk.expect_json(DONE, &["publish", PAIRS]);
    assert!(standing["public_revision"].as_u64() < standing["head_revision"].as_u64());
    let seen = standing["public_revision"].to_string();
    desk.expect(FAILED, &["publish", PAIRS, "--hold", "1", "--reason", "r"]);
    desk.expect(DONE, &["publish", PAIRS, "--hold", &seen, "--reason", "r"]);
    let resumed = desk.expect_json(DONE, &["publish", PAIRS, "--follow", "--reason", "checked"]);
    assert_eq!(resumed["public_revision"], resumed["head_revision"]);
    desk.expect(
        WRONG_USAGE,
        &["publish", PAIRS, "--follow", "--pause", "--reason", "r"],
    );
    desk.expect(WRONG_USAGE, &["publish", PAIRS, "--hold", &seen]);
}

#[test]
fn an_export_that_fails_leaves_an_older_file_as_it_is() {
    let desk = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seats.csv");
    let path = file.to_str().unwrap();
    desk.expect(DONE, &["export", PAIRS, "--format", "csv", "-o", path]);
    let good = std::fs::read_to_string(&file).unwrap();
    assert_eq!(good.lines().count(), 7);
    for what in ["standings", "units"] {
        desk.expect(
            FAILED,
            &["export", "nowhere-2026", "--what", what, "-o", path],
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
    }
}

#[test]
fn a_feed_of_its_own_is_watched_with_ids_for_names_and_knows_no_officials() {
    let desk = Desk::apart();
    let feed = format!("http://{}", desk.cluster.address(Role::LiveFeed));
    // The feed learns of a new election a moment after the officials, and is waited for.
    let watch = ["watch", PAIRS, "--once", "--server", &feed];
    let shown = desk.expect(DONE, &watch);
    assert!(
        shown.contains("aleph") && shown.contains("0 of 40 tallies counted"),
        "{shown}"
    );
    let pause = [
        "publish", PAIRS, "--pause", "--reason", "r", "--server", &feed,
    ];
    let refused = desk.expect(FAILED, &pause);
    assert!(
        refused.contains("Unimplemented") && refused.contains("--server"),
        "{refused}"
    );
}

#[test]
fn reports_are_submitted_where_results_is_apart_and_a_missing_role_is_named() {
    let desk = Desk::apart();
    let of = |role| format!("http://{}", desk.cluster.address(role));
    let (ingestion, results) = (of(Role::TallyIngestion), of(Role::Results));
    let reports = golden(&format!("{PAIRS}.jsonl"));
    let submit = ["submit", PAIRS, &reports];
    let refused = desk.expect(FAILED, &submit);
    assert!(
        refused.contains(&results) && refused.contains("role tally-ingestion"),
        "{refused}"
    );
    let front = ["--server", &ingestion];
    let refused = desk.expect(FAILED, &[submit.as_slice(), &front].concat());
    for said in [
        &ingestion,
        "hemicycle.results.v1.",
        "role results",
        "--results",
    ] {
        assert!(refused.contains(said), "{said} is not in {refused}");
    }
    // The file has checkpoints: seats are compared.
    let allocation = of(Role::Allocation);
    let apart = [
        "--server",
        &ingestion,
        "--results",
        &results,
        "--allocation",
        &allocation,
    ];
    desk.expect(DONE, &[submit.as_slice(), &apart].concat());
}

#[test]
fn a_turnout_of_a_wild_version_is_put_right() {
    let desk = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("turnout.jsonl");
    let path = file.to_str().unwrap();
    let submit = |code, version: u32, issued: u32| {
        let line = format!(
            r#"{{"election":"pairs-2026","unit":"box-09","version":{version},"ballots_issued":{issued}}}"#
        );
        std::fs::write(&file, line).unwrap();
        desk.expect_json(code, &["submit", PAIRS, path])
    };
    submit(DONE, 1_000_000, 400);
    let shut_out = submit(NOTHING_NEW, 9, 410);
    assert_eq!(shut_out["outcomes"]["SUPERSEDED"], 1);
    let correct = [
        "correct-turnout",
        PAIRS,
        "box-09",
        "--issued",
        "400",
        "--version",
        "8",
        "--by",
        "Commission",
        "--reason",
        "a date in place of the version",
    ];
    let corrected = desk.expect_json(DONE, &correct);
    assert_eq!(corrected["replaced_version"], 1_000_000);
    desk.expect(NOTHING_NEW, &correct);
    let counted = submit(DONE, 9, 410);
    assert_eq!(counted["outcomes"]["ACCEPTED"], 1);
    let history = desk.expect(DONE, &["history", PAIRS, "box-09"]);
    for said in [
        "turnout, version 1000000",
        "turnout, version 8",
        "turnout, version 9",
    ] {
        assert!(history.contains(said), "{said} is not in\n{history}");
    }
    let absent = [
        "correct-turnout",
        PAIRS,
        "box-22",
        "--issued",
        "1",
        "--version",
        "1",
        "--by",
        "C",
        "--reason",
        "r",
    ];
    let refused = desk.expect(FAILED, &absent);
    assert!(refused.contains("no turnout of box-22"), "{refused}");
}

#[test]
fn laws_are_listed_and_compared_here_as_by_a_server() {
    let desk = Desk::apart();
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists.csv");
    std::fs::write(&lists, "list,votes\na,2571\nb,977\nc,567\nd,536\ne,453\n").unwrap();
    let lists = lists.to_str().unwrap();
    let draft = format!("draft={}", golden("pairs-2026.toml"));
    let of = |role| format!("http://{}", desk.cluster.address(role));
    let (allocation, results) = (of(Role::Allocation), of(Role::Results));
    let profile = ["--profile", "nl-council-small"];
    let rules = ["--rules", &draft, "--valid-votes", "5104"];
    let compare = [&["compare", lists, "--seats", "15"][..], &profile, &rules].concat();
    let here = desk.expect_json(DONE, &compare);
    let there = [compare.as_slice(), &["--server", &allocation]].concat();
    assert_eq!(here, desk.expect_json(DONE, &there));
    assert_eq!(here["results"].as_array().unwrap().len(), 2);
    let shown = desk.expect(DONE, &compare);
    for said in ["9 (+1)", "1 (-1)", "differences in 2 of 5: a, c"] {
        assert!(shown.contains(said), "{said} is not in\n{shown}");
    }
    // What one law needs and lacks is told beside the others, and the exit code says so.
    let without = [
        &["compare", lists, "--seats", "15"][..],
        &profile,
        &rules[..2],
    ]
    .concat();
    let shown = desk.expect(FAILED, &without);
    assert!(shown.is_empty(), "{shown}");
    let shown = String::from_utf8(desk.run(&without).stdout).unwrap();
    assert!(shown.contains("draft: base.valid_votes"), "{shown}");
    for wrong in [
        vec![
            "compare",
            lists,
            "--seats",
            "15",
            "--profile",
            "pl-sejm-district",
        ],
        vec![
            "compare",
            lists,
            "--seats",
            "0",
            "--profile",
            "pl-sejm-district",
            "--profile",
            "sk-2020",
        ],
        vec![
            "compare",
            lists,
            "--seats",
            "15",
            "--profile",
            "pl-sejm-district",
            "--profile",
            "pl-senat",
        ],
        vec![
            "compare",
            lists,
            "--seats",
            "15",
            "--profile",
            "pl-sejm-district",
            "--rules",
            "draft",
        ],
        vec!["allocate", lists, "--seats", "15", "--profile", "pl-senat"],
        vec!["profiles", "pl-senat"],
        vec!["profiles", "--server", "nowhere"],
        vec!["watch", "a/b"],
        vec!["history", PAIRS, "box-09", "--principal", ""],
    ] {
        desk.expect(WRONG_USAGE, &wrong);
    }
    let all = desk.expect_json(DONE, &["profiles"]);
    assert_eq!(
        all,
        desk.expect_json(DONE, &["profiles", "--server", &allocation])
    );
    let missing = desk.expect(FAILED, &["profiles", "--server", &results]);
    assert!(
        missing.contains("role allocation") && missing.contains("--server"),
        "{missing}"
    );
    let unknown = desk.expect(FAILED, &["profiles", "pl-senat", "--server", &allocation]);
    assert!(
        unknown.contains("pl-senat") && unknown.contains("pl-sejm"),
        "{unknown}"
    );
}
