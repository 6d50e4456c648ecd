use super::{Function, Manual, Run};
use crate::limits;

/// CHANNEL
pub struct ChannelFunction;

static MANUAL: Manual = Manual {
    name: "CHANNEL",
    syntax: "CHANNEL(item)",
    synopsis: "What is known of the channel.",
    text: "The item is `name`, `uniqueid`, `linkedid`, `state` (`Up` or `Ring`), `channeltype`, \
           `language`, `context`, `exten`, `trunk`, `callid`, `hangupcause`, or `audioreadformat` \
           and its like, which are empty. `language` can be set to `en`, which it is. \
           `hangup_handler_push` is set to a subroutine, as Gosub takes it, that runs after `h`, the last one first; \
           `hangup_handler_pop` and `hangup_handler_wipe` take back the last one, or all.",
    ..Manual::EMPTY
};

impl Function for ChannelFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let facts = run.channel.facts();
        Ok(match arguments.split(',').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
            "name" => facts.channel.clone(),
            "uniqueid" | "linkedid" => facts.unique_id.clone(),
            "state" => if run.channel.is_answered() { "Up" } else { "Ring" }.to_string(),
            "channeltype" => facts.channel.split('/').next().unwrap_or("").to_string(),
            "language" => "en".to_string(),
            "context" => run.at.context.clone(),
            "exten" => run.at.extension.clone(),
            "trunk" | "peername" | "endpoint" => facts.trunk.clone(),
            "callid" | "call-id" => facts.call_id.clone(),
            "hangupcause" => run.channel.hangup_cause().to_string(),
            "audioreadformat" | "audiowriteformat" | "audionativeformat" | "musicclass" | "accountcode"
            | "userfield" | "parkinglot" | "tonezone" | "callgroup" | "pickupgroup" => String::new(),
            // CHANNEL(pjsip,call-id) and the like.
            "pjsip" if arguments.to_ascii_lowercase().contains("call-id") => facts.call_id.clone(),
            other => return Err(format!("nothing called {other} is known of a channel")),
        })
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        match (arguments.trim().to_ascii_lowercase().as_str(), value) {
            ("language", "en") | ("musicclass" | "accountcode" | "userfield" | "tonezone", _) => Ok(()),
            ("language", other) => Err(format!("there are no sounds in the language {other}")),
            ("hangup_handler_push", handler) => push(run, handler),
            ("hangup_handler_pop", handler) => {
                run.hangup_handlers.pop();
                push(run, handler)
            }
            ("hangup_handler_wipe", handler) => {
                run.hangup_handlers.clear();
                push(run, handler)
            }
            (other, _) => Err(format!("{other} cannot be set")),
        }
    }
}

/// Adds a hangup handler, where there is one to add.
fn push(run: &mut Run<'_>, handler: &str) -> Result<(), String> {
    if handler.is_empty() {
        return Ok(());
    }
    if run.hangup_handlers.len() >= limits::GOSUB_DEPTH || handler.len() > limits::DIALPLAN_LINE_BYTES {
        return Err("there are too many hangup handlers".to_string());
    }
    run.hangup_handlers.push(handler.to_string());
    Ok(())
}
