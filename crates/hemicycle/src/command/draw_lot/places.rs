//! Ties among places of districts that hang together. A place is written as `DISTRICT/LIST`, `/LIST` in the house as a whole, and
//! `DISTRICT/LIST/CONSTITUENCY` where a person is meant; no id has a stroke.

use crate::cli::official::DrawLot;
use crate::command::{attribution_of, required_id};
use crate::failure::Failure;
use election::command::Command;
use election::event::TiedPlace;
use election::ids::{ContestId, DistrictId, OptionId};
use std::collections::BTreeSet;
use wire::allocation::v1::{PlacesTie, Standings};
use wire::common::v1 as common;

/// An open tie with its contest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Among<'a> {
    pub contest: &'a str,
    pub tie: &'a PlacesTie,
}

/// All ties among places that are open.
pub(super) fn open(standings: &Standings) -> Vec<Among<'_>> {
    let contests = standings.contests.iter();
    let ties = contests.flat_map(|contest| {
        let ties = contest.over_districts.iter().flat_map(|over| &over.ties);
        ties.map(|tie| Among {
            contest: &contest.contest_id,
            tie,
        })
    });
    ties.collect()
}

/// Whether winners are written as places.
pub(super) fn are_places(winners: &[String]) -> bool {
    winners.iter().any(|winner| winner.contains('/'))
}

impl Among<'_> {
    /// The places that tie, as winners are written.
    pub fn texts(&self) -> Vec<String> {
        self.tie.places.iter().map(text).collect()
    }

    /// Where it stands, for people.
    pub fn stage(&self) -> String {
        let at = self.tie.at.unwrap_or_default();
        let mut text = at.stage.to_string();
        for (what, number) in [("round", at.round), ("inner", at.inner)] {
            if number > 0 {
                text.push_str(&format!(", {what} {number}"));
            }
        }
        text
    }
}

fn text(place: &common::TiedPlace) -> String {
    let mut text = format!("{}/{}", place.district_id, place.option_id);
    if !place.constituency_id.is_empty() {
        text.push('/');
        text.push_str(&place.constituency_id);
    }
    text
}

/// The lot of these winners, for the one open tie that they fit.
///
/// # Errors
///
/// Winners that fit no open tie, or several: with those that are open.
pub(super) fn lot(ties: &[Among<'_>], arguments: &DrawLot) -> Result<Command, Failure> {
    let set = |texts: &[String]| texts.iter().cloned().collect::<BTreeSet<_>>();
    let winners = set(&arguments.winners);
    let fits = |among: &&Among<'_>| {
        let tied = set(&among.texts());
        let is_stage = |stage| among.tie.at.is_some_and(|at| at.stage == stage);
        winners.is_subset(&tied)
            && usize::try_from(among.tie.seats_at_stake) == Ok(winners.len())
            && arguments.stage.is_none_or(is_stage)
            && (arguments.tied.is_empty() || set(&arguments.tied) == tied)
    };
    let mut fitting = ties.iter().filter(fits);
    let among = match (fitting.next(), fitting.next()) {
        (Some(among), None) => among,
        (Some(_), Some(_)) => {
            let text = "several open ties fit these winners: name one with --stage or --tied";
            return Err(Failure::Usage(text.into()));
        }
        (None, _) => {
            let open: Vec<String> = ties.iter().map(|tie| tie.texts().join(", ")).collect();
            return Err(Failure::Input(format!(
                "--winner {}: fits no tie among places that is open, with as many winners as seats at stake; open: {}",
                arguments.winners.join(","),
                if open.is_empty() {
                    "none is".to_owned()
                } else {
                    open.join("; ")
                }
            )));
        }
    };
    let chosen = |place: &&common::TiedPlace| winners.contains(&text(place));
    Ok(Command::DrawPlaces {
        contest: required_id("contest", among.contest, ContestId::new)?,
        at: among.tie.at.unwrap_or_default().into(),
        tied: among
            .tie
            .places
            .iter()
            .map(place)
            .collect::<Result<_, _>>()?,
        seats: among.tie.seats_at_stake,
        winners: among
            .tie
            .places
            .iter()
            .filter(chosen)
            .map(place)
            .collect::<Result<_, _>>()?,
        attribution: attribution_of(arguments.by.as_deref(), arguments.reason.as_deref()),
    })
}

fn place(place: &common::TiedPlace) -> Result<TiedPlace, Failure> {
    let district = |id: &str| {
        (!id.is_empty())
            .then(|| required_id("district", id, DistrictId::new))
            .transpose()
    };
    Ok(TiedPlace {
        district: district(&place.district_id)?,
        option: required_id("list", &place.option_id, OptionId::new)?,
        constituency: district(&place.constituency_id)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::allocation::v1::{ContestStandings, DistrictedAllocation};

    fn standings() -> Standings {
        let place = |district: &str, option: &str| common::TiedPlace {
            district_id: district.into(),
            option_id: option.into(),
            constituency_id: String::new(),
        };
        let tie = |places, stage| PlacesTie {
            at: Some(common::PlacesStage {
                stage,
                round: 0,
                inner: 0,
            }),
            places,
            seats_at_stake: 1,
        };
        let placed = vec![place("north", "ash"), place("south", "ash")];
        let whole = vec![place("", "ash"), place("", "birch")];
        Standings {
            contests: vec![ContestStandings {
                contest_id: "list".into(),
                over_districts: Some(DistrictedAllocation {
                    ties: vec![tie(placed, 2), tie(whole, 1)],
                    ..Default::default()
                }),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn arguments(winners: &str) -> DrawLot {
        use clap::Parser as _;
        let line = [
            "hemicycle",
            "draw-lot",
            "demo",
            "--winner",
            winners,
            "--by",
            "a",
            "--reason",
            "b",
        ];
        match crate::cli::Cli::try_parse_from(line).unwrap().command {
            crate::cli::Command::DrawLot(arguments) => arguments,
            other => panic!("{other:?} is another command"),
        }
    }

    #[test]
    fn winners_name_the_one_tie_that_they_fit() {
        let standings = standings();
        let ties = open(&standings);
        assert_eq!(ties[0].texts(), ["north/ash", "south/ash"]);
        let Command::DrawPlaces {
            at, tied, winners, ..
        } = lot(&ties, &arguments("south/ash")).unwrap()
        else {
            panic!("a lot among places")
        };
        assert_eq!((at.stage, tied.len()), (2, 2));
        assert_eq!(winners, tied[1..]);
        let Command::DrawPlaces { winners, .. } = lot(&ties, &arguments("/birch")).unwrap() else {
            panic!("a lot among places")
        };
        assert_eq!(winners[0].district, None);
        let error = lot(&ties, &arguments("west/ash")).unwrap_err().to_string();
        assert!(error.contains("north/ash, south/ash"), "{error}");
    }
}
