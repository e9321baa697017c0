//! The state at a revision with its seats: computed by the engine, checked by the verifier, and published only if the
//! two agree.

use crate::allocation::Question;
use crate::declaration::{Finding, check_declaration};
use crate::tally::{Outline, Tally};
use apportionment::{Allocation, ContestError, Outcome, Workspace};
use std::sync::Arc;

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

/// The seats of all contests and districts, recomputed with every report. What does not change between reports is kept,
/// and in steady state nothing is allocated on the heap.
#[derive(Debug, Default)]
pub struct SeatsFold {
    questions: Vec<(usize, usize, Question)>,
    workspace: Workspace,
    basis: Option<Basis>,
}

// What the questions were made from, besides the votes.
#[derive(Debug, PartialEq)]
struct Basis {
    outline: Arc<crate::rules::Rules>,
    lots: usize,
    candidates: std::collections::BTreeMap<(u8, u16, u32), u32>,
}

impl SeatsFold {
    /// Calls `each` with (contest, district, options that take part, seats) for every contest and district that has
    /// seats. A contest whose rules cannot be applied to what is counted is passed over.
    pub fn recompute(
        &mut self,
        tally: &Tally,
        mut each: impl FnMut(usize, usize, &[u32], apportionment::Seats<'_>),
    ) {
        self.renew(tally);
        for (contest, district, question) in &mut self.questions {
            question.refresh(tally, *contest, *district);
            let Question {
                options,
                contest: votes,
                rules,
                lots,
            } = question;
            if let Ok(seats) = self.workspace.seats(votes, rules, lots) {
                each(*contest, *district, options, seats);
            }
        }
    }

    fn renew(&mut self, tally: &Tally) {
        let Outline { rules, .. } = &tally.outline;
        let is_current = self.basis.as_ref().is_some_and(|basis| {
            Arc::ptr_eq(&basis.outline, rules)
                && basis.lots == tally.lots.len()
                && basis.candidates == tally.candidates
        });
        if is_current {
            return;
        }
        self.questions.clear();
        for (contest, districts) in tally.contests.iter().enumerate() {
            for district in 0..districts.len() {
                self.questions.extend(
                    Question::of(tally, contest, district)
                        .map(|question| (contest, district, question)),
                );
            }
        }
        self.basis = Some(Basis {
            outline: Arc::clone(rules),
            lots: tally.lots.len(),
            candidates: tally.candidates.clone(),
        });
    }
}
