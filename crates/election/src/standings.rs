//! The state at a revision with its seats: computed by the engine, checked by the verifier, and published only if the
//! two agree.

use crate::allocation::Question;
use crate::declaration::{Finding, check_declaration};
use crate::tally::Tally;
use apportionment::{Allocation, ContestError, Outcome};

/// What is known of the seats of one contest in one district.
#[derive(Debug, Clone, PartialEq)]
pub enum SeatsResult {
    /// The engine's result, which the verifier accepted.
    Allocated(Allocation),
    /// The verifier refused the engine's result: votes are published, seats are not, until the cause is found.
    Withheld {
        /// What the engine said.
        allocation: Allocation,
        /// What the verifier found.
        objections: Vec<String>,
    },
    /// The rules cannot be applied to what is counted: a number that they need is missing, or a limit is broken.
    Unknown(ContestError),
}

impl SeatsResult {
    /// Certain seats of list n, if seats are known.
    pub fn seats(&self, list: usize) -> Option<u32> {
        match self {
            Self::Allocated(allocation) if allocation.outcome != Outcome::NoneYet => {
                allocation.lists.get(list).map(|list| list.seats)
            }
            _ => None,
        }
    }
}

/// The seats of one contest in one district, with the question that they answer.
#[derive(Debug, Clone, PartialEq)]
pub struct DistrictSeats {
    /// What the engine was asked.
    pub question: Question,
    /// What it answered.
    pub result: SeatsResult,
    /// What is wrong with the declared result; `None`: none is declared.
    pub findings: Option<Vec<Finding>>,
}

/// Allocates and verifies the seats of one contest in one district; `None`: the rules give it no seats.
pub fn district_seats(tally: &Tally, contest: usize, district: usize) -> Option<DistrictSeats> {
    let question = Question::of(tally, contest, district)?;
    let result = answer(&question);
    let key = (u8::try_from(contest).ok()?, u16::try_from(district).ok()?);
    let findings = tally
        .declarations
        .get(&key)
        .map(|(_, declaration)| check_declaration(&question, &result, &declaration.seats));
    Some(DistrictSeats {
        question,
        result,
        findings,
    })
}

/// The engine's answer, if the verifier, which shares no code with it, agrees.
pub fn answer(question: &Question) -> SeatsResult {
    let Question {
        options: _,
        contest,
        rules,
        lots,
    } = question;
    match apportionment::allocate(contest, rules, lots) {
        Err(error) => SeatsResult::Unknown(error),
        Ok(allocation) => match apportionment::verify(contest, rules, lots, &allocation) {
            Ok(()) => SeatsResult::Allocated(allocation),
            Err(refusals) => SeatsResult::Withheld {
                allocation,
                objections: refusals.iter().map(ToString::to_string).collect(),
            },
        },
    }
}
