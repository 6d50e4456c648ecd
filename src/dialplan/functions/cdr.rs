use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::party;
use crate::dialplan::record::Flags;
use std::time::{Duration, SystemTime};

/// CDR
pub struct Cdr;

static MANUAL: Manual = Manual {
    name: "CDR",
    syntax: "CDR(field[,options])",
    synopsis: "The record of the call.",
    text: "`accountcode`, `amaflags`, `userfield` and fields of the author's own can be set. The record is kept for \
           the dialplan alone and ends with it: what is to stay of it, write to a database or a log in `h`, where \
           `end`, `duration` and `billsec` are final.",
    options: &[
        ("f", "`duration` and `billsec` with their fraction"),
        ("u", "times as seconds since 1970, `disposition` and `amaflags` as numbers"),
        ("clid", "the caller ID, `\"name\" <number>`"),
        ("src", "the caller's number"),
        ("dst, dcontext", "extension and context"),
        ("channel, dstchannel", "the channel; the other one is empty"),
        ("lastapp, lastdata", "the application that ran last, and its arguments"),
        ("start, answer, end", "when; empty where that was not yet"),
        ("duration, billsec", "seconds since start, and since the answer"),
        ("disposition", "`NO ANSWER`, `BUSY`, `ANSWERED` or `CONGESTION`"),
        ("amaflags, accountcode, userfield, uniqueid, linkedid, sequence", "as in CHANNEL"),
    ],
    ..Manual::EMPTY
};

impl Function for Cdr {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let field = arguments.get(0).trim().to_ascii_lowercase();
        let options = arguments.options(1);
        let raw = options.has('u');
        let now = run.channel.wall_clock();
        let record = &run.record;
        let zone = &run.plan.zone.0;
        let time = |time: Option<SystemTime>| match (time, raw) {
            (Some(time), true) => seconds(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()),
            (None, true) => seconds(Duration::ZERO),
            (Some(time), false) => super::strftime::at(time, zone, "%Y-%m-%d %H:%M:%S").unwrap_or_default(),
            (None, false) => String::new(),
        };
        let length = |length: Duration| match options.has('f') {
            true => seconds(length),
            false => length.as_secs().to_string(),
        };
        let facts = run.channel.facts();
        Ok(match field.as_str() {
            "" => return Err("the field is missing".to_string()),
            "clid" => party::read(&run.caller, &run.parties.caller, "all").unwrap_or_default(),
            "src" => run.caller.number.clone(),
            "dst" => record.ended_at.as_ref().unwrap_or(&run.at).extension.clone(),
            "dcontext" => record.ended_at.as_ref().unwrap_or(&run.at).context.clone(),
            "channel" => facts.channel.clone(),
            "dstchannel" | "peeraccount" => String::new(),
            "lastapp" => record.last_app.clone(),
            "lastdata" => record.last_data.clone(),
            "start" => time(Some(record.start)),
            "answer" => time(record.answer),
            "end" => time(record.end),
            "duration" => length(record.duration(now)),
            "billsec" => length(record.billed(now)),
            "disposition" => match (record.disposition(run.channel.hangup_cause()), raw) {
                (disposition, true) => (disposition as u8).to_string(),
                (disposition, false) => disposition.name().to_string(),
            },
            "amaflags" if raw => (record.flags as u8).to_string(),
            "amaflags" => record.flags.name().to_string(),
            "accountcode" => record.account.clone(),
            "userfield" => record.userfield.clone(),
            "uniqueid" | "linkedid" => facts.unique_id.clone(),
            "sequence" => "0".to_string(),
            other => record.added(other).to_string(),
        })
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let field = Arguments::parse(arguments).get(0).trim().to_ascii_lowercase();
        if value.len() > crate::limits::DIALPLAN_LINE_BYTES {
            return Err("the value is too long".to_string());
        }
        match field.as_str() {
            "" => Err("the field is missing".to_string()),
            "accountcode" => {
                run.record.account = value.to_string();
                Ok(())
            }
            "userfield" => {
                run.record.userfield = value.to_string();
                Ok(())
            }
            "amaflags" => {
                run.record.flags = Flags::parse(value)?;
                Ok(())
            }
            "clid" | "src" | "dst" | "dcontext" | "channel" | "dstchannel" | "peeraccount" | "lastapp"
            | "lastdata" | "start" | "answer" | "end" | "duration" | "billsec" | "disposition"
            | "uniqueid" | "linkedid" | "sequence" => Err(format!("{field} cannot be set")),
            other => run.record.add(other, value),
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}
