//! `obelus check`: every mistake in the configuration, the dialplan and the sounds.

use super::languages::languages;
use crate::config::{self, Config};
use crate::diagnostic::{render, to_json, Diagnostic, Summary};
use crate::dialplan::{self, reader};
use crate::io::reload::Loaded;
use crate::media::builtin_sounds::SOUNDS;
use crate::media::library::{Library, EXTENSIONS};
use crate::media::tone;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `obelus check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints all findings; fails where one of them is an error.
pub fn main(args: Args) -> ExitCode {
    let (config, mut findings) = config::read(args.config.as_deref());
    // The dialplan of a configuration with mistakes is looked at as well: all mistakes are told at once.
    if let Some(config) = &config {
        let (_, more) = load_dialplan(config);
        findings.extend(more);
        findings.extend(broken_sounds(&config.sounds.path));
    }
    let summary = Summary::of(&findings);
    let shown = if args.json {
        let findings: Vec<_> = findings.iter().map(to_json).collect();
        let counts = (summary.errors, summary.warnings);
        format!(
            "{}\n",
            serde_json::json!({"findings": findings, "errors": counts.0, "warnings": counts.1})
        )
    } else {
        let color = std::io::stdout().is_terminal();
        let findings: String = findings.iter().map(|finding| render(finding, color)).collect();
        format!(
            "{findings}{}{summary}\n",
            config
                .as_ref()
                .map_or(String::new(), |config| looked_at(&args, config))
        )
    };
    // Where standard output is closed the exit code still tells.
    let _ = std::io::stdout().write_all(shown.as_bytes());
    if summary.errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Loads the dialplan that a configuration names, or the built-in one where it names none and the default is missing.
pub fn load_dialplan(config: &Config) -> (Option<dialplan::Dialplan>, Vec<Diagnostic>) {
    let loaded = load_watching(config);
    (loaded.dialplan, loaded.findings)
}

/// Loads the dialplan, and tells which files it was read from.
pub fn load_watching(config: &Config) -> Loaded {
    let options = options(config);
    let file = &config.dialplan.file;
    let reader = reader::Watching::new();
    let (mut dialplan, mut findings) = if file.exists() {
        dialplan::load(file, &reader, &options)
    } else {
        // It may come.
        reader.note(file);
        let built_in = reader::Memory::new([("main.conf", dialplan::MAIN_CONF)]);
        dialplan::load(Path::new("main.conf"), &built_in, &options)
    };
    let (_, faults) = languages(config);
    if !faults.is_empty() {
        dialplan = None;
        findings.extend(faults);
    }
    Loaded {
        dialplan,
        findings,
        watched: reader.watched(),
    }
}

/// The contexts that calls enter; where there is no trunk, that is not known.
fn entries(config: &Config) -> Option<Vec<String>> {
    let contexts: Vec<String> = config.trunks.iter().map(|trunk| trunk.context.clone()).collect();
    Some(contexts).filter(|contexts| !contexts.is_empty())
}

/// What a load of a dialplan is to know of a configuration.
pub fn options(config: &Config) -> dialplan::Options {
    let mut mailboxes: Vec<String> = config
        .mailboxes
        .iter()
        .map(|mailbox| mailbox.name.clone())
        .collect();
    let takes_codes = config.mailboxes.iter().filter(|mailbox| mailbox.telephone);
    let telephone = takes_codes.map(|mailbox| mailbox.name.clone()).collect();
    // It exists even where the configuration has none.
    mailboxes.push("main".into());
    dialplan::Options {
        allow: config.dialplan.allow.clone(),
        mailboxes: Some(mailboxes),
        telephone: Some(telephone),
        sounds: Some(sound_names(&config.sounds.path)),
        entries: entries(config),
        languages: languages(config).0,
        ..dialplan::Options::default()
    }
}

/// `obelus.toml, dialplans/main.conf, 48 sounds: `
fn looked_at(args: &Args, config: &Config) -> String {
    let file = match config::find(args.config.as_deref()) {
        Some(file) => file.display().to_string(),
        None => format!("no {}: the defaults", config::DEFAULT_FILE),
    };
    let dialplan = match config.dialplan.file.exists() {
        true => config.dialplan.file.display().to_string(),
        false => "the built-in dialplan".to_owned(),
    };
    format!(
        "{file}, {dialplan}, {} sounds: ",
        sound_names(&config.sounds.path).len()
    )
}

/// The name of every sound there is, from the folders and built in.
fn sound_names(folders: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = folders.iter().flat_map(|folder| wav_names(folder)).collect();
    names.extend(SOUNDS.iter().map(|(name, _)| (*name).to_owned()));
    names.extend((1..=10).map(|seconds| format!("silence/{seconds}")));
    names.extend(
        ["beep", "busy", "congestion", "ringing"]
            .map(str::to_owned)
            .into_iter()
            .filter(|name| tone::by_name(name).is_some()),
    );
    names.sort();
    names.dedup();
    names
}

/// Folders below folders that are looked into; `digits/7` is one deep.
const DEPTH: usize = 8;

/// The sounds of one folder by name, without extension: `digits/7`.
fn wav_names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        // A folder that cannot be read has no sounds for the switch either.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = entry.path();
            if path.is_dir() {
                if depth < DEPTH {
                    folders.push((path, format!("{prefix}{name}/"), depth + 1));
                }
            } else if let Some((name, extension)) = name.rsplit_once('.') {
                if EXTENSIONS.contains(&extension) {
                    names.push(format!("{prefix}{name}"));
                }
            }
        }
    }
    names
}

/// Sound files that cannot be played.
fn broken_sounds(folders: &[PathBuf]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for folder in folders {
        let library = Library::new(vec![folder.clone()], &[]);
        let mut names = wav_names(folder);
        names.sort();
        for name in names {
            if let Err(error) = library.get(&name) {
                findings.push(
                    Diagnostic::error("bad-sound", error.to_string())
                        .hint("sounds are WAV files of any rate, or .sln, .ulaw and .alaw without a head"),
                );
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_without_a_configuration_has_nothing_wrong_with_it() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut config = Config::default();
        config.dialplan.file = folder.path().join("dialplans/main.conf");
        config.sounds.path = vec![folder.path().join("sounds")];
        let (dialplan, findings) = load_dialplan(&config);
        assert!(dialplan.is_some());
        assert_eq!(findings, []);
        assert_eq!(broken_sounds(&config.sounds.path), []);
    }

    #[test]
    fn sounds_of_folders_are_named_and_those_that_do_not_play_are_told() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it lies in the folder"))
                .expect("folders can be made");
            std::fs::write(path, bytes).expect("the file can be written");
        };
        write("hello.wav", &crate::codec::wav::encode(&[0; 80]));
        write("digits/7.wav", b"not a sound");
        write("table.tsv", b"");
        let folders = [folder.path().to_owned()];
        let names = sound_names(&folders);
        assert!([
            "hello",
            "digits/7",
            "beep",
            "en/memo-saved",
            "fr/digits/et",
            "silence/10"
        ]
        .iter()
        .all(|name| names.iter().any(|known| known == name)));
        let findings = broken_sounds(&folders);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].code, "bad-sound");
        assert!(findings[0].message.contains("digits/7.wav"), "{findings:?}");
    }
}
