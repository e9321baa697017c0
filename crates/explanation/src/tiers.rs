//! Seats in tiers: each stage of the law in its turn, districts and the house by the words of single contests.

use crate::document::Document;
use crate::language::{Language, Messages, Value};
use crate::sub_allocation::{contest_of, sub_allocation};
use crate::tier_ties::{VoidPlaces, void_lots};
use apportionment::tiers::{
    CoverStep, Place, PlaceStep, PlacedSeat, Placement, ReturnedSeat, Surplus, TierAllocation,
    TierContest, TierLots, TierRules, TierStage, TierStageResult, TierSteps, explain,
};
use apportionment::{Allocation, Contest, DistrictedMargins, Lot, Ratio, Stage};

/// A result in tiers with the question that it answers.
#[derive(Clone, Copy, Debug)]
pub struct TierSubject<'a> {
    /// What stands above it; empty: nothing does.
    pub title: &'a str,
    /// What must be shown with everything, such as that votes are invented; empty: nothing must.
    pub notice: &'a str,
    /// What the lists are called, in their order.
    pub lists: &'a [String],
    /// What the districts are called, in their order.
    pub districts: &'a [String],
    /// What the constituencies are called, in their order.
    pub constituencies: &'a [String],
    /// What the regions are called, in their order.
    pub regions: &'a [String],
    /// What the persons with votes of their own are called, in their order.
    pub persons: &'a [String],
    /// The votes.
    pub contest: &'a TierContest,
    /// The law.
    pub rules: &'a TierRules,
    /// The lots that were drawn.
    pub lots: &'a TierLots,
    /// Lots that were drawn and not used.
    pub void_lots: &'a [VoidPlaces],
    /// The answer of [`apportionment::tiers::allocate`] to just this question.
    pub allocation: &'a TierAllocation,
    /// What would change seats, if that is asked for; empty otherwise.
    pub margins: &'a DistrictedMargins,
}

/// Explains seats in tiers, stage by stage.
///
/// # Panics
/// If there are fewer names than lists, districts, constituencies, regions or persons, or the allocation is that of another contest.
#[must_use]
pub fn tiers(subject: TierSubject<'_>, language: Language) -> Document {
    let mut writer = Writer {
        subject,
        language,
        messages: language.messages(),
        document: Document::default(),
        stage: 0,
        in_regions: false,
    };
    writer.document.head(subject.title, subject.notice);
    writer.result();
    let steps = explain(subject.contest, subject.rules, subject.allocation);
    let stages = subject.rules.stages.iter().zip(&subject.allocation.stages);
    for (number, ((rule, result), steps)) in stages.zip(&steps).enumerate() {
        writer.stage = number;
        writer.in_regions = matches!(rule, TierStage::Regions(_));
        writer.stage(rule, result, steps);
        writer.drawn();
    }
    writer.distances();
    writer.own_margins();
    void_lots(&mut writer.document, writer.messages, subject.void_lots);
    writer.document
}

pub(crate) struct Writer<'a> {
    pub subject: TierSubject<'a>,
    pub language: Language,
    pub messages: &'static Messages,
    pub document: Document,
    /// The number of the stage that is told.
    pub stage: usize,
    /// Whether the places of the stage that is told are regions.
    pub in_regions: bool,
}

impl Writer<'_> {
    pub fn say(&self, key: &str, values: &[(&str, Value)]) -> String {
        self.messages.say(key, values)
    }

    pub fn heading(&mut self, key: &str) {
        let text = self.say(key, &[]);
        self.document.heading(2, text);
    }

    pub fn paragraph(&mut self, key: &str, values: &[(&str, Value)]) {
        let text = self.say(key, values);
        self.document.paragraph(text);
    }

    pub fn list(&self, list: usize) -> &str {
        &self.subject.lists[list]
    }

    /// What is due to each list in all, where that is settled.
    pub fn due(&mut self, due: Option<&[u32]>) {
        let Some(due) = due else { return };
        let due = due.iter().enumerate().filter(|(_, seats)| **seats > 0);
        let due = due.map(|(list, seats)| {
            let seats = self.messages.numbers.whole((*seats).into());
            format!("{} {seats}", self.list(list))
        });
        let due: Vec<String> = due.collect();
        self.paragraph("districts.due", &[("seats", due.join(", ").into())]);
    }

    fn stage(&mut self, rule: &TierStage, result: &TierStageResult, steps: &TierSteps) {
        match (rule, result, steps) {
            (TierStage::Districts { admission, chain }, TierStageResult::Districts(results), _) => {
                self.heading("districts.own");
                self.admission(admission);
                let districts = &self.subject.contest.districted.districts;
                let parts = results.iter().zip(districts).enumerate();
                for (district, (result, votes)) in parts {
                    let name = self.subject.districts[district].clone();
                    self.document.heading(3, name);
                    self.admission_here(admission, district);
                    let admitted = Some(&result.admitted[..]);
                    let allocation = &result.allocation;
                    let contest = self.among_lists(&votes.votes, admitted, allocation.house);
                    let lists = self.subject.lists;
                    self.part(lists, chain, &contest, (district, allocation));
                }
            }
            (
                TierStage::Whole {
                    admission,
                    chain,
                    surplus,
                },
                TierStageResult::Whole(result),
                _,
            ) => {
                self.heading("districts.house");
                self.paragraph("districts.house_due", &[]);
                self.admission(admission);
                self.admitted(&result.admitted);
                self.first_places_open(result);
                let mut admitted = result.admitted.clone();
                let votes = self.list_votes();
                for (number, round) in result.rounds.iter().enumerate() {
                    let allocation = &round.allocation;
                    let contest = self.among_lists(&votes, Some(&admitted), allocation.house);
                    let lists = self.subject.lists;
                    self.part(lists, chain, &contest, (number, allocation));
                    if !round.leaving.is_empty() {
                        let lists = self.lists(round.leaving.iter().copied());
                        let key = match surplus {
                            Surplus::KeptWithLevel => "districts.leaving_level",
                            Surplus::Kept | Surplus::Added | Surplus::Returned => {
                                "districts.leaving"
                            }
                        };
                        self.paragraph(key, &[("lists", lists.into())]);
                    }
                    if !round.capped.is_empty() {
                        let lists = self.lists(round.capped.iter().copied());
                        self.paragraph("districts.capped", &[("lists", lists.into())]);
                    }
                    let gone = round.leaving.iter().chain(&round.capped);
                    gone.for_each(|&list| admitted[list] = false);
                }
                self.due(result.due.as_deref());
                if *surplus == Surplus::Added {
                    self.grown(result);
                }
            }
            (TierStage::Shares { chain }, TierStageResult::Shares(results), _) => {
                self.heading("districts.shares");
                for (list, result) in results.iter().enumerate() {
                    let Some(result) = result else { continue };
                    let districts = self.subject.contest.districted.districts.iter();
                    let votes: Vec<u64> = districts.map(|district| district.votes[list]).collect();
                    let contest = contest_of(&votes, None, result.house);
                    let name = self.list(list).to_owned();
                    self.document.heading(3, name);
                    let districts = self.subject.districts;
                    self.part(districts, chain, &contest, (list, result));
                }
            }
            (_, TierStageResult::Return(result), TierSteps::Returned(returned)) => {
                self.returned(returned);
                self.place_tie(result.tie.as_ref());
            }
            (
                _,
                TierStageResult::Place(result) | TierStageResult::Regions(result),
                TierSteps::Placed(steps),
            ) => {
                self.placed(steps);
                self.place_tie(result.tie.as_ref());
                if let TierStage::Place(Placement {
                    per_district: Some(most),
                    ..
                }) = rule
                {
                    let seats = [("seats", (*most).into())];
                    self.paragraph("districts.per_district", &seats);
                }
                if result.left_over > 0 {
                    let seats = [("seats", result.left_over.into())];
                    self.paragraph("districts.unplaced", &seats);
                }
            }
            (_, TierStageResult::Inside(results), TierSteps::Placed(steps)) => {
                self.placed(steps);
                results
                    .iter()
                    .for_each(|result| self.place_tie(result.tie.as_ref()));
            }
            (_, TierStageResult::Cover(result), TierSteps::Covered(steps)) => {
                self.covered(steps);
                self.first_places(&result.undecided);
                result
                    .lines
                    .iter()
                    .for_each(|line| self.place_tie(line.tie.as_ref()));
            }
            (
                TierStage::SeatsOfDistricts { base, chain },
                TierStageResult::SeatsOfDistricts(result),
                _,
            ) => self.seats_of_districts(*base, chain, result),
            (_, TierStageResult::Constituencies(result), _) => self.constituencies(result),
            (TierStage::Persons { base }, TierStageResult::Persons(elected), _) => {
                self.persons(*base, elected);
            }
            (TierStage::Quotas(quotas), TierStageResult::Quotas(results), _) => {
                self.quotas(quotas, results);
            }
            (TierStage::Remainders { chain }, TierStageResult::Remainders(result), _) => {
                self.remainders(chain, result);
            }
            (_, TierStageResult::Above(seats), _) => self.above(seats),
            (_, TierStageResult::Majority(result), _) => {
                self.heading("districts.majority");
                match result.to {
                    None => self.paragraph("districts.majority_met", &[]),
                    Some(list) => {
                        let values = [
                            ("list", self.list(list).into()),
                            ("seats", result.seats.into()),
                        ];
                        self.paragraph("districts.majority_owed", &values);
                    }
                }
            }
            // A result of other rules has nothing to be told by.
            _ => {}
        }
    }

    /// One sub-allocation, in the words of a single contest.
    pub fn part(
        &mut self,
        names: &[String],
        chain: &[Stage],
        contest: &Contest,
        (part, allocation): (usize, &Allocation),
    ) {
        let lots = self.subject.lots.inside.iter();
        let lots = lots.filter(|lot| (lot.stage, lot.part) == (self.stage, part));
        let lots: Vec<Lot> = lots.map(|lot| lot.lot.clone()).collect();
        let rules = (chain, &self.subject.rules.ties[..]);
        let asked = (contest, &lots[..]);
        let document = sub_allocation(self.language, names, rules, asked, allocation);
        self.document.append(document);
        self.endings_inside(names, part, allocation);
    }

    /// Lists as a contest of their own: those that take no part compete without votes.
    pub fn among_lists(&self, votes: &[u64], admitted: Option<&[bool]>, seats: u32) -> Contest {
        let mut contest = contest_of(votes, admitted, seats);
        let known = &self.subject.contest.districted.lists;
        for (list, known) in contest.lists.iter_mut().zip(known) {
            list.registration = known.registration;
        }
        contest
    }

    pub fn admitted(&mut self, admitted: &[bool]) {
        let lists = (0..admitted.len()).filter(|&list| admitted[list]);
        let lists = self.lists(lists);
        self.paragraph("districts.admitted", &[("lists", lists.into())]);
    }

    pub fn lists(&self, lists: impl Iterator<Item = usize>) -> String {
        let names: Vec<String> = lists.map(|list| self.list(list).to_owned()).collect();
        self.messages.all_of(&names)
    }

    pub fn list_votes(&self) -> Vec<u64> {
        let districted = &self.subject.contest.districted;
        let votes = |list: usize| {
            let districts = districted.districts.iter();
            districts.map(|district| district.votes[list]).sum()
        };
        (0..districted.lists.len()).map(votes).collect()
    }

    fn returned(&mut self, returned: &[ReturnedSeat]) {
        self.heading("districts.returned");
        let numbers = &self.messages.numbers;
        let points = returned.iter().map(|seat| {
            let from = seat.from.place;
            let mut values = vec![
                ("list", self.list(from.list).into()),
                (
                    "district",
                    self.subject.districts[from.district].as_str().into(),
                ),
                ("key", numbers.fraction(seat.from.key).into()),
            ];
            let Some(to) = seat.to else {
                return self.say("districts.back_open", &values);
            };
            values.push(("other", self.list(to.place.list).into()));
            values.push(("next", numbers.fraction(to.key).into()));
            self.say("districts.back", &values)
        });
        let points = points.collect();
        self.document.points(points);
    }

    fn placed(&mut self, steps: &[PlaceStep]) {
        let (heading, explained, column) = if self.in_regions {
            (
                "districts.placed_regions",
                "districts.placed_regions_explained",
                "districts.region_column",
            )
        } else {
            (
                "districts.placed",
                "districts.placed_explained",
                "districts.district",
            )
        };
        self.heading(heading);
        self.paragraph(explained, &[]);
        let rows = steps.iter().map(|step| {
            let place = step.placed.place;
            let next = step.next_in_line.map(|next| self.seat(next));
            vec![
                self.messages.numbers.whole(step.seat.into()),
                self.list(place.list).to_owned(),
                self.district(place.district),
                self.place_claim(step),
                next.unwrap_or_else(|| self.say("averages.none", &[])),
            ]
        });
        let rows = rows.collect();
        let header = [
            "columns.seat",
            "columns.list",
            column,
            "columns.division",
            "columns.next",
        ];
        let header = header.iter().map(|key| self.say(key, &[])).collect();
        self.document.table(header, 3..4, rows);
    }

    /// Votes over the divisor, and over the votes of a seat where keys are relative.
    fn place_claim(&self, step: &PlaceStep) -> String {
        let numbers = &self.messages.numbers;
        let over = |ratio: Ratio| {
            let exact = numbers.exact(ratio);
            if ratio.denominator() == 1 {
                exact
            } else {
                format!("({exact})")
            }
        };
        let votes = numbers.whole(step.votes.into());
        let relative = step
            .votes_per_seat
            .map(|votes| format!(" / {}", over(votes)));
        let key = numbers.fraction(step.placed.key);
        format!(
            "{votes} / {}{} = {key}",
            over(step.divisor),
            relative.unwrap_or_default()
        )
    }

    /// A seat with its number, such as "A, district 3: 0.5".
    fn seat(&self, seat: PlacedSeat) -> String {
        format!(
            "{}: {}",
            self.place(seat.place),
            self.messages.numbers.fraction(seat.key)
        )
    }

    /// A district, or a region where the stage is about them.
    fn district(&self, district: usize) -> String {
        if self.in_regions {
            return self.region(district);
        }
        self.subject.districts[district].clone()
    }

    pub fn place(&self, place: Place) -> String {
        let district = place.constituency.map_or_else(
            || self.district(place.district),
            |constituency| self.subject.constituencies[constituency].clone(),
        );
        format!("{}, {district}", self.list(place.list))
    }

    fn covered(&mut self, steps: &[CoverStep]) {
        self.heading("districts.covered");
        self.paragraph("districts.covered_explained", &[]);
        let numbers = &self.messages.numbers;
        let rows = steps.iter().map(|step| {
            let place = step.person.place;
            let constituency = place
                .constituency
                .map(|one| self.subject.constituencies[one].clone());
            let (votes, valid) = (u128::from(step.votes), step.valid);
            let claim = format!(
                "{} / {} = {}",
                numbers.whole(votes),
                numbers.whole(valid),
                numbers.parts(votes, valid.max(1))
            );
            let covered = if step.covered {
                "districts.yes"
            } else {
                "districts.no"
            };
            vec![
                self.list(place.list).to_owned(),
                constituency.unwrap_or_default(),
                claim,
                self.say(covered, &[]),
            ]
        });
        let rows = rows.collect();
        let header = [
            "columns.list",
            "districts.constituency",
            "districts.share",
            "districts.is_covered",
        ];
        let header = header.iter().map(|key| self.say(key, &[])).collect();
        self.document.table(header, 2..3, rows);
    }
}
