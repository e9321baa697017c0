//! What shows that a result is right: the certificate, the steps that lead to it, and how far it is from another one.

use crate::allocation::v1 as proto;
use crate::allocation_result::{Lists, key_message, ratio};
use crate::common::v1::SeatRow;
use apportionment::{
    Allocation, Contender, Fraction, ListMargins, Margin, QuotientRow, StageResult, StageSteps,
    Step, StepKind, ThresholdDecision, ThresholdDistance,
};
use election::allocation::{Question, stage_number};
use election::standings::SeatsResult;

impl Lists<'_> {
    /// What proves a result. What the verifier said of it is part of it.
    pub fn certificate(self, question: &Question, result: &SeatsResult) -> proto::Certificate {
        let (allocation, objections) = match result {
            SeatsResult::Allocated(allocation) => (allocation, &[][..]),
            SeatsResult::Withheld {
                allocation,
                objections,
            } => (allocation, objections.as_slice()),
            SeatsResult::Unknown(error) => {
                return proto::Certificate {
                    objections: vec![error.to_string()],
                    ..Default::default()
                };
            }
        };
        let lists = (0..).zip(&question.contest.lists).zip(&allocation.lists);
        let thresholds = lists.filter_map(|((list, entry), result)| {
            let ThresholdDecision {
                share,
                comparison: _,
                base_kind: _,
                base,
                base_parts,
                passed,
            } = result.threshold?;
            let Fraction {
                numerator,
                denominator,
            } = share;
            Some(proto::ThresholdDecision {
                option_id: self.id(list),
                votes: entry.votes,
                share: Some(proto::Fraction {
                    numerator: numerator.into(),
                    denominator: denominator.into(),
                }),
                base_count: base.to_string(),
                base_parts,
                passes: passed,
            })
        });
        proto::Certificate {
            stages: self.stages(allocation),
            verified: objections.is_empty(),
            objections: objections.to_vec(),
            thresholds: thresholds.collect(),
        }
    }

    /// The certificate of every stage of an allocation.
    pub(crate) fn stages(self, allocation: &Allocation) -> Vec<proto::StageCertificate> {
        allocation
            .stages
            .iter()
            .map(|stage| self.stage(stage))
            .collect()
    }

    fn stage(self, stage: &StageResult) -> proto::StageCertificate {
        let StageResult {
            at,
            method: _,
            seats_after,
            quota,
            contenders,
            last_seat,
            next_in_line,
            tie: _,
            left_over,
        } = stage;
        let contenders = contenders.iter().map(|contender| {
            let Contender {
                list,
                votes,
                weight,
                seats_before,
                limit,
                seats,
            } = *contender;
            proto::Contender {
                option_id: self.id(list),
                weight: Some(ratio(weight)),
                seats_before,
                seats_limit: limit,
                seats,
                votes: votes.to_string(),
            }
        });
        proto::StageCertificate {
            stage: stage_number(*at),
            seats_after: *seats_after,
            smallest_granted: last_seat.map(|award| self.award(award)),
            largest_refused: next_in_line.map(|award| self.award(award)),
            is_tied: !stage.certificate().strict,
            quota: quota.map(ratio),
            contenders: contenders.collect(),
            seats_left_over: *left_over,
            text: self.stage_text(*at),
        }
    }

    /// How each seat came about.
    pub fn steps(self, stages: &[StageSteps]) -> Vec<proto::StageSteps> {
        let stages = stages.iter().map(|stage| {
            // The tie that ended a stage stands among the ties of the result.
            let StageSteps {
                at,
                quota,
                rows,
                steps,
                tie: _,
            } = stage;
            proto::StageSteps {
                stage: stage_number(*at),
                quota: quota.map(ratio),
                rows: rows.iter().map(|row| self.row(*row)).collect(),
                steps: steps.iter().map(|step| self.step(step)).collect(),
                text: self.stage_text(*at),
            }
        });
        stages.collect()
    }

    fn row(self, row: QuotientRow) -> proto::StepRow {
        let QuotientRow {
            list,
            weight,
            quotient,
            seats,
            next_key,
        } = row;
        proto::StepRow {
            option_id: self.id(list),
            weight: Some(ratio(weight)),
            quotient: quotient.map(ratio),
            seats,
            next_key: next_key.map(key_message),
        }
    }

    fn step(self, step: Step) -> proto::Step {
        let Step {
            seat,
            kind,
            list,
            seats_before,
            key,
            next_in_line,
        } = step;
        let kind = match kind {
            StepKind::Granted => proto::StepKind::Granted,
            StepKind::Withdrawn => proto::StepKind::Withdrawn,
        };
        proto::Step {
            kind: kind.into(),
            seat_number: seat,
            option_id: self.id(list),
            seats_before,
            key: Some(key_message(key)),
            next_in_line: next_in_line.map(|award| self.award(award)),
        }
    }

    /// The nearest changes of every list, in the order of the lists, and the ways to the threshold.
    pub fn margins(
        self,
        margins: &[ListMargins],
    ) -> (Vec<proto::Margin>, Vec<proto::ThresholdDistance>) {
        use proto::{MarginEffect, MarginKind};
        let (mut changes, mut distances) = (Vec::new(), Vec::new());
        for (
            list,
            ListMargins {
                gain_by_added,
                gain_by_moved,
                loss_by_taken,
                loss_by_moved,
                threshold,
            },
        ) in margins.iter().enumerate()
        {
            let own = |kind, effect, margin| self.margin(list, (kind, None), effect, margin);
            let moved = |kind, effect, (other, margin): &(usize, Margin)| {
                self.margin(list, (kind, Some(*other)), effect, margin)
            };
            let gain = gain_by_added.iter();
            changes.extend(gain.map(|one| own(MarginKind::Added, MarginEffect::Gain, one)));
            let gain = gain_by_moved.iter();
            changes.extend(gain.map(|one| moved(MarginKind::MovedFrom, MarginEffect::Gain, one)));
            let loss = loss_by_taken.iter();
            changes.extend(loss.map(|one| own(MarginKind::Taken, MarginEffect::Loss, one)));
            let loss = loss_by_moved.iter();
            changes.extend(loss.map(|one| moved(MarginKind::MovedTo, MarginEffect::Loss, one)));
            distances.extend(threshold.map(|distance| {
                let (passes, votes) = match distance {
                    ThresholdDistance::ToPass(votes) => (false, votes),
                    ThresholdDistance::ToFail(votes) => (true, votes),
                };
                proto::ThresholdDistance {
                    option_id: self.id(list),
                    passes,
                    votes,
                }
            }));
        }
        (changes, distances)
    }

    pub(crate) fn margin(
        self,
        list: usize,
        (kind, other): (proto::MarginKind, Option<usize>),
        effect: proto::MarginEffect,
        margin: &Margin,
    ) -> proto::Margin {
        let Margin {
            votes,
            seats_after,
            exact,
        } = margin;
        let rows = seats_after.iter().enumerate();
        proto::Margin {
            option_id: self.id(list),
            kind: kind.into(),
            other_option_id: other.map(|other| self.id(other)).unwrap_or_default(),
            effect: effect.into(),
            votes: *votes,
            seats_after: rows
                .map(|(list, seats)| SeatRow {
                    option_id: self.id(list),
                    seats: *seats,
                })
                .collect(),
            is_exact: *exact,
        }
    }
}

#[cfg(test)]
mod tests;
