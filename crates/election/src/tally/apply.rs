//! How each event changes a tally.

// tidy: long because one arm for each kind of event.

use super::*;
use crate::counts::Counts;
use crate::definition::UNITS_MAX;
use crate::report::HoldCode;

impl Tally {
    /// Takes in the next event. It changes nothing if the event does not fit.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let expected = self.revision.next();
        if recorded.revision != expected {
            return Err(FoldError::Gap {
                expected,
                found: recorded.revision,
            });
        }
        if !self.is_whole() {
            return Err(FoldError::Misfit {
                revision: recorded.revision,
                what: "a moment that is only looked at cannot be folded on",
            });
        }
        let watched = self.watch(&recorded.event);
        let only_regroups = self.only_regroups(&recorded.event);
        self.apply_event(recorded)?;
        if !only_regroups {
            self.note_unforeseen(recorded, watched);
        }
        self.publication.apply(recorded);
        self.revision = recorded.revision;
        self.time = recorded.time;
        Ok(())
    }

    fn apply_event(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let misfit = |what| FoldError::Misfit {
            revision: recorded.revision,
            what,
        };
        match &recorded.event {
            Event::Defined { .. } => return Err(FoldError::Definition(recorded.revision)),
            Event::UnitsRegistered {
                first_index,
                units,
                reason,
            } => {
                self.register(*first_index, units, reason.is_some())
                    .map_err(misfit)?;
            }
            Event::UnitAmended {
                index,
                unit,
                former_roll,
                reason: _,
            } => {
                self.amend_unit(*index, unit, *former_roll)
                    .map_err(misfit)?;
            }
            Event::RulesAmended { rules, reason: _ } => {
                amend(
                    &mut self.outline.versions[2],
                    &crate::bytes::part_text(rules),
                );
                self.outline.rules = Arc::new((**rules).clone());
                let ids = self.unit_names.iter();
                self.ceilings.set_rules(rules.outstanding.as_ref(), ids);
            }
            Event::PresentationAmended {
                presentation,
                reason: _,
            } => {
                amend(
                    &mut self.outline.versions[3],
                    &crate::bytes::part_text(presentation),
                );
                self.outline.presentation = Arc::new((**presentation).clone());
            }
            Event::ReportCounted {
                counted,
                warnings: _,
            } => {
                self.count(counted).map_err(misfit)?;
                self.counted_time = Some(recorded.time);
                if let (Some(attribution), Some(_)) = (&counted.attribution, &counted.replaced) {
                    let cause = CorrectionCause::Report(counted.kind);
                    self.correct(recorded, counted, cause, attribution.clone());
                }
            }
            Event::Released {
                counted,
                held_revision: _,
                reason,
            } => {
                self.count(counted).map_err(misfit)?;
                self.counted_time = Some(recorded.time);
                if counted.replaced.is_some() {
                    let attribution = counted.attribution.clone().unwrap_or_else(|| Attribution {
                        by: String::from("review"),
                        reason: reason.clone(),
                    });
                    self.correct(recorded, counted, CorrectionCause::Review, attribution);
                }
            }
            Event::ReportHeld {
                slot,
                slot_move,
                codes,
                ..
            } => {
                self.queue(*slot, *slot_move).map_err(misfit)?;
                if codes.contains(&HoldCode::BallotsOverRoll) {
                    self.ceilings.doubt(*slot);
                }
            }
            Event::Rejected {
                slot, slot_move, ..
            } => self.queue(*slot, *slot_move).map_err(misfit)?,
            Event::Withdrawn {
                slot,
                replaced,
                slot_move,
                attribution,
                version: _,
            } => {
                self.void(
                    recorded,
                    *slot,
                    replaced.as_ref(),
                    *slot_move,
                    CorrectionCause::Withdrawal,
                    attribution,
                )
                .map_err(misfit)?;
            }
            Event::StatusSet {
                slot,
                replaced,
                slot_move,
                attribution,
                merged_into,
            } => {
                let cause = CorrectionCause::Status(slot_move.after.status);
                self.void(
                    recorded,
                    *slot,
                    replaced.as_ref(),
                    *slot_move,
                    cause,
                    attribution,
                )
                .map_err(misfit)?;
                if let Some(into) = merged_into {
                    self.ceilings.merge(slot.unit, *into);
                }
            }
            Event::TurnoutCounted {
                unit,
                district,
                ballots_issued,
                is_final,
                replaced,
                ..
            } => {
                let turnout = Turnout {
                    ballots_issued: *ballots_issued,
                    is_final: *is_final,
                };
                self.turn_out(*district, turnout, *replaced)
                    .map_err(misfit)?;
                self.ceilings.set_turnout(*unit, turnout);
            }
            Event::LotDrawn(lot) => {
                let options = lot.tied.iter().chain(&lot.winners).copied();
                self.check_options(lot.contest, lot.district, options)
                    .map_err(misfit)?;
                self.lots.push(Drawn::<Lot>::now(self, lot));
            }
            Event::PlacesDrawn(lot) => {
                if usize::from(lot.contest) >= self.contests.len() {
                    return Err(misfit("no such contest"));
                }
                let mut places = lot.tied.iter().chain(&lot.winners);
                if !places.all(|place| self.has_place_option(lot.contest, place)) {
                    return Err(misfit("no such option in the contest"));
                }
                self.places_lots.push(Drawn::<PlacesLot>::now(self, lot));
            }
            Event::CandidatesChanged {
                contest,
                district,
                option,
                candidates,
                ..
            } => {
                self.check_options(*contest, *district, std::iter::once(*option))
                    .map_err(misfit)?;
                self.candidates
                    .insert((*contest, *district, *option), *candidates);
            }
            Event::PublicationMoved {
                mode: PublicationMode::HoldAt(at),
                ..
            } if *at >= recorded.revision => {
                return Err(misfit(
                    "publication is held at a revision that is yet to come",
                ));
            }
            Event::ClassOpened { .. } | Event::PublicationMoved { .. } => {}
            Event::StageSet { stage, reason: _ } => self.stage = *stage,
            Event::MarkSet {
                mark,
                is_set,
                reason: _,
            } => self.marks[*mark as usize] = *is_set,
            Event::Declared(declaration) => {
                let options = declaration.seats.iter().map(|(option, _)| *option);
                let key = (declaration.contest, declaration.district);
                self.check_options(key.0, key.1, options).map_err(misfit)?;
                self.declarations
                    .insert(key, (recorded.revision, declaration.clone()));
                self.stage = self.stage.max(Stage::Declared);
            }
            Event::DeclaredAbove(declaration) => {
                let options = declaration.seats.iter().map(|(option, _)| option);
                self.check_option_ids(declaration.contest, options)
                    .map_err(misfit)?;
                let key = (declaration.contest, declaration.district.clone());
                self.declarations_above
                    .insert(key, (recorded.revision, declaration.clone()));
                self.stage = self.stage.max(Stage::Declared);
            }
            Event::Certified { attribution } => {
                self.certification = Some((recorded.revision, attribution.clone()));
                self.stage = Stage::Certified;
            }
        }
        Ok(())
    }

    fn register(
        &mut self,
        first_index: u32,
        units: &[crate::definition::Unit],
        is_amendment: bool,
    ) -> Result<(), &'static str> {
        let first = usize::try_from(first_index).map_err(|_| "units stand beyond the register")?;
        if first != self.unit_names.len() {
            return Err("units are not added at the end of the register");
        }
        let announced = usize::try_from(self.units_announced).unwrap_or(usize::MAX);
        if !is_amendment && units.len() > announced - first.min(announced) {
            return Err("more units than the definition announces");
        }
        let ballot = Arc::clone(&self.outline.ballot);
        let indexes = district_indexes(&ballot);
        let places: Option<Vec<usize>> = units
            .iter()
            .map(|unit| indexes.get(unit.district.as_str()).copied())
            .collect();
        let places = places.ok_or("a unit's district is not on the ballot")?;
        let names = Arc::make_mut(&mut self.unit_names);
        names.reserve(announced.saturating_sub(first).min(UNITS_MAX));
        for (unit, district) in units.iter().zip(places) {
            names.push(unit.id.as_str());
            let turnout = &mut self.turnout[district];
            turnout.units += 1;
            match unit.roll {
                Some(roll) => turnout.roll += u64::from(roll),
                None => turnout.units_without_roll += 1,
            }
            let groups = 0..ballot.counting_groups.len();
            let groups: Vec<usize> = groups
                .filter(|group| expects_group(&ballot, unit, *group))
                .collect();
            for contest in &mut self.contests {
                for group in &groups {
                    let states = &mut contest[district].states[*group];
                    states.0[StateCounts::index(SlotState::default())] += 1;
                }
            }
            self.ceilings.register(unit, district, groups.len());
        }
        if is_amendment {
            self.units_announced = u32::try_from(self.unit_names.len()).unwrap_or(u32::MAX);
            self.chain_register(units);
        }
        Ok(())
    }

    fn amend_unit(
        &mut self,
        index: u32,
        unit: &crate::definition::Unit,
        former_roll: Option<u32>,
    ) -> Result<(), &'static str> {
        if self.unit_names.get(index) != Some(unit.id.as_str()) {
            return Err("the unit does not stand at that place of the register");
        }
        let district = district_index(&self.outline.ballot, unit.district.as_str());
        let turnout =
            &mut self.turnout[district.ok_or("the unit's district is not on the ballot")?];
        let mut amended = *turnout;
        match former_roll {
            Some(roll) => {
                amended.roll = amended
                    .roll
                    .checked_sub(u64::from(roll))
                    .ok_or("the roll was not that")?
            }
            None => {
                amended.units_without_roll = amended
                    .units_without_roll
                    .checked_sub(1)
                    .ok_or("the roll was known")?
            }
        }
        match unit.roll {
            Some(roll) => amended.roll += u64::from(roll),
            None => amended.units_without_roll += 1,
        }
        *turnout = amended;
        self.ceilings.set_roll(index, unit.kind, unit.roll);
        self.chain_register(std::slice::from_ref(unit));
        Ok(())
    }

    // The amended register's hash chains the former hash and the units that were added or changed.
    fn chain_register(&mut self, units: &[crate::definition::Unit]) {
        let version = &mut self.outline.versions[1];
        let bytes = crate::bytes::encode_units(units);
        *version = PartVersion {
            version: version.version + 1,
            hash: Hash::of(&[version.hash.0.as_slice(), &bytes].concat()),
        };
    }

    fn check_options(
        &self,
        contest: u8,
        district: u16,
        mut options: impl Iterator<Item = u32>,
    ) -> Result<(), &'static str> {
        let district = self
            .contests
            .get(usize::from(contest))
            .and_then(|districts| districts.get(usize::from(district)));
        let known = district.ok_or("no such contest or district")?.votes.len();
        if options.all(|option| usize::try_from(option).is_ok_and(|option| option < known)) {
            Ok(())
        } else {
            Err("no such option on the district's ballot")
        }
    }

    fn check_option_ids<'a>(
        &self,
        contest: u8,
        mut options: impl Iterator<Item = &'a OptionId>,
    ) -> Result<(), &'static str> {
        if usize::from(contest) >= self.contests.len() {
            return Err("no such contest");
        }
        if options.all(|option| self.has_option(contest, option)) {
            Ok(())
        } else {
            Err("no such option in the contest")
        }
    }

    fn district_mut(&mut self, slot: Slot) -> Result<&mut DistrictTally, &'static str> {
        let contest = self
            .contests
            .get_mut(usize::from(slot.contest))
            .ok_or("no such contest")?;
        contest
            .get_mut(usize::from(slot.district))
            .ok_or("no such district")
    }

    // What waits, or waits no more.
    fn queue(&mut self, slot: Slot, slot_move: SlotMove) -> Result<(), &'static str> {
        if slot_move.before.counted != slot_move.after.counted {
            return Err("what waits does not change what is counted");
        }
        self.shift(slot, slot_move)?;
        let nothing = Accounted::default();
        self.ceilings.shift(slot, slot_move, nothing, nothing);
        Ok(())
    }

    fn shift(&mut self, slot: Slot, slot_move: SlotMove) -> Result<(), &'static str> {
        let states = &mut self.district_mut(slot)?.states;
        let states = states
            .get_mut(usize::from(slot.counting_group))
            .ok_or("no such counting group")?;
        states
            .shift(slot_move)
            .ok_or("no slot is in the state that the event moves one from")
    }

    fn count(&mut self, counted: &Counted) -> Result<(), &'static str> {
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let district = self.district_mut(counted.slot)?;
        let options = district.votes.len();
        let SlotMove { before, after } = counted.slot_move;
        if !after.counted || before.counted != counted.replaced.is_some() {
            return Err("what is counted and what is replaced do not fit the slot's move");
        }
        if counted.counts.votes.len() != options {
            return Err("the counts have not as many options as the ballot");
        }
        if let Some(replaced) = &counted.replaced
            && (replaced.votes.len() != options || !district.covers(replaced, votes_per_ballot))
        {
            return Err("the counts that are replaced are not in the totals");
        }
        self.shift(counted.slot, counted.slot_move)?;
        let district = self.district_mut(counted.slot)?;
        if let Some(replaced) = &counted.replaced {
            district.subtract(replaced, votes_per_ballot);
        }
        let counts = &counted.counts;
        district.add(&counts.votes, &counts.form, votes_per_ballot);
        let of = |counts: &Counts| Accounted::of(&counts.votes, &counts.form, votes_per_ballot);
        let before = counted.replaced.as_ref().map(of).unwrap_or_default();
        self.ceilings
            .shift(counted.slot, counted.slot_move, before, of(counts));
        Ok(())
    }

    fn void(
        &mut self,
        recorded: &Recorded,
        slot: Slot,
        replaced: Option<&Counts>,
        slot_move: SlotMove,
        cause: CorrectionCause,
        attribution: &Attribution,
    ) -> Result<(), &'static str> {
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let district = self.district_mut(slot)?;
        let SlotMove { before, after } = slot_move;
        let goes_out = before.counted && !after.counted;
        if goes_out != replaced.is_some() || (after.counted && !before.counted) {
            return Err("what goes out of the count does not fit the slot's move");
        }
        if replaced.is_some_and(|counts| {
            counts.votes.len() != district.votes.len() || !district.covers(counts, votes_per_ballot)
        }) {
            return Err("the counts that go out are not in the totals");
        }
        self.shift(slot, slot_move)?;
        let of = |counts: &Counts| Accounted::of(&counts.votes, &counts.form, votes_per_ballot);
        let gone = replaced.map(of).unwrap_or_default();
        self.ceilings
            .shift(slot, slot_move, gone, Accounted::default());
        let Some(replaced) = replaced else {
            return Ok(());
        };
        self.district_mut(slot)?
            .subtract(replaced, votes_per_ballot);
        let options = 0_u32..;
        let changes = options
            .zip(&replaced.votes)
            .filter(|(_, before)| **before > 0);
        self.remember(Correction {
            revision: recorded.revision,
            time: recorded.time,
            slot,
            cause,
            attribution: attribution.clone(),
            changes: changes
                .map(|(option, before)| (option, *before, 0))
                .collect(),
            ballots: (replaced.ballots_counted(votes_per_ballot).unwrap_or(0), 0),
        });
        Ok(())
    }

    fn correct(
        &mut self,
        recorded: &Recorded,
        counted: &Counted,
        cause: CorrectionCause,
        attribution: Attribution,
    ) {
        let Some(replaced) = &counted.replaced else {
            return;
        };
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let pairs = replaced.votes.iter().zip(&counted.counts.votes);
        let changes = (0_u32..)
            .zip(pairs)
            .filter(|(_, (before, after))| before != after);
        self.remember(Correction {
            revision: recorded.revision,
            time: recorded.time,
            slot: counted.slot,
            cause,
            attribution,
            changes: changes
                .map(|(option, (before, after))| (option, *before, *after))
                .collect(),
            ballots: (
                replaced.ballots_counted(votes_per_ballot).unwrap_or(0),
                counted
                    .counts
                    .ballots_counted(votes_per_ballot)
                    .unwrap_or(0),
            ),
        });
    }

    fn remember(&mut self, correction: Correction) {
        self.corrections_total += 1;
        if self.corrections.len() == CORRECTIONS_KEPT {
            self.corrections.pop_front();
        }
        self.corrections.push_back(correction);
    }

    fn turn_out(
        &mut self,
        district: u16,
        turnout: Turnout,
        replaced: Option<Turnout>,
    ) -> Result<(), &'static str> {
        let total = self
            .turnout
            .get_mut(usize::from(district))
            .ok_or("no such district")?;
        if let Some(replaced) = replaced {
            let issued = total
                .ballots_issued
                .checked_sub(u64::from(replaced.ballots_issued));
            let finals = total.units_final.checked_sub(u32::from(replaced.is_final));
            let (Some(issued), Some(finals)) = (issued, finals) else {
                return Err("the turnout that is replaced is not in the totals");
            };
            total.ballots_issued = issued;
            total.units_final = finals;
        } else {
            total.units_reporting += 1;
        }
        total.ballots_issued += u64::from(turnout.ballots_issued);
        total.units_final += u32::from(turnout.is_final);
        Ok(())
    }
}

fn amend(version: &mut PartVersion, text: &str) {
    *version = PartVersion {
        version: version.version + 1,
        hash: Hash::of(text.as_bytes()),
    };
}
