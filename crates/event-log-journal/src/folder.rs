//! The files of a journal behind two small traits, so that their faults can be simulated.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A file of fixed size. All calls block.
pub trait SegmentFile: Send + Sync + 'static {
    /// Its size.
    fn bytes(&self) -> io::Result<u64>;
    /// Fills the buffer from this offset, or fails.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of the bytes at this offset. After an error any part of them may be there.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Returns when all that was written would survive the loss of power.
    fn sync(&self) -> io::Result<()>;
    /// Makes a new file so many zero bytes long, so that later writes need no new room, and syncs it.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
}

/// A folder of such files. All calls block.
pub trait Folder: Send + Sync + 'static {
    /// Its files.
    type File: SegmentFile;
    /// For messages.
    fn path(&self) -> &Path;
    /// The names of the files that are there, in any order.
    fn names(&self) -> io::Result<Vec<String>>;
    /// A new file; one of that name is emptied.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// A file that is there.
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Returns when the names would survive the loss of power.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of the operating system.
#[derive(Debug)]
pub struct DiskFolder {
    path: PathBuf,
}

impl DiskFolder {
    /// Makes the folder if it is not there.
    pub fn new(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Folder for DiskFolder {
    type File = DiskFile;

    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<DiskFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(DiskFile(options.open(self.path.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<DiskFile> {
        let mut options = OpenOptions::new();
        Ok(DiskFile(
            options.read(true).write(true).open(self.path.join(name))?,
        ))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// A file of the operating system.
#[derive(Debug)]
pub struct DiskFile(File);

/// Zeros are written in pieces of this size, each synced: one long sync would hold up the appends beside it.
const ALLOCATE_BYTES: usize = 1 << 20;

impl SegmentFile for DiskFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let zeros = vec![0; ALLOCATE_BYTES];
        let mut offset = 0;
        while offset < bytes {
            let piece = usize::try_from(bytes - offset)
                .map_or(ALLOCATE_BYTES, |left| left.min(ALLOCATE_BYTES));
            self.0.write_all_at(&zeros[..piece], offset)?;
            self.0.sync_data()?;
            offset += piece as u64;
        }
        self.0.sync_all()
    }
}
