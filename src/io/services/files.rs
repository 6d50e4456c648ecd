//! FILE and STAT: files of one folder, which no path leaves, nor a link.

use crate::dialplan::services::FileFacts;
use crate::limits;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The folder, where the configuration names one.
pub(super) struct Folder(Option<PathBuf>);

impl Folder {
    pub fn new(folder: Option<PathBuf>) -> Self {
        // Where it really is: what is opened is compared with that.
        Folder(folder.and_then(|folder| fs::canonicalize(folder).ok()))
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> Result<String, String> {
        let mut bytes = Vec::new();
        let file = self.open(&self.place(path)?, OpenOptions::new().read(true))?;
        let length = file.take(limits::VARIABLE_BYTES as u64).read_to_end(&mut bytes);
        length.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a file's text anew, or at its end.
    pub fn write(&self, path: &str, text: &str, append: bool) -> Result<(), String> {
        let place = self.place(path)?;
        let mut options = OpenOptions::new();
        options
            .create(true)
            .append(append)
            .write(true)
            .truncate(!append)
            .mode(0o600);
        let mut file = self.open(&place, &mut options)?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        if length + text.len() as u64 > limits::DIALPLAN_FILE_BYTES {
            return Err("the file would be too long".to_string());
        }
        file.write_all(text.as_bytes()).map_err(|error| error.to_string())
    }

    /// What is known of a file.
    pub fn facts(&self, path: &str) -> Option<FileFacts> {
        let place = self.place(path).ok()?;
        let facts = fs::symlink_metadata(place).ok()?;
        let changed = u64::try_from(facts.ctime()).unwrap_or(0);
        Some(FileFacts {
            is_folder: facts.is_dir(),
            is_file: facts.is_file(),
            size: facts.len(),
            mode: facts.mode() & 0o7777,
            accessed: facts.accessed().unwrap_or(SystemTime::UNIX_EPOCH),
            modified: facts.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            changed: SystemTime::UNIX_EPOCH + Duration::from_secs(changed),
        })
    }

    /// Where a path leads: within the folder, whether it is written from there or from the root.
    fn place(&self, path: &str) -> Result<PathBuf, String> {
        let folder = self.0.as_deref().ok_or("[dialplan] files names no folder")?;
        within(folder, path)
    }

    /// Opens a plain file: nothing that would make a reader wait, and no link.
    fn open(&self, place: &Path, options: &mut OpenOptions) -> Result<File, String> {
        let flags = nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK;
        let file = options
            .custom_flags(flags.bits())
            .open(place)
            .map_err(|error| error.to_string())?;
        match file.metadata().is_ok_and(|facts| facts.is_file()) {
            true => Ok(file),
            false => Err("it is not a plain file".to_string()),
        }
    }
}

/// The place of a path within a folder, whose own path is canonical. The last part need not exist; links are followed
/// up to there and may not leave the folder.
pub(super) fn within(folder: &Path, path: &str) -> Result<PathBuf, String> {
    let outside = || "the path leaves its folder".to_string();
    let path = Path::new(path);
    if path.to_string_lossy().contains('\0') || path.components().any(|part| part == Component::ParentDir) {
        return Err(outside());
    }
    let whole = folder.join(path);
    let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else {
        return Err(outside());
    };
    if whole == folder {
        return Ok(whole);
    }
    let parent = fs::canonicalize(parent).map_err(|error| error.to_string())?;
    match parent.starts_with(folder) {
        true => Ok(parent.join(name)),
        false => Err(outside()),
    }
}
