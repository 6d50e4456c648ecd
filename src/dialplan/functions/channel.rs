use super::{Function, Manual, Run};
use crate::dialplan::record::Flags;
use crate::limits;

/// CHANNEL
pub struct ChannelFunction;

static MANUAL: Manual = Manual {
    name: "CHANNEL",
    syntax: "CHANNEL(item)",
    synopsis: "What is known of the channel.",
    text: "Where a letter W stands, the item can be set. What changes with the media and the signalling is told as it \
           is at that moment, and is empty where there is none. The figures of `rtcp` are those of the last report, some \
           five seconds old; in `h` they are the call's last.",
    options: &[
        ("name, uniqueid, linkedid, channeltype, state", "the channel; the state is `Up` or `Ring`"),
        ("context, exten, priority, appname, appdata", "where its dialplan is"),
        ("language", "W: the language of its sounds"),
        ("tonezone", "W: the country of its tones"),
        ("accountcode, amaflags, userfield", "W: for its record, as in CDR"),
        ("hangup_handler_push", "W: a subroutine, as Gosub takes it, that runs after `h`, the last one first"),
        ("hangup_handler_pop, hangup_handler_wipe", "W: take back the last one, or all; and push another, where one is given"),
        ("callgroup, pickupgroup, namedcallgroup, namedpickupgroup, musicclass, parkinglot", "W: kept, without effect"),
        ("dtmf_features, relaxdtmf, rxgain, txgain, transfercapability, max_forwards, trace", "W: kept, without effect"),
        ("trunk, endpoint, callid, hangupcause", "the trunk, the SIP Call-ID, the Q.850 cause"),
        ("peerip, recvip, from, uri, useragent", "where the call comes from"),
        ("audioreadformat, audiowriteformat, audionativeformat", "the codec"),
        ("pjsip,…  rtp,…  rtcp,…", "`pjsip,remote_addr`, `rtp,dest`, `rtcp,rxjitter` and the like"),
    ],
    ..Manual::EMPTY
};

/// What is taken note of, and has no effect here.
const KEPT: [&str; 13] = [
    "callgroup",
    "dtmf_features",
    "max_forwards",
    "musicclass",
    "namedcallgroup",
    "namedpickupgroup",
    "parkinglot",
    "pickupgroup",
    "relaxdtmf",
    "rxgain",
    "trace",
    "transfercapability",
    "txgain",
];

impl Function for ChannelFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let item = item(arguments);
        let facts = run.channel.facts();
        Ok(match item.as_str() {
            "" => return Err("the item is missing".to_string()),
            "name" | "channame" => facts.channel.clone(),
            "uniqueid" | "linkedid" => facts.unique_id.clone(),
            "state" => if run.channel.is_answered() { "Up" } else { "Ring" }.to_string(),
            "channeltype" => facts.channel.split('/').next().unwrap_or("").to_string(),
            "language" => run.language.clone(),
            "tonezone" => run.tone_zone.clone(),
            "context" => run.at.context.clone(),
            "exten" => run.at.extension.clone(),
            "priority" => run.at.priority.to_string(),
            "appname" => run.record.last_app.clone(),
            "appdata" => run.record.last_data.clone(),
            "accountcode" => run.record.account.clone(),
            "userfield" => run.record.userfield.clone(),
            "amaflags" => run.record.flags.name().to_string(),
            "trunk" | "peername" | "endpoint" | "pjsip,endpoint" => facts.trunk.clone(),
            "callid" | "call-id" | "pjsip,call-id" => facts.call_id.clone(),
            "hangupcause" => run.channel.hangup_cause().to_string(),
            "checkhangup" => u8::from(!run.channel.is_up()).to_string(),
            "onhold" | "secure_bridge_signaling" | "secure_bridge_media" => "0".to_string(),
            item => match KEPT.iter().find(|kept| **kept == item) {
                Some(kept) => run.settings.get(kept).cloned().unwrap_or_default(),
                None => of_the_call(run, item)?,
            },
        })
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        if value.len() > limits::DIALPLAN_LINE_BYTES {
            return Err("the value is too long".to_string());
        }
        match item(arguments).as_str() {
            "language" => run.language = language(value)?,
            "tonezone" => run.tone_zone = value.trim().to_string(),
            "accountcode" => run.record.account = value.to_string(),
            "userfield" => run.record.userfield = value.to_string(),
            "amaflags" => run.record.flags = Flags::parse(value)?,
            "hangup_handler_push" => push(run, value)?,
            "hangup_handler_pop" => {
                run.hangup_handlers.pop();
                push(run, value)?;
            }
            "hangup_handler_wipe" => {
                run.hangup_handlers.clear();
                push(run, value)?;
            }
            item => match KEPT.iter().find(|kept| **kept == item) {
                Some(kept) => {
                    run.settings.insert(kept, value.to_string());
                }
                None => return Err(format!("{item} cannot be set")),
            },
        }
        Ok(())
    }
}

/// The item asked for, its parts joined with commas.
fn item(arguments: &str) -> String {
    let parts: Vec<&str> = arguments.split(',').map(str::trim).collect();
    parts.join(",").to_ascii_lowercase()
}

/// What only the call knows, as it is now, or what its INVITE said.
fn of_the_call(run: &Run<'_>, item: &str) -> Result<String, String> {
    if let Some(value) = run.channel.item(item) {
        return Ok(value);
    }
    let address = |name: &str| {
        let address = run.channel.item(name).unwrap_or_default();
        let host = address
            .rsplit_once(':')
            .map_or(address.as_str(), |(host, _)| host);
        host.trim_matches(['[', ']']).to_string()
    };
    match item {
        "peerip" | "recvip" => Ok(address("pjsip,remote_addr")),
        "from" => super::header(run, "From", 1),
        "useragent" => super::header(run, "User-Agent", 1),
        "uri" => super::header(run, "Contact", 1),
        "audioreadformat" | "audiowriteformat" | "audionativeformat" | "videonativeformat"
        | "hangupsource" => Ok(String::new()),
        item if ["pjsip,", "rtp,", "rtcp,"]
            .iter()
            .any(|family| item.starts_with(family)) =>
        {
            Ok(String::new())
        }
        other => Err(format!("nothing called {other} is known of a channel")),
    }
}

/// A language is a folder: letters, digits, `-` and `_`, so that it can be no other.
fn language(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match text.is_empty() || text.len() > 32 || !text.chars().all(fits) {
        true => Err(format!("{text} is not a language")),
        false => Ok(text.to_string()),
    }
}

/// Adds a hangup handler, where there is one to add.
fn push(run: &mut Run<'_>, handler: &str) -> Result<(), String> {
    if handler.is_empty() {
        return Ok(());
    }
    if run.hangup_handlers.len() >= limits::GOSUB_DEPTH {
        return Err("there are too many hangup handlers".to_string());
    }
    run.hangup_handlers.push(handler.to_string());
    Ok(())
}
