//! `[federation]`, `[smtp]` and `[transcription]`: other machines that the switch works with.

use super::keys::single;
use super::reader::{plain, put, put_as, refuse_twice, Placed, Reader, Section, Unfit};
use super::{secrets, values, Federation, Smtp, SmtpSecurity, Transcription};
use toml_edit::{TableLike, Value};

pub(super) fn read_federation(reader: &mut Reader<'_>, root: &dyn TableLike, federation: &mut Federation) {
    let Some(section) = single(reader, root, "federation", "[federation]") else {
        return;
    };
    put(
        &mut federation.serve_unsigned,
        section.flag(reader, "serve_unsigned"),
    );
    if let Some(domains) = section.list(reader, "trusted_domains", |_, text| values::domain(text)) {
        refuse_twice(reader, "trusted_domains", &domains.value);
        federation.trusted_domains = plain(domains.value);
    }
    if let Some(hosts) = section.list(reader, "allow_private", |_, text| values::host_port(text)) {
        federation.allow_private = plain(hosts.value);
    }
    put(&mut federation.numbers, section.read(reader, "numbers", numbers));
}

/// `{ "555" = "memo.example.org" }`
fn numbers(_: &mut Reader<'_>, value: &Value) -> Result<Vec<(String, String)>, Unfit> {
    let wrong = || {
        Unfit::because("wrong-type", "expected a table of numbers and domains")
            .hint("write { \"555\" = \"memo.example.org\" }")
    };
    let table = value.as_inline_table().ok_or_else(wrong)?;
    table
        .iter()
        .map(|(number, domain)| {
            let digits = (1..=16).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            if !digits {
                return Err(Unfit::value("a number of 1 to 16 digits", number));
            }
            let domain = domain.as_str().ok_or_else(wrong)?;
            Ok((number.to_owned(), values::domain(domain)?))
        })
        .collect()
}

const SECURITY: [(&str, SmtpSecurity); 3] = [
    ("tls", SmtpSecurity::Tls),
    ("starttls", SmtpSecurity::StartTls),
    ("none", SmtpSecurity::None),
];

pub(super) fn read_smtp(reader: &mut Reader<'_>, root: &dyn TableLike) -> Option<Smtp> {
    let section = single(reader, root, "smtp", "[smtp]")?;
    let host = required(reader, &section, "host", values::host);
    let from = required(reader, &section, "from", values::email);
    let security = section.word(reader, "security", &SECURITY);
    let at = security
        .as_ref()
        .map_or_else(|| section.at.clone(), |placed| placed.at.clone());
    let security = security.map_or(SmtpSecurity::Tls, |placed| placed.value);
    let mut port = match security {
        SmtpSecurity::Tls => 465,
        SmtpSecurity::StartTls => 587,
        SmtpSecurity::None => 25,
    };
    put_as(&mut port, section.number(reader, "port", 1..=65_535));
    let username = section.text(reader, "username", |_, text| Ok(text.to_owned()));
    let password = section.text(reader, "password", secrets::resolve);
    let host = host?;
    if security == SmtpSecurity::None && !values::is_loopback_host(&host) {
        let message = "`security`: mail would cross the network in clear";
        reader.error(
            "plain-smtp",
            at,
            message,
            "\"none\" is for a mail server on this machine",
        );
    }
    Some(Smtp {
        host,
        port,
        security,
        username: username.map(|text| text.value),
        password: password.map(|secret| secret.value),
        from: from?,
    })
}

pub(super) fn read_transcription(reader: &mut Reader<'_>, root: &dyn TableLike) -> Option<Transcription> {
    let section = single(reader, root, "transcription", "[transcription]")?;
    let endpoint = required(reader, &section, "endpoint", values::url);
    let summary = section.text(reader, "summary_endpoint", |_, text| values::url(text));
    let mut allow_remote = false;
    put(&mut allow_remote, section.flag(reader, "allow_remote"));
    let endpoint_at = section.key_place("endpoint");
    let named = [
        endpoint.as_ref().map(|url| ("endpoint", url, endpoint_at)),
        summary
            .as_ref()
            .map(|url| ("summary_endpoint", &url.value, url.at.clone())),
    ];
    for (key, url, at) in named.into_iter().flatten() {
        if !allow_remote && !values::is_loopback_url(url) {
            let message = format!("`{key}`: what callers say would leave this machine");
            let hint = "name an address of this machine, or set allow_remote = true";
            reader.error("remote-transcription", at, message, hint);
        }
    }
    let text = |reader: &mut Reader<'_>, key| section.text(reader, key, |_, text| values::token(text));
    let model = text(reader, "model");
    let language = text(reader, "language");
    let summary_model = text(reader, "summary_model");
    let api_token = section.text(reader, "api_token", secrets::resolve);
    let or = |text: Option<Placed<String>>, default: &str| text.map_or(default.to_owned(), |text| text.value);
    Some(Transcription {
        endpoint: endpoint?,
        model: or(model, "whisper-1"),
        language: language.map(|text| text.value),
        summary_endpoint: summary.map(|url| url.value),
        summary_model: or(summary_model, "llama3.2"),
        api_token: api_token.map(|secret| secret.value),
        allow_remote,
    })
}

/// A key without which the section means nothing.
fn required(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &'static str,
    take: fn(&str) -> Result<String, Unfit>,
) -> Option<String> {
    if !section.has(key) {
        let message = format!("{} needs `{key}`", section.title);
        reader.error("missing-key", section.at.clone(), message, "");
        return None;
    }
    section
        .text(reader, key, |_, text| take(text))
        .map(|placed| placed.value)
}
