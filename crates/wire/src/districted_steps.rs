//! How seats in districts that hang together came about, stage by stage, and what proves them.

use crate::allocation::v1 as proto;
use crate::allocation_result::{Lists, ratio};
use crate::common::v1::{self as common, SeatRow};
use crate::districted_distances::{distances, district_margins, house_margins, margins_note};
use crate::districted_result::texts;
use apportionment::double_proportional::{
    self, CellStep, Divisor, DoubleAllocation, DoubleProportional, LineSteps,
};
use apportionment::tiers::{
    self, CoverStep, ElectedPerson, Place, PlaceStep, PlacedSeat, ReturnedSeat, TierAllocation,
    TierContest, TierRules, TierStageResult, TierSteps,
};
use apportionment::{Allocation, DistrictedContest, DistrictedMargins};
use election::districted::{Asked, DistrictedAllocation, DistrictedQuestion, DistrictedResult};

/// The steps of a result that the verifier accepted; `None` of one that it refused, because they would give the seats away.
/// With these margins.
pub fn districted_steps(
    question: &DistrictedQuestion,
    result: &DistrictedResult,
    margins: &DistrictedMargins,
) -> Option<proto::DistrictedSteps> {
    let namer = Namer::of(question);
    match (&question.asked, result.allocation()?) {
        (Asked::Tiers { contest, rules, .. }, DistrictedAllocation::Tiers(allocation)) => {
            Some(proto::DistrictedSteps {
                stages: namer.tiers(contest, rules, allocation),
                double_proportional: None,
                verified: true,
                overall_distances: distances(
                    &namer.lists,
                    &contest.districted,
                    &rules.overall_thresholds(),
                ),
                margins_note: margins_note(margins),
                district_margins: district_margins(
                    &namer.lists,
                    &namer.districts,
                    &margins.districts,
                ),
                house_margins: house_margins(&namer.lists, &namer.districts, &margins.house),
            })
        }
        (
            Asked::DoubleProportional { contest, rules, .. },
            DistrictedAllocation::DoubleProportional(allocation),
        ) => Some(proto::DistrictedSteps {
            stages: Vec::new(),
            double_proportional: Some(namer.double(contest, rules, allocation)),
            verified: true,
            overall_distances: {
                let share = rules.quorum.overall.iter().map(|share| (0, share));
                distances(&namer.lists, contest, &share.collect::<Vec<_>>())
            },
            margins_note: margins_note(margins),
            district_margins: Vec::new(),
            house_margins: house_margins(&namer.lists, &namer.districts, &margins.house),
        }),
        (Asked::Tiers { .. }, DistrictedAllocation::DoubleProportional(_))
        | (Asked::DoubleProportional { .. }, DistrictedAllocation::Tiers(_)) => None,
    }
}

/// Ids as texts, by position.
struct Namer {
    lists: Vec<String>,
    districts: Vec<String>,
    regions: Vec<String>,
    constituencies: Vec<String>,
    persons: Vec<String>,
}

/// What a stage is, with what of it is in no step.
struct Kind {
    procedure: proto::TierProcedure,
    text: &'static str,
}

/// Every result of a stage has words here.
fn kind(result: &TierStageResult) -> Kind {
    use proto::TierProcedure as Is;
    let (procedure, text) = match result {
        TierStageResult::Districts(_) => (Is::Districts, "each district hands out its own seats"),
        TierStageResult::SeatsOfDistricts(_) => (
            Is::SeatsOfDistricts,
            "the seats of the house are shared out among the districts",
        ),
        TierStageResult::Constituencies(_) => (
            Is::Constituencies,
            "who came first in a constituency has a seat",
        ),
        TierStageResult::Persons(_) => (Is::Persons, "persons have seats by votes of their own"),
        TierStageResult::Quotas(_) => (Is::Quotas, "districts or regions hand out seats by quotas"),
        TierStageResult::Remainders(_) => {
            (Is::Remainders, "what quotas left is shared by unused votes")
        }
        TierStageResult::Above(_) => (Is::Above, "what is due is held in no district"),
        TierStageResult::Bonus => (Is::Bonus, "the house gives one list seats beyond its votes"),
        TierStageResult::Majority(_) => (
            Is::Majority,
            "more than half of the votes are owed more than half of the seats",
        ),
        TierStageResult::Whole(_) => (Is::Whole, "what is due to each list in the house"),
        TierStageResult::Return(_) => (Is::GiveBack, "seats beyond what is due go back"),
        TierStageResult::Place(_) => (Is::Place, "seats are placed in districts"),
        TierStageResult::Regions(_) => (Is::Regions, "seats are placed in regions"),
        TierStageResult::Inside(_) => {
            (Is::Inside, "seats of regions are placed in their districts")
        }
        TierStageResult::Shares(_) => (
            Is::Shares,
            "what is due to a list is shared out among districts",
        ),
        TierStageResult::Cover(_) => (Is::Cover, "who came first takes the seats of the list"),
    };
    Kind { procedure, text }
}

impl Namer {
    fn of(question: &DistrictedQuestion) -> Self {
        let names = &question.names;
        Self {
            lists: texts(&names.lists),
            districts: texts(&names.districts),
            regions: texts(&names.regions),
            constituencies: texts(&names.constituencies),
            persons: texts(&names.persons),
        }
    }

    fn tiers(
        &self,
        contest: &TierContest,
        rules: &TierRules,
        allocation: &TierAllocation,
    ) -> Vec<proto::TierSteps> {
        let steps = tiers::explain(contest, rules, allocation);
        let stages = (0_u32..).zip(allocation.stages.iter().zip(steps));
        stages
            .map(|(stage, (result, steps))| self.tier(contest, stage, result, steps))
            .collect()
    }

    fn tier(
        &self,
        contest: &TierContest,
        stage: u32,
        result: &TierStageResult,
        steps: TierSteps,
    ) -> proto::TierSteps {
        let Kind { procedure, text } = kind(result);
        let mut sent = proto::TierSteps {
            stage,
            procedure: procedure.into(),
            parts: self.parts(result),
            text: text.into(),
            ..Default::default()
        };
        // The places of regions are called by the names of regions.
        let districts = if procedure == proto::TierProcedure::Regions {
            &self.regions
        } else {
            &self.districts
        };
        match steps {
            // Ordinary allocations are unrolled with their certificates above.
            TierSteps::Parts(_) => {}
            TierSteps::Constituencies(first) => {
                let places = first.iter().enumerate().filter_map(|(number, list)| {
                    Some(common::TiedPlace {
                        district_id: String::new(),
                        option_id: self.lists.get((*list)?)?.clone(),
                        constituency_id: self.constituencies.get(number)?.clone(),
                    })
                });
                sent.first_places = places.collect();
            }
            TierSteps::Persons(elected) => {
                let persons = elected.iter();
                sent.persons = persons.map(|one| self.person(contest, *one)).collect();
            }
            TierSteps::Above(seats) => sent.due = self.rows(&seats),
            TierSteps::Returned(returned) => {
                let seats = returned.iter();
                sent.returned = seats.map(|seat| self.returned(districts, seat)).collect();
            }
            TierSteps::Placed(placed) => {
                let seats = placed.iter();
                sent.placed = seats.map(|seat| self.placed(districts, seat)).collect();
            }
            TierSteps::Covered(covered) => {
                let persons = covered.iter();
                sent.covered = persons.map(|step| self.covered(districts, step)).collect();
            }
        }
        match result {
            TierStageResult::Whole(result) => {
                sent.admitted_option_ids = named(&self.lists, &result.admitted);
                sent.due = self.rows(result.due.as_deref().unwrap_or_default());
            }
            TierStageResult::Remainders(result) => {
                sent.due = self.rows(result.due.as_deref().unwrap_or_default());
            }
            TierStageResult::Place(result) | TierStageResult::Regions(result) => {
                sent.seats_left_over = result.left_over;
            }
            TierStageResult::Inside(results) => {
                sent.seats_left_over = results.iter().map(|result| result.left_over).sum();
            }
            TierStageResult::Majority(result) => {
                let row = result.to.map(|list| SeatRow {
                    option_id: self.lists[list].clone(),
                    seats: result.seats,
                });
                sent.due = row.into_iter().collect();
            }
            TierStageResult::SeatsOfDistricts(_)
            | TierStageResult::Constituencies(_)
            | TierStageResult::Persons(_)
            | TierStageResult::Quotas(_)
            | TierStageResult::Above(_)
            | TierStageResult::Bonus
            | TierStageResult::Districts(_)
            | TierStageResult::Return(_)
            | TierStageResult::Shares(_)
            | TierStageResult::Cover(_) => {}
        }
        sent
    }

    fn rows(&self, seats: &[u32]) -> Vec<SeatRow> {
        let rows = self.lists.iter().zip(seats);
        rows.map(|(id, seats)| SeatRow {
            option_id: id.clone(),
            seats: *seats,
        })
        .collect()
    }

    fn parts(&self, result: &TierStageResult) -> Vec<proto::PartSteps> {
        match result {
            TierStageResult::Districts(results) => results
                .iter()
                .zip(&self.districts)
                .map(|(result, district)| proto::PartSteps {
                    part_id: district.clone(),
                    admitted_option_ids: named(&self.lists, &result.admitted),
                    ..part(&self.lists, &result.allocation)
                })
                .collect(),
            TierStageResult::Whole(result) => (0_u32..)
                .zip(&result.rounds)
                .map(|(round, entry)| {
                    let ids = |lists: &[usize]| {
                        let ids = lists.iter().map(|&list| self.lists[list].clone());
                        ids.collect()
                    };
                    proto::PartSteps {
                        round,
                        leaving_option_ids: ids(&entry.leaving),
                        capped_option_ids: ids(&entry.capped),
                        ..part(&self.lists, &entry.allocation)
                    }
                })
                .collect(),
            TierStageResult::Shares(results) => results
                .iter()
                .zip(&self.lists)
                .filter_map(|(allocation, list)| {
                    Some(proto::PartSteps {
                        part_id: list.clone(),
                        ..part(&self.districts, allocation.as_ref()?)
                    })
                })
                .collect(),
            TierStageResult::SeatsOfDistricts(allocation) => {
                vec![part(&self.districts, allocation)]
            }
            TierStageResult::Quotas(results) => {
                // There is one for each district, or one for each region.
                let units = if results.len() == self.districts.len() {
                    &self.districts
                } else {
                    &self.regions
                };
                let units = results.iter().zip(units);
                units
                    .filter_map(|(result, unit)| {
                        Some(proto::PartSteps {
                            part_id: unit.clone(),
                            admitted_option_ids: named(&self.lists, &result.admitted),
                            ..part(&self.lists, result.allocation.as_ref()?)
                        })
                    })
                    .collect()
            }
            TierStageResult::Remainders(result) => {
                let allocation = result.allocation.iter();
                allocation
                    .map(|allocation| part(&self.lists, allocation))
                    .collect()
            }
            TierStageResult::Constituencies(_)
            | TierStageResult::Persons(_)
            | TierStageResult::Above(_)
            | TierStageResult::Bonus
            | TierStageResult::Majority(_)
            | TierStageResult::Return(_)
            | TierStageResult::Place(_)
            | TierStageResult::Regions(_)
            | TierStageResult::Inside(_)
            | TierStageResult::Cover(_) => Vec::new(),
        }
    }

    fn person(&self, contest: &TierContest, elected: ElectedPerson) -> proto::ElectedPerson {
        let ElectedPerson { person, quota } = elected;
        let votes = &contest.persons[person];
        proto::ElectedPerson {
            place: Some(common::TiedPlace {
                district_id: self.districts[votes.district].clone(),
                option_id: self.persons.get(person).cloned().unwrap_or_default(),
                constituency_id: String::new(),
            }),
            votes: votes.votes,
            quota: Some(ratio(quota)),
        }
    }

    fn place(&self, districts: &[String], place: Place) -> common::TiedPlace {
        let Place {
            district,
            list,
            constituency,
        } = place;
        let constituency = constituency.and_then(|number| self.constituencies.get(number));
        common::TiedPlace {
            district_id: districts.get(district).cloned().unwrap_or_default(),
            option_id: self.lists[list].clone(),
            constituency_id: constituency.cloned().unwrap_or_default(),
        }
    }

    fn keyed(&self, districts: &[String], seat: PlacedSeat) -> proto::KeyedPlace {
        let PlacedSeat { place, key } = seat;
        proto::KeyedPlace {
            place: Some(self.place(districts, place)),
            key: Some(ratio(key)),
        }
    }

    fn returned(&self, districts: &[String], seat: &ReturnedSeat) -> proto::ReturnStep {
        let ReturnedSeat { from, to } = *seat;
        proto::ReturnStep {
            from: Some(self.keyed(districts, from)),
            to: to.map(|to| self.keyed(districts, to)),
        }
    }

    fn placed(&self, districts: &[String], step: &PlaceStep) -> proto::PlaceStep {
        let PlaceStep {
            seat,
            placed,
            votes,
            seats_before,
            divisor,
            votes_per_seat,
            next_in_line,
        } = *step;
        proto::PlaceStep {
            seat_number: seat,
            placed: Some(self.keyed(districts, placed)),
            votes,
            seats_before,
            divisor: Some(ratio(divisor)),
            votes_per_seat: votes_per_seat.map(ratio),
            next_in_line: next_in_line.map(|next| self.keyed(districts, next)),
        }
    }

    fn covered(&self, districts: &[String], step: &CoverStep) -> proto::CoverStep {
        let CoverStep {
            person,
            votes,
            valid,
            rank,
            seats,
            covered,
        } = *step;
        proto::CoverStep {
            person: Some(self.keyed(districts, person)),
            votes,
            valid_votes: valid.to_string(),
            rank: u32::try_from(rank).unwrap_or(u32::MAX),
            seats,
            is_covered: covered,
        }
    }

    fn double(
        &self,
        contest: &DistrictedContest,
        rules: &DoubleProportional,
        allocation: &DoubleAllocation,
    ) -> proto::DoubleProportionalSteps {
        let numbers = self.lists.iter().zip(&allocation.voters_numbers);
        let numbers = numbers.zip(&allocation.quorum);
        let lines = double_proportional::explain(contest, rules, allocation);
        proto::DoubleProportionalSteps {
            voters_numbers: numbers
                .filter(|(_, reached)| **reached)
                .map(|((id, numerator), _)| proto::VotersNumber {
                    option_id: id.clone(),
                    numerator: *numerator,
                })
                .collect(),
            voters_numbers_denominator: allocation.voters_numbers_denominator,
            upper: Some(proto::PartSteps {
                admitted_option_ids: named(&self.lists, &allocation.quorum),
                ..part(&self.lists, &allocation.upper)
            }),
            lines: lines.iter().map(|line| self.line(line)).collect(),
        }
    }

    fn line(&self, line: &LineSteps) -> proto::LineSteps {
        let LineSteps {
            district,
            divisor,
            cells,
        } = line;
        let cell = |cell: &CellStep| {
            let CellStep {
                list,
                votes,
                list_divisor,
                quotient: (whole, thousandths),
                seats,
                tied,
                next_at: (numerator, denominator),
            } = cell;
            proto::CellStep {
                option_id: self.lists[*list].clone(),
                votes: *votes,
                list_divisor: Some(divisor_message(list_divisor)),
                quotient_whole: whole.to_string(),
                quotient_thousandths: u32::from(*thousandths),
                seats: *seats,
                is_tied: *tied,
                next_at: Some(proto::Fraction {
                    numerator: *numerator,
                    denominator: *denominator,
                }),
            }
        };
        proto::LineSteps {
            district_id: self.districts[*district].clone(),
            divisor: Some(divisor_message(divisor)),
            cells: cells.iter().map(cell).collect(),
        }
    }
}

fn divisor_message(divisor: &Divisor) -> proto::Ratio {
    proto::Ratio {
        numerator: divisor.numerator().to_string(),
        denominator: divisor.denominator().to_string(),
        exponent: None,
    }
}

/// One ordinary allocation with its certificate; its competitors have these ids.
fn part(ids: &[String], allocation: &Allocation) -> proto::PartSteps {
    let lists = Lists::new(ids);
    proto::PartSteps {
        part_id: String::new(),
        round: 0,
        seats: allocation.house,
        stages: lists.steps(&apportionment::explain(allocation)),
        certificate: lists.stages(allocation),
        ties: lists.ties(allocation),
        admitted_option_ids: Vec::new(),
        leaving_option_ids: Vec::new(),
        capped_option_ids: Vec::new(),
    }
}

fn named(ids: &[String], chosen: &[bool]) -> Vec<String> {
    let chosen = ids.iter().zip(chosen).filter(|(_, chosen)| **chosen);
    chosen.map(|(id, _)| id.clone()).collect()
}
