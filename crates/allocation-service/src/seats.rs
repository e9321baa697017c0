//! Seats of a moment: computed by the engine, checked by the verifier, once for all who watch.

use crate::follower::Moment;
use crate::widened::Widened;
use crate::words::{Labels, Style};
use apportionment::tiers::district_margins_while;
use apportionment::{
    ContestError, DistrictedMargins, house_margins_of_double_proportional, house_margins_of_tiers,
    margins_while,
};
use election::allocation::Question;
use election::certain::{CertainSeats, certain_seats, over_districts};
use election::districted::{Asked, DistrictedAllocation, DistrictedQuestion, DistrictedResult};
use election::standings::{
    ContestSeats, DistrictSeats, SeatsResult, contest_seats, district_seats,
};
use election::tally::Tally;
use explanation::VoidPlaces;
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;
use wire::allocation::v1::{Allocation, Standings, VoidLotReason};
use wire::{Lists, MARGIN_LISTS_MAX, margins_cost_little};

/// A moment with its seats, and the standings as they are sent.
#[derive(Debug)]
pub(crate) struct SeatsAt {
    pub moment: Moment,
    pub standings: Standings,
}

impl SeatsAt {
    /// May take long: see [`Moment::seats`].
    pub fn of(moment: Moment) -> Self {
        let standings = standings(&moment);
        Self { moment, standings }
    }
}

/// Seats of all contests.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seats {
    /// By contest, then district; `None` where the rules give none, or the districts hang together.
    pub districts: Vec<Vec<Option<DistrictSeats>>>,
    /// By contest, of those whose districts hang together.
    pub above: Vec<Option<ContestSeats>>,
    /// What is certain of `districts`, at the same places; `None`: nothing is said of what is outstanding.
    pub certain: Vec<Vec<Option<CertainSeats>>>,
}

/// The standings of a moment as they are sent. The publication is that of the head, as the moment knows it.
pub(crate) fn standings(moment: &Moment) -> Standings {
    let seats = moment.seats();
    let standings = wire::standings(
        &moment.tally,
        |contest, district| seats.districts[contest][district].as_ref(),
        |contest| seats.above[contest].as_ref(),
        |contest, district| seats.certain[contest][district].as_ref(),
    );
    Standings {
        token: Some(moment.position().into()),
        publication: Some(wire::publication_seen(
            &moment.publication,
            moment.tally.revision,
        )),
        ..standings
    }
}

/// What of an explanation is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explained {
    pub steps: bool,
    pub margins: bool,
    pub words: Option<Style>,
}

/// Adds steps, certificates, margins and words to an allocation.
pub(crate) fn explain(
    allocation: &mut Allocation,
    option_ids: &[String],
    (question, result): (&Question, &SeatsResult),
    labels: &Labels,
    explained: Explained,
    is_over: &dyn Fn() -> bool,
) {
    let lists = Lists::new(option_ids);
    let engine = match result {
        SeatsResult::Allocated(engine) => engine,
        // Steps, certificate and margins of withheld seats would give the seats away.
        SeatsResult::Withheld { .. } | SeatsResult::Unknown(_) => return,
    };
    if explained.steps {
        allocation.steps = lists.steps(&apportionment::explain(engine));
        allocation.certificate = Some(lists.certificate(question, result));
    }
    let Question {
        contest,
        rules,
        lots,
        ..
    } = question;
    let wanted = explained.margins && contest.lists.len() <= MARGIN_LISTS_MAX;
    let margins = wanted.then(|| margins_while(contest, rules, lots, || !is_over()));
    let margins = margins.and_then(|margins| margins.ok().flatten());
    if let Some(margins) = &margins {
        (allocation.margins, allocation.threshold_distances) = lists.margins(margins);
    }
    if let Some(style) = explained.words {
        let changed = changed_lots(allocation, option_ids, labels);
        allocation.explanation =
            style.words(labels, question, engine, margins.as_deref(), &changed);
    }
}

/// Recorded lots that are void because votes or rules changed after the draw, by the names of their lists.
fn changed_lots(
    allocation: &Allocation,
    option_ids: &[String],
    labels: &Labels,
) -> Vec<VoidPlaces> {
    let name = |id: &String| {
        let place = option_ids.iter().position(|known| known == id);
        let name = place.and_then(|place| labels.names.get(place));
        name.unwrap_or(id).clone()
    };
    let void = allocation.void_lots.iter();
    let changed = void.filter(|void| void.reason() == VoidLotReason::TieChanged);
    let lots = changed.filter_map(|void| void.lot.as_ref());
    let told = lots.map(|lot| VoidPlaces {
        places: lot.tied_option_ids.iter().map(name).collect(),
        seats: lot.seats_at_stake,
    });
    told.collect()
}

/// Adds steps, certificates and margins to the allocations of standings that are wanted, by contest and district.
pub(crate) fn explain_all(
    standings: &mut Standings,
    moment: &Moment,
    explained: Explained,
    is_over: &dyn Fn() -> bool,
    wanted: impl Fn(&str, &str) -> bool,
) {
    let seats = moment.seats();
    for (contest, ballot) in moment.tally.outline.ballot.contests.iter().enumerate() {
        let over_districts = &mut standings.contests[contest].over_districts;
        let mut entries = ballot.districts.iter();
        if let (Some(over), Some(above)) = (over_districts, &seats.above[contest])
            && entries.any(|entry| wanted(ballot.id.as_str(), entry.id.as_str()))
        {
            explain_over(over, above, &moment.tally, explained, is_over);
        }
        for (district, entry) in ballot.districts.iter().enumerate() {
            if !wanted(ballot.id.as_str(), entry.id.as_str()) {
                continue;
            }
            let sent = &mut standings.contests[contest].districts[district].allocation;
            if let (Some(allocation), Some(seats)) = (sent, &seats.districts[contest][district]) {
                let ids = wire::district_list_ids(entry);
                let labels = explained
                    .words
                    .map(|style| style.labels(&moment.tally, entry, ballot.districts.len() > 1));
                let answered = (&seats.question, &seats.result);
                explain(
                    allocation,
                    &ids,
                    answered,
                    &labels.unwrap_or_default(),
                    explained,
                    is_over,
                );
            }
        }
    }
}

/// Adds steps and words to the seats of a contest whose districts hang together.
fn explain_over(
    over: &mut wire::allocation::v1::DistrictedAllocation,
    above: &ContestSeats,
    tally: &Tally,
    explained: Explained,
    is_over: &dyn Fn() -> bool,
) {
    let ContestSeats {
        question, result, ..
    } = above;
    let margins = match explained.margins && (explained.steps || explained.words.is_some()) {
        true => districted_margins(question, result, is_over),
        false => Ok(DistrictedMargins::default()),
    };
    let margins = margins.unwrap_or_else(|error| {
        error!(%error, "what was allocated has no margins");
        DistrictedMargins::default()
    });
    if explained.steps {
        over.steps = wire::districted_steps(question, result, &margins);
    }
    // Words of withheld seats would give the seats away.
    if let (Some(style), Some(engine)) = (explained.words, result.allocation()) {
        let labels = style.districted_labels(tally, &question.names);
        over.explanation = style.districted_words(&labels, question, engine, &margins);
    }
}

/// What would change seats over districts, as long as somebody waits; nothing where that costs too much, or of a result that
/// is withheld, which it would give away.
///
/// # Errors
/// What the engine refuses: nothing of what it has allocated.
pub(crate) fn districted_margins(
    question: &DistrictedQuestion,
    result: &DistrictedResult,
    is_over: &dyn Fn() -> bool,
) -> Result<DistrictedMargins, ContestError> {
    let districted = question.asked.districted();
    let size = (districted.lists.len(), districted.districts.len());
    if !margins_cost_little(size.0, size.1) {
        return Ok(DistrictedMargins::default());
    }
    let stands = |district: usize, list: usize| question.names.stands[district][list];
    let goes_on = || !is_over();
    let found = match (&question.asked, result.allocation()) {
        (
            Asked::Tiers {
                contest,
                rules,
                lots,
            },
            Some(DistrictedAllocation::Tiers(allocation)),
        ) => {
            let lots = &lots.lots;
            let districts =
                district_margins_while(contest, rules, lots, allocation, stands, goes_on)?;
            let house = house_margins_of_tiers(contest, rules, lots, stands, goes_on);
            districts.zip(house)
        }
        (
            Asked::DoubleProportional {
                contest,
                rules,
                lots,
            },
            Some(DistrictedAllocation::DoubleProportional(_)),
        ) => {
            let lots = (&lots.lists[..], &lots.cells[..]);
            let house = house_margins_of_double_proportional(contest, rules, lots, stands, goes_on);
            house.map(|house| (Vec::new(), house))
        }
        _ => None,
    };
    let found = found.map(|(districts, house)| DistrictedMargins { districts, house });
    Ok(found.unwrap_or_default())
}

/// The seats of every contest and district. A result that the verifier refuses is withheld, and raises an alarm.
pub(crate) fn all_seats(tally: &Tally) -> Seats {
    let contests = tally
        .contests
        .iter()
        .enumerate()
        .map(|(contest, districts)| {
            (0..districts.len())
                .map(|district| district_seats(tally, contest, district))
                .collect()
        });
    let districts: Vec<Vec<_>> = contests.collect();
    let seats = Seats {
        certain: all_certain(tally, &districts),
        districts,
        above: (0..tally.contests.len())
            .map(|contest| contest_seats(tally, contest))
            .collect(),
    };
    alarm(tally, &seats);
    seats
}

fn all_certain(
    tally: &Tally,
    districts: &[Vec<Option<DistrictSeats>>],
) -> Vec<Vec<Option<CertainSeats>>> {
    let contests = districts.iter().enumerate().map(|(contest, districts)| {
        let districts = districts.iter().enumerate();
        let hangs_together = tally.contest_hangs_together(contest);
        let certain = districts.map(|(district, seats)| match seats {
            Some(seats) => certain_seats(tally, (contest, district), seats),
            None if hangs_together => over_districts(tally, contest, district),
            None => None,
        });
        certain.collect()
    });
    contests.collect()
}

fn alarm(tally: &Tally, seats: &Seats) {
    let Seats {
        districts,
        above,
        certain: _,
    } = seats;
    let single = districts.iter().flatten().flatten();
    let single = single.filter_map(|seats| match &seats.result {
        SeatsResult::Withheld { objections, .. } => Some(objections),
        SeatsResult::Allocated(_) | SeatsResult::Unknown(_) => None,
    });
    let above = above.iter().flatten();
    let above = above.filter_map(|seats| match &seats.result {
        DistrictedResult::Withheld { objections, .. } => Some(objections),
        DistrictedResult::Allocated(_)
        | DistrictedResult::Waiting { .. }
        | DistrictedResult::Unknown { .. } => None,
    });
    for objections in single.chain(above) {
        metrics::counter!("allocation_seats_withheld_total").increment(1);
        tracing::error!(
            election = %tally.election,
            revision = tally.revision.0,
            objections = objections.join("; "),
            "seats withheld: the verifier refuses the allocator's result"
        );
    }
}

/// The newest moment with its seats, as it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The newest moment whose seats could be computed; `None`: none yet.
    pub seats: Option<Arc<SeatsAt>>,
    /// Since when no seats could be computed for what is newer: what is shown is old as long as this is set.
    pub failing_since: Option<Instant>,
    /// Since when a newer moment has been waiting for its seats; `None`: none is.
    pub waiting_since: Option<Instant>,
}

/// Publishes the newest moment with its seats, at most once an interval and at once after a quiet time. Moments in
/// between are skipped. Seats are computed on the blocking pool: those of thousands of lists would hold up the runtime.
/// Where that panics, which is a fault of the program, the seats before stand and are marked as old.
pub(crate) fn publish(
    mut moments: watch::Receiver<Option<Moment>>,
    interval: Duration,
    stopper: &Stopper,
) -> watch::Receiver<Shown> {
    let (sender, receiver) = watch::channel(Shown::default());
    let stopping = stopper.stopping();
    stopper.spawn(async move {
        tokio::select! {
            () = stopping => {}
            () = publish_all(&mut moments, &sender, interval) => {}
        }
    });
    receiver
}

async fn publish_all(
    moments: &mut watch::Receiver<Option<Moment>>,
    sender: &watch::Sender<Shown>,
    interval: Duration,
) {
    let mut widened = Widened::default();
    loop {
        let moment = moments.borrow_and_update().clone();
        let Some(moment) = moment else {
            sender.send_if_modified(|shown| {
                let former = std::mem::take(shown);
                former.seats.is_some() || former.failing_since.is_some()
            });
            if moments.changed().await.is_err() {
                return;
            }
            continue;
        };
        // Nobody is woken by it: who is told of a lag looks by itself how long it is.
        sender.send_if_modified(|shown| {
            shown.waiting_since.get_or_insert_with(Instant::now);
            false
        });
        let mut computing = tokio::task::spawn_blocking(move || SeatsAt::of(moment));
        // What comes meanwhile waits from then on, and not from when it has its turn.
        let mut newer = None;
        let computed = loop {
            tokio::select! {
                computed = &mut computing => break computed,
                changed = moments.changed(), if newer.is_none() => match changed {
                    Ok(()) => newer = Some(Instant::now()),
                    Err(_) => return,
                },
            }
        };
        let computed = computed.map(|mut seats| {
            widened.note(&mut seats);
            seats
        });
        sender.send_modify(|shown| match computed {
            Ok(seats) => {
                *shown = Shown {
                    seats: Some(Arc::new(seats)),
                    failing_since: None,
                    waiting_since: newer,
                };
            }
            Err(error) => {
                metrics::counter!("allocation_seats_failed_total").increment(1);
                tracing::error!(%error, "seats cannot be computed, those before stand and are stale");
                shown.failing_since.get_or_insert_with(Instant::now);
                shown.waiting_since = newer;
            }
        });
        tokio::time::sleep(interval).await;
        if newer.is_none() && moments.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
