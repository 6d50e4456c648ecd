//! The document as a whole, and the sections of the network: each read key by key, and what must hold between keys.

use super::files::{pem_file, read_paths};
use super::keys::{refuse_unknown_sections, several, single};
use super::load::Surroundings;
use super::mailbox::read_mailbox;
use super::reader::{plain, put, put_as, refuse_twice, Reader};
use super::services::{read_federation, read_smtp, read_transcription};
use super::trunk::read_trunk;
use super::{secrets, values, Config, Http, LogFormat, Media, Sip};
use crate::diagnostic::{Diagnostic, Source};
use crate::limits;
use std::path::Path;
use std::sync::Arc;
use toml_edit::TableLike;
use tracing::Level;

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
    read_federation(reader, root, &mut config.federation);
    read_paths(reader, root, &mut config);
    config.smtp = read_smtp(reader, root);
    config.transcription = read_transcription(reader, root);
    if let Some(section) = single(reader, root, "log", "[log]") {
        put(&mut config.log.level, section.word(reader, "level", &LEVELS));
        put(&mut config.log.format, section.word(reader, "format", &FORMATS));
        put(&mut config.log.full_numbers, section.flag(reader, "full_numbers"));
    }
    for section in several(reader, root, "trunk", "[[trunk]]") {
        let trunk = read_trunk(reader, &section, &config.trunks);
        config.trunks.extend(trunk);
    }
    let mut mailboxes = Vec::new();
    for section in several(reader, root, "mailbox", "[[mailbox]]") {
        let mailbox = read_mailbox(reader, &section, &mailboxes, &config);
        mailboxes.extend(mailbox);
    }
    if !mailboxes.is_empty() {
        config.mailboxes = mailboxes;
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
    http.public_url = public_url.as_ref().map(|url| url.value.clone());
    if let Some(token) = section.text(reader, "admin_token", secrets::resolve) {
        if token.value.expose().chars().count() < limits::ADMIN_TOKEN_CHARS {
            let message = format!(
                "`admin_token`: shorter than {} characters, which can be guessed",
                limits::ADMIN_TOKEN_CHARS
            );
            let hint = "let chance choose it: openssl rand -hex 32";
            reader.warning("weak-token", token.at, message, hint);
        }
        http.admin_token = Some(token.value);
    }
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
    if let (Some(url), true, None) = (public_url, http.trusted_proxies.is_empty(), &http.tls_cert) {
        let message = "`public_url`: without `trusted_proxies`, everybody behind that proxy is one address";
        let hint = "bounds for each address would then be for all together: set trusted_proxies to the proxy's address";
        reader.warning("no-proxies", url.at, message, hint);
    }
    put(&mut http.record, section.flag(reader, "record"));
    put(
        &mut http.record_days,
        section.number(reader, "record_days", 1..=limits::KEEP_DAYS),
    );
    if let Some(listen) = listen {
        if !listen.value.ip().is_loopback() && http.tls_cert.is_none() && http.public_url.is_none() {
            let message = "`listen`: others reach the pages over plain HTTP only";
            let hint =
                "browsers decrypt memos over HTTPS alone: set tls_cert and tls_key, or public_url of a proxy";
            reader.warning("plain-http", listen.at, message, hint);
        }
    }
}
