//! The explained allocation: the workspace's result with everything that led to it.

use std::cell::RefCell;

use crate::allocation::{Allocation, ListResult, Outcome, ThresholdDecision, Tie};
use crate::contest::{Contest, Lot};
use crate::error::ContestError;
use crate::immaterial::passing_over;
use crate::rules::Rules;
use crate::tie::void_lots;
use crate::workspace::{Record, Workspace};

/// Turns votes into seats, with ties, certificates and everything that led to them.
///
/// ```
/// use apportionment::{Contest, Method, Rules, Threshold, allocate};
///
/// // Almaty city maslihat, 10 January 2021: 39 seats, 7% of the list votes, Hare quota, largest remainders.
/// let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
/// let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
/// let allocation = allocate(&contest, &rules, &[])?;
/// assert_eq!(allocation.seats(), [29, 4, 3, 3, 0]);
/// assert!(apportionment::verify(&contest, &rules, &[], &allocation).is_ok());
/// # Ok::<(), apportionment::ContestError>(())
/// ```
///
/// # Errors
/// Limits broken, rules that mean nothing, or a count that the threshold needs and that is missing.
pub fn allocate(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
) -> Result<Allocation, ContestError> {
    let allocation = plain(contest, rules, lots)?;
    Ok(match allocation.outcome {
        Outcome::Tied => passing_over(contest, rules, lots, allocation),
        Outcome::NoneYet | Outcome::NobodyPassed | Outcome::Settled => allocation,
    })
}

/// The same with a lot asked for in each tie that stops a chain, whether something hangs on it or not.
pub(crate) fn plain(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
) -> Result<Allocation, ContestError> {
    // Nothing of an earlier contest is left in the buffers that a workspace reads.
    WORKSPACE.with_borrow_mut(|workspace| {
        workspace.record = Some(Record::default());
        let allocation = record(workspace, contest, rules, lots);
        if !workspace.is_small() {
            *workspace = Workspace::default();
        }
        allocation
    })
}

thread_local! {
    /// Buffers for the next allocation of the thread, as long as they are small.
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

impl Allocation {
    /// The ties on which something hangs or hung, and for which a lot may have been drawn: none of a round of a cap that began
    /// anew whatever it came to, whose stages' positions are `abandoned`, and none whose place a majority clause took.
    fn ties_that_matter(&self, abandoned: &[usize]) -> impl Iterator<Item = &Tie> {
        let stages = self.stages.iter().enumerate();
        let in_stages = stages
            .filter(|(place, _)| !abandoned.contains(place))
            .filter_map(|(_, stage)| stage.tie.as_ref())
            .filter(|tie| self.majority.is_none() || tie.open_seats == 0);
        self.before_stages()
            .chain(in_stages)
            .chain(self.behind_stages())
    }
}

fn record(
    workspace: &mut Workspace,
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
) -> Result<Allocation, ContestError> {
    let outcome = workspace.run(contest, rules, lots)?;
    let base = rules
        .threshold
        .as_ref()
        .map(|threshold| threshold.base_of(contest))
        .transpose()?;
    let decision = |votes: u64, coalition_size: u32| {
        let (threshold, base) = rules.threshold.as_ref().zip(base)?;
        Some(ThresholdDecision {
            share: threshold.share_for(coalition_size),
            comparison: threshold.comparison,
            base_kind: threshold.base,
            base: base.count,
            base_parts: base.parts,
            passed: threshold.passes(votes, coalition_size, base),
        })
    };
    let lists = contest
        .lists
        .iter()
        .enumerate()
        .map(|(index, list)| ListResult {
            seats: workspace.seats[index],
            tied: workspace.tied[index],
            eligibility: workspace.eligibility[index],
            pairing: workspace.pairing[index],
            threshold: decision(list.votes, list.coalition_size),
        });
    let lists = lists.collect();
    let pending = workspace.pending(contest.seats);
    let Record {
        stages,
        rescue_tie,
        majority,
        bonus,
        asked_in_rounds,
        abandoned,
    } = workspace.record.take().unwrap_or_default();
    let mut allocation = Allocation {
        house: contest.seats,
        outcome,
        lists,
        pending,
        unassigned: workspace.unassigned,
        void_lots: Vec::new(),
        silences: workspace.silences.clone(),
        stages,
        rescue_tie,
        bonus,
        majority,
        asked_in_rounds,
        passed_over: Vec::new(),
    };
    if !lots.is_empty() {
        let ties: Vec<&Tie> = allocation.ties_that_matter(&abandoned).collect();
        allocation.void_lots = void_lots(lots, &ties);
    }
    Ok(allocation)
}
