use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// HANGUPCAUSE
pub struct HangupCause;

static MANUAL: Manual = Manual {
    name: "HANGUPCAUSE",
    syntax: "HANGUPCAUSE(channel,type)",
    synopsis: "Why a channel's call is over.",
    text: "The type is `ast`, the cause in words, or `tech`, what SIP said: `SIP 486 Busy Here`; empty where nothing \
           was said. There is only the call's own channel, which HANGUPCAUSE_KEYS names once it is over.",
    ..Manual::EMPTY
};

impl Function for HangupCause {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let channel = arguments.get(0);
        if channel != run.channel.facts().channel || run.channel.hangup_cause() == 0 {
            return Err(format!("nothing is known of the end of {channel}"));
        }
        match arguments.get(1).trim().to_ascii_lowercase().as_str() {
            "ast" => Ok(words(run.channel.hangup_cause()).to_string()),
            "tech" => Ok(run.channel.item("hangupcause,tech").unwrap_or_default()),
            other => Err(format!("{other} is neither tech nor ast")),
        }
    }
}

/// A Q.850 cause in words, those that Asterisk's dialplans compare with.
fn words(cause: u8) -> &'static str {
    match cause {
        1 => "Unallocated (unassigned) number",
        2 => "No route to specified transmit network",
        3 => "No route to destination",
        6 => "Channel unacceptable",
        7 => "Call awarded and being delivered in an established channel",
        16 => "Normal Clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "User alerting, no answer",
        20 => "Subscriber absent",
        21 => "Call Rejected",
        22 => "Number changed",
        27 => "Destination out of order",
        28 => "Invalid number format",
        29 => "Facility rejected",
        31 => "Normal, unspecified",
        34 => "Circuit/channel congestion",
        38 => "Network out of order",
        41 => "Temporary failure",
        42 => "Switching equipment congestion",
        44 => "Requested channel not available",
        50 => "Facility not subscribed",
        52 => "Outgoing call barred",
        54 => "Incoming call barred",
        57 => "Bearer capability not authorized",
        58 => "Bearer capability not available",
        65 => "Bearer capability not implemented",
        69 => "Facility not implemented",
        81 => "Invalid call reference value",
        88 => "Incompatible destination",
        102 => "Recover on timer expiry",
        111 => "Protocol error, unspecified",
        127 => "Interworking, unspecified",
        _ => "Unknown",
    }
}
