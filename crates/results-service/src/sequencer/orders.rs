//! Officials' commands: decided beside the work, written whole.

use std::collections::VecDeque;

use election::bytes::{RecordBytes, encode_record};
use election::decide::decide;
use election::event::{Event, Recorded};
use election::ids::{Revision, Timestamp};
use election::report::{Refusal, RefusalCode};
use event_log::RECORD_BYTES_MAX;
use futures::FutureExt as _;
use tokio::task::spawn_blocking;

use super::{Current, Returned, Sequencer};
use crate::directory::Directory;
use crate::error::Error;
use crate::group::{Draft, record_bytes};
use crate::measure;
use crate::work::{Answer, Order, Written};

impl Sequencer {
    /// Commands are decided on a thread of their own: a definition of a million units takes a second to check.
    pub(super) fn consider(&mut self, order: Order) {
        let state = self.state.take();
        let now = Timestamp(self.clock.now_micros());
        let deciding = spawn_blocking(move || {
            let events = decide(state.as_deref(), &order.command, now);
            Returned::Decided(state, Box::new(order), events)
        });
        self.away = Some(deciding.map(|it| it.unwrap_or(Returned::Lost)).boxed());
    }

    pub(super) fn order(
        &mut self,
        order: Order,
        events: Result<Vec<Event>, Refusal>,
    ) -> Result<(), Error> {
        let Order {
            principal,
            command: _,
            answer,
        } = order;
        let events = match events {
            Ok(events) => self.without_repetition(events),
            Err(refusal) => {
                measure::refused_command(refusal.code);
                self.answer(Answer::Refusal(answer, refusal));
                return Ok(());
            }
        };
        let head = self.revision();
        let written = Written {
            first_revision: if events.is_empty() { head } else { head.next() },
            last_revision: Revision(head.0 + events.len() as u64),
            event_count: events.len() as u64,
        };
        match self.write_whole(&principal, events)? {
            Ok(events) => {
                let events = VecDeque::from(events);
                self.current = Some(Current::Order {
                    principal,
                    events,
                    answer,
                    written,
                });
            }
            Err(refusal) => self.answer(Answer::Refusal(answer, refusal)),
        }
        Ok(())
    }

    /// Leaves out amendments of units that say what holds already: the state does not keep all of a unit, the directory
    /// does. Where changes of units are on their way to the log the directory is too old to tell, and all are written.
    fn without_repetition(&mut self, mut events: Vec<Event>) -> Vec<Event> {
        let is_on_its_way = self
            .sealed
            .iter()
            .chain(std::iter::once(&self.draft))
            .chain(self.pipeline.drafts())
            .flat_map(|draft| &draft.events)
            .any(|recorded| Directory::concerns(&recorded.event));
        let directory = self.hosted.with(|durable| durable.directory.clone());
        let Some(directory) = directory.filter(|_| !is_on_its_way) else {
            return events;
        };
        let head = self.hosted.head();
        events.retain(|event| match event {
            Event::UnitAmended { index, unit, .. } => {
                directory.at(*index, head).as_ref() != Some(unit)
            }
            _ => true,
        });
        events
    }

    /// Puts all events of a command into one group, if they fit into one: then a command is there whole or not at all.
    /// Gives back those that do not fit: a definition, which is completed by sending it again.
    fn write_whole(
        &mut self,
        principal: &str,
        events: Vec<Event>,
    ) -> Result<Result<Vec<Event>, Refusal>, Error> {
        let room = Draft::default();
        let mut revision = self.revision();
        let (mut whole, mut bytes) = (Vec::new(), 0);
        for event in &events {
            revision = revision.next();
            let (recorded, record) = self.encode_event(revision, principal, event.clone());
            if record_bytes(&record) > RECORD_BYTES_MAX {
                let rule = format!("its record has at most {RECORD_BYTES_MAX} bytes");
                let value = format!("{} bytes", record_bytes(&record));
                return Ok(Err(Refusal::new(
                    RefusalCode::Limit,
                    "command",
                    value,
                    rule,
                )));
            }
            bytes += record_bytes(&record);
            whole.push((recorded, record));
            if !room.fits(whole.len(), bytes) {
                return Ok(Ok(events));
            }
        }
        if !self.draft.fits(whole.len(), bytes) {
            self.seal();
        }
        for (recorded, record) in whole {
            self.write(recorded, &record)?;
        }
        Ok(Ok(Vec::new()))
    }

    pub(super) fn encode_event(
        &mut self,
        revision: Revision,
        principal: &str,
        event: Event,
    ) -> (Recorded, RecordBytes) {
        let recorded = Recorded {
            revision,
            time: Timestamp(self.clock.now_micros()),
            principal: principal.to_owned(),
            event,
        };
        let record = encode_record(&recorded, self.salts.next(&*self.entropy));
        (recorded, record)
    }
}
