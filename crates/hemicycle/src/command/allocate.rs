//! `hemicycle allocate`: seats from votes, without a server.

use super::rules_file::rules_of;
use super::{allocate_districts, print, to_json};
use crate::cli::{Allocate, Counts, Explained};
use crate::failure::{Ending, Failure};
use election::profile::Profile;
use election::rules::ContestRules;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::Path;
use wire::allocation::v1::{
    AllocateRequest, AllocateResponse, AllocationList, ExplanationFormat, ExplanationStyle,
};
use wire::{AllocationRequest, MARGIN_LISTS_MAX};

/// Answers one request, or one a line.
///
/// # Errors
///
/// A request that cannot be read, or that the engine refuses: with the field, its value and the rule. With `--jsonl` a
/// refused line is answered with an `error`, and the exit code says so at the end.
pub async fn run(arguments: Allocate) -> Result<Ending, Failure> {
    // Reading standard input blocks; and a program that only computes has nothing else to do.
    tokio::task::spawn_blocking(move || answer_all(&arguments))
        .await
        .map_err(|error| Failure::Input(error.to_string()))?
}

fn answer_all(arguments: &Allocate) -> Result<Ending, Failure> {
    if arguments.jsonl {
        return answer_lines(open(arguments.file.as_deref())?);
    }
    let named = arguments.profile.as_deref().map(profile).transpose()?;
    let rules = match (&arguments.rules, named) {
        (Some(file), _) => Some(rules_of(file)?),
        (None, named) => named.map(|profile| profile.law.rules.clone()),
    };
    if let Some(rules) = rules
        .as_ref()
        .filter(|rules| allocate_districts::hang_together(rules))
    {
        return answer_districts(arguments, rules);
    }
    if arguments.first_votes.is_some() {
        let what = "--first-votes: these rules are of single districts and know no first votes";
        return Err(Failure::Usage(what.to_owned()));
    }
    let response = if let Some(rules) = &rules {
        let Some(seats) = arguments.seats else {
            let what =
                "--seats is needed: the rules are of single districts and do not say how many";
            return Err(Failure::Usage(what.to_owned()));
        };
        if let Some(outside) = named.and_then(|profile| profile.outside(seats)) {
            super::say(&format!("warning: {outside}"));
        }
        let file = arguments.file.as_deref();
        let lists = crate::lists_file::read(open(file)?, &file_name(file))?;
        let name = named.map_or("", |profile| profile.name);
        let mut request = request_by(rules, name, seats, &lists, arguments.counts);
        request.include_steps = true;
        answer_explained(request, arguments).map_err(Failure::Input)?
    } else {
        let mut text = String::new();
        open(arguments.file.as_deref())?
            .read_to_string(&mut text)
            .map_err(Failure::io("the request"))?;
        from_json(&text, "AllocateRequest")
            .and_then(|request| answer_explained(request, arguments))
            .map_err(Failure::Input)?
    };
    if arguments.explain.is_some() || arguments.table {
        let allocation = response.allocation.unwrap_or_default();
        // Seats that are withheld have no words but the reason.
        if !allocation.problem.is_empty() {
            return Err(Failure::Input(allocation.problem));
        }
        print(allocation.explanation.trim_end())?;
    } else {
        print(&to_json(&response, true)?)?;
    }
    Ok(Ending::Done)
}

fn answer_districts(arguments: &Allocate, rules: &ContestRules) -> Result<Ending, Failure> {
    if arguments.seats.is_some() {
        let what =
            "--seats: the rules are over all districts, whose seats stand in the file of votes";
        return Err(Failure::Usage(what.to_owned()));
    }
    let given = counts_given(arguments.counts);
    if let Some(option) = given {
        let what = format!(
            "{option}: the rules are over all districts, and each has its own count in the file of votes"
        );
        return Err(Failure::Usage(what));
    }
    let file = arguments.file.as_deref();
    let votes = allocate_districts::votes_of(file, arguments.first_votes.as_deref())?;
    let shown = allocate_districts::Shown {
        as_table: arguments.table,
        explain: arguments.explain,
    };
    allocate_districts::run(rules, &votes, shown, &arguments.language)
}

/// The first count that was given.
pub(super) fn counts_given(counts: Counts) -> Option<&'static str> {
    let Counts {
        valid_votes,
        valid_and_against_all,
        ballots_in_box,
        ballots_issued,
    } = counts;
    let given = [
        ("--valid-votes", valid_votes),
        ("--valid-and-against-all", valid_and_against_all),
        ("--ballots-in-box", ballots_in_box),
        ("--ballots-issued", ballots_issued),
    ];
    given
        .into_iter()
        .find_map(|(option, count)| count.map(|_| option))
}

/// What a file is called in what is said of it.
pub(super) fn file_name(file: Option<&Path>) -> String {
    match file.filter(|path| path.as_os_str() != "-") {
        None => String::from("standard input"),
        Some(path) => path.display().to_string(),
    }
}

pub(super) fn open(file: Option<&Path>) -> Result<Box<dyn std::io::BufRead>, Failure> {
    match file.filter(|path| path.as_os_str() != "-") {
        None => Ok(Box::new(std::io::stdin().lock())),
        Some(path) => {
            let file =
                std::fs::File::open(path).map_err(Failure::io(path.display().to_string()))?;
            Ok(Box::new(std::io::BufReader::new(file)))
        }
    }
}

fn answer_lines(source: Box<dyn std::io::BufRead>) -> Result<Ending, Failure> {
    let mut output = super::standard_output();
    let mut ending = Ending::Done;
    for (number, line) in (1_u64..).zip(source.lines()) {
        let line = line.map_err(Failure::io(format!("line {number}")))?;
        if line.trim().is_empty() {
            continue;
        }
        let text = match answer(&line) {
            Ok(response) => to_json(&response, false)?,
            Err(error) => {
                ending = Ending::CheckFailed;
                let id = serde_json::from_str::<serde_json::Value>(&line).ok();
                let id = id
                    .and_then(|value| value.get("id").cloned())
                    .unwrap_or_default();
                to_json(&json!({ "id": id, "line": number, "error": error }), false)?
            }
        };
        // Each answer leaves before the next request is read: programs may ask and wait.
        writeln!(output, "{text}")
            .and_then(|()| output.flush())
            .map_err(Failure::io("standard output"))?;
    }
    Ok(ending)
}

fn answer(text: &str) -> Result<AllocateResponse, String> {
    answer_request(from_json(text, "AllocateRequest")?)
}

/// What a number of a request may be.
const WHOLE: &str = "must be a whole number, not negative, of at most 64 bits for votes and counts and 32 bits for all else; \
                     digits in quotes are as good";

/// Reads a message of the contract; what is wrong is told with the path of the field and its value.
pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader);
    let value = read.map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner();
        if problem.is_syntax() || problem.is_eof() {
            return format!("this is no {what} as JSON: {problem}");
        }
        let problem = problem.to_string();
        let (rule, _) = problem.rsplit_once(" at line ").unwrap_or((&problem, ""));
        // The reader of numbers takes digits as text too, and says only that it is neither.
        let is_number = [
            "did not match any variant",
            "invalid digit",
            "number too large",
            "cannot parse integer",
        ]
        .iter()
        .any(|said| rule.contains(said));
        let rule = if is_number { WHOLE } else { rule };
        match (path.as_str(), value_at(text, &path)) {
            (".", _) => format!("this is no {what}: {rule}"),
            (_, Some(value)) => format!("{path} = {value}: {rule}"),
            (_, None) => format!("{path}: {rule}"),
        }
    })?;
    reader
        .end()
        .map_err(|error| format!("this is more than one {what} as JSON: {error}"))?;
    Ok(value)
}

// What stands in a text at a path such as lists[1].votes.
fn value_at(text: &str, path: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let pointer = path.replace('[', ".").replace(']', "");
    let pointer: String = pointer.split('.').map(|part| format!("/{part}")).collect();
    value.pointer(&pointer).map(ToString::to_string)
}

/// How words are asked for.
pub(super) fn style(format: Explained, language: &str) -> ExplanationStyle {
    let format = match format {
        Explained::Text => ExplanationFormat::Text,
        Explained::Markdown => ExplanationFormat::Markdown,
    };
    ExplanationStyle {
        language: language.to_owned(),
        format: format.into(),
    }
}

/// Answers a request, in words too if they are asked for.
fn answer_explained(
    mut request: AllocateRequest,
    arguments: &Allocate,
) -> Result<AllocateResponse, String> {
    let format = arguments
        .explain
        .or(arguments.table.then_some(Explained::Text));
    if let Some(format) = format {
        request.explanation = Some(style(format, &arguments.language));
        let is_small = request.lists.len() <= MARGIN_LISTS_MAX;
        request.include_margins = arguments.explain.is_some() && is_small;
        if arguments.explain.is_some() && !is_small {
            let lists = request.lists.len();
            super::say(&format!(
                "note: what would change it is looked for among up to {MARGIN_LISTS_MAX} lists; these are {lists}"
            ));
        }
    }
    answer_request(request)
}

/// Answers a request, or says what is wrong with it.
fn answer_request(request: AllocateRequest) -> Result<AllocateResponse, String> {
    let request = AllocationRequest::try_from(request).map_err(|refusal| refusal.to_string())?;
    allocation_service::allocate(&request).map_err(|error| error.to_string())
}

/// The profile of a name, or a failure that says which there are.
pub(super) fn profile(name: &str) -> Result<&'static Profile, Failure> {
    Profile::named(name).ok_or_else(|| {
        let known: Vec<&str> = Profile::all().iter().map(|profile| profile.name).collect();
        let known = known.join(", ");
        Failure::Usage(format!("--profile {name:?}: must be one of {known}"))
    })
}

/// The request that gives lists and counts to rules.
pub(super) fn request_by(
    rules: &ContestRules,
    name: &str,
    seats: u32,
    lists: &[AllocationList],
    counts: Counts,
) -> AllocateRequest {
    AllocateRequest {
        id: name.to_owned(),
        seats,
        lists: lists.to_vec(),
        rules: Some(rules.into()),
        base: Some(super::compare::base(counts)),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    #[test]
    fn what_is_wrong_with_a_request_is_named_by_path_value_and_rule() {
        let cases = [
            (
                r#"{"seats": 1, "lists": [{"option_id": "a", "votes": -1}]}"#,
                "lists[0].votes = -1: must be a whole number",
            ),
            (r#"{"seats": 3.5}"#, "seats = 3.5: must be a whole number"),
            (r#"{"seats": "x"}"#, "seats = \"x\": must be a whole number"),
            (
                r#"{"seats": 4294967296}"#,
                "seats = 4294967296: must be a whole number",
            ),
            (
                r#"{"seats": "4294967296"}"#,
                "seats = \"4294967296\": must be a whole number",
            ),
            (
                r#"{"lists": [{"option_id": 5}]}"#,
                "lists[0].option_id = 5: invalid type",
            ),
            (r#"{"seat": 3}"#, "seat = 3: unknown field"),
            (
                r#"{"rules": {"stages": [{"largest_remainder": {"quota": "HARE"}}]}}"#,
                "rules.stages[0].largest_remainder.quota = \"HARE\"",
            ),
            ("[1]", "this is no AllocateRequest: invalid type: sequence"),
            (r#"{"seats": "#, "this is no AllocateRequest as JSON: EOF"),
            (
                r#"{"seats": 1} {"seats": 2}"#,
                "more than one AllocateRequest",
            ),
            (r#"{"seats": 1}"#, "rules"),
        ];
        for (text, said) in cases {
            let error = answer(text).unwrap_err();
            assert!(error.contains(said), "{said} is not in {error}");
        }
        let digits = r#"{"seats": "1", "lists": [{"option_id": "a", "votes": "18446744073709551615"}],
            "rules": {"stages": [{"largest_remainder": {"quota": "QUOTA_HARE"}}]}}"#;
        assert!(answer(digits).is_ok());
    }

    /// A reader of JSON has every number of a list, also of one that has nothing.
    #[test]
    fn numbers_are_written_though_they_are_zero() {
        let lists = "list,votes\na,100\nb,1\nc,0\n";
        let lists = crate::lists_file::read(lists.as_bytes(), "lists.csv").unwrap();
        let profile = profile("kz-maslihat-2021").unwrap();
        let request = request_by(
            &profile.law.rules,
            profile.name,
            3,
            &lists,
            Counts::default(),
        );
        let text = to_json(&answer_request(request).unwrap(), true).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        let allocation = &answer["allocation"];
        for (list, votes, seats) in [(0, "100", None), (1, "1", None), (2, "0", Some(0))] {
            let entry = &allocation["lists"][list];
            assert_eq!(entry["votes"], votes, "{text}");
            assert!(entry["seats"]["seats"].is_u64(), "{text}");
            assert!(seats.is_none_or(|seats| entry["seats"]["seats"] == seats));
        }
        for number in ["seats", "seatsUnassigned", "seatsPending"] {
            assert!(allocation[number].is_u64(), "{number} is not in {text}");
        }
    }

    /// What `allocate --profile kz-maslihat-2021 --seats 39 --explain --language ru` prints of Almaty, 10 January 2021.
    #[test]
    fn a_result_is_explained_in_words() {
        let arguments = |more: &[&str]| {
            let line = ["hemicycle", "allocate"].iter().chain(more);
            match Cli::try_parse_from(line).map(|cli| cli.command) {
                Ok(Command::Allocate(arguments)) => Ok(arguments),
                Ok(other) => panic!("{other:?}"),
                Err(error) => Err(error.to_string()),
            }
        };
        let lists = "list,votes,name\nnur-otan,218003,Nur Otan\naq-jol,32367,Aq Jol\nauyl,24591,\nqhp,23388,\nadal,21733,\n";
        let lists = crate::lists_file::read(lists.as_bytes(), "lists.csv").unwrap();
        let explained = |more: &[&str]| {
            let arguments = arguments(more).unwrap();
            let profile = profile("kz-maslihat-2021").unwrap();
            let rules = &profile.law.rules;
            let request = request_by(rules, profile.name, 39, &lists, arguments.counts);
            let answer = answer_explained(request, &arguments).unwrap();
            answer
                .allocation
                .unwrap()
                .explanation
                .replace('\u{202f}', "")
        };
        let russian = explained(&["--explain", "--language", "ru"]);
        for said in [
            "298349 / 39 = 7649,974…",
            "Aq Jol: до мандата № 5 не хватает 1261\u{a0}голоса",
            "auyl",
        ] {
            assert!(russian.contains(said), "{said} is not in\n{russian}");
        }
        let markdown = explained(&["--explain=markdown"]);
        assert!(
            markdown.contains("| Nur Otan | 218003 | 68.108…% | 29 | yes |"),
            "{markdown}"
        );
        let table = explained(&["--table"]);
        assert!(
            table.contains("Check") && !table.contains("What would change it"),
            "{table}"
        );
        assert_eq!(explained(&[]), "");
        // What follows is the file, not the format.
        let followed = arguments(&["--explain", "votes.csv"]).unwrap();
        assert_eq!(followed.explain, Some(Explained::Text));
        assert_eq!(followed.file.as_deref(), Some(Path::new("votes.csv")));
        assert!(
            arguments(&["--explain=html"])
                .unwrap_err()
                .contains("markdown")
        );
        assert!(
            arguments(&["--explain", "--language", "de"])
                .unwrap_err()
                .contains("kk")
        );
    }
}
