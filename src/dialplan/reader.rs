//! Where dialplan files come from: a trait, so that a load is the same from a disk and from a test's table.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// Gives the files of a dialplan.
pub trait Reader {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, in any order: what `#include "folder/*.conf"` chooses from.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// What a command line prints: `#exec`. Only called where the configuration allows it.
    fn run(&self, command: &str) -> io::Result<Vec<u8>>;
}

/// Files of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Reader for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        // An empty path is the current folder, which the operating system calls ".".
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// By the shell, with nothing to read. It is waited for, since a load cannot go on without it.
    fn run(&self, command: &str) -> io::Result<Vec<u8>> {
        let output = Command::new("/bin/sh")
            .arg("-c")
            .arg(command)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(io::Error::other(format!("it ended with {}", output.status))),
        }
    }
}

/// What a load has read, as it was then: the files, whether or not they were there, and the names in folders that were
/// listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    files: Vec<(PathBuf, Option<Facts>)>,
    folders: Vec<(PathBuf, Vec<String>)>,
}

/// What changes when a file is written, or another takes its place.
type Facts = (u64, Option<SystemTime>, u64);

fn facts(file: &Path) -> Option<Facts> {
    let facts = std::fs::metadata(file).ok()?;
    Some((facts.len(), facts.modified().ok(), facts.ino()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names = Disk.list(folder).unwrap_or_default();
    names.sort();
    names
}

impl Watched {
    /// The same files and folders, as they are now.
    pub fn now(&self) -> Watched {
        Watched {
            files: self
                .files
                .iter()
                .map(|(file, _)| (file.clone(), facts(file)))
                .collect(),
            folders: self
                .folders
                .iter()
                .map(|(folder, _)| (folder.clone(), names(folder)))
                .collect(),
        }
    }
}

/// Files of the machine, remembering which were read.
#[derive(Debug, Default)]
pub struct Watching(RefCell<Watched>);

impl Watching {
    /// Before anything is read.
    pub fn new() -> Self {
        Watching::default()
    }

    /// Remembers a file that was found to be there or not without having been read.
    pub fn note(&self, file: &Path) {
        self.0.borrow_mut().files.push((file.to_owned(), facts(file)));
    }

    /// What was read.
    pub fn watched(self) -> Watched {
        self.0.into_inner()
    }
}

impl Reader for Watching {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // Before it is read: a change meanwhile is then one that the load has not seen.
        self.note(path);
        Disk.read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.0
            .borrow_mut()
            .folders
            .push((folder.to_owned(), names(folder)));
        Disk.list(folder)
    }

    fn run(&self, command: &str) -> io::Result<Vec<u8>> {
        Disk.run(command)
    }
}

/// Files that exist in memory only: the built-in dialplan, tests. What a command prints is the file of its name.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    /// From paths and texts.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Memory(
            files
                .into_iter()
                .map(|(path, text)| (plain(Path::new(path)), text.as_bytes().to_vec()))
                .collect(),
        )
    }
}

/// A path without `.` components, so that `./a` and `a` are one file.
fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|c| !matches!(c, Component::CurDir))
        .collect()
}

impl Reader for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0
            .get(&plain(path))
            .cloned()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = plain(folder);
        let names = self.0.keys().filter(|path| path.parent() == Some(&folder));
        Ok(names
            .filter_map(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    fn run(&self, command: &str) -> io::Result<Vec<u8>> {
        self.read(Path::new(command))
    }
}
