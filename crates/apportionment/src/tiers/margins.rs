//! The nearest changes of the seats that districts hand out themselves.

use super::allocate::silence;
use super::{TierAllocation, TierContest, TierLots, TierRules, TierStage, TierStageResult};
use crate::contest::{BaseCounts, Lot};
use crate::error::ContestError;
use crate::margin::is_quick;
use crate::margins::{ListMargins, margins_among};

/// The nearest changes of the seats that one district hands out itself, in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistrictMargins {
    /// The stage, from 0.
    pub stage: usize,
    /// The district.
    pub district: usize,
    /// By list: the fewest votes of the district that change its seats of this stage here, as long as the same lists take part
    /// in it. `None`: the list takes no part, or does not stand. There is no way to a threshold in them: that goes through the
    /// votes of other districts too (see [`crate::overall_distances`]).
    pub lists: Vec<Option<ListMargins>>,
}

/// The nearest changes of each district's own seats, in a result that these rules and lots gave for this contest, by district.
/// `stands` says of a district and a list whether it has a list there. `goes_on` is asked before each list of each district.
/// `None`: nobody waits for them any more.
///
/// Empty where no stage has the districts hand out seats of their own; where votes change how many these are
/// ([`TierStage::SeatsOfDistricts`]); and where seats move about so much, by a rounded quota or several stages of a chain, that
/// numbers of votes have to be tried one by one. What a list has in the house in the end is another matter: later stages may
/// give seats back or level them out.
///
/// # Errors
/// As [`super::allocate`].
pub fn district_margins_while(
    contest: &TierContest,
    rules: &TierRules,
    lots: &TierLots,
    allocation: &TierAllocation,
    stands: impl Fn(usize, usize) -> bool,
    goes_on: impl Fn() -> bool,
) -> Result<Option<Vec<DistrictMargins>>, ContestError> {
    let stages = rules.stages.iter().zip(&allocation.stages);
    let mut found = Vec::new();
    for (stage, (rule, result)) in stages.enumerate() {
        let (chain, results) = match (rule, result) {
            (TierStage::SeatsOfDistricts { .. }, _) => return Ok(Some(Vec::new())),
            (TierStage::Districts { chain, .. }, TierStageResult::Districts(results)) => {
                (rules.of_chain(chain), results)
            }
            _ => continue,
        };
        if !is_quick(&chain) {
            continue;
        }
        for (district, result) in results.iter().enumerate() {
            let known = contest.districted.districts.get(district);
            let alone = contest.districted.district(district);
            let Some((known, mut alone)) = known.zip(alone) else {
                continue;
            };
            let takes_part = |list: usize| result.admitted[list] && stands(district, list);
            // Nothing is a share of these counts here, so they set no limit either.
            alone.base = BaseCounts::default();
            silence(&mut alone, &result.admitted);
            // A result with more seats than candidates would be refused.
            for (list, candidates) in alone.lists.iter_mut().zip(&known.candidates) {
                list.candidates = *candidates;
            }
            let inside = lots.inside.iter();
            let inside = inside.filter(|lot| (lot.stage, lot.part) == (stage, district));
            let inside: Vec<Lot> = inside.map(|lot| lot.lot.clone()).collect();
            let lists = margins_among(&alone, &chain, &inside, &takes_part, &goes_on)?;
            let Some(lists) = lists else { return Ok(None) };
            let lists = lists.into_iter().enumerate();
            let lists = lists.map(|(list, margins)| takes_part(list).then_some(margins));
            found.push(DistrictMargins {
                stage,
                district,
                lists: lists.collect(),
            });
        }
    }
    Ok(Some(found))
}
