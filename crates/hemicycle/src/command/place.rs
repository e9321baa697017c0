//! Which contest and district a command is about: a single one need not be named.

use crate::failure::Failure;
use client::Client;
use election::ids::{ContestId, DistrictId, ElectionId};
use wire::common::v1::View;

/// The contest and the district of the ballot that are meant; an empty name stands for the only one.
///
/// # Errors
///
/// A name that is not on the ballot, or none where there are several: with those that there are.
pub(super) async fn place(
    client: &Client,
    election: &ElectionId,
    contest: &str,
    district: &str,
) -> Result<(ContestId, DistrictId), Failure> {
    let definition = client.get_definition(election, View::Head, 0).await?;
    let ballot = definition.ballot;
    let ballot = ballot.ok_or(client::ClientError::Missing("ballot"))?;
    let contest = meant("contest", contest, &ballot.contests, |it| &it.contest_id)?;
    let district = meant("district", district, &contest.districts, |it| {
        &it.district_id
    })?;
    let wrong = |error: election::ids::IdError| Failure::Input(error.to_string());
    Ok((
        ContestId::new(&contest.contest_id).map_err(wrong)?,
        DistrictId::new(&district.district_id).map_err(wrong)?,
    ))
}

/// The contest that is meant, and the district of the ballot or of the rules; `None`: none is named where there are several,
/// so the whole contest. Whether its districts hang together is for the server to say.
///
/// # Errors
///
/// A contest that is not on the ballot, or none where there are several: with those that there are.
pub(super) async fn place_or_whole(
    client: &Client,
    election: &ElectionId,
    contest: &str,
    district: &str,
) -> Result<(ContestId, Option<DistrictId>), Failure> {
    let definition = client.get_definition(election, View::Head, 0).await?;
    let ballot = definition.ballot;
    let ballot = ballot.ok_or(client::ClientError::Missing("ballot"))?;
    let contest = meant("contest", contest, &ballot.contests, |it| &it.contest_id)?;
    let district = match (district, contest.districts.as_slice()) {
        ("", [only]) => Some(only.district_id.as_str()),
        ("", _) => None,
        (named, _) => Some(named),
    };
    let wrong = |error: election::ids::IdError| Failure::Input(error.to_string());
    Ok((
        ContestId::new(&contest.contest_id).map_err(wrong)?,
        district.map(DistrictId::new).transpose().map_err(wrong)?,
    ))
}

fn meant<'a, T>(
    what: &str,
    wanted: &str,
    known: &'a [T],
    id: impl Fn(&T) -> &String,
) -> Result<&'a T, Failure> {
    let names = || {
        let names: Vec<&str> = known.iter().take(20).map(|it| id(it).as_str()).collect();
        let more = known.len().saturating_sub(names.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("{}{more}", names.join(", "))
    };
    match (wanted, known) {
        ("", [only]) => Ok(only),
        ("", _) => Err(Failure::Usage(format!(
            "there are several: name one with --{what}: {}",
            names()
        ))),
        _ => known.iter().find(|it| id(it) == wanted).ok_or_else(|| {
            Failure::Input(format!("--{what} {wanted}: must be one of {}", names()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_needed_where_there_are_several_and_never_guessed() {
        let known = ["north".to_owned(), "south".to_owned()];
        let meant = |wanted, known| meant("district", wanted, known, |id| id).cloned();
        assert_eq!(meant("", &known[..1]).unwrap(), "north");
        assert_eq!(meant("south", &known).unwrap(), "south");
        for wanted in ["", "west"] {
            let error = meant(wanted, &known).unwrap_err().to_string();
            assert!(
                error.contains("--district") && error.contains("north, south"),
                "{error}"
            );
        }
        // A wrong name is no name for the only one.
        assert!(meant("west", &known[..1]).is_err());
    }
}
