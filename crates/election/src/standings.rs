//! The state at a revision with its seats: computed by the engine, checked by the verifier, and published only if the
//! two agree.

use crate::allocation::Question;
use crate::declaration::{Finding, check_declaration};
use crate::districted::{self, DistrictedQuestion, DistrictedResult, DistrictedSeats};
use crate::ids::DistrictId;
use crate::tally::Tally;
use apportionment::{Allocation, ContestError, Outcome};
use std::collections::BTreeMap;

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

/// The seats of a contest whose districts hang together, with the question that they answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ContestSeats {
    /// What the engine was asked.
    pub question: DistrictedQuestion,
    /// What it answered.
    pub result: DistrictedResult,
    /// Seats of each list in each district, where they are known.
    pub seats: Option<DistrictedSeats>,
    /// What is wrong with the declared result of the whole contest; `None`: none is declared. Options in it are positions
    /// of lists in the question.
    pub findings: Option<Vec<Finding>>,
    /// The same for districts of the ballot, by index. Options in it are those of the district's ballot.
    pub district_findings: BTreeMap<usize, Vec<Finding>>,
    /// The same for districts of the law that are none of the ballot. Options in it are positions of lists.
    pub law_district_findings: BTreeMap<DistrictId, Vec<Finding>>,
}

/// Allocates and verifies the seats of a contest whose districts hang together; `None`: each district hands out its own, or
/// none are given.
pub fn contest_seats(tally: &Tally, contest: usize) -> Option<ContestSeats> {
    let question = DistrictedQuestion::of(tally, contest)?;
    let result = districted::answer(&question);
    Some(judged(tally, contest, question, result))
}

/// What an answer that is known means for districts, lists and declared results.
pub fn judged(
    tally: &Tally,
    contest: usize,
    question: DistrictedQuestion,
    result: DistrictedResult,
) -> ContestSeats {
    let seats = result.allocation();
    let seats = seats.map(|allocation| districted::seats_of(&question, allocation));
    let mut judged = ContestSeats {
        question,
        result,
        seats,
        findings: None,
        district_findings: BTreeMap::new(),
        law_district_findings: BTreeMap::new(),
    };
    let here = |number: u8| usize::from(number) == contest;
    for ((number, district), (_, declaration)) in &tally.declarations {
        if here(*number) {
            let district = usize::from(*district);
            let found =
                districted::check_district(tally, &judged, contest, district, &declaration.seats);
            judged.district_findings.insert(district, found);
        }
    }
    for ((number, district), (_, declaration)) in &tally.declarations_above {
        if here(*number) {
            let found = districted::check_whole(&judged, district.as_ref(), &declaration.seats);
            match district {
                None => judged.findings = Some(found),
                Some(district) => {
                    let findings = &mut judged.law_district_findings;
                    findings.insert(district.clone(), found);
                }
            }
        }
    }
    judged
}
