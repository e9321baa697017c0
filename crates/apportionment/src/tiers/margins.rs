//! The nearest changes of the seats that districts hand out themselves.

use super::allocate::silence;
use super::{TierAllocation, TierContest, TierLots, TierRules, TierStage, TierStageResult};
use crate::contest::{BaseCounts, Lot};
use crate::error::ContestError;
use crate::margins::{ListMargins, margins_among};
use crate::method::Method;
use crate::rules::Rules;

/// The nearest changes of the seats that one district hands out itself, in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistrictMargins {
    /// The stage, from 0.
    pub stage: usize,
    /// The district.
    pub district: usize,
    /// By list: the fewest votes of the district that change its seats of this stage here, as long as the same lists take part
    /// in it and the district has as many seats. A list that takes no part has none. There is no way to a threshold in them:
    /// that goes through the votes of other districts too (see [`crate::overall_distances`]).
    pub lists: Vec<ListMargins>,
}

/// The nearest changes of each district's own seats, in a result that these rules and lots gave for this contest, stage by
/// stage and by district; empty where no stage has the districts hand out seats of their own. `goes_on` is asked before each
/// list of each district. `None`: nobody waits for them any more.
///
/// What a list has in the house in the end is another matter: later stages may give it back or level it out.
///
/// # Errors
/// As [`super::allocate`].
pub fn district_margins_while(
    contest: &TierContest,
    rules: &TierRules,
    lots: &TierLots,
    allocation: &TierAllocation,
    goes_on: impl Fn() -> bool,
) -> Result<Option<Vec<DistrictMargins>>, ContestError> {
    let stages = rules.stages.iter().zip(&allocation.stages);
    let mut found = Vec::new();
    for (stage, (rule, result)) in stages.enumerate() {
        let (TierStage::Districts { chain, .. }, TierStageResult::Districts(results)) =
            (rule, result)
        else {
            continue;
        };
        let chain = Rules {
            stages: chain.clone(),
            ties: rules.ties.clone(),
            ..Rules::of(Method::D_HONDT)
        };
        for (district, result) in results.iter().enumerate() {
            let Some(mut alone) = contest.districted.district(district) else {
                continue;
            };
            let takes_part = |list: usize| result.admitted[list];
            alone.seats = result.allocation.house;
            // Nothing is a share of these counts here, so they set no limit either.
            alone.base = BaseCounts::default();
            silence(&mut alone, &result.admitted);
            let inside = lots.inside.iter();
            let inside = inside.filter(|lot| (lot.stage, lot.part) == (stage, district));
            let inside: Vec<Lot> = inside.map(|lot| lot.lot.clone()).collect();
            let lists = margins_among(&alone, &chain, &inside, &takes_part, &goes_on)?;
            let Some(lists) = lists else { return Ok(None) };
            found.push(DistrictMargins {
                stage,
                district,
                lists,
            });
        }
    }
    Ok(Some(found))
}
