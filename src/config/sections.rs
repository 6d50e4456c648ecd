//! The sections of `obelus.toml`, each read key by key, and what must hold between keys.

use super::load::{Kind, Surroundings};
use super::reader::{one_of, Placed, Reader, Section, Unfit};
use super::{secrets, values};
use super::{Config, Http, LogFormat, Mailbox, Media, NumberFormat, Silence, Sip, Trunk};
use crate::codec::Codec;
use crate::diagnostic::{did_you_mean, Diagnostic, Source};
use crate::limits;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml_edit::{Item, TableLike, Value};
use tracing::Level;

/// Every section with its keys: what is known, and what `docs/configuration.md` must document.
pub const KEYS: [(&str, &[&str]); 10] = [
    ("sip", &["listen", "external_address", "max_calls"]),
    ("media", &["address", "ports", "threads"]),
    (
        "http",
        &[
            "listen",
            "domain",
            "public_url",
            "admin_token",
            "tls_cert",
            "tls_key",
            "trusted_proxies",
        ],
    ),
    ("federation", &["serve_unsigned"]),
    ("store", &["path"]),
    ("dialplan", &["file", "allow"]),
    ("sounds", &["path"]),
    ("log", &["level", "format", "full_numbers"]),
    (
        "trunk",
        &[
            "name",
            "context",
            "match",
            "registrar",
            "username",
            "password",
            "codecs",
            "number_format",
            "expires_secs",
            "silence",
        ],
    ),
    (
        "mailbox",
        &[
            "name",
            "notify_command",
            "notify_webhook",
            "min_secs",
            "max_secs",
            "silence_secs",
            "beep",
        ],
    ),
];

/// Reads the whole document. The configuration is complete even where findings say that it must not be used.
pub(super) fn read(
    root: &dyn TableLike,
    source: Arc<Source>,
    folder: &Path,
    surroundings: &dyn Surroundings,
) -> (Config, Vec<Diagnostic>) {
    let mut reader = Reader {
        source,
        folder,
        surroundings,
        findings: Vec::new(),
    };
    let reader = &mut reader;
    let mut config = Config::default();
    refuse_unknown_sections(reader, root);
    read_sip(reader, root, &mut config.sip);
    read_media(reader, root, &mut config);
    read_http(reader, root, &mut config.http);
    if let Some(section) = single(reader, root, "federation", "[federation]") {
        put(
            &mut config.federation.serve_unsigned,
            section.flag(reader, "serve_unsigned"),
        );
    }
    read_paths(reader, root, &mut config);
    if let Some(section) = single(reader, root, "log", "[log]") {
        put(&mut config.log.level, section.word(reader, "level", &LEVELS));
        put(&mut config.log.format, section.word(reader, "format", &FORMATS));
        put(&mut config.log.full_numbers, section.flag(reader, "full_numbers"));
    }
    for section in several(reader, root, "trunk", "[[trunk]]") {
        let trunk = read_trunk(reader, &section, &config.trunks);
        config.trunks.extend(trunk);
    }
    for section in several(reader, root, "mailbox", "[[mailbox]]") {
        let mailbox = read_mailbox(reader, &section, &config.mailboxes);
        config.mailboxes.extend(mailbox);
    }
    (config, std::mem::take(&mut reader.findings))
}

const LEVELS: [(&str, Level); 5] = [
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];
const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
const SILENCES: [(&str, Silence); 2] = [
    ("keepalive", Silence::Keepalive),
    ("continuous", Silence::Continuous),
];
const NUMBER_FORMATS: [(&str, NumberFormat); 4] = [
    ("as-is", NumberFormat::AsIs),
    ("digits", NumberFormat::Digits),
    ("e164", NumberFormat::E164),
    ("nanp10", NumberFormat::Nanp10),
];
const CODECS: [(&str, Codec); 2] = [("pcmu", Codec::Pcmu), ("pcma", Codec::Pcma)];

fn read_sip(reader: &mut Reader<'_>, root: &dyn TableLike, sip: &mut Sip) {
    let Some(section) = single(reader, root, "sip", "[sip]") else {
        return;
    };
    if let Some(listen) = section.list(reader, "listen", |_, text| values::listen(text)) {
        if listen.value.is_empty() {
            let hint = "leave the key out for the default";
            reader.error("bad-value", listen.at, "`listen`: nothing to listen on", hint);
        } else {
            refuse_twice(reader, "listen", &listen.value);
            sip.listen = plain(listen.value);
        }
    }
    if let Some(address) = section.text(reader, "external_address", |_, text| values::ip_address(text)) {
        if address.value.is_unspecified() {
            let message = "`external_address`: this address reaches nobody";
            reader.error(
                "bad-value",
                address.at,
                message,
                "write the address that the trunk sees",
            );
        } else {
            sip.external_address = Some(address.value);
        }
    }
    let bounds = 1..=limits::CALLS as u64;
    put_as(&mut sip.max_calls, section.number(reader, "max_calls", bounds));
}

fn read_media(reader: &mut Reader<'_>, root: &dyn TableLike, config: &mut Config) {
    let Some(section) = single(reader, root, "media", "[media]") else {
        return;
    };
    let media: &mut Media = &mut config.media;
    if let Some(address) = section.text(reader, "address", |_, text| values::ip_address(text)) {
        // 0.0.0.0 is what leaving the key out means.
        media.address = Some(address.value).filter(|address| !address.is_unspecified());
    }
    put_as(
        &mut media.threads,
        section.number(reader, "threads", 1..=limits::MEDIA_THREADS as u64),
    );
    let Some(ports) = section.text(reader, "ports", |_, text| values::ports(text)) else {
        return;
    };
    media.ports = ports.value;
    let (first, last) = ports.value;
    let pairs = (usize::from(last) - usize::from(first)).div_ceil(2);
    if pairs < config.sip.max_calls {
        let message = format!(
            "`ports`: room for {pairs} calls, but max_calls is {}",
            config.sip.max_calls
        );
        let hint = "a call takes two ports; widen the range or lower [sip] max_calls";
        reader.warning("few-ports", ports.at.clone(), message, hint);
    }
    if let Some((_, taken)) = config
        .sip
        .listen
        .iter()
        .find(|(_, at)| (first..=last).contains(&at.port()))
    {
        let message = format!("`ports`: {} of [sip] listen lies in this range", taken.port());
        reader.warning(
            "port-overlap",
            ports.at,
            message,
            "calls would find that port taken; keep the two apart",
        );
    }
}

fn read_http(reader: &mut Reader<'_>, root: &dyn TableLike, http: &mut Http) {
    let Some(section) = single(reader, root, "http", "[http]") else {
        return;
    };
    let listen = section.text(reader, "listen", |_, text| values::socket_address(text));
    put(&mut http.listen, listen.clone());
    match section.text(reader, "domain", |_, text| values::domain(text)) {
        Some(domain) => http.domain = domain.value,
        None => http.domain = format!("localhost:{}", http.listen.port()),
    }
    let public_url = section.text(reader, "public_url", |_, text| values::public_url(text));
    http.public_url = public_url.map(|url| url.value);
    http.admin_token = section
        .text(reader, "admin_token", secrets::resolve)
        .map(|token| token.value);
    let pem = |marker| move |reader: &mut Reader<'_>, text: &str| pem_file(reader, text, marker);
    http.tls_cert = section
        .text(reader, "tls_cert", pem("CERTIFICATE"))
        .map(|path| path.value);
    http.tls_key = section
        .text(reader, "tls_key", pem("PRIVATE KEY"))
        .map(|path| path.value);
    for (given, missing) in [("tls_cert", "tls_key"), ("tls_key", "tls_cert")] {
        if section.has(given) && !section.has(missing) {
            let at = section.key_place(given);
            let hint = "HTTPS needs the certificate chain and its key, both as PEM files";
            reader.error(
                "missing-key",
                at,
                format!("`{given}` needs `{missing}` beside it"),
                hint,
            );
        }
    }
    if let Some(proxies) = section.list(reader, "trusted_proxies", |_, text| values::cidr(text)) {
        http.trusted_proxies = plain(proxies.value);
    }
    if let Some(listen) = listen {
        if !listen.value.ip().is_loopback() && http.tls_cert.is_none() && http.public_url.is_none() {
            let message = "`listen`: others reach the pages over plain HTTP only";
            let hint =
                "browsers decrypt memos over HTTPS alone: set tls_cert and tls_key, or public_url of a proxy";
            reader.warning("plain-http", listen.at, message, hint);
        }
    }
}

/// `[store]`, `[dialplan]` and `[sounds]`. Defaults may be missing, since the built-in dialplan and sounds stand in
/// for them; what is named must exist.
fn read_paths(reader: &mut Reader<'_>, root: &dyn TableLike, config: &mut Config) {
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
        if let Some(allow) = section.list(reader, "allow", |_, text| values::name(text)) {
            config.dialplan.allow = plain(allow.value);
        }
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

fn read_trunk(reader: &mut Reader<'_>, section: &Section<'_>, others: &[Trunk]) -> Option<Trunk> {
    let name = named(reader, section, |name| {
        others.iter().any(|trunk| trunk.name == name)
    });
    let mut trunk = Trunk::named(name.clone().unwrap_or_default());
    put(
        &mut trunk.context,
        section.text(reader, "context", |_, text| values::name(text)),
    );
    if let Some(matches) = section.list(reader, "match", |_, text| values::cidr(text)) {
        for range in &matches.value {
            if let Some(other) = others.iter().find(|other| other.matches.contains(&range.value)) {
                let message = format!("`match`: the trunk {:?} has this range too", other.name);
                reader.warning(
                    "same-match",
                    range.at.clone(),
                    message,
                    "the first trunk in the file gets the calls",
                );
            }
        }
        trunk.matches = plain(matches.value);
    }
    trunk.registrar = section
        .text(reader, "registrar", |_, text| values::registrar(text))
        .map(|text| text.value);
    trunk.username = section
        .text(reader, "username", |_, text| values::token(text))
        .map(|text| text.value);
    trunk.password = section
        .text(reader, "password", secrets::resolve)
        .map(|secret| secret.value);
    if let Some(codecs) = section.list(reader, "codecs", |_, text| codec(text)) {
        if codecs.value.is_empty() {
            let message = "`codecs`: without a codec no call can be answered";
            reader.error(
                "bad-value",
                codecs.at,
                message,
                "leave the key out for pcmu and pcma",
            );
        } else {
            refuse_twice(reader, "codecs", &codecs.value);
            trunk.codecs = plain(codecs.value);
        }
    }
    put(
        &mut trunk.number_format,
        section.word(reader, "number_format", &NUMBER_FORMATS),
    );
    put_as(
        &mut trunk.expires_secs,
        section.number(reader, "expires_secs", 60..=86_400),
    );
    put(&mut trunk.silence, section.word(reader, "silence", &SILENCES));
    check_trunk(reader, section);
    name.map(|_| trunk)
}

/// What must hold between a trunk's keys. Asks whether keys are there rather than whether they were well-formed, so
/// that one mistake is not reported as two.
fn check_trunk(reader: &mut Reader<'_>, section: &Section<'_>) {
    let registers = section.has("registrar");
    if registers && !section.has("username") {
        let at = section.key_place("registrar");
        let hint = "the account's name at the provider, which its calls are sent to";
        reader.error("missing-key", at, "`registrar` needs `username` beside it", hint);
    }
    if registers && !section.has("password") {
        let at = section.key_place("registrar");
        let message = "no `password`: a registrar that asks for one will not be answered";
        reader.warning(
            "no-password",
            at,
            message,
            "password = \"env:NAME\" or \"file:PATH\" keeps it out of this file",
        );
    }
    if section.has("password") && !section.has("username") {
        let at = section.key_place("password");
        if !registers {
            reader.error("missing-key", at, "`password` needs `username` beside it", "");
        }
    } else if section.has("password") && !registers {
        let at = section.key_place("password");
        let message = "`password` is used for registering, and this trunk has no `registrar`";
        reader.warning("unused-key", at, message, "registrar = \"sip.example.org\"");
    }
    if !registers && !section.has("match") {
        let hint = "registrar (with username and password) for a provider that we register with, \
                    match = [\"192.0.2.0/24\"] for one that sends calls from known addresses";
        let message = "this trunk admits no call: it has neither `registrar` nor `match`";
        reader.warning("no-way-in", section.at.clone(), message, hint);
    }
}

fn read_mailbox(reader: &mut Reader<'_>, section: &Section<'_>, others: &[Mailbox]) -> Option<Mailbox> {
    let name = named(reader, section, |name| {
        others.iter().any(|mailbox| mailbox.name == name)
    });
    let mut mailbox = Mailbox::named(name.clone().unwrap_or_default());
    mailbox.notify_command = section
        .read(reader, "notify_command", command)
        .map(|command| command.value);
    if let Some(url) = section.text(reader, "notify_webhook", |_, text| values::url(text)) {
        if url.value.starts_with("http://") && !is_loopback_url(&url.value) {
            let message = "`notify_webhook`: the link, with its key, would cross the network in clear";
            reader.warning("plain-webhook", url.at, message, "use https");
        }
        mailbox.notify_webhook = Some(url.value);
    }
    let longest = limits::RECORDING_SECS;
    let min = section.number(reader, "min_secs", 0..=longest);
    let max = section.number(reader, "max_secs", 1..=longest);
    put(&mut mailbox.min_secs, min.clone());
    put(&mut mailbox.max_secs, max.clone());
    if mailbox.min_secs > mailbox.max_secs {
        let at = min.or(max).map_or_else(|| section.at.clone(), |placed| placed.at);
        let message = format!(
            "`min_secs` is {}, more than `max_secs`, {}: no recording could be kept",
            mailbox.min_secs, mailbox.max_secs
        );
        reader.error(
            "conflicting-keys",
            at,
            message,
            "shorter recordings than min_secs leave no memo",
        );
    }
    put(
        &mut mailbox.silence_secs,
        section.number(reader, "silence_secs", 0..=longest),
    );
    put(&mut mailbox.beep, section.flag(reader, "beep"));
    name.map(|_| mailbox)
}

/// A string is a command line for `/bin/sh -c`, as in a crontab; an array is a program with its arguments. Either way
/// nothing that a caller chose stands in it: the notice comes on standard input.
fn command(reader: &mut Reader<'_>, value: &Value) -> Result<Vec<String>, Unfit> {
    if let Some(text) = value.as_str() {
        if text.trim().is_empty() {
            return Err(Unfit::because("bad-value", "the command is empty"));
        }
        return Ok(vec!["/bin/sh".into(), "-c".into(), text.into()]);
    }
    let wrong = || {
        Unfit::because(
            "wrong-type",
            "expected a command line, or an array of a program and its arguments",
        )
    };
    let words = value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|word| word.as_str().map(str::to_owned));
    let mut words = words.collect::<Option<Vec<String>>>().ok_or_else(wrong)?;
    let program = words
        .first_mut()
        .filter(|program| !program.is_empty())
        .ok_or_else(wrong)?;
    // A bare name is looked up in PATH when it is run; a path can be checked now.
    if program.contains('/') {
        *program = existing(reader, program, Kind::File)?
            .to_string_lossy()
            .into_owned();
    }
    Ok(words)
}

fn is_loopback_url(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or(url);
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|start| host.starts_with(start))
}

fn codec(text: &str) -> Result<Codec, Unfit> {
    one_of(text, &CODECS).map_err(|unfit| match text.to_ascii_lowercase().as_str() {
        "ulaw" | "mulaw" | "g711u" => unfit.hint("mu-law is \"pcmu\", by its name in SDP"),
        "alaw" | "g711a" => unfit.hint("A-law is \"pcma\", by its name in SDP"),
        _ => unfit,
    })
}

/// The name of a trunk or mailbox, which must be there and be its own.
fn named(reader: &mut Reader<'_>, section: &Section<'_>, taken: impl Fn(&str) -> bool) -> Option<String> {
    if !section.has("name") {
        let message = format!("{} needs a `name`", section.title);
        reader.error("missing-key", section.at.clone(), message, "name = \"…\"");
    }
    let name = section.text(reader, "name", |_, text| values::name(text))?;
    if taken(&name.value) {
        let message = format!(
            "`name`: there is a {} named {:?} already",
            section.title, name.value
        );
        reader.error("duplicate-name", name.at.clone(), message, "");
    }
    Some(name.value)
}

fn path(reader: &Reader<'_>, text: &str) -> Result<PathBuf, Unfit> {
    if text.is_empty() || text.contains('\0') {
        return Err(Unfit::value("a path", text));
    }
    Ok(reader.folder.join(text))
}

fn existing(reader: &mut Reader<'_>, text: &str, kind: Kind) -> Result<PathBuf, Unfit> {
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

fn pem_file(reader: &mut Reader<'_>, text: &str, marker: &str) -> Result<PathBuf, Unfit> {
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

fn put<T>(target: &mut T, read: Option<Placed<T>>) {
    if let Some(read) = read {
        *target = read.value;
    }
}

/// For numbers that were read within bounds which fit the target.
fn put_as<T: TryFrom<u64>>(target: &mut T, read: Option<Placed<u64>>) {
    if let Some(value) = read.and_then(|read| T::try_from(read.value).ok()) {
        *target = value;
    }
}

fn plain<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

fn refuse_twice<T: PartialEq>(reader: &mut Reader<'_>, key: &str, items: &[Placed<T>]) {
    for (index, item) in items.iter().enumerate() {
        if items
            .iter()
            .take(index)
            .any(|earlier| earlier.value == item.value)
        {
            reader.error(
                "duplicate-value",
                item.at.clone(),
                format!("`{key}`: named twice"),
                "",
            );
        }
    }
}

fn keys_of(section: &str) -> &'static [&'static str] {
    KEYS.iter()
        .find(|(name, _)| *name == section)
        .map_or(&[], |(_, keys)| keys)
}

/// `[sip]`, or `[[trunk]]` for what can be there several times.
fn title(section: &str) -> String {
    match section {
        "trunk" | "mailbox" => format!("[[{section}]]"),
        _ => format!("[{section}]"),
    }
}

/// Which section other than `but` has a key of that name, or of nearly that name, for the hint.
fn elsewhere(key: &str, but: &str) -> Option<String> {
    let others = || KEYS.iter().filter(|(section, _)| *section != but);
    let named = |name: &str| {
        let owners = others().filter(|(_, keys)| keys.contains(&name));
        owners
            .map(|(section, _)| title(section))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    if others().any(|(_, keys)| keys.contains(&key)) {
        return Some(format!("`{key}` belongs below {}", named(key)));
    }
    let meant = did_you_mean(key, others().flat_map(|(_, keys)| keys.iter().copied()))?;
    Some(format!("did you mean `{meant}`, below {}?", named(meant)))
}

fn refuse_unknown_sections(reader: &mut Reader<'_>, root: &dyn TableLike) {
    let names = || KEYS.iter().map(|(name, _)| *name);
    for (key, item) in root.iter().filter(|(key, _)| names().all(|name| name != *key)) {
        let at = root.key(key).and_then(|key| key.span()).unwrap_or(0..0);
        let what = super::reader::quoted(key);
        let hint = match (did_you_mean(key, names()), elsewhere(key, "")) {
            (_, Some(elsewhere)) if item.is_value() => elsewhere,
            (Some(meant), _) => format!("did you mean {}?", title(meant)),
            _ => format!(
                "the sections are {}",
                KEYS.map(|(name, _)| title(name)).join(", ")
            ),
        };
        if item.is_value() {
            reader.error("unknown-key", at, format!("{what} stands in no section"), &hint);
        } else {
            reader.error(
                "unknown-section",
                at,
                format!("there is no section {what}"),
                &hint,
            );
        }
    }
}

/// A section that can be there once.
fn single<'d>(
    reader: &mut Reader<'_>,
    root: &'d dyn TableLike,
    name: &'static str,
    title: &'static str,
) -> Option<Section<'d>> {
    let (key, item) = root.get_key_value(name)?;
    let at = key.span().unwrap_or(0..0);
    match item.as_table_like() {
        Some(table) => {
            let section = Section::new(title, table, at);
            section.refuse_unknown(reader, keys_of(name), |key| elsewhere(key, name));
            Some(section)
        }
        None => {
            let at = first_place(item).unwrap_or(at);
            reader.error(
                "wrong-type",
                at,
                format!("`{name}` is one section"),
                &format!("write {title}, once"),
            );
            None
        }
    }
}

/// A section that can be there several times.
fn several<'d>(
    reader: &mut Reader<'_>,
    root: &'d dyn TableLike,
    name: &'static str,
    title: &'static str,
) -> Vec<Section<'d>> {
    let Some((key, item)) = root.get_key_value(name) else {
        return Vec::new();
    };
    let key_at = key.span().unwrap_or(0..0);
    let mut sections = Vec::new();
    match item {
        Item::ArrayOfTables(tables) => {
            for table in tables.iter() {
                sections.push(Section::new(
                    title,
                    table,
                    table.span().unwrap_or_else(|| key_at.clone()),
                ));
            }
        }
        Item::Value(Value::Array(array)) if array.iter().all(Value::is_inline_table) => {
            for table in array.iter().filter_map(Value::as_inline_table) {
                sections.push(Section::new(
                    title,
                    table,
                    table.span().unwrap_or_else(|| key_at.clone()),
                ));
            }
        }
        _ => {
            let at = first_place(item).unwrap_or(key_at);
            let message = format!("`{name}` is a list, for there can be several");
            reader.error(
                "wrong-type",
                at,
                message,
                &format!("write {title} in double brackets"),
            );
        }
    }
    for section in &sections {
        section.refuse_unknown(reader, keys_of(name), |key| elsewhere(key, name));
    }
    sections
}

fn first_place(item: &Item) -> Option<Range<usize>> {
    match item {
        Item::ArrayOfTables(tables) => tables.iter().next().and_then(|table| table.span()),
        other => other.span(),
    }
}
