//! Secrets in a configuration: where they come from, and that no finding shows one.

use super::reader::{Reader, Unfit};
use crate::diagnostic::did_you_mean;
use crate::secret::Secret;
use std::ops::Range;
use std::path::Path;
use toml_edit::{Item, TableLike};
use zeroize::Zeroize;

/// Keys that hold a secret, in whatever section they are written.
const KEYS: [&str; 2] = ["password", "admin_token"];

/// A secret is a literal, `env:NAME` or `file:PATH` (its text without the line end).
pub(super) fn resolve(reader: &mut Reader<'_>, text: &str) -> Result<Secret, Unfit> {
    match find(reader, text) {
        // Nobody looks at it.
        Err(Unfit {
            code: "missing-variable" | "missing-file",
            ..
        }) if !reader.surroundings.needs_secrets() => Ok(Secret::new("absent".to_owned())),
        found => found,
    }
}

fn find(reader: &mut Reader<'_>, text: &str) -> Result<Secret, Unfit> {
    let secret = if let Some(name) = text.strip_prefix("env:") {
        let value = reader.surroundings.variable(name);
        value.map(Secret::new).ok_or_else(|| {
            Unfit::because(
                "missing-variable",
                format!("the environment has no variable {name:?}"),
            )
            .hint("set it for this process, or write file:PATH")
        })?
    } else if let Some(path) = text.strip_prefix("file:") {
        let path = reader.folder.join(Path::new(path));
        let mut whole = reader.surroundings.read(&path).map_err(|error| {
            Unfit::because("missing-file", format!("cannot read {}: {error}", path.display()))
        })?;
        let secret = Secret::new(whole.trim_end_matches(['\r', '\n']).to_owned());
        whole.zeroize();
        secret
    } else {
        Secret::new(text.to_owned())
    };
    if secret.expose().is_empty() {
        return Err(Unfit::because("bad-value", "the secret is empty"));
    }
    if secret.expose().contains(['\r', '\n', '\0']) {
        return Err(Unfit::because("bad-value", "the secret has more than one line"));
    }
    Ok(secret)
}

/// The document's text with each secret's value replaced by as many asterisks: what findings show. References
/// (`env:`, `file:`) stay readable.
pub(super) fn masked(text: &str, root: &dyn TableLike) -> String {
    let mut places = Vec::new();
    collect(root, &mut places);
    let mut bytes = text.as_bytes().to_vec();
    for place in places {
        mask(&mut bytes, place);
    }
    // Whole values were replaced, each from one character boundary to another, so this is UTF-8 still.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The same for a text that is not TOML: by lines, all that follows such a key.
pub(super) fn masked_by_line(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut start = 0;
    // A string over several lines has its secret on the lines below the key; they are masked to its end.
    let mut until: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        if let Some(quotes) = until {
            mask(&mut bytes, start..end);
            if line.contains(quotes) {
                until = None;
            }
        } else if let Some(found) = secret_in_line(line) {
            // References cannot be told from secrets in a text that does not parse, so they go too.
            mask(&mut bytes, start + found..end);
            let after = line.get(found..).unwrap_or_default();
            until = ["\"\"\"", "'''"]
                .into_iter()
                .find(|quotes| after.matches(quotes).count() == 1);
        }
        start += line.len();
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether a key is meant to hold a secret: a slip of the pen (`pasword`) must not put one on the screen.
fn looks_secret(key: &str) -> bool {
    let key = key.trim().to_lowercase();
    WORDS.iter().any(|word| key.contains(word)) || did_you_mean(&key, KEYS).is_some()
}

/// Words of which one stands in a secret's key.
const WORDS: [&str; 3] = ["pass", "secret", "token"];

/// Where in a line the secret may begin.
fn secret_in_line(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    if let Some((word, found)) = WORDS
        .iter()
        .filter_map(|word| Some((word, lower.find(word)?)))
        .min_by_key(|w| w.1)
    {
        return Some(found + word.len());
    }
    let (key, _) = line.split_once('=')?;
    looks_secret(key).then_some(key.len() + 1)
}

fn collect(table: &dyn TableLike, places: &mut Vec<Range<usize>>) {
    for (key, item) in table.iter() {
        let reference = item
            .as_str()
            .is_some_and(|text| text.starts_with("env:") || text.starts_with("file:"));
        if looks_secret(key) && !reference {
            places.extend(item.span());
        }
        match item {
            Item::ArrayOfTables(tables) => tables.iter().for_each(|table| collect(table, places)),
            Item::Value(value) => {
                let array = value.as_array().into_iter().flatten();
                array
                    .filter_map(|value| value.as_inline_table())
                    .for_each(|table| collect(table, places));
                value
                    .as_inline_table()
                    .into_iter()
                    .for_each(|table| collect(table, places));
            }
            Item::Table(table) => collect(table, places),
            Item::None => {}
        }
    }
}

/// Replaces every byte of the range, line ends aside: lines keep their numbers.
fn mask(bytes: &mut [u8], place: Range<usize>) {
    for byte in bytes.get_mut(place).into_iter().flatten() {
        if !matches!(*byte, b'\r' | b'\n') {
            *byte = b'*';
        }
    }
}
