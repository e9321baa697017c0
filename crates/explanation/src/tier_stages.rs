//! Tier stages by first places, single persons and quotas, and what is left in no district.

use crate::sub_allocation::contest_of;
use crate::subject::SUMMANDS_MAX;
use crate::threshold::base_key;
use crate::tiers::Writer;
use apportionment::tiers::{
    ConstituenciesResult, ElectedPerson, QuotaVotes, Quotas, QuotasResult, RemaindersResult,
    TierStageResult, Units, WholeResult,
};
use apportionment::{Allocation, BaseCounts, Contest, QuotaOf, Stage, ThresholdBase};

impl Writer<'_> {
    /// How many seats each district has, by its votes.
    pub fn seats_of_districts(
        &mut self,
        base: ThresholdBase,
        chain: &[Stage],
        allocation: &Allocation,
    ) {
        self.heading("districts.seats_of");
        let base = self.say(base_key(base), &[]);
        self.paragraph("districts.seats_of_explained", &[("base", base.into())]);
        let contest = contest_of(&competing(allocation).0, None, allocation.house);
        let districts = self.subject.districts;
        self.part(districts, chain, &contest, (0, allocation));
        let numbers = &self.messages.numbers;
        let seats = allocation.lists.iter().zip(districts);
        let rows = seats.map(|(list, name)| vec![name.clone(), numbers.whole(list.seats.into())]);
        let rows = rows.collect();
        let header = ["districts.district", "columns.seats"].map(|key| self.say(key, &[]));
        self.document.table(header.to_vec(), 1..2, rows);
    }

    /// Who came first in each constituency, and before whom.
    pub fn constituencies(&mut self, result: &ConstituenciesResult) {
        self.heading("districts.constituencies");
        self.paragraph("districts.constituencies_explained", &[]);
        let numbers = &self.messages.numbers;
        let constituencies = self.subject.contest.constituencies.iter();
        let rows = constituencies
            .zip(&result.first)
            .enumerate()
            .map(|(number, (one, first))| {
                let mut votes = one.votes.clone();
                votes.push(one.other_most);
                votes.sort_unstable_by(|one, other| other.cmp(one));
                let (most, next) = (votes[0], votes.get(1).copied().unwrap_or(0));
                let relation = if most > next { '>' } else { '=' };
                let claim = format!(
                    "{} {relation} {}",
                    numbers.whole(most.into()),
                    numbers.whole(next.into())
                );
                let name = match first {
                    Some(list) => self.list(*list).to_owned(),
                    None if result.undecided.contains(&number) => {
                        let lists = self.lists(one.leading().into_iter());
                        self.say("districts.undecided", &[("lists", lists.into())])
                    }
                    None if one.other_most > 0 => self.say("districts.without_list", &[]),
                    None => self.say("averages.none", &[]),
                };
                vec![
                    self.subject.constituencies[number].clone(),
                    self.subject.districts[one.district].clone(),
                    name,
                    claim,
                ]
            });
        let rows = rows.collect();
        let header = [
            "districts.constituency",
            "districts.district",
            "columns.list",
            "columns.votes",
        ];
        let header = header.map(|key| self.say(key, &[])).to_vec();
        self.document.table(header, 3..4, rows);
        self.first_places(&result.undecided);
    }

    /// Who reached what a seat of the district stands for.
    pub fn persons(&mut self, base: ThresholdBase, elected: &[ElectedPerson]) {
        self.heading("districts.persons");
        let base = self.say(base_key(base), &[]);
        self.paragraph("districts.persons_explained", &[("base", base.into())]);
        if elected.is_empty() {
            self.paragraph("districts.nobody_elected", &[]);
        }
        let numbers = &self.messages.numbers;
        let rows = elected.iter().map(|one| {
            let person = &self.subject.contest.persons[one.person];
            let (votes, quota) = (numbers.whole(person.votes.into()), numbers.exact(one.quota));
            vec![
                self.subject.persons[one.person].clone(),
                match person.list {
                    Some(list) => self.list(list).to_owned(),
                    None => self.say("districts.without_list", &[]),
                },
                self.subject.districts[person.district].clone(),
                format!("{votes} ≥ {quota}"),
            ]
        });
        let rows = rows.collect();
        let header = [
            "districts.person",
            "columns.list",
            "districts.district",
            "districts.person_claim",
        ];
        let header = header.map(|key| self.say(key, &[])).to_vec();
        self.document.table(header, 3..4, rows);
    }

    /// Seats by quotas, unit by unit.
    pub fn quotas(&mut self, rule: &Quotas, results: &[QuotasResult]) {
        self.heading(match rule.units {
            Units::Districts => "districts.quotas",
            Units::Regions => "districts.quotas_of_regions",
        });
        self.admission(&rule.admission);
        for (unit, result) in results.iter().enumerate() {
            let name = self.unit(rule.units, unit);
            let Some(allocation) = &result.allocation else {
                self.paragraph("districts.quotas_full", &[("unit", name.into())]);
                continue;
            };
            self.document.heading(3, name);
            if rule.units == Units::Districts {
                self.admission_here(&rule.admission, unit);
            }
            self.admitted(&result.admitted);
            let quota_of = self.quota_of(rule, unit);
            if let Some((base, of)) = quota_of {
                let values = [
                    ("base", self.say(base_key(base), &[]).into()),
                    ("votes", of.votes.into()),
                    ("seats", of.seats.into()),
                ];
                self.paragraph("districts.quotas_own", &values);
            }
            let (votes, held) = competing(allocation);
            let mut contest = Contest {
                quota_of: quota_of.map(|(_, of)| of),
                ..self.among_lists(&votes, None, allocation.house)
            };
            for (list, held) in contest.lists.iter_mut().zip(held) {
                list.held = held;
            }
            let lists = self.subject.lists;
            self.part(lists, &rule.chain, &contest, (unit, allocation));
        }
    }

    fn unit(&self, units: Units, unit: usize) -> String {
        match units {
            Units::Districts => self.subject.districts[unit].clone(),
            Units::Regions => self.region(unit),
        }
    }

    pub fn region(&self, region: usize) -> String {
        self.subject.regions[region].clone()
    }

    /// What the quotas of a district or region are of, where that is not the votes of those who take part.
    fn quota_of(&self, rule: &Quotas, unit: usize) -> Option<(ThresholdBase, QuotaOf)> {
        let (QuotaVotes::Own(base) | QuotaVotes::Region(base)) = rule.of else {
            return None;
        };
        let contest = self.subject.contest;
        let around = match (rule.units, rule.of) {
            (Units::Regions, _) => Some(unit),
            (Units::Districts, QuotaVotes::Region(_)) => contest
                .regions
                .iter()
                .position(|region| region.districts.contains(&unit)),
            (Units::Districts, _) => None,
        };
        let region = around.map(|region| &contest.regions[region]);
        let own = [unit];
        let members = region.map_or(&own[..], |region| &region.districts);
        let districts = || {
            members
                .iter()
                .map(|&one| &contest.districted.districts[one])
        };
        let counts = districts().map(|one| count(&one.votes, &one.base, base));
        let votes = u64::try_from(counts.sum::<Option<u128>>()?).ok()?;
        let seats = self.seats_of(members) + region.map_or(0, |region| region.further_seats);
        (votes > 0 && seats > 0).then_some((base, QuotaOf { votes, seats }))
    }

    /// The districts' own seats, which an earlier stage may have settled.
    pub fn seats_of(&self, members: &[usize]) -> u32 {
        let settled = self.subject.allocation.stages.iter().find_map(|stage| {
            let TierStageResult::SeatsOfDistricts(allocation) = stage else {
                return None;
            };
            Some(allocation)
        });
        let districts = &self.subject.contest.districted.districts;
        let seats = members.iter().map(|&one| match settled {
            Some(allocation) => allocation.lists[one].seats,
            None => districts[one].seats,
        });
        seats.sum()
    }

    /// Seats by the votes that the quotas before did not use up.
    pub fn remainders(&mut self, chain: &[Stage], result: &RemaindersResult) {
        self.heading("districts.remainders");
        self.paragraph("districts.remainders_explained", &[]);
        let mut stages = self.subject.allocation.stages.iter().rev();
        let quotas = stages.find_map(|stage| match stage {
            TierStageResult::Quotas(results) => Some(results),
            _ => None,
        });
        let units: Vec<&Allocation> = quotas
            .into_iter()
            .flatten()
            .filter_map(|unit| unit.allocation.as_ref())
            .collect();
        let numbers = &self.messages.numbers;
        let lists = result.votes.iter().enumerate();
        let points = lists.filter(|(_, votes)| **votes > 0).map(|(list, votes)| {
            let left = units.iter().map(|unit| unused(unit, list));
            let claim = if units.len() <= SUMMANDS_MAX {
                numbers.sum(left)
            } else {
                numbers.whole((*votes).into())
            };
            let values = [("list", self.list(list).into()), ("claim", claim.into())];
            self.say("districts.list_sum", &values)
        });
        let points = points.collect();
        self.document.points(points);
        if let Some(allocation) = &result.allocation {
            let contest = self.among_lists(&result.votes, None, allocation.house);
            let lists = self.subject.lists;
            self.part(lists, chain, &contest, (0, allocation));
        }
        self.due(result.due.as_deref());
    }

    /// Seats that lists hold in no district.
    pub fn above(&mut self, seats: &[u32]) {
        self.heading("districts.above");
        let numbers = &self.messages.numbers;
        let held = seats.iter().enumerate().filter(|(_, seats)| **seats > 0);
        let points: Vec<String> = held
            .map(|(list, seats)| {
                let claim = numbers.whole((*seats).into());
                let values = [("list", self.list(list).into()), ("claim", claim.into())];
                self.say("districts.list_sum", &values)
            })
            .collect();
        self.paragraph(
            if points.is_empty() {
                "districts.above_nobody"
            } else {
                "districts.above_explained"
            },
            &[],
        );
        self.document.points(points);
    }

    /// Seats beyond what is due that lists keep and by which the house grows.
    pub fn grown(&mut self, result: &WholeResult) {
        let (Some(due), Some(last)) = (&result.due, result.rounds.last()) else {
            return;
        };
        let numbers = &self.messages.numbers;
        let lists = due.iter().zip(&last.allocation.lists).enumerate();
        let points = lists
            .filter(|(list, (due, given))| result.admitted[*list] && **due > given.seats)
            .map(|(list, (due, given))| {
                let claim = numbers.difference((*due).into(), given.seats.into());
                let values = [("list", self.list(list).into()), ("claim", claim.into())];
                self.say("districts.kept_more", &values)
            });
        let points = points.collect();
        self.document.points(points);
    }
}

/// Votes and seats held beforehand, by list, as a sub-allocation met them; none of a list that did not compete.
fn competing(allocation: &Allocation) -> (Vec<u64>, Vec<u32>) {
    let lists = allocation.lists.len();
    let (mut votes, mut held) = (vec![0; lists], vec![0; lists]);
    for one in allocation
        .stages
        .iter()
        .take(1)
        .flat_map(|stage| &stage.contenders)
    {
        // The votes of a list in a district are 64 bits.
        votes[one.list] = u64::try_from(one.votes).unwrap_or(u64::MAX);
        held[one.list] = one.seats_before;
    }
    (votes, held)
}

/// Votes of a list that its seats in a district or region did not use up.
fn unused(unit: &Allocation, list: usize) -> u128 {
    let votes = u128::from(competing(unit).0[list]);
    let quota = unit.stages.last().and_then(|stage| stage.quota);
    let quota = quota.map_or(0, |quota| quota.numerator().unsigned_abs());
    votes.saturating_sub(u128::from(unit.lists[list].seats) * quota)
}

/// The votes of a district as they are counted; `None` where that count is not known.
pub(crate) fn count(votes: &[u64], counts: &BaseCounts, base: ThresholdBase) -> Option<u128> {
    let given = match base {
        ThresholdBase::ListVotes => return Some(votes.iter().copied().map(u128::from).sum()),
        ThresholdBase::ValidVotes => counts.valid_votes,
        ThresholdBase::ValidAndAgainstAll => counts.valid_and_against_all,
        ThresholdBase::BallotsInBox => counts.ballots_in_box,
        ThresholdBase::BallotsIssued => counts.ballots_issued,
    };
    given.map(u128::from)
}
