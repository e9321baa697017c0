//! Reading records back: one or two reads of the file for a few records, long reads for many. All calls block.

use crate::folder::SegmentFile;
use crate::index::{Place, Shared};
use crate::layout::{self, Header, SECTOR_BYTES, TABLE_START};
use crate::segment;
use bytes::Bytes;
use election::ids::{ElectionId, Revision};
use event_log::{Damage, GroupId, ReadError, Record, Stored};
use std::collections::VecDeque;
use std::sync::Arc;

/// A group read back. Its records share the memory of one long read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGroup {
    /// The writer's name for it.
    pub group_id: GroupId,
    /// The revision of the first record.
    pub first_revision: Revision,
    /// The records up to the end of the group, or up to damage.
    pub records: Vec<Record>,
}

/// The groups of one election in order, as an iterator that blocks: see [`crate::Journal::groups`].
#[derive(Debug)]
pub struct Groups<F> {
    shared: Arc<Shared<F>>,
    election: ElectionId,
    /// None after an error: an iterator that failed is at its end.
    next: Option<Revision>,
    ready: VecDeque<StoredGroup>,
}

/// The bytes of one long read, at least while groups are smaller.
const RUN_BYTES: usize = 4 << 20;
/// Groups up to this size are read whole even for one record: a second call costs more than the bytes.
const WHOLE_BYTES: usize = 16 << 10;

impl<F: SegmentFile> Groups<F> {
    pub(crate) fn new(shared: Arc<Shared<F>>, election: ElectionId, from: Revision) -> Self {
        Self {
            shared,
            election,
            next: Some(from.max(Revision(1))),
            ready: VecDeque::new(),
        }
    }
}

impl<F: SegmentFile> Iterator for Groups<F> {
    type Item = Result<StoredGroup, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            match self.fill(self.next?) {
                Ok(groups) => self.ready = groups,
                Err(error) => {
                    self.next = None;
                    return Some(Err(error));
                }
            }
        }
        let group = self.ready.pop_front()?;
        self.next = Some(Revision(
            group.first_revision.0 + group.records.len() as u64,
        ));
        Some(Ok(group))
    }
}

impl<F: SegmentFile> Groups<F> {
    fn fill(&self, from: Revision) -> Result<VecDeque<StoredGroup>, ReadError> {
        let Some(run) = Run::find(&self.shared, &self.election, from, usize::MAX, RUN_BYTES)?
        else {
            return Ok(VecDeque::new());
        };
        run.read_whole(&self.election, from)
    }
}

/// Reads for [`event_log::EventLog::read`].
pub(crate) fn read<F: SegmentFile>(
    shared: &Shared<F>,
    election: &ElectionId,
    from: Revision,
    records_max: usize,
    bytes_max: usize,
) -> Result<Vec<Stored>, ReadError> {
    let mut from = from.max(Revision(1));
    let mut stored = Vec::new();
    let mut bytes = 0;
    while stored.len() < records_max && (stored.is_empty() || bytes < bytes_max) {
        let wanted = records_max - stored.len();
        let found = Run::find(
            shared,
            election,
            from,
            wanted,
            (bytes_max - bytes).min(RUN_BYTES),
        );
        let run = match found {
            Ok(Some(run)) => run,
            Ok(None) => break,
            // What is before the damage is given first.
            Err(ReadError::Corrupt(_)) if !stored.is_empty() => break,
            Err(error) => return Err(error),
        };
        let limit = Limit {
            records: wanted,
            bytes: bytes_max - bytes,
        };
        for group in run.read(election, from, limit)? {
            for (revision, record) in (group.first_revision.0..).map(Revision).zip(group.records) {
                if stored.len() == records_max || (!stored.is_empty() && bytes >= bytes_max) {
                    return Ok(stored);
                }
                bytes = bytes.saturating_add(record.bytes());
                from = revision.next();
                stored.push(Stored { revision, record });
            }
        }
    }
    Ok(stored)
}

/// Groups of one election that lie one behind the other in a segment, with the end of the last one.
struct Run<F> {
    file: Arc<F>,
    places: Vec<Place>,
    /// The revision behind the last group, or behind what may be read of it.
    end: Revision,
}

#[derive(Clone, Copy)]
struct Limit {
    records: usize,
    bytes: usize,
}

impl<F: SegmentFile> Run<F> {
    /// The run that starts with the group of revision `from`; no longer than is wanted, but at least one group.
    fn find(
        shared: &Shared<F>,
        election: &ElectionId,
        from: Revision,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Option<Self>, ReadError> {
        let index = shared.read();
        let log = index
            .logs
            .get(election)
            .ok_or_else(|| ReadError::Unknown(election.clone()))?;
        if from > log.head {
            return match &log.damage {
                Some(damage) => Err(ReadError::Corrupt(damage.clone())),
                None => Ok(None),
            };
        }
        let first = log
            .places
            .partition_point(|place| place.first_revision <= from)
            - 1;
        let mut places: Vec<Place> = Vec::new();
        let (mut bytes, mut end) = (0, log.head.next());
        for place in &log.places[first..] {
            let records = place.first_revision.0.saturating_sub(from.0);
            let enough = records >= records_max as u64 || bytes + place.span() > bytes_max;
            if places
                .last()
                .is_some_and(|last| enough || !last.is_followed_by(place))
            {
                end = place.first_revision;
                break;
            }
            bytes += place.span();
            places.push(*place);
        }
        let file = index
            .segments
            .get(&places[0].segment)
            .expect("the segment of a group is open")
            .clone();
        Ok(Some(Self { file, places, end }))
    }

    /// Reads what is wanted in the cheaper way.
    fn read(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: Limit,
    ) -> Result<VecDeque<StoredGroup>, ReadError> {
        match &self.places[..] {
            [place] if place.span() > WHOLE_BYTES => self.read_part(election, place, from, limit),
            _ => self.read_whole(election, from),
        }
    }

    /// One read for all groups; those in front of `from` in the first group are left out.
    fn read_whole(
        &self,
        election: &ElectionId,
        from: Revision,
    ) -> Result<VecDeque<StoredGroup>, ReadError> {
        let start = self.places[0].offset();
        let last = self.places[self.places.len() - 1];
        let length = last.offset() + last.span() as u64 - start;
        let length = usize::try_from(length).expect("a run is as long as one read at most");
        let all = self.fetch(start, length)?;
        let mut groups = VecDeque::with_capacity(self.places.len());
        let mut at = 0;
        for (number, place) in self.places.iter().enumerate() {
            let group = all.slice(at..at + place.span());
            at += place.span();
            let end = self
                .places
                .get(number + 1)
                .map_or(self.end, |next| next.first_revision);
            let header = self.header(&group, election, place)?;
            let table = self.table(&group, election, place, &header)?;
            let skip = from.0.saturating_sub(place.first_revision.0);
            let wanted = end.0 - place.first_revision.0 - skip;
            let lines = lines(table, skip, wanted);
            let mut records = Vec::with_capacity(lines.len());
            let mut start = header.table_end() + offset_of(table, skip);
            let first_revision = Revision(place.first_revision.0 + skip);
            for (revision, entry) in (first_revision.0..).zip(lines) {
                let end = start + entry.public + entry.annex;
                if end > group.len() {
                    return Err(self.corrupt(
                        election,
                        Revision(revision),
                        place,
                        "a record ends outside",
                    ));
                }
                records.push(self.record(
                    group.slice(start..end),
                    entry,
                    election,
                    Revision(revision),
                    place,
                )?);
                start = end;
            }
            groups.push_back(StoredGroup {
                group_id: header.group_id,
                first_revision,
                records,
            });
        }
        Ok(groups)
    }

    /// Two reads: the header with the table, and then just the records that are wanted.
    fn read_part(
        &self,
        election: &ElectionId,
        place: &Place,
        from: Revision,
        limit: Limit,
    ) -> Result<VecDeque<StoredGroup>, ReadError> {
        let skip = from.0.saturating_sub(place.first_revision.0);
        let wanted = (self.end.0 - from.0).min(limit.records as u64);
        let read_first = TABLE_START
            + usize::try_from(self.end.0 - place.first_revision.0).unwrap_or(usize::MAX)
                * layout::ENTRY_BYTES;
        let mut head = self.fetch(place.offset(), read_first.min(place.span()))?;
        let header = self.header(&head, election, place)?;
        if header.table_end() > head.len() {
            // Only of a group that is damaged further on less than the table is wanted, but its checksum needs all.
            head = self.fetch(place.offset(), header.table_end().min(place.span()))?;
        }
        let table = self.table(&head, election, place, &header)?;
        let mut bytes = 0_usize;
        let lines: Vec<layout::Entry> = lines(table, skip, wanted)
            .into_iter()
            .take_while(|entry| {
                let full = bytes >= limit.bytes && bytes > 0;
                bytes = bytes.saturating_add(entry.public + entry.annex);
                !full
            })
            .collect();
        let length = lines
            .iter()
            .map(|entry| entry.public + entry.annex)
            .sum::<usize>();
        let start = header.table_end() + offset_of(table, skip);
        if start + length > place.span() {
            return Err(self.corrupt(election, from, place, "a record ends outside"));
        }
        let data = self.fetch(place.offset() + start as u64, length)?;
        let mut records = Vec::with_capacity(lines.len());
        let mut at = 0;
        for (revision, entry) in (from.0..).zip(lines) {
            let end = at + entry.public + entry.annex;
            records.push(self.record(
                data.slice(at..end),
                entry,
                election,
                Revision(revision),
                place,
            )?);
            at = end;
        }
        Ok(VecDeque::from([StoredGroup {
            group_id: header.group_id,
            first_revision: from,
            records,
        }]))
    }

    fn fetch(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let mut buffer = vec![0; length];
        self.file
            .read_at(&mut buffer, offset)
            .map_err(|error| ReadError::Io(error.to_string()))?;
        Ok(Bytes::from(buffer))
    }

    fn header(
        &self,
        group: &[u8],
        election: &ElectionId,
        place: &Place,
    ) -> Result<Header, ReadError> {
        let header = Header::parse(
            &group[..SECTOR_BYTES],
            u64::from(place.segment),
            place.offset(),
        )
        .map_err(|error| self.corrupt(election, place.first_revision, place, &error.to_string()))?;
        let same = header.election.as_ref() == Some(election)
            && header.first_revision == place.first_revision
            && header.span() == place.span();
        if same {
            Ok(header)
        } else {
            Err(self.corrupt(
                election,
                place.first_revision,
                place,
                "another group is there",
            ))
        }
    }

    fn table<'a>(
        &self,
        group: &'a [u8],
        election: &ElectionId,
        place: &Place,
        header: &Header,
    ) -> Result<&'a [u8], ReadError> {
        let table = &group[TABLE_START..header.table_end()];
        if crc32c::crc32c(table) == header.table_crc {
            Ok(table)
        } else {
            let what = "the checksum of the group's table does not match";
            Err(self.corrupt(election, place.first_revision, place, what))
        }
    }

    fn record(
        &self,
        mut bytes: Bytes,
        entry: layout::Entry,
        election: &ElectionId,
        revision: Revision,
        place: &Place,
    ) -> Result<Record, ReadError> {
        if crc32c::crc32c(&bytes) != entry.crc {
            return Err(self.corrupt(
                election,
                revision,
                place,
                "the checksum of the record does not match",
            ));
        }
        let public = bytes.split_to(entry.public);
        Ok(Record {
            public,
            annex: bytes,
        })
    }

    fn corrupt(
        &self,
        election: &ElectionId,
        revision: Revision,
        place: &Place,
        what: &str,
    ) -> ReadError {
        let damage = Damage {
            election: election.clone(),
            revision,
            place: format!(
                "{}, offset {}",
                segment::name(place.segment),
                place.offset()
            ),
            what: what.to_owned(),
        };
        tracing::error!(%damage, "a record cannot be read as it was written");
        ReadError::Corrupt(damage)
    }
}

/// The table's lines from `skip` on, at most `count`.
fn lines(table: &[u8], skip: u64, count: u64) -> Vec<layout::Entry> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    layout::entries(table)
        .skip(size(skip))
        .take(size(count))
        .collect()
}

/// The bytes of the records before line `skip`.
fn offset_of(table: &[u8], skip: u64) -> usize {
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    layout::entries(table)
        .take(skip)
        .map(|entry| entry.public + entry.annex)
        .sum()
}
