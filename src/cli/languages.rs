//! The languages of the sound folders: each a folder with a grammar of its own.

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Source};
use crate::dialplan::say::{is_language, Languages};
use std::path::{Path, PathBuf};

/// What a language's grammar is called in its folder.
const GRAMMAR: &str = "grammar.txt";

/// The built-in languages and those of the folders, and what is wrong with the latter.
pub fn languages(config: &Config) -> (Languages, Vec<Diagnostic>) {
    let mut languages = Languages::default();
    let mut findings = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (name, path) in grammars(&config.sounds.path) {
        // The first folder that has it, as with sounds.
        if seen.contains(&name) {
            continue;
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                findings.push(Diagnostic::error("bad-grammar", message));
                continue;
            }
        };
        if let Err(faults) = languages.add(&name, &text) {
            let source = Source::new(path.display().to_string(), text.as_str());
            findings.extend(faults.into_iter().map(|fault| {
                Diagnostic::error("bad-grammar", fault.message).at(&source, line(&text, fault.line))
            }));
        }
        seen.push(name);
    }
    (languages.with_default(&config.dialplan.language), findings)
}

/// The grammars of the folders with their languages, a language before its varieties, which build on it.
fn grammars(folders: &[PathBuf]) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = folders.iter().flat_map(|folder| of_folder(folder)).collect();
    // Stable: among those of one language the order of the folders stays.
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn of_folder(folder: &Path) -> Vec<(String, PathBuf)> {
    // A folder that cannot be read has no sounds either, which is told elsewhere.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| is_language(name))
        .map(|name| (name.clone(), folder.join(name).join(GRAMMAR)))
        .filter(|(_, path)| path.is_file())
        .collect()
}

/// Where a line stands in a text.
fn line(text: &str, number: usize) -> std::ops::Range<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n').take(number.saturating_sub(1)) {
        start += line.len();
    }
    let rest = text.get(start..).unwrap_or_default();
    start..start + rest.lines().next().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_a_folder_with_a_grammar() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        };
        write(
            "first/fr_CH/grammar.txt",
            "[number]\n0 digits/#\n70 digits/@ [ > ]\n",
        );
        write("second/fr_CH/grammar.txt", "[number]\n0 never\n");
        write("second/de/grammar.txt", "[number]\n0 digits/#\n\n5 =nowhere\n");
        write("second/digits/grammar.txt", "not looked at");
        let mut config = Config::default();
        config.sounds.path = vec![folder.path().join("first"), folder.path().join("second")];
        config.dialplan.language = "fr_CH".to_owned();
        let (languages, findings) = languages(&config);
        assert_eq!(languages.default_name(), "fr_CH");
        let seventy = languages.grammar("fr_CH").number(70, None);
        assert_eq!(seventy, Some(vec!["digits/70".to_owned()]));
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].message, "there is no section [nowhere]");
        let span = findings[0].span.as_ref().expect("a place");
        assert_eq!(span.source.position(span.range.start), (4, 1));
        assert_eq!(span.source.line(4), "5 =nowhere");
    }
}
