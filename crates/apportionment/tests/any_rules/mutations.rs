//! A right result changed in one thing after the other: what a verifier must refuse.
//!
//! Every field is changed. What may lawfully differ: `last_seat` and `next_in_line` may name any of the lists with the key of
//! the border, each with its own seat of that key. `of` makes no such change.

use apportionment::*;

type Wrong = (&'static str, Allocation);
type Change<T> = (&'static str, fn(&mut T));

/// Results that differ from a right one in one thing each; equal to it where it has no such thing to change.
pub fn of(right: &Allocation) -> Vec<Wrong> {
    let mut found = Vec::new();
    of_the_whole(right, &mut found);
    for list in 0..right.lists.len() {
        of_a_list(right, list, &mut found);
    }
    for stage in 0..right.stages.len() {
        of_a_stage(right, stage, &mut found);
    }
    of_ties(right, &mut found);
    found
}

fn of_the_whole(right: &Allocation, found: &mut Vec<Wrong>) {
    let mut push = |what: &'static str, change: &dyn Fn(&mut Allocation)| {
        let mut wrong = right.clone();
        change(&mut wrong);
        found.push((what, wrong));
    };
    push("a larger house", &|wrong| wrong.house += 1);
    push("more pending", &|wrong| wrong.pending += 1);
    push("more unassigned", &|wrong| wrong.unassigned += 1);
    push("unassigned for pending", &|wrong| {
        (wrong.pending, wrong.unassigned) = (right.unassigned, right.pending);
    });
    for outcome in [
        Outcome::NoneYet,
        Outcome::NobodyPassed,
        Outcome::Settled,
        Outcome::Tied,
    ] {
        push("another outcome", &|wrong| wrong.outcome = outcome);
    }
    push("a list less", &|wrong| {
        wrong.lists.truncate(right.lists.len() - 1)
    });
    push("a stage less", &|wrong| drop(wrong.stages.pop()));
    push("a stage twice", &|wrong| {
        wrong.stages.extend(right.stages.first().cloned());
    });
    push("no void lots", &|wrong| wrong.void_lots.clear());
    push("a void lot less", &|wrong| {
        let _ = wrong.void_lots.pop();
    });
    for reason in [
        VoidReason::NoSuchTie,
        VoidReason::WrongWinners,
        VoidReason::AlreadyDrawn,
    ] {
        push("another reason of a void lot", &|wrong| {
            wrong
                .void_lots
                .iter_mut()
                .for_each(|void| void.reason = reason);
        });
        push("a void lot more", &|wrong| {
            let lot = wrong.void_lots.last().map_or(0, |void| void.lot + 1);
            wrong.void_lots.push(VoidLot { lot, reason });
        });
    }
    push("no silences", &|wrong| wrong.silences.clear());
    push("a silence less", &|wrong| {
        let _ = wrong.silences.pop();
    });
    for silence in [
        Silence::NobodyPassed,
        Silence::QuotaBelowOne,
        Silence::RunnerUpAdmission,
        Silence::RunnerUpTie,
        Silence::RunnerUpFactor,
        Silence::RunnerUpFloor,
        Silence::FloorBeforeQuotas,
        Silence::ShortList,
        Silence::SeatsAfterQuotas,
        Silence::FurtherRounds,
    ] {
        push("a silence more", &|wrong| {
            wrong.silences.push(silence);
            wrong.silences.sort_unstable();
            wrong.silences.dedup();
        });
    }
    push("silences in another order", &|wrong| {
        wrong.silences.reverse()
    });
    push("no tie asked", &|wrong| {
        wrong.asked_in_rounds.iter_mut().for_each(Vec::clear);
    });
    push("another tie asked", &|wrong| {
        let asked = wrong.asked_in_rounds.iter_mut().flatten();
        asked.for_each(|place| *place += 1);
    });
    push("ties asked in other rules", &|wrong| {
        wrong.asked_in_rounds.get_or_insert_default();
    });
    push("no word of ties asked", &|wrong| {
        wrong.asked_in_rounds = None
    });
    push("nothing passed over", &|wrong| wrong.passed_over.clear());
    push("one passed over less", &|wrong| {
        let _ = wrong.passed_over.pop();
    });
    push("an outcome less", &|wrong| {
        for passed in &mut wrong.passed_over {
            let _ = passed.others.pop();
        }
    });
    push("an outcome with a seat more", &|wrong| {
        let others = wrong.passed_over.iter_mut();
        for other in others.flat_map(|passed| &mut passed.others) {
            other.lists[0].seats += 1;
        }
    });
    push("the outcome that is shown, again", &|wrong| {
        for passed in &mut wrong.passed_over {
            let first = passed.others[0].clone();
            passed.others.push(first);
        }
    });
    push("another lot passed over", &|wrong| {
        for passed in &mut wrong.passed_over {
            passed.lot.winners = vec![passed.lot.lists[passed.lot.lists.len() - 1]];
        }
    });
    push("another tie passed over", &|wrong| {
        for passed in &mut wrong.passed_over {
            passed.lot.stage = StageAt::Majority;
        }
    });
    push("no rescue tie", &|wrong| wrong.rescue_tie = None);
    push("no bonus", &|wrong| wrong.bonus = None);
    push("another bonus", &|wrong| {
        wrong.bonus.iter_mut().for_each(|bonus| bonus.seats += 1);
    });
    push("a bonus for another", &|wrong| {
        wrong.bonus.iter_mut().for_each(|bonus| bonus.to[0] += 1);
    });
    push("no majority", &|wrong| wrong.majority = None);
    push("a majority of another", &|wrong| {
        wrong.majority.iter_mut().for_each(|moved| moved.to += 1);
    });
    push("a majority from another", &|wrong| {
        wrong
            .majority
            .iter_mut()
            .for_each(|moved| moved.from[0] += 1);
    });
    push("another key of a majority", &|wrong| {
        wrong.majority.iter_mut().for_each(|moved| {
            moved.key = Key::Fraction(Ratio::new(-1, 7).unwrap());
        });
    });
}

fn of_a_list(right: &Allocation, list: usize, found: &mut Vec<Wrong>) {
    let mut push = |what: &'static str, change: &dyn Fn(&mut ListResult)| {
        let mut wrong = right.clone();
        change(&mut wrong.lists[list]);
        found.push((what, wrong));
    };
    push("a seat more", &|list| list.seats += 1);
    push("a tie invented or hidden", &|list| list.tied = !list.tied);
    for eligibility in [
        Eligibility::Passed,
        Eligibility::Exempt,
        Eligibility::Waived,
        Eligibility::RescueAdmitted,
        Eligibility::BelowThreshold,
        Eligibility::NoVotes,
    ] {
        push("another eligibility", &|list| {
            list.eligibility = eligibility
        });
    }
    for pairing in [Pairing::None, Pairing::Stands, Pairing::Void] {
        push("another pairing", &|list| list.pairing = pairing);
    }
    push("no comparison", &|list| list.threshold = None);
    let changes: [fn(&mut ThresholdDecision); 6] = [
        |decision| decision.share.numerator += 1,
        |decision| {
            decision.comparison = match decision.comparison {
                Comparison::AtLeast => Comparison::MoreThan,
                Comparison::MoreThan => Comparison::AtLeast,
            }
        },
        |decision| decision.base_kind = ThresholdBase::BallotsIssued,
        |decision| decision.base += 1,
        |decision| decision.base_parts += 1,
        |decision| decision.passed = !decision.passed,
    ];
    for change in changes {
        push("another comparison", &|list| {
            list.threshold.iter_mut().for_each(change);
        });
    }
    let other = (list + 1) % right.lists.len();
    if right.lists[list].seats > 0 {
        let mut wrong = right.clone();
        wrong.lists[list].seats -= 1;
        wrong.lists[other].seats += 1;
        found.push(("a seat moved", wrong));
    }
}

fn of_a_stage(right: &Allocation, stage: usize, found: &mut Vec<Wrong>) {
    let mut push = |what: &'static str, change: &dyn Fn(&mut StageResult)| {
        let mut wrong = right.clone();
        change(&mut wrong.stages[stage]);
        found.push((what, wrong));
    };
    push("another place", &|stage| stage.at = StageAt::Majority);
    push("another method", &|stage| {
        stage.method = match stage.method {
            Method::ADAMS => Method::DEAN,
            _ => Method::ADAMS,
        }
    });
    push("more seats after", &|stage| stage.seats_after += 1);
    push("more left over", &|stage| stage.left_over += 1);
    push("another quota", &|stage| stage.quota = Ratio::new(1, 3));
    push("no last seat", &|stage| stage.last_seat = None);
    push("none next in line", &|stage| stage.next_in_line = None);
    let awards: [fn(&mut StageResult) -> &mut Option<Award>; 2] = [
        |stage| &mut stage.last_seat,
        |stage| &mut stage.next_in_line,
    ];
    for award in awards {
        push("another key", &|stage| {
            award(stage).iter_mut().for_each(|award| {
                award.key = Key::Fraction(Ratio::new(-1, 7).unwrap());
            });
        });
        push("another seat at the border", &|stage| {
            award(stage).iter_mut().for_each(|award| award.seat += 1);
        });
        push("no seat at the border", &|stage| {
            award(stage).iter_mut().for_each(|award| award.seat = 0);
        });
        push("a list that is none at the border", &|stage| {
            award(stage)
                .iter_mut()
                .for_each(|award| award.list = right.lists.len());
        });
    }
    push("no tie", &|stage| stage.tie = None);
    push("a competitor less", &|stage| {
        let _ = stage.contenders.pop();
    });
    for place in 0..right.stages[stage].contenders.len() {
        let changes: [Change<Contender>; 6] = [
            ("another competitor", |one| one.list += 1),
            ("a seat more in a stage", |one| one.seats += 1),
            ("more seats before", |one| one.seats_before += 1),
            ("other votes", |one| one.votes += 1),
            ("another weight", |one| {
                one.weight = Ratio::new(1, 9).unwrap()
            }),
            ("another limit", |one| one.limit = Some(77)),
        ];
        for (what, change) in changes {
            push(what, &|stage| change(&mut stage.contenders[place]));
        }
    }
}

fn of_ties(right: &Allocation, found: &mut Vec<Wrong>) {
    let changes: [Change<Tie>; 12] = [
        ("a tie at another place", |tie| {
            tie.at = match tie.at {
                StageAt::Majority => StageAt::Bonus,
                _ => StageAt::Majority,
            }
        }),
        ("a tied list less", |tie| {
            let _ = tie.lists.pop();
        }),
        ("a tied list more", |tie| tie.lists.push(usize::MAX)),
        ("tied lists in another order", |tie| tie.lists.reverse()),
        ("more at stake", |tie| tie.seats_at_stake += 1),
        ("a tie with another key", |tie| {
            tie.key = match tie.key {
                None => Some(Key::First { weight: 1 }),
                Some(_) => None,
            }
        }),
        ("a rule less", |tie| {
            let _ = tie.settled.pop();
        }),
        ("another rule", |tie| {
            tie.settled.iter_mut().for_each(|one| {
                one.by = match one.by {
                    TieBreak::Lot => TieBreak::MoreVotes,
                    _ => TieBreak::Lot,
                }
            });
        }),
        ("winners as losers", |tie| {
            tie.settled
                .iter_mut()
                .for_each(|one| std::mem::swap(&mut one.winners, &mut one.losers));
        }),
        ("fewer losers", |tie| {
            tie.settled.iter_mut().for_each(|one| {
                let _ = one.losers.pop();
            });
        }),
        ("a list less open", |tie| {
            let _ = tie.open.pop();
        }),
        ("more open", |tie| tie.open_seats += 1),
    ];
    let whole: [fn(&mut Allocation) -> Option<&mut Tie>; 3] = [
        |wrong| wrong.rescue_tie.as_mut(),
        |wrong| wrong.bonus.as_mut()?.tie.as_mut(),
        |wrong| wrong.majority.as_mut()?.tie.as_mut(),
    ];
    for (what, change) in changes {
        for tie in whole {
            let mut wrong = right.clone();
            tie(&mut wrong).into_iter().for_each(change);
            found.push((what, wrong));
        }
        for stage in 0..right.stages.len() {
            let mut wrong = right.clone();
            wrong.stages[stage].tie.iter_mut().for_each(change);
            found.push((what, wrong));
        }
    }
}
