//! The few things that the store asks of a file system, as a trait: so that tests can fail the nth of them, or cut
//! the power between two.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// A file that is being written.
pub trait DiskFile: Send {
    /// Appends all of it.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when what was written outlives a loss of power (fdatasync).
    fn sync_data(&mut self) -> io::Result<()>;
}

/// A file that is read. It stays what it was when it was opened, even where its name is removed meanwhile.
pub trait DiskReader: Read + Seek + Send {}

impl<T: Read + Seek + Send> DiskReader for T {}

/// The names in a folder, one after the other.
pub type Names = Box<dyn Iterator<Item = io::Result<String>>>;

/// A file system. All files are made with mode 0600, all folders with 0700.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it; no error where it exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes a file that must not exist.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file its name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when a folder's entries outlive a loss of power.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Returns when all of a file that another wrote outlives a loss of power (fsync).
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Adds bytes to the end of a file that exists. Where it fails, a part of them may stand there.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Cuts a file to that length.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;
    /// Returns when the content of a file that we wrote outlives a loss of power (fdatasync).
    fn sync_content(&self, path: &Path) -> io::Result<()>;
    /// Returns when all that was written to the file system that holds this folder outlives a loss of power, contents and
    /// names alike (syncfs): one wait, however many files there are.
    fn sync_file_system(&self, path: &Path) -> io::Result<()>;
    /// Bytes that may still be written to the file system that holds this folder, as far as it tells: a quota it does not.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// A file, to be read from its beginning on.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskReader>>;
    /// The whole content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The first `most` bytes of a file, fewer where it is shorter, and how long it is.
    fn read_head(&self, path: &Path, most: usize) -> io::Result<(Vec<u8>, u64)>;
    /// The names in a folder, one at a time: there may be a hundred thousand of them.
    fn list(&self, path: &Path) -> io::Result<Names>;
    /// Whether a folder exists.
    fn is_dir(&self, path: &Path) -> bool;
    /// Lets only this user read and write a file that another library made.
    fn restrict(&self, path: &Path) -> io::Result<()>;
}

/// The machine's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

struct OsFile(File);

impl DiskFile for OsFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

impl Disk for OsDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Box::new(OsFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // Opened anew each time: a recording that goes on holds no descriptor.
        OpenOptions::new().append(true).open(path)?.write_all(bytes)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(length)
    }

    fn sync_content(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_data()
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        nix::unistd::syncfs(File::open(path)?).map_err(io::Error::from)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let told = nix::sys::statvfs::statvfs(path)?;
        Ok(told.blocks_available() as u64 * told.fragment_size() as u64)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskReader>> {
        Ok(Box::new(File::open(path)?))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn read_head(&self, path: &Path, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut head = Vec::new();
        file.take(most as u64).read_to_end(&mut head)?;
        Ok((head, length))
    }

    fn list(&self, path: &Path) -> io::Result<Names> {
        // A name that is not UTF-8 is none of ours.
        let name = |entry: std::fs::DirEntry| entry.file_name().into_string().ok();
        let entries = std::fs::read_dir(path)?;
        Ok(Box::new(
            entries.filter_map(move |entry| entry.map(name).transpose()),
        ))
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn restrict(&self, path: &Path) -> io::Result<()> {
        std::fs::set_permissions(path, Permissions::from_mode(0o600))
    }
}
