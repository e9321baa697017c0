//! Units, ballots and the versions of a definition's parts.

use crate::common::v1 as proto;
use crate::field::{counterparts, enumeration, hash, id, optional_id};
use election::definition::{
    Ballot, BallotOption, ContestBallot, DistrictBallot, OptionRole, Part, Unit, UnitKind,
};
use election::ids::{AreaId, CountingGroupId, DistrictId, UnitId};
use election::report::Refusal;
use election::tally::PartVersion;

counterparts!(proto::UnitKind, UnitKind, {
    Station = Station,
    Mobile = Mobile,
    Hospital = Hospital,
    Abroad = Abroad,
    PostalBatch = PostalBatch,
    EnvelopeCentre = EnvelopeCentre,
});

counterparts!(proto::OptionRole, OptionRole, {
    List = List,
    Independent = Independent,
    AgainstAll = AgainstAll,
    WriteIn = WriteIn,
    Other = Other,
});

counterparts!(proto::DefinitionPart, Part, {
    Ballot = Ballot,
    Register = Register,
    Rules = Rules,
    Presentation = Presentation,
});

impl TryFrom<proto::Unit> for Unit {
    type Error = Refusal;

    fn try_from(unit: proto::Unit) -> Result<Self, Refusal> {
        let proto::Unit {
            unit_id,
            kind,
            district_id,
            area_id,
            roll,
            display_name,
            counting_group_ids,
        } = unit;
        let counting_groups = counting_group_ids
            .iter()
            .enumerate()
            .map(|(position, group)| {
                id(
                    &format!("counting_group_ids[{position}]"),
                    group,
                    CountingGroupId::new,
                )
            });
        Ok(Self {
            id: id("unit_id", &unit_id, UnitId::new)?,
            kind: match kind {
                0 => UnitKind::Station,
                kind => enumeration("kind", kind)?,
            },
            district: id("district_id", &district_id, DistrictId::new)?,
            area: optional_id("area_id", &area_id, AreaId::new)?,
            roll,
            name: display_name,
            counting_groups: counting_groups.collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Unit> for proto::Unit {
    fn from(unit: &Unit) -> Self {
        let Unit {
            id,
            kind,
            district,
            area,
            roll,
            name,
            counting_groups,
        } = unit;
        Self {
            unit_id: id.as_str().into(),
            kind: proto::UnitKind::from(*kind).into(),
            district_id: district.as_str().into(),
            area_id: area
                .as_ref()
                .map(|area| area.as_str().into())
                .unwrap_or_default(),
            roll: *roll,
            display_name: name.clone(),
            counting_group_ids: counting_groups
                .iter()
                .map(|group| group.as_str().into())
                .collect(),
        }
    }
}

impl From<&Ballot> for proto::Ballot {
    fn from(ballot: &Ballot) -> Self {
        let Ballot {
            election,
            is_test,
            voting_day,
            votes_per_ballot,
            counting_groups,
            contests,
        } = ballot;
        Self {
            election_id: election.as_str().into(),
            is_test: *is_test,
            voting_day: voting_day.clone().unwrap_or_default(),
            votes_per_ballot: *votes_per_ballot,
            counting_group_ids: counting_groups
                .iter()
                .map(|group| group.as_str().into())
                .collect(),
            contests: contests.iter().map(Into::into).collect(),
        }
    }
}

impl From<&ContestBallot> for proto::ContestBallot {
    fn from(contest: &ContestBallot) -> Self {
        let ContestBallot { id, districts } = contest;
        Self {
            contest_id: id.as_str().into(),
            districts: districts.iter().map(Into::into).collect(),
        }
    }
}

impl From<&DistrictBallot> for proto::DistrictBallot {
    fn from(district: &DistrictBallot) -> Self {
        let DistrictBallot { id, options } = district;
        Self {
            district_id: id.as_str().into(),
            options: options.iter().map(Into::into).collect(),
        }
    }
}

impl From<&BallotOption> for proto::BallotOption {
    fn from(option: &BallotOption) -> Self {
        let BallotOption {
            id,
            role,
            registration_number,
            candidates,
            minority,
            coalition_size,
            apparentment,
        } = option;
        Self {
            option_id: id.as_str().into(),
            role: proto::OptionRole::from(*role).into(),
            registration_number: *registration_number,
            candidates: *candidates,
            minority: *minority,
            coalition_size: *coalition_size,
            apparentment: apparentment.clone().unwrap_or_default(),
        }
    }
}

impl From<(Part, PartVersion)> for proto::PartVersion {
    fn from((part, version): (Part, PartVersion)) -> Self {
        let PartVersion { version, hash } = version;
        Self {
            part: proto::DefinitionPart::from(part).into(),
            version,
            hash: hash.0.to_vec().into(),
        }
    }
}

impl TryFrom<proto::PartVersion> for (Part, PartVersion) {
    type Error = Refusal;

    fn try_from(message: proto::PartVersion) -> Result<Self, Refusal> {
        let proto::PartVersion {
            part,
            version,
            hash: bytes,
        } = message;
        Ok((
            enumeration("part", part)?,
            PartVersion {
                version,
                hash: hash("hash", &bytes)?,
            },
        ))
    }
}

#[cfg(test)]
mod tests;
