//! What an AGI program is told before its first command.

use super::line::harmless;
use super::target::network_part;
use crate::dialplan::interp::Run;
use std::fmt::Write as _;

/// The presentation of a caller who shows the number, and of one who does not, as Q.931 counts them.
const ALLOWED: u8 = 0;
const PROHIBITED: u8 = 32;

/// The lines, an empty one at their end. `request` is what AGI was asked for; with it go its arguments.
pub async fn block(run: &mut Run<'_>, request: &str, network: bool, arguments: &[String]) -> String {
    let mut text = String::new();
    let mut tell = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "agi_{name}: {}", harmless(value));
    };
    if network {
        tell("network", "yes");
        match network_part(request).1 {
            "" => {}
            script => tell("network_script", script),
        }
    }
    let language = run.named_now("CHANNEL(language)").await.unwrap_or_default();
    let account = run.named_now("CHANNEL(accountcode)").await.unwrap_or_default();
    let facts = run.channel.facts();
    let known = |value: &str| match value {
        "" => "unknown".to_string(),
        value => value.to_string(),
    };
    tell("request", request);
    tell("channel", &facts.channel);
    tell("language", &language);
    tell("type", facts.channel.split('/').next().unwrap_or_default());
    tell("uniqueid", &facts.unique_id);
    tell("version", concat!("obelus-", env!("CARGO_PKG_VERSION")));
    tell("callerid", &known(&run.caller.number));
    tell("calleridname", &known(&run.caller.name));
    tell(
        "callingpres",
        &if facts.private { PROHIBITED } else { ALLOWED }.to_string(),
    );
    // What ISDN said of a number; SIP does not.
    for name in ["callingani2", "callington", "callingtns"] {
        tell(name, "0");
    }
    tell("dnid", &known(&run.dialled));
    tell("rdnis", &known(&run.redirecting.number));
    tell("context", &run.at.context);
    tell("extension", &run.at.extension);
    tell("priority", &run.at.priority.to_string());
    tell("enhanced", "0.0");
    tell("accountcode", &account);
    // A call has no thread of its own here.
    tell("threadid", "0");
    for (index, argument) in arguments.iter().enumerate() {
        tell(&format!("arg_{}", index + 1), argument);
    }
    text.push('\n');
    text
}
