//! `[[trunk]]`

use super::reader::{named, one_of, plain, put, put_as, refuse_twice, Reader, Section, Unfit};
use super::{secrets, values, NumberFormat, Silence, Trunk};
use crate::codec::Codec;

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

pub(super) fn read_trunk(reader: &mut Reader<'_>, section: &Section<'_>, others: &[Trunk]) -> Option<Trunk> {
    let name = named(reader, section, values::name, |name| {
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

fn codec(text: &str) -> Result<Codec, Unfit> {
    one_of(text, &CODECS).map_err(|unfit| match text.to_ascii_lowercase().as_str() {
        "ulaw" | "mulaw" | "g711u" => unfit.hint("mu-law is \"pcmu\", by its name in SDP"),
        "alaw" | "g711a" => unfit.hint("A-law is \"pcma\", by its name in SDP"),
        _ => unfit,
    })
}
