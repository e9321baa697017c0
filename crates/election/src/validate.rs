//! Checks a definition before it is taken. Every refusal names the field, its value and what would be right.

// tidy: long because one check for each field, in the order of the definition.

mod districted;
mod outstanding;

pub use outstanding::outstanding_register;

use crate::allocation::engine_rules;
use crate::counts::COUNTERS;
use crate::definition::{
    AREAS_MAX, Ballot, CONTESTS_MAX, COUNTING_GROUPS_MAX, ContestBallot, DISTRICTS_MAX, Definition,
    Hash, OPTIONS_MAX, OPTIONS_TOTAL_MAX, PART_BYTES_MAX, Presentation, Register, UNITS_MAX, Unit,
};
use crate::report::{Refusal, RefusalCode};
use crate::rules::{
    BonusRule, BonusToRule, ContestRules, DivisorRule, Procedure, RescueRule, Rules, StageRule,
    ThresholdRule, TierStageRule, UpperRule,
};
use apportionment::EXPONENT_DENOMINATOR_MAX;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// The most seats of a district or a house.
pub const SEATS_MAX: u32 = 100_000;
/// The most votes on one ballot paper.
pub const VOTES_PER_BALLOT_MAX: u32 = 10_000;

/// The most voters of an electorate: far above any, and within the whole numbers of TOML.
pub const ELECTORATE_MAX: u64 = 1 << 40;
/// The most tallies: units x contests x counting groups.
pub const SLOTS_MAX: usize = 1 << 26;
/// The most counts of all tallies together: places in the state's table are numbered in four bytes.
const WORDS_MAX: usize = (1 << 32) - 2;

type Checked = Result<(), Refusal>;

/// Checks all four parts.
pub fn definition(definition: &Definition) -> Checked {
    let Definition {
        ballot,
        register,
        rules: law,
        presentation: looks,
    } = definition;
    self::ballot(ballot)?;
    self::register(register, ballot)?;
    rules(law, ballot)?;
    let units: HashSet<&str> = law
        .outstanding
        .iter()
        .flat_map(|_| &register.units)
        .map(|unit| unit.id.as_str())
        .collect();
    outstanding_register(law, register.electorate, |unit| units.contains(unit))?;
    presentation(looks, ballot, law)?;
    size("definition", ballot, law, looks, &register.areas_only())
}

/// Checks that the four parts stay within what one record and one answer can hold. The event that begins a log holds all
/// of them, and whoever asks for the definition gets all of them as amended.
pub fn size(
    field: &str,
    ballot: &Ballot,
    rules: &Rules,
    presentation: &Presentation,
    areas: &Register,
) -> Checked {
    let bytes = [
        crate::bytes::part_text(ballot),
        crate::bytes::part_text(rules),
        crate::bytes::part_text(presentation),
        crate::bytes::part_text(areas),
    ];
    let what = "bytes of canonical text of ballot, rules, presentation and areas together";
    let total = bytes.iter().map(String::len).sum();
    most(field, total, PART_BYTES_MAX, what)
}

/// Checks that the tables of a register of such units, each given by the index of its district, stay within the places
/// that the state can number.
pub fn table_size(ballot: &Ballot, districts: impl Iterator<Item = usize>) -> Checked {
    let groups = ballot.counting_groups.len();
    let slots_per_unit = ballot.contests.len() * groups;
    let words: Vec<usize> = (0..ballot.contests[0].districts.len())
        .map(|district| {
            let options = |contest: &ContestBallot| contest.districts[district].options.len();
            let contests = ballot.contests.iter();
            contests
                .map(|contest| options(contest) + COUNTERS)
                .sum::<usize>()
                * groups
        })
        .collect();
    let (units, total) = districts.fold((0_usize, 0_usize), |(units, total), district| {
        (units + 1, total.saturating_add(words[district]))
    });
    most("register.units", units, UNITS_MAX, "units")?;
    let tallies = units * slots_per_unit;
    most(
        "register.units",
        tallies,
        SLOTS_MAX,
        "tallies (units x contests x counting groups)",
    )?;
    most(
        "register.units",
        total,
        WORDS_MAX,
        "counts of all tallies together",
    )
}

/// The content hash of a register: of the areas' canonical text and the units' canonical bytes.
pub fn register_hash(register: &Register) -> Hash {
    let mut bytes = crate::bytes::part_text(&register.areas_only()).into_bytes();
    bytes.extend(crate::bytes::encode_units(&register.units));
    Hash::of(&bytes)
}

impl Register {
    /// The register without its units.
    pub fn areas_only(&self) -> Self {
        Self {
            electorate: self.electorate,
            areas: self.areas.clone(),
            units: Vec::new(),
        }
    }
}

fn shape(field: impl Into<String>, value: impl fmt::Display, rule: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Shape, field, value, rule)
}

fn most(field: &str, value: usize, limit: usize, what: &str) -> Checked {
    if value <= limit {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Limit,
        field,
        value,
        format!("at most {limit} {what}"),
    ))
}

fn distinct<'a, T: std::hash::Hash + Eq + fmt::Display + 'a>(
    field: &str,
    items: impl Iterator<Item = &'a T>,
) -> Checked {
    let mut seen = HashSet::with_capacity(items.size_hint().0);
    for (place, item) in items.enumerate() {
        if !seen.insert(item) {
            return Err(shape(
                format!("{field}[{place}]"),
                item,
                "stands twice; each has to be there once",
            ));
        }
    }
    Ok(())
}

/// Checks a day.
pub fn day(field: &str, day: &str) -> Checked {
    let mut places = day.bytes().enumerate();
    let is_written_so = day.len() == 10
        && places.all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    match (is_written_so, is_in_calendar(day)) {
        (true, true) => Ok(()),
        (true, false) => Err(shape(
            field,
            day,
            "a day that the calendar has, as YYYY-MM-DD",
        )),
        (false, _) => Err(shape(field, day, "a day as YYYY-MM-DD")),
    }
}

/// Whether the Gregorian calendar has the day. By hand: this crate knows no clock, and so no library of times.
fn is_in_calendar(day: &str) -> bool {
    let mut parts = day.split('-').map(str::parse::<u32>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

/// Checks what languages texts are in: codes as BCP 47 has them, of two or three letters and perhaps subtags of a script, a
/// region or a variant.
fn languages<'a>(field: &str, mut codes: impl Iterator<Item = &'a String>) -> Checked {
    match codes.find(|code| !is_language(code)) {
        None => Ok(()),
        Some(code) => Err(shape(
            field,
            code,
            "the code of a language (BCP 47), such as en, ru, kk or kk-Latn: \
             two or three letters, then subtags of one to eight letters and digits",
        )),
    }
}

fn is_language(code: &str) -> bool {
    let mut tags = code.split('-');
    let primary = tags.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && tags.all(|tag| {
            (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn ballot(ballot: &Ballot) -> Checked {
    if let Some(voting_day) = &ballot.voting_day {
        day("ballot.voting_day", voting_day)?;
    }
    if ballot.votes_per_ballot == 0 || ballot.votes_per_ballot > VOTES_PER_BALLOT_MAX {
        let rule = format!("between 1 and {VOTES_PER_BALLOT_MAX}");
        return Err(shape(
            "ballot.votes_per_ballot",
            ballot.votes_per_ballot,
            rule,
        ));
    }
    if ballot.counting_groups.is_empty() {
        return Err(shape(
            "ballot.counting_groups",
            "",
            "at least one, such as \"all\"",
        ));
    }
    most(
        "ballot.counting_groups",
        ballot.counting_groups.len(),
        COUNTING_GROUPS_MAX,
        "counting groups",
    )?;
    distinct("ballot.counting_groups", ballot.counting_groups.iter())?;
    if ballot.contests.is_empty() {
        return Err(shape("ballot.contests", "", "at least one contest"));
    }
    most(
        "ballot.contests",
        ballot.contests.len(),
        CONTESTS_MAX,
        "contests",
    )?;
    distinct(
        "ballot.contests",
        ballot.contests.iter().map(|contest| &contest.id),
    )?;
    let mut options_total = 0;
    for (number, contest) in ballot.contests.iter().enumerate() {
        let field = format!("ballot.contests[{number}].districts");
        if contest.districts.is_empty() {
            return Err(shape(field, "", "at least one district"));
        }
        most(&field, contest.districts.len(), DISTRICTS_MAX, "districts")?;
        distinct(
            &field,
            contest.districts.iter().map(|district| &district.id),
        )?;
        let first = ballot.contests[0]
            .districts
            .iter()
            .map(|district| &district.id);
        if !contest
            .districts
            .iter()
            .map(|district| &district.id)
            .eq(first)
        {
            return Err(shape(
                field,
                &contest.id,
                "every contest has the same districts in the same order",
            ));
        }
        for (place, district) in contest.districts.iter().enumerate() {
            let field = format!("{field}[{place}].options");
            if district.options.is_empty() {
                return Err(shape(field, &district.id, "at least one option"));
            }
            most(
                &field,
                district.options.len(),
                OPTIONS_MAX,
                "options on a ballot",
            )?;
            distinct(&field, district.options.iter().map(|option| &option.id))?;
            options_total += district.options.len();
            for (option_place, option) in district.options.iter().enumerate() {
                if option.coalition_size == 0 {
                    return Err(shape(
                        format!("{field}[{option_place}].coalition_size"),
                        0,
                        "at least 1",
                    ));
                }
            }
        }
    }
    most(
        "ballot.contests",
        options_total,
        OPTIONS_TOTAL_MAX,
        "options on all ballots together",
    )
}

fn register(register: &Register, ballot: &Ballot) -> Checked {
    if register.units.is_empty() {
        return Err(shape(
            "register.units",
            "",
            "at least one unit that reports",
        ));
    }
    most("register.units", register.units.len(), UNITS_MAX, "units")?;
    most("register.areas", register.areas.len(), AREAS_MAX, "areas")?;
    if let Some(electorate) = register
        .electorate
        .filter(|voters| *voters > ELECTORATE_MAX)
    {
        let rule = format!("at most {ELECTORATE_MAX} voters");
        return Err(Refusal::new(
            RefusalCode::Limit,
            "register.electorate",
            electorate,
            rule,
        ));
    }
    distinct("register.areas", register.areas.iter().map(|area| &area.id))?;
    let mut known = HashSet::new();
    for (place, area) in register.areas.iter().enumerate() {
        if let Some(parent) = area
            .parent
            .as_ref()
            .filter(|parent| !known.contains(parent))
        {
            let rule = "a parent stands earlier in the list than its children";
            return Err(shape(
                format!("register.areas[{place}].parent"),
                parent,
                rule,
            ));
        }
        known.insert(&area.id);
    }
    units(&register.units, ballot, register, &DEFINITION_FIELDS)?;
    let places: HashMap<_, _> = ballot.contests[0]
        .districts
        .iter()
        .enumerate()
        .map(|(place, district)| (&district.id, place))
        .collect();
    table_size(
        ballot,
        register.units.iter().map(|unit| places[&unit.district]),
    )
}

/// What refusals call the units and their fields.
pub(crate) struct UnitFields {
    units: &'static str,
    district: &'static str,
    area: &'static str,
    counting_groups: &'static str,
    name: &'static str,
}

/// The names of a definition's text.
const DEFINITION_FIELDS: UnitFields = UnitFields {
    units: "register.units",
    district: "district",
    area: "area",
    counting_groups: "counting_groups",
    name: "name",
};

/// The names of the contract, in which the register is amended.
pub(crate) const AMENDMENT_FIELDS: UnitFields = UnitFields {
    units: "units",
    district: "district_id",
    area: "area_id",
    counting_groups: "counting_group_ids",
    name: "display_name",
};

/// Checks units against the ballot and the areas.
pub(crate) fn units(
    units: &[Unit],
    ballot: &Ballot,
    areas: &Register,
    fields: &UnitFields,
) -> Checked {
    distinct(fields.units, units.iter().map(|unit| &unit.id))?;
    let districts: HashSet<_> = ballot
        .contests
        .iter()
        .flat_map(|contest| &contest.districts)
        .map(|district| &district.id)
        .collect();
    let area_ids: HashSet<_> = areas.areas.iter().map(|area| &area.id).collect();
    for (place, unit) in units.iter().enumerate() {
        let field = |name: &str| format!("{}[{place}].{name}", fields.units);
        if !districts.contains(&unit.district) {
            let rule = format!("unit {}: must be a district of the ballot", unit.id);
            return Err(Refusal::new(
                RefusalCode::UnknownDistrict,
                field(fields.district),
                &unit.district,
                rule,
            ));
        }
        if let Some(area) = unit.area.as_ref().filter(|area| !area_ids.contains(area)) {
            return Err(shape(
                field(fields.area),
                area,
                format!("unit {}: must be an area of the register", unit.id),
            ));
        }
        if let Some(group) = unit
            .counting_groups
            .iter()
            .find(|group| !ballot.counting_groups.contains(group))
        {
            let rule = format!("unit {}: must be a counting group of the ballot", unit.id);
            return Err(Refusal::new(
                RefusalCode::UnknownCountingGroup,
                field(fields.counting_groups),
                group,
                rule,
            ));
        }
        if !unit.counting_groups.is_empty() {
            distinct(&field(fields.counting_groups), unit.counting_groups.iter())?;
        }
        most(
            &field(fields.name),
            unit.name.len(),
            256,
            "bytes of a unit's name",
        )?;
    }
    Ok(())
}

/// Checks rules against the ballot.
pub fn rules(rules: &Rules, ballot: &Ballot) -> Checked {
    seats("rules.house_size", rules.house_size)?;
    distinct(
        "rules.contests",
        rules.contests.iter().map(|contest| &contest.id),
    )?;
    for (number, contest) in rules.contests.iter().enumerate() {
        contest_rules(&format!("rules.contests[{number}]"), contest, ballot)?;
    }
    let allotted: u64 = rules.contests.iter().map(ContestRules::seats).sum();
    if allotted > u64::from(rules.house_size) {
        let rule = format!(
            "at least the {allotted} seats that the districts have together, with those of no district"
        );
        return Err(shape("rules.house_size", rules.house_size, rule));
    }
    for (number, identity) in rules.form.identities.iter().enumerate() {
        if identity.left.is_empty() || identity.right.is_empty() {
            let rule = "both sides name at least one number of the form";
            return Err(shape(format!("rules.form.identities[{number}]"), "", rule));
        }
    }
    most(
        "rules.form.identities",
        rules.form.identities.len(),
        100,
        "identities",
    )?;
    if rules.holds.version_jump_max == 0 {
        return Err(shape("rules.holds.version_jump_max", 0, "at least 1"));
    }
    let field = "rules.holds.ballots_per_roll_max";
    small_ratio(field, rules.holds.ballots_per_roll_max, 1_000_000_000)?;
    outstanding::rules(rules, ballot)
}

fn contest_rules(field: &str, rules: &ContestRules, ballot: &Ballot) -> Checked {
    let contest = ballot
        .contests
        .iter()
        .find(|contest| contest.id == rules.id)
        .ok_or_else(|| {
            let rule = "must be a contest of the ballot";
            Refusal::new(
                RefusalCode::UnknownContest,
                format!("{field}.id"),
                &rules.id,
                rule,
            )
        })?;
    if !matches!(rules.procedure(), Procedure::EachDistrict) {
        return districted::contest_rules(field, rules, contest, ballot);
    }
    if let Some(place) = rules
        .districts
        .iter()
        .position(|district| !district.parts.is_empty())
    {
        let rule =
            "only with tiers or double_proportional: each district here hands out its own seats";
        let id = &rules.districts[place].id;
        return Err(shape(format!("{field}.districts[{place}].parts"), id, rule));
    }
    let named = rules.districts.iter().map(|district| &district.id);
    if !named
        .clone()
        .eq(contest.districts.iter().map(|district| &district.id))
    {
        let known: Vec<&str> = contest
            .districts
            .iter()
            .map(|district| district.id.as_str())
            .collect();
        let rule = format!(
            "the seats of every district of the ballot, in its order: {}",
            known.join(", ")
        );
        let value = named
            .map(|district| district.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        return Err(shape(format!("{field}.districts"), value, rule));
    }
    for (place, district) in rules.districts.iter().enumerate() {
        seats(&format!("{field}.districts[{place}].seats"), district.seats)?;
    }
    if rules.stages.is_empty() {
        return Err(shape(
            format!("{field}.stages"),
            "",
            "at least one stage that hands out the seats",
        ));
    }
    parameters(rules).map_err(inside(field))?;
    if let Some(given) = &rules.threshold {
        threshold(&format!("{field}.threshold"), given)?;
    }
    if let Some(RescueRule::AdmitRunnerUp { factor, floor, .. }) = &rules.rescue {
        small_ratio(&format!("{field}.rescue.factor"), *factor, 1_000)?;
        if *floor > SEATS_MAX {
            return Err(shape(
                format!("{field}.rescue.floor"),
                floor,
                format!("at most {SEATS_MAX}"),
            ));
        }
    }
    let bonus_to = rules.bonus.as_ref().map(|bonus| bonus.to);
    if bonus_to == Some(BonusToRule::Office) {
        let rule = "most-votes or more-than-half: which list won an office is not among the counts of a ballot";
        return Err(shape(format!("{field}.bonus.to"), "office", rule));
    }
    let joined = rules.apparentment.is_some() || has_joined_lists(contest);
    let engine = engine_rules(rules, joined).check();
    engine.map_err(|error| shape(field, error.code(), error.to_string()))
}

/// Whether a bonus says how many seats it has in one way. Which office was won only a caller can say.
///
/// # Errors
/// The field that is missing, or stands beside another.
pub fn bonus(field: &str, rule: &BonusRule) -> Checked {
    let ways = [
        rule.seats.is_some(),
        rule.share.is_some(),
        rule.more_than_half,
    ];
    if ways.into_iter().filter(|given| *given).count() != 1 {
        let rule = "one of seats, share and more_than_half";
        return Err(shape(field, "", rule));
    }
    if rule.rounding.is_some() && rule.share.is_none() {
        let rule = "only with a share";
        return Err(shape(format!("{field}.rounding"), "", rule));
    }
    Ok(())
}

/// Checks that what takes a parameter has it, and nothing else has: a series of divisors that would be another one without it,
/// or a bonus of two sizes. It needs no ballot, so whoever only asks for seats is held to it as well.
///
/// # Errors
/// The first field that is missing or does not belong there, by its path in the rules of the contest.
pub fn parameters(rules: &ContestRules) -> Checked {
    chain("stages", &rules.stages)?;
    if let Some(apparentment) = &rules.apparentment {
        chain("apparentment.inside", &apparentment.inside)?;
    }
    if let Some(given) = &rules.bonus {
        bonus("bonus", given)?;
    }
    let stages = rules.tiers.iter().flat_map(|tiers| &tiers.stages);
    for (place, stage) in stages.enumerate() {
        let field = format!("tiers.stages[{place}]");
        if let TierStageRule::Bonus { bonus: given } = stage {
            bonus(&format!("{field}.bonus"), given)?;
        }
        if let Some(stages) = stage.chain() {
            chain(&format!("{field}.chain"), stages)?;
        }
    }
    rules.double_proportional.as_ref().map_or(Ok(()), |rule| {
        let UpperRule {
            divisors,
            first,
            exponent,
        } = rule.upper;
        series("double_proportional.upper", divisors, first, exponent)
    })
}

/// Puts the path of a part before the field of a refusal in it.
fn inside(path: &str) -> impl Fn(Refusal) -> Refusal {
    move |refusal| Refusal {
        field: format!("{path}.{}", refusal.field),
        ..refusal
    }
}

// The parameters of a chain's stages.
fn chain(field: &str, stages: &[StageRule]) -> Checked {
    for (place, stage) in stages.iter().enumerate() {
        match stage {
            StageRule::WholeQuotas { .. } | StageRule::LargestRemainder { .. } => {}
            StageRule::HighestAverages {
                divisors,
                first,
                exponent,
                limits: _,
            } => series(&format!("{field}[{place}]"), *divisors, *first, *exponent)?,
        }
    }
    Ok(())
}

// The parameters of a series of divisors.
fn series(
    field: &str,
    divisors: DivisorRule,
    first: Option<[u64; 2]>,
    exponent: Option<[u64; 2]>,
) -> Checked {
    let is_modified = divisors == DivisorRule::ModifiedSainteLague;
    let rule = "the first divisor, such as [14, 10], of modified-sainte-lague and of no other";
    own_fraction(&format!("{field}.first"), first, is_modified, 1_000, rule)?;
    let is_power = divisors == DivisorRule::Power;
    let rule = "the exponent, such as [9, 10], of power and of no other";
    let limit = EXPONENT_DENOMINATOR_MAX.into();
    own_fraction(
        &format!("{field}.exponent"),
        exponent,
        is_power,
        limit,
        rule,
    )
}

fn threshold(field: &str, threshold: &ThresholdRule) -> Checked {
    share(&format!("{field}.share"), threshold.share)?;
    for (place, coalition) in threshold.coalitions.iter().enumerate() {
        share(
            &format!("{field}.coalitions[{place}].share"),
            coalition.share,
        )?;
    }
    let ascends = threshold
        .coalitions
        .is_sorted_by(|before, after| before.parties < after.parties);
    if !ascends {
        let rule = "ascending in the number of parties, each once";
        return Err(shape(format!("{field}.coalitions"), "", rule));
    }
    if threshold.direct_seats_min.is_some() || threshold.in_one_district.is_some() {
        let rule = "only where the caller gives direct seats or votes of districts: a count here has neither";
        return Err(shape(field, "", rule));
    }
    Ok(())
}

fn has_joined_lists(contest: &ContestBallot) -> bool {
    let mut options = contest
        .districts
        .iter()
        .flat_map(|district| &district.options);
    options.any(|option| option.apparentment.is_some())
}

fn seats(field: &str, seats: u32) -> Checked {
    if (1..=SEATS_MAX).contains(&seats) {
        return Ok(());
    }
    Err(shape(
        field,
        seats,
        format!("between 1 and {SEATS_MAX} seats"),
    ))
}

fn ratio(field: &str, [numerator, denominator]: [u64; 2]) -> Checked {
    if numerator == 0 || denominator == 0 {
        let rule = "a fraction [numerator, denominator] of whole numbers above 0";
        return Err(shape(field, format!("[{numerator}, {denominator}]"), rule));
    }
    Ok(())
}

// A fraction that one series of divisors needs and the others must not have.
fn own_fraction(
    field: &str,
    given: Option<[u64; 2]>,
    needed: bool,
    limit: u64,
    rule: &str,
) -> Checked {
    match given {
        Some(fraction) if needed => small_ratio(field, fraction, limit),
        None if !needed => Ok(()),
        Some([above, below]) => Err(shape(field, format!("[{above}, {below}]"), rule)),
        None => Err(shape(field, "", rule)),
    }
}

// The engine compares keys exactly in whole numbers; small fractions keep its products small.
fn small_ratio(field: &str, fraction: [u64; 2], limit: u64) -> Checked {
    ratio(field, fraction)?;
    if fraction.iter().any(|number| *number > limit) {
        let [numerator, denominator] = fraction;
        return Err(shape(
            field,
            format!("[{numerator}, {denominator}]"),
            format!("both at most {limit}"),
        ));
    }
    Ok(())
}

fn share(field: &str, fraction: [u64; 2]) -> Checked {
    small_ratio(field, fraction, 1_000_000_000)?;
    let [numerator, denominator] = fraction;
    if numerator > denominator {
        return Err(shape(
            field,
            format!("[{numerator}, {denominator}]"),
            "a share of at most 1",
        ));
    }
    Ok(())
}

/// Checks a presentation against the ballot, and against the districts and regions of the rules.
pub fn presentation(presentation: &Presentation, ballot: &Ballot, rules: &Rules) -> Checked {
    let districts = || {
        ballot
            .contests
            .iter()
            .flat_map(|contest| &contest.districts)
    };
    let options: HashSet<_> = districts()
        .flat_map(|district| &district.options)
        .map(|option| &option.id)
        .collect();
    languages("presentation.title", presentation.title.keys())?;
    languages("presentation.notice", presentation.notice.keys())?;
    for (id, option) in &presentation.options {
        if !options.contains(id) {
            let rule = "must be an option of the ballot";
            return Err(Refusal::new(
                RefusalCode::UnknownOption,
                "presentation.options",
                id,
                rule,
            ));
        }
        let is_colour = |text: &String| {
            text.len() == 7
                && text.starts_with('#')
                && text[1..].chars().all(|c| c.is_ascii_hexdigit())
        };
        if let Some(colour) = option.colour.as_ref().filter(|colour| !is_colour(colour)) {
            return Err(shape(
                format!("presentation.options.{id}.colour"),
                colour,
                "a colour as #rrggbb",
            ));
        }
        let field = |name: &str| format!("presentation.options.{id}.{name}");
        languages(&field("name"), option.name.keys())?;
        languages(&field("short_names"), option.short_names.keys())?;
    }
    let of_rules = rules.contests.iter().flat_map(|contest| {
        let regions = contest.tiers.iter().flat_map(|tiers| &tiers.regions);
        let own = contest.districts.iter().map(|district| &district.id);
        own.chain(regions.map(|region| &region.id))
    });
    let known = districts().map(|district| &district.id).chain(of_rules);
    let known: HashSet<_> = known.collect();
    if let Some(id) = presentation.districts.keys().find(|id| !known.contains(id)) {
        let rule = "must be a district of the ballot, or a district or region of the rules";
        return Err(Refusal::new(
            RefusalCode::UnknownDistrict,
            "presentation.districts",
            id,
            rule,
        ));
    }
    for (id, names) in &presentation.districts {
        languages(&format!("presentation.districts.{id}"), names.keys())?;
    }
    for (id, names) in &presentation.contests {
        if !ballot.contests.iter().any(|contest| contest.id == *id) {
            let rule = "must be a contest of the ballot";
            let field = "presentation.contests";
            return Err(Refusal::new(RefusalCode::UnknownContest, field, id, rule));
        }
        languages(&format!("presentation.contests.{id}"), names.keys())?;
    }
    Ok(())
}

impl Definition {
    /// Reads a definition as TOML and checks it.
    ///
    /// # Errors
    ///
    /// What cannot be read is told with its path, line and column; the rest as by [`definition`].
    pub fn from_toml(text: &str) -> Result<Self, Refusal> {
        let parsed: Self = crate::toml_text::read_toml("definition", "", text)?;
        definition(&parsed)?;
        Ok(parsed)
    }
}
