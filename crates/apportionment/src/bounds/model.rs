//! A contest of one plain stage as the bounds see it: votes, bars, rooms, what is outstanding, who comes first among equals.

use crate::bounds::bar::{Bar, Growth};
use crate::bounds::{Outstanding, Reason, ThresholdClaim};
use crate::contest::Contest;
use crate::error::ContestError;
use crate::method::Method;
use crate::rules::{AboveMax, ExhaustedList, Rules, TieBreak};
use crate::threshold::ThresholdBase;

/// Most votes and ballots in all, so that no sum of votes and no bar leaves 64 bits.
const TOTAL_MAX: u64 = u64::MAX - 1;
/// What is above it, as an error names it.
const VOTES: &str = "outstanding.ballots, with contest.lists.votes";
const BASE: &str = "outstanding.ballots, with contest.base";
/// Most bases between two looks of one search, where lists have different bars.
const FRAMES_MAX: usize = 256;

/// What the searches are about.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub contest: &'a Contest,
    pub rules: &'a Rules,
    pub method: Method,
    pub seats: u32,
    pub lists: Vec<Entry>,
    /// The different bars of the lists.
    pub bars: Vec<Bar>,
    /// What the threshold is a share of, as counted.
    pub base: u64,
    pub growth: Growth,
    /// Ballots outstanding.
    pub ballots: u64,
}

/// One list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub votes: u64,
    /// Which of the bars is its own.
    pub bar: usize,
    /// Seats that it can win at most; where seats stay empty, more than it has candidates for.
    pub room: u32,
    /// Candidates.
    pub candidates: u32,
    /// Its registration, where it can settle a tie.
    pub registration: Option<u64>,
}

/// Bases between which every list needs the same number of votes.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Ballots that the base grows by, at least.
    pub least: u64,
    /// The same, at most.
    pub most: u64,
    /// Votes needed, by bar.
    pub needed: Vec<u64>,
}

impl<'a> Model<'a> {
    /// The model of a contest, or why it has none.
    ///
    /// # Errors
    /// More votes than 64 bits hold, or a count that the threshold needs and that is missing.
    pub fn of(
        contest: &'a Contest,
        rules: &'a Rules,
        outstanding: Outstanding,
    ) -> Result<Result<Self, Reason>, ContestError> {
        let ballots = outstanding.ballots;
        let votes = contest.list_votes();
        check_total(VOTES, votes, ballots)?;
        let votes = u64::try_from(votes).unwrap_or(u64::MAX);
        let (base, growth) = match &rules.threshold {
            None => (votes, Growth::Fixed),
            Some(threshold) => {
                let base = threshold.base_of(contest)?.count;
                check_total(BASE, base, ballots)?;
                let growth = match threshold.base {
                    ThresholdBase::ListVotes => Growth::WithVotes,
                    _ if outstanding.in_base => Growth::Fixed,
                    _ => Growth::WithBallots,
                };
                (u64::try_from(base).unwrap_or(u64::MAX), growth)
            }
        };
        let stage = match plain_stage(contest, rules) {
            Ok(stage) => stage,
            Err(reason) => return Ok(Err(reason)),
        };
        if growth != Growth::Fixed && base < votes {
            return Ok(Err(Reason::BaseBelowVotes));
        }
        let mut bars = Vec::new();
        let mut bar_of = |bar: Bar| {
            bars.iter()
                .position(|&known| known == bar)
                .unwrap_or_else(|| {
                    bars.push(bar);
                    bars.len() - 1
                })
        };
        let lists = contest.lists.iter().map(|list| {
            let bar = match &rules.threshold {
                Some(threshold) if !list.exempt => {
                    Bar::of(threshold, list.coalition_size, contest.seats)
                }
                _ => Bar::ONE_VOTE,
            };
            let candidates = list.candidates.unwrap_or(u32::MAX);
            let most = rules.seats_max.unwrap_or(u32::MAX);
            Entry {
                votes: list.votes,
                bar: bar_of(bar),
                room: match rules.exhausted {
                    ExhaustedList::NextInLine => candidates.min(most),
                    ExhaustedList::StaysEmpty => most,
                },
                candidates,
                registration: list.registration,
            }
        });
        let lists: Vec<Entry> = lists.collect();
        Ok(Ok(Self {
            contest,
            rules,
            method: stage,
            seats: contest.seats,
            lists,
            bars,
            base,
            growth,
            ballots,
        }))
    }

    /// Whether pairs of lists do not say everything of a tie.
    pub fn has_partial_registration(&self) -> bool {
        let known = |list: &&Entry| list.registration.is_some();
        let number = self.lists.iter().filter(known).count();
        self.rules.ties.contains(&TieBreak::EarlierRegistration)
            && number > 0
            && number < self.lists.len()
    }

    /// Ballots that the base can grow by without a vote for this list.
    pub fn growth_most(&self) -> u64 {
        match self.growth {
            Growth::Fixed => 0,
            Growth::WithVotes if self.lists.len() < 2 => 0,
            Growth::WithVotes | Growth::WithBallots => self.ballots,
        }
    }

    /// Votes that a list needs when the base has grown by so much.
    pub fn needed(&self, list: usize, growth: u64) -> u64 {
        let growth = if self.growth == Growth::Fixed {
            0
        } else {
            growth
        };
        self.bars[self.lists[list].bar].needed(self.base + growth)
    }

    /// Whether a list takes part even without another vote, whatever the others get.
    pub fn is_safe(&self, list: usize) -> bool {
        self.lists[list].votes >= self.needed(list, self.growth_most())
    }

    /// Whether a list can take part: with all outstanding ballots, if they do not do, no fewer do, as a share is at most 1.
    pub fn can_pass(&self, list: usize) -> bool {
        self.lists[list].votes + self.ballots >= self.needed(list, self.ballots)
    }

    pub fn threshold_claim(&self, list: usize) -> ThresholdClaim {
        if self.bars[self.lists[list].bar] == Bar::ONE_VOTE {
            ThresholdClaim::NotNeeded
        } else if self.is_safe(list) {
            ThresholdClaim::Passed
        } else if self.can_pass(list) {
            ThresholdClaim::Open
        } else {
            ThresholdClaim::Failed
        }
    }

    /// Parts lists into kinds: of one kind the largest are the best to let in, because letting one in leaves it with what it
    /// needs, and all else about them is the same for `list`.
    pub fn kinds(&self, list: usize, others: Vec<usize>) -> Vec<Vec<usize>> {
        let by_registration = self.rules.ties.contains(&TieBreak::EarlierRegistration);
        let own = self.lists[list].registration.filter(|_| by_registration);
        let kind = |&other: &usize| {
            let entry = &self.lists[other];
            let order = own.and_then(|own| Some(entry.registration?.cmp(&own)));
            (entry.bar, entry.room.min(self.seats), order)
        };
        let mut others = others;
        others.sort_by_key(|other| (kind(other), std::cmp::Reverse(self.lists[*other].votes)));
        let kinds = others.chunk_by(|left, right| kind(left) == kind(right));
        kinds.map(<[usize]>::to_vec).collect()
    }

    /// The most seats that any list of this one's room can end with.
    pub fn room(&self, list: usize) -> u32 {
        self.lists[list].room.min(self.seats)
    }

    /// The frames from the largest base down.
    pub fn frames(&self) -> impl Iterator<Item = Frame> + '_ {
        let mut next = Some(self.ballots);
        std::iter::from_fn(move || {
            let most = next?;
            let frame = self.frame_below(most);
            next = frame.least.checked_sub(1);
            Some(frame)
        })
    }

    /// The frame that a growth lies in, up to it.
    pub fn frame_below(&self, most: u64) -> Frame {
        if self.growth == Growth::Fixed {
            let needed = self.bars.iter().map(|bar| bar.needed(self.base));
            return Frame {
                least: 0,
                most: self.ballots,
                needed: needed.collect(),
            };
        }
        let base = self.base + most;
        let needed: Vec<u64> = self.bars.iter().map(|bar| bar.needed(base)).collect();
        let before = self.bars.iter().zip(&needed).filter_map(|(bar, &needed)| {
            // The largest base at which this bar is lower by one.
            let lower = (needed > 1).then(|| bar.base_most(needed - 1))??;
            Some(lower.checked_sub(self.base)? + 1)
        });
        Frame {
            least: before.max().unwrap_or(0),
            most,
            needed,
        }
    }

    /// Bars that move with the base.
    fn moving(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| !bar.is_fixed())
    }

    /// By how much every bar rises by a whole number of votes: frames lower than that below the top need no look. `None`
    /// where that is a long way.
    pub fn period(&self) -> Option<u64> {
        self.moving().try_fold(1_u64, |period, bar| {
            let common = super::bar::greatest_common_divisor(period, bar.below);
            (period / common).checked_mul(bar.below)
        })
    }

    /// The frames of which one has a feasible solution of a covering problem if any has, and whether they are all of them;
    /// otherwise the last one is easier than all that are left out.
    ///
    /// With one moving bar the two highest do: from one frame to the next the base grows by at least floor(b / a) ballots, and
    /// at most so many lists can have the share a / b and rise with it by one vote each. With several bars, those within a
    /// period of the top.
    pub fn covering_frames(&self) -> (Vec<Frame>, bool) {
        let moving = self.moving().count();
        if self.growth == Growth::Fixed || moving == 0 {
            return (self.frames().take(1).collect(), true);
        }
        if moving == 1 {
            return (self.frames().take(2).collect(), true);
        }
        self.frames_of_period()
    }

    /// The frames within a period of the top.
    pub fn frames_of_period(&self) -> (Vec<Frame>, bool) {
        let period = self.period();
        let lowest = period.map_or(0, |period| (self.ballots + 1).saturating_sub(period));
        let mut frames: Vec<Frame> = Vec::new();
        for frame in self.frames() {
            if frame.most < lowest {
                return (frames, true);
            }
            if frames.len() == FRAMES_MAX {
                // Every bar is lowest when nothing has come in.
                let needed = self.bars.iter().map(|bar| bar.needed(self.base));
                frames.push(Frame {
                    least: 0,
                    most: self.ballots,
                    needed: needed.collect(),
                });
                return (frames, false);
            }
            frames.push(frame);
        }
        (frames, true)
    }

    /// Whether at equal keys a claim of `list` to its seat number `seat` may come before that of `other` to `other_seat`.
    pub fn may_precede(
        &self,
        (list, seat): (usize, u32),
        (other, other_seat): (usize, u32),
    ) -> bool {
        for rule in &self.rules.ties {
            match rule {
                TieBreak::EarlierRegistration => {
                    let numbers = (
                        self.lists[list].registration,
                        self.lists[other].registration,
                    );
                    if let (Some(own), Some(other)) = numbers
                        && own != other
                    {
                        return own < other;
                    }
                }
                // Of equal keys the one for a later seat has more votes.
                TieBreak::MoreVotes if seat != other_seat => return seat > other_seat,
                TieBreak::MoreVotes => {}
                TieBreak::Lot => return true,
            }
        }
        true
    }
}

fn check_total(field: &'static str, count: u128, ballots: u64) -> Result<(), ContestError> {
    let value = count + u128::from(ballots);
    if value <= u128::from(TOTAL_MAX) {
        return Ok(());
    }
    Err(ContestError::AboveLimit {
        field,
        value,
        limit: u128::from(TOTAL_MAX),
    })
}

/// The method of the one stage, where nothing else has a say.
fn plain_stage(contest: &Contest, rules: &Rules) -> Result<Method, Reason> {
    let [stage] = rules.stages.as_slice() else {
        return Err(Reason::Stages);
    };
    let waived = rules.threshold.as_ref().is_some_and(|threshold| {
        threshold.direct_seats_min.is_some() || threshold.in_one_district.is_some()
    });
    let held = contest.quota_of.is_some()
        || rules.seats_min > 0
        || contest.lists.iter().any(|list| list.held > 0);
    let refusals = [
        (!stage.is_plain(), Reason::Stages),
        (rules.bonus.is_some(), Reason::Bonus),
        (rules.above_max == AboveMax::SharedAnew, Reason::Cap),
        (held, Reason::Held),
        (waived, Reason::Waiver),
    ];
    match refusals.into_iter().find(|(refused, _)| *refused) {
        Some((_, reason)) => Err(reason),
        None => Ok(stage.method),
    }
}
