//! What is certain of seats, as sentences for a terminal.

use crate::names::Names;
use crate::table::thousands;
use crate::text::count;
use wire::common::v1::{
    BoundsBasis, CertainSeats, Certainty, CoalitionSeats, UnforeseenCause, WidenedRange,
};
use wire::feed::v1::{FrameContest, FrameEnvelope};

/// Ranges that had to widen that are told.
const WIDENED_MAX: usize = 3;

/// What is certain of a contest, and what it rests on; nothing where nothing is ever claimed.
pub fn certain(contest: &FrameContest, names: &Names) -> Vec<String> {
    let Some(certain) = &contest.certain else {
        return Vec::new();
    };
    let outstanding = certain.outstanding.clone().unwrap_or_default();
    if !certain.no_claim.is_empty() {
        let why = match certain.no_claim.as_str() {
            "UNBOUNDED" => format!(
                "units whose ballots nothing bounds: {}",
                outstanding.units_unbounded
            ),
            code => code.to_ascii_lowercase().replace('_', " "),
        };
        return vec![format!("nothing is claimed of certain seats ({why})")];
    }
    let ballots = outstanding.ballots_most.unwrap_or(0);
    let rests_on = match ballots {
        0 => String::from("no ballot is outstanding"),
        _ => format!(
            "based on {}; at most {} {} outstanding",
            bases(&outstanding),
            thousands(ballots),
            if ballots == 1 { "ballot" } else { "ballots" }
        ),
    };
    let rests_on = match certain.districts_without_claim {
        0 => rests_on,
        // How many ballots come of them nobody says.
        districts => {
            let districts = count(districts, "district", "districts");
            let open = format!("{districts} without a claim, all of their seats open");
            match bases(&outstanding).as_str() {
                "" => open,
                bases => format!("based on {bases}; {open}"),
            }
        }
    };
    let mut lines = vec![format!(
        "secured: {} of {} seats, unless a counted station is corrected, annulled or recounted; {rests_on}",
        certain.seats_secured, contest.seats
    )];
    let majority = contest.rows.iter().find(|row| {
        let bounds = row.seats.as_ref().and_then(|seats| seats.bounds.as_ref());
        bounds.is_some_and(|bounds| bounds.has_majority() == Certainty::Certain)
    });
    lines.extend(majority.map(|row| {
        let name = names.option(&row.option_id);
        format!("{name} has the majority for certain")
    }));
    lines.extend(next(certain, names));
    let together = certain.coalitions.iter();
    lines.extend(together.map(|coalition| together_said(coalition, names)));
    lines
}

/// What several lists have together.
fn together_said(coalition: &CoalitionSeats, names: &Names) -> String {
    let lists: Vec<&str> = coalition
        .option_ids
        .iter()
        .map(|id| names.option(id))
        .collect();
    let (fewest, most) = (coalition.seats_fewest, coalition.seats_most);
    let majority = match coalition.has_majority() {
        Certainty::Unspecified => "",
        Certainty::Certain => "; the majority is certain",
        Certainty::Excluded => "; a majority is excluded",
        Certainty::Open => "; a majority is open",
    };
    let seats = if most == 1 { "seat" } else { "seats" };
    format!(
        "{} together: {} {seats}{majority}",
        lists.join(" and "),
        written(fewest, most)
    )
}

/// How soon a seat more can be certain; nothing where nobody can say.
fn next(certain: &CertainSeats, names: &Names) -> Option<String> {
    let first = certain.next.first()?;
    let lists = certain.next.iter().map(|next| {
        let name = names.option(&next.option_id);
        match next.district_id.as_str() {
            "" => name.to_owned(),
            district => format!("{name} in {}", names.district(district)),
        }
    });
    let lists: Vec<String> = lists.collect();
    Some(format!(
        "a seat more would be secured by the next {} {}, if all were for {}",
        thousands(first.ballots),
        if first.ballots == 1 {
            "ballot"
        } else {
            "ballots"
        },
        lists.join(" or ")
    ))
}

fn bases(outstanding: &wire::common::v1::OutstandingBallots) -> String {
    if outstanding.electorate_rest.is_some() {
        return name(BoundsBasis::Electorate).to_owned();
    }
    let units = outstanding.units.iter();
    let units = units.filter(|units| units.ballots_most > 0);
    let names: Vec<&str> = units.map(|units| name(units.basis())).collect();
    names.join(", ")
}

fn name(basis: BoundsBasis) -> &'static str {
    match basis {
        BoundsBasis::Unspecified => "nothing",
        BoundsBasis::BallotsIssued => "ballots issued",
        BoundsBasis::Envelopes => "envelopes",
        BoundsBasis::Roll => "the rolls of the units",
        BoundsBasis::PapersDelivered => "ballot papers delivered",
        BoundsBasis::Electorate => "the number of voters",
        BoundsBasis::Stated => "a stated ceiling",
    }
}

/// Ranges of a contest that had to widen, the newest first, with what happened.
pub fn widened(envelope: &FrameEnvelope, contest: &FrameContest, names: &Names) -> Vec<String> {
    let here = |range: &&WidenedRange| range.contest_id == contest.contest_id;
    let ranges = || envelope.widened_ranges.iter().filter(here);
    let told = ranges().take(WIDENED_MAX);
    let told = told.map(|range| widened_range(range, names, contest.districts.len() > 1));
    let more = ranges().count().saturating_sub(WIDENED_MAX);
    let more = (more > 0).then(|| format!("{} had to widen", count_of(more)));
    told.chain(more).collect()
}

fn count_of(ranges: usize) -> String {
    count(
        u64::try_from(ranges).unwrap_or(u64::MAX),
        "more range",
        "more ranges",
    )
}

fn widened_range(range: &WidenedRange, names: &Names, says_district: bool) -> String {
    let after = range.seats_fewest.zip(range.seats_most);
    let after = after.map_or_else(
        || String::from("no claim"),
        |(fewest, most)| written(fewest, most),
    );
    let cause = range.causes.first().map_or_else(String::new, |cause| {
        let what = match cause.cause() {
            UnforeseenCause::Unspecified => "something happened",
            UnforeseenCause::Report => "more ballots came than were bounded",
            UnforeseenCause::Correction => "a counted unit was corrected",
            UnforeseenCause::Held => "a report waits for a reviewer",
            UnforeseenCause::Review => "a reviewer decided",
            UnforeseenCause::Withdrawal => "a tally was withdrawn",
            UnforeseenCause::Status => "a unit's status was changed",
            UnforeseenCause::Turnout => "ballots issued are others than were said",
            UnforeseenCause::Register => "the register was amended",
            UnforeseenCause::Rules => "the rules were amended",
            UnforeseenCause::Candidates => "a list has other candidates",
        };
        let unit = match cause.unit_id.as_str() {
            "" => String::new(),
            unit => format!(" ({unit})"),
        };
        let reason = cause.attribution.as_ref().map_or("", |it| &it.reason);
        let reason = match reason {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        format!("; {what}{unit}{reason}")
    });
    let district = match range.district_id.as_str() {
        district if says_district => format!(" in {}", names.district(district)),
        _ => String::new(),
    };
    format!(
        "the range of {}{district} had to widen: {} became {after} at revision {}{cause}",
        names.option(&range.option_id),
        written(range.seats_fewest_before, range.seats_most_before),
        thousands(range.revision),
    )
}

/// A range, or the number where both of its ends are it.
pub fn written(fewest: u32, most: u32) -> String {
    if fewest == most {
        fewest.to_string()
    } else {
        format!("{fewest}\u{2013}{most}")
    }
}
