//! The writer: a state machine without a thread, a channel or a clock of its own.
//!
//! [`Writer::commit`] takes the groups that wait and answers them all: one write, one sync. What drives it decides when.

use crate::error::is_no_space;
use crate::folder::{Folder, SegmentFile};
use crate::hasher::Hasher;
use crate::index::{Place, Shared};
use crate::layout::{
    self, BATCH_SPAN_MAX, BLOCK_BYTES, Body, Placement, Prelude, Seal, SealedHead,
};
use crate::recovered::{Position, Unowned};
use crate::segment;
use election::ids::Revision;
use event_log::{Admission, AppendError, Appended, GROUP_RECORDS_MAX, Group};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// More elections than this are not listed in a seal, so that it stays smaller than a batch.
const SEALED_HEADS_MAX: usize = 8_192;

/// While there is no room for the next segment, it is looked for again after so many commits: a disk that is full is filled
/// up by each try.
const LOOK_EVERY_COMMITS: u32 = 16;

/// Writes to one journal. See the module.
pub(crate) struct Writer<D: Folder> {
    folder: Arc<D>,
    shared: Arc<Shared<D::File>>,
    admission: Admission,
    unowned: Option<Unowned>,
    segment_bytes: u64,
    file: Arc<D::File>,
    next: Position,
    upcoming: Upcoming<D::File>,
    /// Commits since there was no room for the next segment.
    commits_without_room: u32,
    sealed: bool,
    failed: Option<String>,
    /// A batch of several groups is put together here.
    buffer: Vec<u8>,
    hasher: Hasher,
}

/// The segment after the one being written.
enum Upcoming<F> {
    None,
    Underway(JoinHandle<io::Result<F>>),
    Ready(Arc<F>),
}

/// A group that is ready to be written, but for the place that its header names.
#[derive(Debug)]
pub(crate) struct Prepared {
    group: Group,
    body: Body,
    /// Where the body's memory goes.
    spares: Arc<Spares>,
}

/// Memory of bodies that were written and hashed: a few are kept for the next ones.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<Vec<u8>>>);

impl Spares {
    /// One that is put together, one that waits, one that is written, one that is hashed.
    const KEPT_MAX: usize = 4;
    /// A group of one huge record is rare, and its memory is not kept.
    const BYTES_MAX: usize = 2 << 20;

    fn take(&self) -> Vec<u8> {
        self.lock().pop().unwrap_or_default()
    }

    fn give(&self, memory: Vec<u8>) {
        let mut kept = self.lock();
        if kept.len() < Self::KEPT_MAX && memory.capacity() <= Self::BYTES_MAX {
            kept.push(memory);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.spares.give(self.body.take_memory());
    }
}

impl Prepared {
    pub(crate) fn new(group: Group, spares: &Arc<Spares>) -> Self {
        let body = Body::over(spares.take(), &group.records);
        let spares = spares.clone();
        Self {
            group,
            body,
            spares,
        }
    }

    pub(crate) fn records(&self) -> usize {
        self.body.records()
    }

    /// The bytes that it takes in a segment.
    pub(crate) fn span(&self) -> usize {
        self.body.span()
    }

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }
}

/// What a writer starts from.
pub(crate) struct Start<D: Folder> {
    pub folder: Arc<D>,
    pub shared: Arc<Shared<D::File>>,
    pub admission: Admission,
    pub unowned: Option<Unowned>,
    pub segment_bytes: u64,
    pub next: Position,
    pub sealed: bool,
    /// The content hash of the last batch.
    pub previous: [u8; 32],
}

impl<D: Folder> Writer<D> {
    /// The segment of `start.next` must be in the index.
    pub(crate) fn new(start: Start<D>) -> Self {
        let index = start.shared.read();
        let file = index
            .segments
            .get(&start.next.segment)
            .expect("the segment to write to is open")
            .clone();
        let upcoming = index.segments.get(&(start.next.segment + 1)).cloned();
        drop(index);
        let mut writer = Self {
            folder: start.folder,
            shared: start.shared,
            admission: start.admission,
            unowned: start.unowned,
            segment_bytes: start.segment_bytes,
            file,
            next: start.next,
            upcoming: upcoming.map_or(Upcoming::None, Upcoming::Ready),
            commits_without_room: 0,
            sealed: start.sealed,
            failed: None,
            buffer: Vec::new(),
            hasher: Hasher::new(start.previous),
        };
        writer.prepare_ahead();
        writer
    }

    /// What readers see of the journal.
    pub(crate) fn shared(&self) -> Arc<Shared<D::File>> {
        self.shared.clone()
    }

    /// Whether a batch with so many records and bytes has room for another group.
    pub(crate) fn fits(records: usize, span: usize, group: &Prepared) -> bool {
        records + group.records() <= GROUP_RECORDS_MAX && span + group.span() <= BATCH_SPAN_MAX
    }

    /// Writes and syncs the groups as one batch and answers each, in order. The caller keeps to [`Self::fits`].
    pub(crate) fn commit(
        &mut self,
        mut groups: Vec<Prepared>,
    ) -> Vec<Result<Appended, AppendError>> {
        if let Some(why) = &self.failed {
            return groups
                .iter()
                .map(|_| Err(AppendError::Failed(why.clone())))
                .collect();
        }
        let room = self.make_room(groups.iter().map(Prepared::span).sum());
        let mut taken = Vec::with_capacity(groups.len());
        let mut answers = Vec::with_capacity(groups.len());
        for (number, Prepared { group, .. }) in groups.iter().enumerate() {
            let answer = match (self.answer(group), &room) {
                (Ok(Some(repeated)), _) => Ok(repeated),
                (Ok(None), Ok(())) => {
                    let appended = group.appended();
                    self.admission
                        .note(&group.election, group.log_id, group.group_id, appended);
                    taken.push(number);
                    Ok(appended)
                }
                (Ok(None), Err(error)) => Err(error.clone()),
                (Err(error), _) => Err(error),
            };
            answers.push(answer);
        }
        if let Err(AppendError::Failed(why)) = room {
            return self.fail_all(answers, why);
        }
        if taken.is_empty() {
            return answers;
        }
        let batch_groups = u32::try_from(taken.len()).expect("a batch has at most 4,096 groups");
        let previous = self.hasher.previous();
        let mut places = Vec::with_capacity(taken.len());
        let mut offset = self.next.offset;
        for (batch_index, number) in (0..).zip(&taken) {
            let Prepared { group, body, .. } = &mut groups[*number];
            let placement = self.placement(offset, batch_index, batch_groups, previous);
            body.place(Prelude::group(group), placement);
            let first = group.first_revision;
            places.push(Place::new(first, placement.segment, offset, body.span()));
            offset += body.span() as u64;
        }
        let groups = Arc::new(groups);
        self.hasher.start(&groups, taken.clone());
        let bodies = taken.iter().map(|number| groups[*number].body());
        if let Err(error) = self.write(bodies) {
            return self.fail_all(answers, error.to_string());
        }
        let mut index = self.shared.write();
        for (number, place) in taken.into_iter().zip(places) {
            let group = &groups[number].group;
            index.push(
                &group.election,
                group.log_id,
                place,
                group.appended().last_revision,
            );
        }
        drop(index);
        self.sealed = false;
        self.prepare_ahead();
        answers
    }

    /// Writes a seal if something was written since the last one. Called when idle and at the end.
    pub(crate) fn seal(&mut self) {
        if self.sealed || self.failed.is_some() || self.next.batch == 1 {
            return;
        }
        let mut heads: Vec<SealedHead> = self
            .shared
            .read()
            .heads()
            .into_iter()
            .filter(|head| head.damage.is_none())
            .map(|head| SealedHead {
                election: head.election,
                log_id: head.log_id,
                revision: head.revision,
            })
            .collect();
        let complete = self.unowned.is_none() && heads.len() <= SEALED_HEADS_MAX;
        heads.truncate(SEALED_HEADS_MAX);
        let seal = Seal { complete, heads };
        let mut body = seal.body();
        if let Err(error) = self.make_room(body.span()) {
            // A full disk has no room for a new segment; the seal can wait for one.
            return tracing::warn!(%error, "the journal cannot be sealed now");
        }
        let previous = self.hasher.previous();
        let placement = self.placement(self.next.offset, 0, 1, previous);
        body.place(Prelude::seal(), placement);
        match self.write(std::iter::once(&body)) {
            Ok(()) => {
                self.sealed = true;
                self.hasher
                    .set(layout::batch_hash(std::iter::once(body.hash())));
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn answer(&self, group: &Group) -> Result<Option<Appended>, AppendError> {
        if let Some(unowned) = &self.unowned
            && self.admission.head(&group.election).is_none()
        {
            // What was lost may have been the beginning of this election.
            return Err(AppendError::ReadOnly(
                unowned.damage(&group.election, Revision(1)),
            ));
        }
        self.admission.answer(group)
    }

    fn placement(
        &self,
        offset: u64,
        batch_index: u32,
        batch_groups: u32,
        previous: [u8; 32],
    ) -> Placement {
        Placement {
            segment: u64::from(self.next.segment),
            offset,
            batch: self.next.batch,
            batch_index,
            batch_groups,
            previous,
        }
    }

    /// Writes bodies at the next position, as one, and syncs. Not tried again after an error, whatever that was.
    fn write<'a>(&mut self, mut bodies: impl Iterator<Item = &'a Body>) -> io::Result<()> {
        let first = bodies.next().map_or(&[][..], Body::bytes);
        let mut all = first;
        if let Some(second) = bodies.next() {
            self.buffer.clear();
            self.buffer.extend_from_slice(first);
            self.buffer.extend_from_slice(second.bytes());
            bodies.for_each(|body| self.buffer.extend_from_slice(body.bytes()));
            all = &self.buffer;
        }
        self.file.write_at(all, self.next.offset)?;
        self.file.sync()?;
        self.next.offset += all.len() as u64;
        self.next.batch += 1;
        Ok(())
    }

    fn fail_all(
        &mut self,
        answers: Vec<Result<Appended, AppendError>>,
        why: String,
    ) -> Vec<Result<Appended, AppendError>> {
        self.fail(why.clone());
        answers
            .into_iter()
            .map(|answer| answer.and(Err(AppendError::Failed(why.clone()))))
            .collect()
    }

    fn fail(&mut self, why: String) {
        tracing::error!(
            why,
            "the journal failed and takes nothing more until it is opened anew"
        );
        self.failed = Some(why);
    }

    /// Goes on to the next segment if so many bytes do not fit into this one.
    fn make_room(&mut self, bytes: usize) -> Result<(), AppendError> {
        if self.next.offset + bytes as u64 <= self.segment_bytes_of(&self.file)? {
            return Ok(());
        }
        let segment = self.next.segment + 1;
        self.collect();
        let file = match std::mem::replace(&mut self.upcoming, Upcoming::None) {
            Upcoming::Ready(file) => file,
            // What failed in the background, for want of room perhaps, is tried again.
            Upcoming::None | Upcoming::Underway(_) => {
                let prepared = segment::prepare(&*self.folder, segment, self.segment_bytes);
                self.note_room(&prepared);
                prepared.map(Arc::new).map_err(|error| refusal(&error))?
            }
        };
        self.shared.write().segments.insert(segment, file.clone());
        self.file = file;
        self.next.segment = segment;
        self.next.offset = BLOCK_BYTES as u64;
        Ok(())
    }

    fn segment_bytes_of(&self, file: &D::File) -> Result<u64, AppendError> {
        file.bytes()
            .map_err(|error| AppendError::Failed(error.to_string()))
    }

    /// Has the next segment made ready beside the appends when this one is half full. Where there was no room for it,
    /// not again at every append.
    fn prepare_ahead(&mut self) {
        if let Upcoming::Underway(thread) = &self.upcoming
            && thread.is_finished()
        {
            self.collect();
        }
        if self.shared.is_short_of_room() {
            self.commits_without_room += 1;
            if self.commits_without_room < LOOK_EVERY_COMMITS {
                return;
            }
        }
        self.commits_without_room = 0;
        self.begin_ahead();
    }

    /// Looks for room again where there was none. Called when idle; true if that is to be done again.
    pub(crate) fn look_for_room(&mut self) -> bool {
        if self.shared.is_short_of_room() && self.failed.is_none() {
            self.collect();
            self.begin_ahead();
            self.collect();
        }
        self.shared.is_short_of_room()
    }

    fn begin_ahead(&mut self) {
        if self.next.offset * 2 < self.segment_bytes || !matches!(self.upcoming, Upcoming::None) {
            return;
        }
        let (folder, segment, bytes) = (
            self.folder.clone(),
            self.next.segment + 1,
            self.segment_bytes,
        );
        let thread = std::thread::Builder::new().name("journal-segment".to_owned());
        // Without a thread the segment is made when it is needed.
        if let Ok(thread) = thread.spawn(move || segment::prepare(&*folder, segment, bytes)) {
            self.upcoming = Upcoming::Underway(thread);
        }
    }

    /// Waits for a segment that is being made ready.
    pub(crate) fn collect(&mut self) {
        self.upcoming = match std::mem::replace(&mut self.upcoming, Upcoming::None) {
            Upcoming::Underway(thread) => match thread.join() {
                Ok(prepared) => {
                    self.note_room(&prepared);
                    prepared.map_or(Upcoming::None, |file| Upcoming::Ready(Arc::new(file)))
                }
                Err(_) => Upcoming::None,
            },
            other => other,
        };
    }

    fn note_room(&self, prepared: &io::Result<D::File>) {
        let is_short = prepared.as_ref().is_err_and(is_no_space);
        if is_short && !self.shared.is_short_of_room() {
            tracing::warn!("there is no room for the journal's next segment");
        }
        self.shared.set_short_of_room(is_short);
    }
}

impl<D: Folder> Drop for Writer<D> {
    /// Waits for a segment being prepared, so that nothing touches the folder after its lock is gone.
    fn drop(&mut self) {
        if let Upcoming::Underway(thread) = std::mem::replace(&mut self.upcoming, Upcoming::None) {
            thread.join().ok();
        }
    }
}

/// What a failed preparation means for the groups that need the room: nothing of them was written.
fn refusal(error: &io::Error) -> AppendError {
    if is_no_space(error) {
        AppendError::NoSpace(error.to_string())
    } else {
        AppendError::Failed(error.to_string())
    }
}
