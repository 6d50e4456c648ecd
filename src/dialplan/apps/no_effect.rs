//! Applications that a dialplan may well have and that have nothing to act on here. They are understood, so that the
//! dialplan runs; a load says of each that it does nothing, and why.

use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// One of them.
pub struct NoEffect(&'static Manual);

#[async_trait]
impl Application for NoEffect {
    fn manual(&self) -> &'static Manual {
        self.0
    }

    fn check(&self, check: &mut Check<'_>) {
        report(check, self.0.name, self.0.text);
    }

    async fn execute(&self, _: &mut Run<'_>, _: &str) -> Outcome {
        tracing::debug!(application = self.0.name, "dialplan: without effect");
        Ok(Flow::Next)
    }
}

/// Says of an application that what it is for does not happen.
pub fn report(check: &mut Check<'_>, name: &str, why: &str) {
    let message = format!(
        "{name} has no effect here: {}",
        first_lower(why.trim_end_matches('.'))
    );
    check.report(
        0..check.arguments().len(),
        Diagnostic::warning("no-effect", message),
    );
}

/// A sentence on its way into another.
fn first_lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

macro_rules! without_effect {
    ($($constant:ident: $name:literal $syntax:literal, $synopsis:literal, $why:literal;)*) => {
        $(
            #[doc = $name]
            pub static $constant: NoEffect = NoEffect(&Manual {
                name: $name,
                syntax: concat!($name, $syntax),
                synopsis: $synopsis,
                text: $why,
                ..Manual::EMPTY
            });
        )*
    };
}

without_effect! {
    CEL_GEN_USER_EVENT: "CELGenUserEvent" "(name[,text])",
        "Does nothing; in Asterisk it writes an event of the author's own.",
        "No events of channels are written.";
    CHANGE_MONITOR: "ChangeMonitor" "(file)",
        "Does nothing; in Asterisk it renames a recording.",
        "No call is recorded by Monitor.";
    FLASH: "Flash" "()",
        "Does nothing; in Asterisk it flashes the hook of an analogue line.",
        "A SIP call has no hook.";
    FORK_CDR: "ForkCDR" "([options])",
        "Does nothing; in Asterisk it begins a second record of the call.",
        "A call has one record, that of the function CDR.";
    NO_CDR: "NoCDR" "()",
        "Does nothing; in Asterisk it keeps the call's record from being written.",
        "Records of calls are not written, only told by the function CDR.";
    PAUSE_MONITOR: "PauseMonitor" "()",
        "Does nothing; in Asterisk it interrupts a recording.",
        "No call is recorded by Monitor.";
    PROCEEDING: "Proceeding" "()",
        "Does nothing; in Asterisk it tells the caller that the call is on its way.",
        "The caller was told when the call came in.";
    QUEUE_LOG: "QueueLog" "(queue,uniqueid,agent,event[,text])",
        "Does nothing; in Asterisk it writes to the log of the queues.",
        "There are no queues.";
    QUEUE_UPDATE: "QueueUpdate" "(queue,uniqueid,agent,status,talktime[,params])",
        "Does nothing; in Asterisk it writes to the log of the queues.",
        "There are no queues.";
    SIP_ADD_HEADER: "SIPAddHeader" "(name: value)",
        "Does nothing; in Asterisk it adds a header field to the call that Dial makes.",
        "No call is made.";
    SIP_DTMF_MODE: "SIPDtmfMode" "(mode)",
        "Does nothing; in Asterisk it says how keys are heard.",
        "Keys are heard as the call's media were agreed.";
    SIP_REMOVE_HEADER: "SIPRemoveHeader" "([name])",
        "Does nothing; in Asterisk it takes back SIPAddHeader.",
        "No call is made.";
    START_MUSIC_ON_HOLD: "StartMusicOnHold" "([class])",
        "Does nothing; in Asterisk it begins music and goes on at once.",
        "There is no music.";
    STOP_MIX_MONITOR: "StopMixMonitor" "([id])",
        "Does nothing; in Asterisk it ends a recording.",
        "No call is recorded by MixMonitor.";
    STOP_MONITOR: "StopMonitor" "()",
        "Does nothing; in Asterisk it ends a recording.",
        "No call is recorded by Monitor.";
    STOP_MUSIC_ON_HOLD: "StopMusicOnHold" "()",
        "Does nothing; in Asterisk it ends music.",
        "There is no music.";
    UNPAUSE_MONITOR: "UnpauseMonitor" "()",
        "Does nothing; in Asterisk it goes on with a recording.",
        "No call is recorded by Monitor.";
}
