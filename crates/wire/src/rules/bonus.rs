//! Seats for one list beyond its votes.

use super::{fraction_message, optional};
use crate::allocation::v1 as proto;
use crate::field::{counterparts, enumeration, required};
use election::report::Refusal;
use election::rules::{BonusCountingRule, BonusRule, BonusToRule};
use proto::bonus::Size;

counterparts!(proto::BonusTo, BonusToRule, {
    MostVotes = MostVotes,
    MoreThanHalf = MoreThanHalf,
    Office = Office,
});

counterparts!(proto::BonusCounting, BonusCountingRule, {
    Beside = Beside,
    Least = Least,
});

impl TryFrom<proto::Bonus> for BonusRule {
    type Error = Refusal;

    fn try_from(bonus: proto::Bonus) -> Result<Self, Refusal> {
        let proto::Bonus {
            to,
            rounding,
            counting,
            votes_min,
            others_max,
            size,
        } = bonus;
        let (mut seats, mut share, mut more_than_half) = (None, None, false);
        match required("size", size)? {
            Size::Seats(number) => seats = Some(number),
            Size::Share(part) => share = optional("share", Some(part))?,
            Size::MoreThanHalf(given) => more_than_half = given,
        }
        let rule = Self {
            to: enumeration("to", to)?,
            seats,
            share,
            rounding: (rounding != 0)
                .then(|| enumeration("rounding", rounding))
                .transpose()?,
            more_than_half,
            counting: enumeration("counting", counting)?,
            votes_min: optional("votes_min", votes_min)?,
            others_max: optional("others_max", others_max)?,
        };
        election::validate::bonus("size", &rule)?;
        Ok(rule)
    }
}

impl From<&BonusRule> for proto::Bonus {
    fn from(rule: &BonusRule) -> Self {
        let BonusRule {
            to,
            seats,
            share,
            rounding,
            more_than_half,
            counting,
            votes_min,
            others_max,
        } = *rule;
        Self {
            to: proto::BonusTo::from(to).into(),
            rounding: rounding
                .map_or(proto::Rounding::Unspecified, Into::into)
                .into(),
            counting: proto::BonusCounting::from(counting).into(),
            votes_min: votes_min.map(fraction_message),
            others_max: others_max.map(fraction_message),
            size: match (seats, share) {
                (Some(seats), _) => Some(Size::Seats(seats)),
                (None, Some(share)) => Some(Size::Share(fraction_message(share))),
                (None, None) => Some(Size::MoreThanHalf(more_than_half)),
            },
        }
    }
}
