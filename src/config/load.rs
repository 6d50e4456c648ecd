//! From a file to a `Config`. The only file below `config` that reads anything: once, at the start.

use super::sections;
use super::Config;
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::limits;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The file that is read where none is named, if it exists.
pub const DEFAULT_FILE: &str = "obelus.toml";

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// What a configuration may refer to: files and the environment. A trait, so that tests bring their own.
pub trait Surroundings {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// A text file's content.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// What stands at the path; `None` for nothing.
    fn kind(&self, path: &Path) -> Option<Kind>;
    /// Whether a secret that is not here is a mistake: for who speaks to providers and is asked by others.
    fn needs_secrets(&self) -> bool {
        true
    }
}

/// The surroundings of this process.
#[derive(Clone, Copy, Debug)]
pub struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<String> {
        // An empty name, or one with `=`, is never set; `var` says so without a panic.
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let mut text = Vec::new();
        // One byte more than allowed tells a file that is too large from one that just fits.
        File::open(path)?
            .take(limits::CONFIG_BYTES as u64 + 1)
            .read_to_end(&mut text)?;
        if text.len() > limits::CONFIG_BYTES {
            return Err(io::Error::other(format!(
                "larger than {} bytes",
                limits::CONFIG_BYTES
            )));
        }
        String::from_utf8(text).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..valid]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            io::Error::other(format!(
                "not UTF-8 text: line {line} has a byte that belongs to no character"
            ))
        })
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(if metadata.is_dir() {
            Kind::Folder
        } else {
            Kind::File
        })
    }
}

/// The same for a command that is run by hand beside the switch, which has its secrets from its service manager.
struct Beside;

impl Surroundings for Beside {
    fn variable(&self, name: &str) -> Option<String> {
        Process.variable(name)
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        Process.read(path)
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        Process.kind(path)
    }

    fn needs_secrets(&self) -> bool {
        false
    }
}

/// The file that [`load`] reads: the one named, else `obelus.toml` in the current folder where there is one.
pub fn find(named: Option<&Path>) -> Option<PathBuf> {
    match named {
        Some(path) => Some(path.to_owned()),
        None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
    }
}

/// Reads the configuration: the file named, else `obelus.toml` in the current folder, else the defaults.
///
/// Relative paths within it, and the defaults of paths, start at the file's own folder, so that every subcommand
/// finds the same store from wherever it is run.
///
/// # Errors
/// Every mistake, warnings included, where one of them is an error. `Ok` carries the warnings alone.
pub fn load(named: Option<&Path>) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    usable(read(named))
}

/// The same for a command that uses no secret of the configuration: one that is not in this environment, or in a file that
/// this user may not read, is no mistake, and not what it should be.
///
/// # Errors
/// As [`load`].
pub fn load_without_secrets(named: Option<&Path>) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    usable(read_in(named, &Beside))
}

/// As [`load`], with what could be understood of a configuration that must not be used: for `obelus check`, which looks
/// on. `None` where the file cannot be read or is no TOML.
pub fn read(named: Option<&Path>) -> (Option<Config>, Vec<Diagnostic>) {
    read_in(named, &Process)
}

fn read_in(named: Option<&Path>, surroundings: &dyn Surroundings) -> (Option<Config>, Vec<Diagnostic>) {
    let Some(path) = find(named) else {
        return understand("<defaults>", "", Path::new(""), surroundings);
    };
    let text = match Process.read(&path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            let hint = "without --config, obelus.toml of the current folder is used, or the defaults";
            return (None, vec![Diagnostic::error("missing-file", message).hint(hint)]);
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    understand(&path.display().to_string(), &text, folder, surroundings)
}

/// Reads a configuration from its text. `name` is shown in findings, `folder` is where relative paths start.
///
/// # Errors
/// As [`load`].
pub fn parse(
    name: &str,
    text: &str,
    folder: &Path,
    surroundings: &dyn Surroundings,
) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    usable(understand(name, text, folder, surroundings))
}

fn usable(
    (config, findings): (Option<Config>, Vec<Diagnostic>),
) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    match config {
        Some(config) if findings.iter().all(|finding| finding.severity < Severity::Error) => {
            Ok((config, findings))
        }
        _ => Err(findings),
    }
}

fn understand(
    name: &str,
    text: &str,
    folder: &Path,
    surroundings: &dyn Surroundings,
) -> (Option<Config>, Vec<Diagnostic>) {
    let document = match toml_edit::Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let source = Source::new(name, super::secrets::masked_by_line(text));
            let finding = Diagnostic::error("syntax", error.message().to_owned())
                .at(&source, error.span().unwrap_or(0..0))
                .hint("the file is TOML: [section], then key = value; text stands in quotes");
            return (None, vec![finding]);
        }
    };
    let source = Source::new(name, super::secrets::masked(text, document.as_table()));
    let (config, mut findings) = sections::read(document.as_table(), source, folder, surroundings);
    findings.sort_by_key(|finding| finding.span.as_ref().map_or(0, |span| span.range.start));
    (Some(config), findings)
}
