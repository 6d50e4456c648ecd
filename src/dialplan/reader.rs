//! Where dialplan files come from: a trait, so that a load is the same from a disk and from a test's table.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

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
