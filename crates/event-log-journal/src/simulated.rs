//! A folder in memory that loses power, runs full and fails on demand.

use crate::folder::{Folder, SegmentFile};
use crate::layout::SECTOR_BYTES;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// What goes wrong next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The next write fails and leaves so many of its bytes: whole sectors, as disks and page caches write them.
    Write { kept: usize },
    /// The next sync fails; what was written may or may not survive.
    Sync,
    /// The power goes with the next sync, before it returns.
    PowerAtSync,
    /// There is no room for another file until this is taken back.
    NoSpace,
}

/// The disk. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    files: BTreeMap<String, Arc<Mutex<Contents>>>,
    fault: Option<Fault>,
    off: bool,
}

#[derive(Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    /// What the sectors that were written since the last sync held before.
    unsynced: BTreeMap<usize, Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct SimulatedFile {
    disk: Disk,
    contents: Arc<Mutex<Contents>>,
}

impl Disk {
    pub(crate) fn fail(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    pub(crate) fn heal(&self) {
        self.lock().fault = None;
    }

    /// From now on every call fails and changes nothing.
    pub(crate) fn power_off(&self) {
        self.lock().off = true;
    }

    /// Power comes back: of each sector that was written and not synced `survives` tells if it is there.
    pub(crate) fn power_on(&self, mut survives: impl FnMut() -> bool) {
        let mut world = self.lock();
        world.off = false;
        world.fault = None;
        for contents in world.files.values() {
            let contents = &mut *contents.lock().unwrap();
            for (sector, before) in std::mem::take(&mut contents.unsynced) {
                if !survives() {
                    let start = sector * SECTOR_BYTES;
                    contents.bytes[start..start + before.len()].copy_from_slice(&before);
                }
            }
        }
    }

    /// Looks at or changes a file as it lies on the disk.
    pub(crate) fn with<T>(&self, name: &str, act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let contents = self.lock().files[name].clone();
        let mut contents = contents.lock().unwrap();
        act(&mut contents.bytes)
    }

    pub(crate) fn file_names(&self) -> Vec<String> {
        self.lock().files.keys().cloned().collect()
    }

    /// A second disk with the same bytes.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::default();
        for (name, contents) in &self.lock().files {
            let bytes = contents.lock().unwrap().bytes.clone();
            let contents = Contents {
                bytes,
                unsynced: BTreeMap::new(),
            };
            copy.lock()
                .files
                .insert(name.clone(), Arc::new(Mutex::new(contents)));
        }
        copy
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    fn powered(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.lock();
        if world.off {
            Err(io::Error::other("the power is off"))
        } else {
            Ok(world)
        }
    }

    fn file(&self, contents: Arc<Mutex<Contents>>) -> SimulatedFile {
        SimulatedFile {
            disk: self.clone(),
            contents,
        }
    }
}

impl Folder for Disk {
    type File = SimulatedFile;

    fn path(&self) -> &Path {
        Path::new("simulated")
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.powered()?.files.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<SimulatedFile> {
        let contents = Arc::<Mutex<Contents>>::default();
        self.powered()?
            .files
            .insert(name.to_owned(), contents.clone());
        Ok(self.file(contents))
    }

    fn open(&self, name: &str) -> io::Result<SimulatedFile> {
        let contents = self.powered()?.files.get(name).cloned();
        Ok(self.file(contents.ok_or(io::ErrorKind::NotFound)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.powered()?;
        let contents = world.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        world.files.insert(to.to_owned(), contents);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.powered()?
            .files
            .remove(name)
            .map(drop)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        self.powered().map(drop)
    }
}

impl SegmentFile for SimulatedFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.contents.lock().unwrap().bytes.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        drop(self.disk.powered()?);
        let contents = self.contents.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let bytes = contents
            .bytes
            .get(start..start + buffer.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.disk.powered()?;
        let (kept, answer) = match world.fault {
            Some(Fault::Write { kept }) => {
                world.fault = None;
                (
                    kept.min(bytes.len()),
                    Err(io::Error::other("simulated write error")),
                )
            }
            _ => (bytes.len(), Ok(())),
        };
        let mut contents = self.contents.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        for sector in start / SECTOR_BYTES..(start + kept).div_ceil(SECTOR_BYTES) {
            let before = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
            let before = contents.bytes[before].to_vec();
            contents.unsynced.entry(sector).or_insert(before);
        }
        contents.bytes[start..start + kept].copy_from_slice(&bytes[..kept]);
        answer
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.powered()?;
        match world.fault {
            Some(Fault::Sync) => {
                world.fault = None;
                return Err(io::Error::other("simulated sync error"));
            }
            Some(Fault::PowerAtSync) => {
                world.off = true;
                return Err(io::Error::other("the power went"));
            }
            _ => {}
        }
        self.contents.lock().unwrap().unsynced.clear();
        Ok(())
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let world = self.disk.powered()?;
        if world.fault == Some(Fault::NoSpace) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.contents.lock().unwrap().bytes = vec![0; usize::try_from(bytes).unwrap()];
        Ok(())
    }
}
