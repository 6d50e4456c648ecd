//! What an AGI program is told before its first command.

use super::line::harmless;
use super::target::network_part;
use crate::dialplan::interp::Run;
use std::fmt::Write as _;

/// A presentation in the number that Q.931 gives it: who may see the caller's number, and who vouches for it.
fn presentation(text: &str) -> u8 {
    let (shown, screened) = text.split_once('_').unwrap_or((text, ""));
    let shown = match shown {
        "unavailable" => return 67,
        "prohib" => 32,
        _ => 0,
    };
    shown
        + match screened {
            "passed_screen" => 1,
            "failed_screen" => 2,
            "" => 3,
            _ => 0,
        }
}

/// The lines, an empty one at their end. `request` is what AGI was asked for; with it go its arguments.
pub async fn block(run: &mut Run<'_>, request: &str, network: bool, arguments: &[String]) -> String {
    let language = value(run, "CHANNEL(language)").await;
    let account = value(run, "CHANNEL(accountcode)").await;
    let caller = value(run, "CALLERID(num)").await;
    let name = value(run, "CALLERID(name)").await;
    let shown = value(run, "CALLERID(num-pres)").await;
    let dialled = value(run, "CALLERID(dnid)").await;
    let redirecting = value(run, "CALLERID(rdnis)").await;
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
    tell("callerid", &known(&caller));
    tell("calleridname", &known(&name));
    tell("callingpres", &presentation(&shown).to_string());
    // What ISDN said of a number; SIP does not.
    for name in ["callingani2", "callington", "callingtns"] {
        tell(name, "0");
    }
    tell("dnid", &known(&dialled));
    tell("rdnis", &known(&redirecting));
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

async fn value(run: &mut Run<'_>, name: &str) -> String {
    run.named_now(name).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presentations_are_numbers() {
        for (text, expected) in [
            ("allowed_not_screened", 0),
            ("allowed_passed_screen", 1),
            ("prohib_not_screened", 32),
            ("prohib_failed_screen", 34),
            ("prohib", 35),
            ("unavailable", 67),
        ] {
            assert_eq!(presentation(text), expected, "{text}");
        }
    }
}
