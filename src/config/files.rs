//! Paths in a configuration, and the files that must be there.

use super::keys::single;
use super::load::Kind;
use super::reader::{plain, put, Reader, Section, Unfit};
use super::{values, Config, Dialplan};
use crate::dialplan::say::is_language;
use crate::secret::Secret;
use std::path::PathBuf;
use toml_edit::TableLike;

/// `[store]`, `[dialplan]` and `[sounds]`. Defaults may be missing, since the built-in dialplan and sounds stand in
/// for them; what is named must exist.
pub(super) fn read_paths(reader: &mut Reader<'_>, root: &dyn TableLike, config: &mut Config) {
    config.store.path = reader.folder.join(&config.store.path);
    config.dialplan.file = reader.folder.join(&config.dialplan.file);
    config.sounds.path = config
        .sounds
        .path
        .iter()
        .map(|path| reader.folder.join(path))
        .collect();
    if let Some(section) = single(reader, root, "store", "[store]") {
        let path = section.text(reader, "path", |reader, text| {
            let path = path(reader, text)?;
            match reader.surroundings.kind(&path) {
                Some(Kind::File) => Err(Unfit::because(
                    "bad-value",
                    format!("{} is a file, not a folder", path.display()),
                )),
                // The switch makes the folder.
                Some(Kind::Folder) | None => Ok(path),
            }
        });
        put(&mut config.store.path, path);
    }
    if let Some(section) = single(reader, root, "dialplan", "[dialplan]") {
        put(
            &mut config.dialplan.file,
            section.text(reader, "file", |reader, text| existing(reader, text, Kind::File)),
        );
        let language = section.text(reader, "language", |_, text| match is_language(text) {
            true => Ok(text.to_owned()),
            false => Err(Unfit::value("a language, such as en, fr or pt_BR", text)),
        });
        put(&mut config.dialplan.language, language);
        if let Some(allow) = section.list(reader, "allow", |_, text| match text {
            "#exec" => Ok(text.to_owned()),
            text => values::name(text),
        }) {
            config.dialplan.allow = plain(allow.value);
        }
        put(&mut config.dialplan.watch, section.flag(reader, "watch"));
        read_machine(reader, &section, &mut config.dialplan);
    }
    if let Some(section) = single(reader, root, "sounds", "[sounds]") {
        let folders = section.list(reader, "path", |reader, text| {
            existing(reader, text, Kind::Folder)
        });
        if let Some(folders) = folders {
            config.sounds.path = plain(folders.value);
        }
    }
}

/// What of the machine dialplans may reach.
fn read_machine(reader: &mut Reader<'_>, section: &Section<'_>, dialplan: &mut Dialplan) {
    if let Some(urls) = section.list(reader, "curl", |_, text| values::url_prefix(text)) {
        dialplan.curl = plain(urls.value);
    }
    if let Some(hosts) = section.list(reader, "agi_hosts", |_, text| values::host_port(text)) {
        dialplan.agi_hosts = plain(hosts.value);
    }
    let folder = |reader: &mut Reader<'_>, text: &str| existing(reader, text, Kind::Folder);
    dialplan.agi_folder = section.text(reader, "agi_folder", folder).map(|path| path.value);
    dialplan.files = section.text(reader, "files", folder).map(|path| path.value);
    let Some(names) = section.list(reader, "environment", |_, text| values::name(text)) else {
        return;
    };
    for name in names.value {
        match reader.surroundings.variable(&name.value) {
            Some(value) => dialplan.environment.push((name.value, Secret::new(value))),
            None => {
                let message = format!("`environment`: {} is not set", name.value);
                reader.warning("unset-variable", name.at, message, "ENV finds it empty");
            }
        }
    }
}

fn path(reader: &Reader<'_>, text: &str) -> Result<PathBuf, Unfit> {
    if text.is_empty() || text.contains('\0') {
        return Err(Unfit::value("a path", text));
    }
    Ok(reader.folder.join(text))
}

pub(super) fn existing(reader: &mut Reader<'_>, text: &str, kind: Kind) -> Result<PathBuf, Unfit> {
    let path = path(reader, text)?;
    let (wanted, other) = match kind {
        Kind::File => ("file", "a folder"),
        Kind::Folder => ("folder", "a file"),
    };
    match reader.surroundings.kind(&path) {
        Some(found) if found == kind => Ok(path),
        Some(_) => Err(Unfit::because(
            "bad-value",
            format!("{} is {other}, not a {wanted}", path.display()),
        )),
        None => Err(
            Unfit::because("missing-file", format!("there is no {wanted} {}", path.display()))
                .hint("relative paths start at this file's folder"),
        ),
    }
}

pub(super) fn pem_file(reader: &mut Reader<'_>, text: &str, marker: &str) -> Result<PathBuf, Unfit> {
    let path = existing(reader, text, Kind::File)?;
    let content = reader
        .surroundings
        .read(&path)
        .map(zeroize::Zeroizing::new)
        .map_err(|error| {
            Unfit::because("missing-file", format!("cannot read {}: {error}", path.display()))
        })?;
    let begins =
        |line: &str| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{marker}-----"));
    if !content.lines().any(begins) {
        let message = format!(
            "{} holds no PEM block of a {}",
            path.display(),
            marker.to_lowercase()
        );
        return Err(Unfit::because("bad-value", message));
    }
    Ok(path)
}
