//! What comes out: seats, ties as values, the stages with their certificates, and what the law left open.

use crate::contest::{Lot, StageAt};
use crate::key::Key;
use crate::method::Method;
use crate::ratio::Ratio;
use crate::rules::{Fraction, TieBreak};
use crate::threshold::{Comparison, ThresholdBase};

/// The seats of a contest and why they are so.
///
/// Always: the seats of all lists, `pending` and `unassigned` add up to the seats of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The seats of the house.
    pub house: u32,
    /// The state of the result.
    pub outcome: Outcome,
    /// One entry for each list of the contest, in its order.
    pub lists: Vec<ListResult>,
    /// The stages in the order in which they ran. Where a tie among groups is open, a group's inner stages
    /// are there for each number of seats that the group can end with; where a tie for a bonus or a rescued place is open, all
    /// stages are there for each of its outcomes. Where a tie says who leaves by a cap that is shared anew, what follows is there
    /// for each way in which the tied lists can win, those with the first of them in front, as long as these are at most 256, and
    /// 20,000 times the lists.
    pub stages: Vec<StageResult>,
    /// The tie for the place of the list that a rescue admits, if there was one.
    pub rescue_tie: Option<Tie>,
    /// The seats beyond its votes that went to one list, if they did.
    pub bonus: Option<BonusAward>,
    /// The seat that went to the list with the majority of votes after the last stage, if one did.
    pub majority: Option<MajorityTransfer>,
    /// Under a cap that is shared anew: the open ties that wait for a lot, by the position of their stage in `stages`. The others
    /// are in a round that began anew whatever they come to, or behind such a tie, or come to the same in all their outcomes.
    pub asked_in_rounds: Option<Vec<usize>>,
    /// Ties that nothing settles and that ask for no lot, because all their outcomes come to the same; in the order in which
    /// they arose. This result is that of one outcome of each, in which [`PassedOver::lot`] stands for a lot that nobody drew.
    pub passed_over: Vec<PassedOver>,
    /// Seats that hang on open ties.
    pub pending: u32,
    /// Seats that nobody gets.
    pub unassigned: u32,
    /// Lots that met no tie, by their position in the input.
    pub void_lots: Vec<VoidLot>,
    /// Questions that this result had to answer and the law does not.
    pub silences: Vec<Silence>,
}

impl Allocation {
    /// Certain seats by list.
    #[must_use]
    pub fn seats(&self) -> Vec<u32> {
        self.lists.iter().map(|list| list.seats).collect()
    }

    /// All ties that arose, settled or open.
    pub fn ties(&self) -> impl Iterator<Item = &Tie> {
        let in_stages = self.stages.iter().filter_map(|stage| stage.tie.as_ref());
        self.before_stages()
            .chain(in_stages)
            .chain(self.behind_stages())
    }

    pub(crate) fn before_stages(&self) -> impl Iterator<Item = &Tie> {
        let bonus = self.bonus.as_ref().and_then(|bonus| bonus.tie.as_ref());
        self.rescue_tie.iter().chain(bonus)
    }

    pub(crate) fn behind_stages(&self) -> impl Iterator<Item = &Tie> {
        let transfer = self.majority.iter();
        transfer.filter_map(|transfer| transfer.tie.as_ref())
    }

    /// Ties that need a lot, or that nothing in the rules can settle; none where every outcome gives the same seats, and none of
    /// a stage behind which a majority clause has moved a seat: who wins there gives it up, or keeps it in the tie of the clause.
    pub fn open_ties(&self) -> impl Iterator<Item = &Tie> {
        let asked = self.asked_in_rounds.as_ref();
        let stages = self.stages.iter().enumerate();
        let in_stages = stages
            .filter(move |(place, _)| asked.is_none_or(|asked| asked.contains(place)))
            .filter_map(|(_, stage)| stage.tie.as_ref())
            .filter(|_| self.majority.is_none());
        self.before_stages()
            .chain(in_stages)
            .chain(self.behind_stages())
            .filter(|tie| tie.is_open() && self.pending > 0)
    }

    /// Whether nothing hangs on a tie: the stages show one of its outcomes, the last of its settlements was drawn by nobody, and
    /// with any other one the seats are the same.
    #[must_use]
    pub fn is_passed_over(&self, tie: &Tie) -> bool {
        let by_lot = tie.settled.last().filter(|one| one.by == TieBreak::Lot);
        by_lot.is_some_and(|one| {
            let is_it = |lot: &Lot| {
                let tied = one.winners.len() + one.losers.len();
                lot.stage == tie.at && lot.winners == one.winners && lot.lists.len() == tied && {
                    one.losers.iter().all(|list| lot.lists.contains(list))
                }
            };
            self.passed_over.iter().any(|passed| is_it(&passed.lot))
        })
    }
}

/// A tie that nothing settles and on which nothing hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The outcome that the result shows, as the lot that would bring it about: the first lists win.
    pub lot: Lot,
    /// The results of all other outcomes, in the order of their winners. They differ in stages and nothing else.
    pub others: Vec<Allocation>,
}

/// The state of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// There are no votes yet, so there are no seats yet.
    NoneYet,
    /// No list takes part: all seats stay unassigned.
    NobodyPassed,
    /// Every seat is settled: given to a list, or known to stay unassigned.
    Settled,
    /// A tie is open. The seats of the lists are those they hold however it ends.
    Tied,
}

/// One list's part of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListResult {
    /// Seats the list holds for certain.
    pub seats: u32,
    /// Whether an open tie can give it more.
    pub tied: bool,
    /// Why it takes part, or why not.
    pub eligibility: Eligibility,
    /// What became of its apparentment.
    pub pairing: Pairing,
    /// The comparison with the threshold, where there is one.
    pub threshold: Option<ThresholdDecision>,
}

/// Why a list takes part, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eligibility {
    /// It passed the threshold, or there is none.
    Passed,
    /// It did not need to pass the threshold.
    Exempt,
    /// It failed the threshold, and need not pass by its direct seats or its share in one district.
    Waived,
    /// It failed the threshold, and the rescue or widening let it in.
    RescueAdmitted,
    /// It failed the threshold.
    BelowThreshold,
    /// It has no votes: such a list gets nothing under any rule.
    NoVotes,
}

impl Eligibility {
    /// Whether the list takes part in the distribution.
    #[must_use]
    pub fn takes_part(self) -> bool {
        matches!(
            self,
            Self::Passed | Self::Exempt | Self::Waived | Self::RescueAdmitted
        )
    }
}

/// What became of a list's apparentment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pairing {
    /// It has no partner, or the rules know no apparentment.
    None,
    /// The lists of the group compete as one.
    Stands,
    /// A list of the group does not take part by itself, so each list stands alone.
    Void,
}

/// The comparison `votes * denominator * base_parts >= numerator * base` in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThresholdDecision {
    /// The share that this list needs.
    pub share: Fraction,
    /// Whether exactly the share passes.
    pub comparison: Comparison,
    /// What the share is taken of.
    pub base_kind: ThresholdBase,
    /// The count it is taken of.
    pub base: u128,
    /// In how many equal parts: the seats of the house where the share is of one seat's votes, and otherwise 1.
    pub base_parts: u32,
    /// Whether the list's own votes pass.
    pub passed: bool,
}

/// Seats that a list gets beyond its votes, or has before the chain begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BonusAward {
    /// Who gets them: one list, or those that an open tie leaves in reach, in the order in which their outcomes' stages stand.
    pub to: Vec<usize>,
    /// How many, as far as it has candidates.
    pub seats: u32,
    /// Where several lists were first with equal votes: their tie for the one place.
    pub tie: Option<Tie>,
}

/// A seat that goes to the list with more than half of the votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MajorityTransfer {
    /// The list with the majority: it has one seat more than the stages gave it.
    pub to: usize,
    /// The lists whose last seat had the smallest key: one of them gives it up. Where they are tied for the last seats of the
    /// house, all those that could have won one: of the winners, whoever they are, one gives it up.
    pub from: Vec<usize>,
    /// That key.
    pub key: Key,
    /// Where several have it and one at least keeps its seat: their tie for keeping it.
    pub tie: Option<Tie>,
}

/// One stage: who competed with what, and the border between granted and refused keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageResult {
    /// Where in the procedure it stood.
    pub at: StageAt,
    /// Which keys competed.
    pub method: Method,
    /// Seats that the competitors hold together when the stage is over, if nobody runs out of candidates.
    pub seats_after: u32,
    /// Votes per seat, for quota methods.
    pub quota: Option<Ratio>,
    /// The lists and groups that competed.
    pub contenders: Vec<Contender>,
    /// The last seat: the smallest key that is granted for certain.
    pub last_seat: Option<Award>,
    /// Next in line: the largest key that is not granted for certain.
    pub next_in_line: Option<Award>,
    /// Equal keys on the border, if there were any.
    pub tie: Option<Tie>,
    /// Seats that found no candidate.
    pub left_over: u32,
}

impl StageResult {
    /// The border in two numbers.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate {
            smallest_granted: self.last_seat.map(|award| award.key),
            largest_refused: self.next_in_line.map(|award| award.key),
            strict: match (self.last_seat, self.next_in_line) {
                (Some(last), Some(next)) => last.key > next.key,
                _ => true,
            },
        }
    }
}

/// The proof of a stage: no granted key is smaller than a refused one. Anyone can check it in one pass over the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The smallest key granted for certain; `None` where the stage granted nothing.
    pub smallest_granted: Option<Key>,
    /// The largest key that was refused or is tied; `None` where no list could take one more seat.
    pub largest_refused: Option<Key>,
    /// Whether the first is above the second. They are equal where a rule or a lot settled a tie.
    pub strict: bool,
}

/// A list, or a joined group, in one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// The list, or the first list of the group.
    pub list: usize,
    /// Votes, of the whole group where it is one.
    pub votes: u128,
    /// Votes as its keys count them: the same, but multiplied by the factor of a rescue.
    pub weight: Ratio,
    /// Seats held before the stage.
    pub seats_before: u32,
    /// Seats it can hold at most, where it can run out of candidates.
    pub limit: Option<u32>,
    /// Seats held for certain after the stage.
    pub seats: u32,
}

/// A key and the seat it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    /// The list, or the first list of the group.
    pub list: usize,
    /// Which of the list's own seats it is, from 1.
    pub seat: u32,
    /// Its key.
    pub key: Key,
}

/// Equal keys with fewer seats than lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Where it arose.
    pub at: StageAt,
    /// The tied lists in their order; a group is named by its first list.
    pub lists: Vec<usize>,
    /// Seats (at a rescue: places) that these lists compete for, at most one each.
    pub seats_at_stake: u32,
    /// The equal key; `None` where lists are tied for the place that a rescue gives.
    pub key: Option<Key>,
    /// What each rule of the tie chain settled, in order.
    pub settled: Vec<Settlement>,
    /// The lists that are still tied.
    pub open: Vec<usize>,
    /// The seats that they still compete for; 0 when everything is settled.
    pub open_seats: u32,
    /// Whether these seats stay empty whoever wins them, because none of the open lists has a candidate for one: no lot is
    /// asked for, and nothing hangs on the tie.
    pub stays_empty: bool,
}

impl Tie {
    /// Whether something hangs on the tie that nothing has settled.
    pub(crate) fn is_open(&self) -> bool {
        self.open_seats > 0 && !self.stays_empty
    }
}

/// What one rule of the tie chain settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The rule.
    pub by: TieBreak,
    /// Lists that get their seat by it.
    pub winners: Vec<usize>,
    /// Lists that do not.
    pub losers: Vec<usize>,
}

/// A lot that was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoidLot {
    /// Its position in the input.
    pub lot: usize,
    /// Why.
    pub reason: VoidReason,
}

/// Why a lot was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoidReason {
    /// No open tie of this stage with these lists and seats arose.
    NoSuchTie,
    /// The winners are not as many different tied lists as there are seats at stake.
    WrongWinners,
    /// An earlier lot of the input settled the same tie.
    AlreadyDrawn,
}

/// A question that a result had to answer and the law, as far as it is known, does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Silence {
    /// Nobody passed the threshold.
    NobodyPassed,
    /// A rounded quota would be zero.
    QuotaBelowOne,
    /// Whether the runner-up is admitted when a single list passes.
    RunnerUpAdmission,
    /// Several lists are runner-up with equal votes, or come in together when the threshold is widened.
    RunnerUpTie,
    /// What the runner-up's quotient is multiplied by.
    RunnerUpFactor,
    /// The fewest seats of the admitted list.
    RunnerUpFloor,
    /// Whether that floor comes before the quotas of the other list.
    FloorBeforeQuotas,
    /// The admitted list has fewer candidates than its floor, or either list fewer than its seats.
    ShortList,
    /// Who gets the seats that whole quotas leave.
    SeatsAfterQuotas,
    /// More seats are left than there are lists to take one each.
    FurtherRounds,
}

impl Silence {
    /// A sentence for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NobodyPassed => {
                "No list passed the threshold; these rules are silent on the seats, and they stay unassigned."
            }
            Self::QuotaBelowOne => {
                "The rounded quota would be zero; the law is silent, and a quota of one vote was used."
            }
            Self::RunnerUpAdmission => {
                "A single list passed; that the runner-up is admitted is unverified."
            }
            Self::RunnerUpTie => {
                "Several lists that failed the threshold have equal votes; the law is silent on which of them is admitted."
            }
            Self::RunnerUpFactor => "The factor on the admitted list's quotient is unverified.",
            Self::RunnerUpFloor => "The fewest seats of the admitted list are unverified.",
            Self::FloorBeforeQuotas => {
                "Whole quotas and the floor do not fit into the house; the law is silent on which goes first."
            }
            Self::ShortList => {
                "A list has fewer candidates than the seats due to it; the law is silent on it in a rescued contest."
            }
            Self::SeatsAfterQuotas => {
                "Seats are left after the whole quotas; who gets them in a rescued contest is unverified."
            }
            Self::FurtherRounds => {
                "More seats than lists are left after the whole quotas; the law is silent on further rounds."
            }
        }
    }
}
