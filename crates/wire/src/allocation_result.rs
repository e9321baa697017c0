//! What the engine answers: seats and ties with the ids of the lists.

use crate::allocation::v1 as proto;
use crate::common::v1::{ListSeats, SeatsState};
use apportionment::{
    Allocation, Award, BonusAward, Comparison, Eligibility, Key, ListResult, Lot, MajorityTransfer,
    Outcome, Pairing, Ratio, Settlement, Silence, StageAt, Tie, TieBreak, VoidLot, VoidReason,
};
use election::allocation::{Question, stage_number};
use election::standings::SeatsResult;

/// Ids of the lists of a question by position: what turns positions into messages.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a>(&'a [String]);

impl<'a> Lists<'a> {
    /// The ids in the order of the question's lists.
    pub fn new(ids: &'a [String]) -> Self {
        Self(ids)
    }

    pub(crate) fn id(self, list: usize) -> String {
        self.0[list].clone()
    }

    fn ids(self, lists: &[usize]) -> Vec<String> {
        lists.iter().map(|list| self.id(*list)).collect()
    }

    /// The result of a question, without steps, certificate and margins.
    ///
    /// # Panics
    /// If there are fewer ids than lists in the question.
    pub fn allocation(self, question: &Question, result: &SeatsResult) -> proto::Allocation {
        let seats = question.contest.seats;
        match result {
            SeatsResult::Allocated(allocation) => self.allocated(question, allocation),
            SeatsResult::Withheld {
                allocation: _,
                objections,
            } => {
                let problem = format!("the verifier refused the result: {}", objections.join("; "));
                self.without_seats(question, seats, SeatsState::Withheld, problem)
            }
            SeatsResult::Unknown(error) => {
                self.without_seats(question, seats, SeatsState::Unknown, error.to_string())
            }
        }
    }

    fn without_seats(
        self,
        question: &Question,
        seats: u32,
        state: SeatsState,
        problem: String,
    ) -> proto::Allocation {
        let lists = question
            .contest
            .lists
            .iter()
            .enumerate()
            .map(|(list, entry)| proto::ListAllocation {
                option_id: self.id(list),
                votes: entry.votes,
                eligibility: proto::Eligibility::Unspecified.into(),
                seats: Some(ListSeats {
                    state: state.into(),
                    ..ListSeats::default()
                }),
                pairing: proto::Pairing::Unspecified.into(),
            });
        proto::Allocation {
            seats,
            state: state.into(),
            lists: lists.collect(),
            problem,
            ..Default::default()
        }
    }

    fn allocated(self, question: &Question, allocation: &Allocation) -> proto::Allocation {
        let Allocation {
            house,
            outcome,
            lists,
            stages,
            rescue_tie: _,
            majority,
            bonus,
            // The others have no open lists on the wire.
            asked_in_rounds: _,
            // In their ties nothing is open, and what nobody drew has settled nothing.
            passed_over: _,
            pending,
            unassigned,
            void_lots,
            silences,
        } = allocation;
        let state = match outcome {
            Outcome::NoneYet => SeatsState::NoneYet,
            Outcome::NobodyPassed => SeatsState::Unassigned,
            Outcome::Settled => SeatsState::Provisional,
            Outcome::Tied => SeatsState::Tied,
        };
        let base = lists
            .iter()
            .find_map(|list| list.threshold)
            .map(|decision| decision.base.to_string());
        let last = stages.last();
        let most = question.seats_most(allocation);
        let entries =
            (0..)
                .zip(&question.contest.lists)
                .zip(lists)
                .map(|((list, entry), result)| {
                    let ListResult {
                        seats,
                        tied,
                        eligibility,
                        pairing,
                        threshold: _,
                    } = result;
                    let state = if state == SeatsState::Tied && !tied {
                        SeatsState::Provisional
                    } else {
                        state
                    };
                    let seats = ListSeats {
                        state: state.into(),
                        seats: (state != SeatsState::NoneYet).then_some(*seats),
                        seats_most: tied.then(|| most[list]),
                        seats_declared: None,
                        bounds: None,
                    };
                    proto::ListAllocation {
                        option_id: self.id(list),
                        votes: entry.votes,
                        eligibility: eligibility_of(*eligibility).into(),
                        seats: Some(seats),
                        pairing: pairing_of(*pairing).into(),
                    }
                });
        proto::Allocation {
            seats: *house,
            state: state.into(),
            lists: entries.collect(),
            ties: self.ties(allocation),
            seats_unassigned: *unassigned,
            last_seat: last
                .and_then(|stage| stage.last_seat)
                .map(|award| self.award(award)),
            next_in_line: last
                .and_then(|stage| stage.next_in_line)
                .map(|award| self.award(award)),
            silences: silences
                .iter()
                .map(|silence| silence_of(*silence))
                .collect(),
            void_lots: void_lots
                .iter()
                .map(|void| self.void_lot(&question.lots, *void))
                .collect(),
            steps: Vec::new(),
            certificate: None,
            margins: Vec::new(),
            threshold_distances: Vec::new(),
            threshold_base_count: base.unwrap_or_default(),
            threshold_votes: threshold_votes(question, allocation),
            problem: String::new(),
            seats_pending: *pending,
            majority: majority.as_ref().map(|transfer| self.transfer(transfer)),
            explanation: String::new(),
            bonus: bonus.as_ref().map(|bonus| self.bonus(allocation, bonus)),
        }
    }

    fn bonus(self, allocation: &Allocation, bonus: &BonusAward) -> proto::BonusAward {
        // The tie stands among the ties of the result.
        let BonusAward { to, seats, tie } = bonus;
        // Where it is all one who gets it, all do that could.
        let passed_over = tie.as_ref().filter(|tie| allocation.is_passed_over(tie));
        let last = passed_over.and_then(|tie| tie.settled.last());
        let others = last.map_or(&[][..], |last| &last.losers);
        proto::BonusAward {
            option_ids: self.ids(&[to, others].concat()),
            seats: *seats,
        }
    }

    fn transfer(self, transfer: &MajorityTransfer) -> proto::MajorityTransfer {
        // The tie stands among the ties of the result.
        let MajorityTransfer {
            to,
            from,
            key,
            tie: _,
        } = transfer;
        proto::MajorityTransfer {
            option_id: self.id(*to),
            from_option_ids: self.ids(from),
            key: Some(key_message(*key)),
        }
    }

    /// All ties of an allocation, settled and open. Nothing is open in those that no lot is asked for.
    pub(crate) fn ties(self, allocation: &Allocation) -> Vec<proto::Tie> {
        let asked: Vec<&Tie> = allocation.open_ties().collect();
        let shown = |tie: &Tie| {
            let mut shown = self.tie(tie);
            if allocation.is_passed_over(tie) {
                let _ = shown.settlements.pop();
            }
            if !asked.iter().any(|asked| std::ptr::eq(*asked, tie)) {
                shown.open_option_ids.clear();
                shown.open_seats = 0;
            }
            shown
        };
        allocation.ties().map(shown).collect()
    }

    fn tie(self, tie: &Tie) -> proto::Tie {
        let Tie {
            at,
            lists,
            seats_at_stake,
            key,
            settled,
            open,
            open_seats,
            // No lot is asked for such a tie, and then `ties` leaves nothing open in it.
            stays_empty: _,
        } = tie;
        let settlements = settled.iter().map(
            |Settlement {
                 by,
                 winners,
                 losers,
             }| proto::TieSettlement {
                by: tie_break(*by).into(),
                winner_option_ids: self.ids(winners),
                loser_option_ids: self.ids(losers),
            },
        );
        proto::Tie {
            stage: stage_number(*at),
            option_ids: self.ids(lists),
            seats_at_stake: *seats_at_stake,
            key: key.map(key_message),
            settlements: settlements.collect(),
            open_option_ids: self.ids(open),
            open_seats: *open_seats,
            text: self.stage_text(*at),
        }
    }

    fn void_lot(self, lots: &[Lot], VoidLot { lot, reason }: VoidLot) -> proto::VoidLot {
        let Lot {
            stage,
            lists,
            seats_at_stake,
            winners,
        } = &lots[lot];
        let reason = match reason {
            VoidReason::NoSuchTie => proto::VoidLotReason::NoSuchTie,
            VoidReason::WrongWinners => proto::VoidLotReason::WrongWinners,
            VoidReason::AlreadyDrawn => proto::VoidLotReason::AlreadyDrawn,
        };
        let lot = proto::Lot {
            stage: stage_number(*stage),
            tied_option_ids: self.ids(lists),
            seats_at_stake: *seats_at_stake,
            winner_option_ids: self.ids(winners),
        };
        proto::VoidLot {
            lot: Some(lot),
            reason: reason.into(),
        }
    }

    pub(crate) fn award(self, Award { list, seat, key }: Award) -> proto::KeyHolder {
        proto::KeyHolder {
            option_id: self.id(list),
            seat,
            key: Some(key_message(key)),
        }
    }

    pub(crate) fn stage_text(self, at: StageAt) -> String {
        match at {
            StageAt::Rescue => "choice of the list that is admitted".into(),
            StageAt::Majority => {
                "choice of the list that gives up a seat to the one with the majority".into()
            }
            StageAt::Bonus => "choice of the list that the bonus goes to".into(),
            StageAt::Round { round, stage } => {
                format!("stage {} of round {}", stage + 1, round + 1)
            }
            StageAt::Subgroup { first, stage } => {
                format!(
                    "stage {} inside the subgroup of {}",
                    stage + 1,
                    self.0[first]
                )
            }
            StageAt::Chain(stage) => format!("stage {}", stage + 1),
            StageAt::Group { first, stage } => {
                format!("stage {} inside the group of {}", stage + 1, self.0[first])
            }
        }
    }
}

/// An exact fraction in decimal digits.
pub(crate) fn ratio(ratio: Ratio) -> proto::Ratio {
    proto::Ratio {
        numerator: ratio.numerator().to_string(),
        denominator: ratio.denominator().to_string(),
        exponent: None,
    }
}

/// A key in decimal digits; one that is before all numbers has nothing below its line.
pub(crate) fn key_message(key: Key) -> proto::Ratio {
    match key {
        Key::Fraction(fraction) => ratio(fraction),
        Key::First { weight } => proto::Ratio {
            numerator: weight.to_string(),
            denominator: "0".into(),
            exponent: None,
        },
        Key::Root {
            weight,
            base,
            power,
            degree,
        } => proto::Ratio {
            numerator: weight.to_string(),
            denominator: base.to_string(),
            exponent: Some(proto::Fraction {
                numerator: power.into(),
                denominator: degree.into(),
            }),
        },
    }
}

fn eligibility_of(eligibility: Eligibility) -> proto::Eligibility {
    match eligibility {
        Eligibility::Passed => proto::Eligibility::Passed,
        Eligibility::Exempt => proto::Eligibility::Exempt,
        Eligibility::Waived => proto::Eligibility::Waived,
        Eligibility::RescueAdmitted => proto::Eligibility::RescueAdmitted,
        Eligibility::BelowThreshold => proto::Eligibility::BelowThreshold,
        Eligibility::NoVotes => proto::Eligibility::NoVotes,
    }
}

fn pairing_of(pairing: Pairing) -> proto::Pairing {
    match pairing {
        Pairing::None => proto::Pairing::Unspecified,
        Pairing::Stands => proto::Pairing::Stands,
        Pairing::Void => proto::Pairing::Void,
    }
}

fn tie_break(by: TieBreak) -> proto::TieBreak {
    match by {
        TieBreak::EarlierRegistration => proto::TieBreak::EarlierRegistration,
        TieBreak::MoreVotes => proto::TieBreak::MoreVotes,
        TieBreak::Lot => proto::TieBreak::Lot,
    }
}

fn silence_of(silence: Silence) -> proto::Silence {
    let code = match silence {
        Silence::NobodyPassed => "NOBODY_PASSED",
        Silence::QuotaBelowOne => "QUOTA_BELOW_ONE",
        Silence::RunnerUpAdmission => "RUNNER_UP_ADMISSION",
        Silence::RunnerUpTie => "RUNNER_UP_TIE",
        Silence::RunnerUpFactor => "RUNNER_UP_FACTOR",
        Silence::RunnerUpFloor => "RUNNER_UP_FLOOR",
        Silence::FloorBeforeQuotas => "FLOOR_BEFORE_QUOTAS",
        Silence::ShortList => "SHORT_LIST",
        Silence::SeatsAfterQuotas => "SEATS_AFTER_QUOTAS",
        Silence::FurtherRounds => "FURTHER_ROUNDS",
        // The engine may learn of more; its text stands for one that has no code here yet.
        _ => "OTHER",
    };
    proto::Silence {
        code: code.into(),
        text: silence.text().into(),
    }
}

/// The fewest votes with which the plain share passes: the share of the base, rounded up, and one more where exactly the
/// share is not enough.
fn threshold_votes(question: &Question, allocation: &Allocation) -> Option<u64> {
    let threshold = question.rules.threshold.as_ref()?;
    let decision = allocation.lists.iter().find_map(|list| list.threshold)?;
    let product = decision
        .base
        .checked_mul(threshold.share.numerator.into())?;
    let denominator = u128::from(threshold.share.denominator) * u128::from(decision.base_parts);
    let votes = match threshold.comparison {
        Comparison::AtLeast => product.div_ceil(denominator),
        Comparison::MoreThan => product / denominator + 1,
    };
    u64::try_from(votes).ok()
}

#[cfg(test)]
mod tests;
