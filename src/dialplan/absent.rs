//! What Asterisk has and we do not: known by name, so that a dialplan that uses it is told so at load.

use super::interp::{Flow, Outcome, Run, Stop};
use super::substitute::Values;
use crate::diagnostic::Diagnostic;

/// Applications of Asterisk that are not here.
const APPLICATIONS: &[&str] = &[
    "AddQueueMember",
    "ADSIProg",
    "AELSub",
    "AgentLogin",
    "AgentRequest",
    "AlarmReceiver",
    "AMD",
    "AttendedTransfer",
    "AudioSocket",
    "BackgroundDetect",
    "BlindTransfer",
    "Bridge",
    "BridgeAdd",
    "BridgeWait",
    "BroadcastCall",
    "CallCompletionCancel",
    "CallCompletionRequest",
    "ChanIsAvail",
    "ChannelRedirect",
    "ChanSpy",
    "ConfBridge",
    "ConfKick",
    "DAHDIAcceptR2Call",
    "DAHDIBarge",
    "DAHDIRAS",
    "DAHDIScan",
    "DAHDISendCallreroutingFacility",
    "DAHDISendKeypadFacility",
    "Dial",
    "Dictate",
    "DISA",
    "ExtenSpy",
    "ExternalIVR",
    "Festival",
    "FollowMe",
    "GetCPEID",
    "HangupCauseClear",
    "IAX2Provision",
    "ICES",
    "IVRDemo",
    "JabberJoin",
    "JabberLeave",
    "JabberSend",
    "JabberSendGroup",
    "JabberStatus",
    "JACK",
    "KeepAlive",
    "MacroExclusive",
    "MacroIf",
    "MailboxExists",
    "MeetMe",
    "MeetMeAdmin",
    "MeetMeChannelAdmin",
    "MeetMeCount",
    "MinivmAccMess",
    "MinivmDelete",
    "MinivmGreet",
    "MinivmMWI",
    "MinivmNotify",
    "MinivmRecord",
    "MixMonitor",
    "Monitor",
    "MP3Player",
    "NBScat",
    "ODBC_Commit",
    "ODBC_Rollback",
    "ODBCFinish",
    "Originate",
    "OSPAuth",
    "OSPFinish",
    "OSPLookup",
    "OSPNext",
    "Page",
    "Park",
    "ParkAndAnnounce",
    "ParkedCall",
    "PauseQueueMember",
    "Pickup",
    "PickupChan",
    "Queue",
    "ReadFile",
    "ReceiveFAX",
    "ReceiveMF",
    "ReceiveSF",
    "RemoveQueueMember",
    "RetryDial",
    "Rpt",
    "SayCountPL",
    "SendFAX",
    "SendImage",
    "SendMF",
    "SendSF",
    "SendURL",
    "SessionFramework",
    "Signal",
    "SIPSendCustomINFO",
    "SkelGuessNumber",
    "SLAStation",
    "SLATrunk",
    "SMS",
    "SpeechActivateGrammar",
    "SpeechBackground",
    "SpeechCreate",
    "SpeechDeactivateGrammar",
    "SpeechDestroy",
    "SpeechLoadGrammar",
    "SpeechProcessingSound",
    "SpeechStart",
    "SpeechUnloadGrammar",
    "Stasis",
    "StoreDTMF",
    "TestClient",
    "TestServer",
    "ToneScan",
    "Transfer",
    "UnpauseQueueMember",
    "VMAuthenticate",
    "VMSayName",
    "VoiceMailPlayMsg",
    "WaitForRing",
    "WaitForSignal",
];

/// Applications that run programs on this machine, which a dialplan may only where the configuration allows it.
const REFUSED_APPLICATIONS: &[&str] = &["EAGI", "ExternalIVR"];

/// What an application leaves where it cannot do its work, for those that leave something: Asterisk's variables, with
/// the values that they have then. A call that comes to one that is not here goes on with these.
const FAILURES: &[(&str, &[(&str, &str)])] = &[
    ("AddQueueMember", &[("AQMSTATUS", "NOSUCHQUEUE")]),
    ("AgentRequest", &[("AGENT_STATUS", "INVALID")]),
    ("AgentLogin", &[("AGENT_STATUS", "INVALID")]),
    ("AMD", &[("AMDSTATUS", "NOTSURE"), ("AMDCAUSE", "")]),
    ("AttendedTransfer", &[("ATTENDEDTRANSFERSTATUS", "FAILURE")]),
    ("BlindTransfer", &[("BLINDTRANSFERSTATUS", "FAILURE")]),
    ("Bridge", &[("BRIDGERESULT", "NONEXISTENT")]),
    (
        "CallCompletionCancel",
        &[("CC_CANCEL_RESULT", "FAIL"), ("CC_CANCEL_REASON", "NOT_GENERIC")],
    ),
    (
        "CallCompletionRequest",
        &[
            ("CC_REQUEST_RESULT", "FAIL"),
            ("CC_REQUEST_REASON", "NO_CORE_INSTANCE"),
        ],
    ),
    ("ChanIsAvail", &[("AVAILCHAN", ""), ("AVAILORIGCHAN", "")]),
    ("ChannelRedirect", &[("CHANNELREDIRECT_STATUS", "NOCHANNEL")]),
    ("ConfBridge", &[("CONFBRIDGE_RESULT", "FAILED")]),
    ("ConfKick", &[("CONFKICKSTATUS", "FAILURE")]),
    (
        "Dial",
        &[
            ("DIALSTATUS", "CHANUNAVAIL"),
            ("DIALEDPEERNAME", ""),
            ("ANSWEREDTIME", ""),
            ("DIALEDTIME", ""),
        ],
    ),
    ("EAGI", &[("AGISTATUS", "FAILURE")]),
    ("MailboxExists", &[("VMBOXEXISTSSTATUS", "FAILED")]),
    ("MinivmAccMess", &[("MVM_ACCMESS_STATUS", "FAILED")]),
    ("MinivmDelete", &[("MVM_DELETE_STATUS", "FAILED")]),
    ("MinivmGreet", &[("MVM_GREET_STATUS", "FAILED")]),
    ("MinivmNotify", &[("MVM_NOTIFY_STATUS", "FAILED")]),
    ("MinivmRecord", &[("MVM_RECORD_STATUS", "FAILED")]),
    ("Originate", &[("ORIGINATE_STATUS", "FAILED")]),
    ("OSPAuth", &[("OSPAUTHSTATUS", "FAILED")]),
    ("OSPFinish", &[("OSPFINISHSTATUS", "FAILED")]),
    ("OSPLookup", &[("OSPLOOKUPSTATUS", "FAILED")]),
    ("OSPNext", &[("OSPNEXTSTATUS", "FAILED")]),
    ("PauseQueueMember", &[("PQMSTATUS", "NOTFOUND")]),
    ("Queue", &[("QUEUESTATUS", "JOINUNAVAIL")]),
    (
        "ReceiveFAX",
        &[("FAXSTATUS", "FAILED"), ("FAXERROR", "INIT_ERROR")],
    ),
    ("ReceiveMF", &[("RECEIVEMFSTATUS", "ERROR")]),
    ("RemoveQueueMember", &[("RQMSTATUS", "NOSUCHQUEUE")]),
    ("RetryDial", &[("DIALSTATUS", "CHANUNAVAIL")]),
    ("SendFAX", &[("FAXSTATUS", "FAILED"), ("FAXERROR", "INIT_ERROR")]),
    ("SendImage", &[("SENDIMAGESTATUS", "UNSUPPORTED")]),
    ("SendURL", &[("SENDURLSTATUS", "UNSUPPORTED")]),
    ("Signal", &[("SIGNALSTATUS", "FAILURE")]),
    ("SLAStation", &[("SLASTATION_STATUS", "FAILURE")]),
    ("SLATrunk", &[("SLATRUNK_STATUS", "FAILURE")]),
    ("SpeechCreate", &[("ERROR", "1")]),
    ("Stasis", &[("STASISSTATUS", "FAILED")]),
    (
        "Transfer",
        &[("TRANSFERSTATUS", "UNSUPPORTED"), ("TRANSFERSTATUSPROTOCOL", "0")],
    ),
    ("UnpauseQueueMember", &[("UPQMSTATUS", "NOTFOUND")]),
    ("VoiceMailPlayMsg", &[("VOICEMAIL_PLAYBACKSTATUS", "FAILED")]),
    ("WaitForSignal", &[("WAITFORSIGNALSTATUS", "TIMEOUT")]),
];

/// Applications that let nobody past who does not know a password: where they are not here, nobody is let past.
const GUARDS: &[&str] = &["VMAuthenticate"];

fn is_among(name: &str, names: &[&str]) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// What becomes of a call that comes to an application which is not here: what an author has written for its failure.
pub(super) fn execute(run: &mut Run<'_>, name: &str) -> Outcome {
    if is_among(name, GUARDS) || !(is_among(name, APPLICATIONS) || is_among(name, REFUSED_APPLICATIONS)) {
        return Err(Stop::Failed(format!("there is no application {name}")));
    }
    run.complain(format!("{name} is not available: the call goes on without it"));
    for (variable, value) in failure(name) {
        run.set(variable, *value);
    }
    Ok(Flow::Next)
}

fn failure(name: &str) -> &'static [(&'static str, &'static str)] {
    let found = FAILURES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map_or(&[], |(_, variables)| variables)
}

/// Functions of Asterisk that are not here.
const FUNCTIONS: &[&str] = &[
    "AGC",
    "AGENT",
    "AMI_CLIENT",
    "AST_CONFIG",
    "AST_SORCERY",
    "AUDIOHOOK_INHERIT",
    "CALENDAR_BUSY",
    "CALENDAR_EVENT",
    "CALENDAR_QUERY",
    "CALENDAR_QUERY_RESULT",
    "CALENDAR_WRITE",
    "CALLCOMPLETION",
    "CALLERPRES",
    "CDR_PROP",
    "CHECKSIPDOMAIN",
    "CONFBRIDGE",
    "CONFBRIDGE_CHANNELS",
    "CONFBRIDGE_INFO",
    "CONNECTEDLINE",
    "DENOISE",
    "DEVICE_STATE",
    "DIALGROUP",
    "DTMF_TRACE",
    "DUNDILOOKUP",
    "DUNDIQUERY",
    "DUNDIRESULT",
    "ENUMLOOKUP",
    "ENUMQUERY",
    "ENUMRESULT",
    "EVAL_SUB",
    "EXPORT",
    "EXTENSION_STATE",
    "FAXOPT",
    "FEATURE",
    "FEATUREMAP",
    "FRAME_DROP",
    "FRAME_TRACE",
    "HOLD_INTERCEPT",
    "IAXPEER",
    "IAXVAR",
    "ICONV",
    "IMPORT",
    "JABBER_RECEIVE",
    "JABBER_STATUS",
    "JITTERBUFFER",
    "LOCK",
    "MEETME_INFO",
    "MINIVMACCOUNT",
    "MINIVMCOUNTER",
    "MIXMONITOR",
    "MUTEAUDIO",
    "ODBC",
    "ODBC_FETCH",
    "ODBCROWS",
    "PERIODIC_HOOK",
    "PITCH_SHIFT",
    "PJSIP_AOR",
    "PJSIP_CONTACT",
    "PJSIP_DIAL_CONTACTS",
    "PJSIP_DTMF_MODE",
    "PJSIP_ENDPOINT",
    "PJSIP_HEADER_PARAM",
    "PJSIP_MEDIA_OFFER",
    "PJSIP_MOH_PASSTHROUGH",
    "PJSIP_RESPONSE_HEADER",
    "PJSIP_SEND_SESSION_REFRESH",
    "PJSIP_TRANSFER_HANDLING",
    "PP_EACH_EXTENSION",
    "PP_EACH_USER",
    "PRESENCE_STATE",
    "QUEUE_EXISTS",
    "QUEUE_GET_CHANNEL",
    "QUEUE_MEMBER",
    "QUEUE_MEMBER_COUNT",
    "QUEUE_MEMBER_LIST",
    "QUEUE_MEMBER_PENALTY",
    "QUEUE_VARIABLES",
    "QUEUE_WAITING_COUNT",
    "REALTIME",
    "REALTIME_DESTROY",
    "REALTIME_FIELD",
    "REALTIME_HASH",
    "REALTIME_STORE",
    "SCRAMBLE",
    "SIP_HEADERS",
    "SIPCHANINFO",
    "SIPPEER",
    "SLA",
    "SMDI_MSG",
    "SMDI_MSG_RETRIEVE",
    "SPEECH",
    "SPEECH_ENGINE",
    "SPEECH_GRAMMAR",
    "SPEECH_RESULTS_TYPE",
    "SPEECH_SCORE",
    "SPEECH_TEXT",
    "SQL_ESC",
    "SQL_ESC_BACKSLASHES",
    "SRVQUERY",
    "SRVRESULT",
    "STATUS",
    "STIR_SHAKEN",
    "TALK_DETECT",
    "TONE_DETECT",
    "TRANSFER_DATA",
    "TRYLOCK",
    "TXTCIDNAME",
    "UNLOCK",
    "VM_INFO",
    "VMCOUNT",
    "VOLUME",
];

/// The finding for an application that is not here.
pub fn application(name: &str, allowed: bool) -> Diagnostic {
    if name.eq_ignore_ascii_case("EAGI") {
        // No permission makes it available: it is nothing without the audio.
        let message = "EAGI is refused: it hands the caller's voice to a program in plain, on a descriptor";
        let hint = "AGI leads the call without it; Memo seals what the caller says";
        return Diagnostic::error("refused-application", message).hint(hint);
    }
    if is_among(name, REFUSED_APPLICATIONS) && !allowed {
        return refused("application", name);
    }
    if is_among(name, APPLICATIONS) || is_among(name, REFUSED_APPLICATIONS) {
        let then = match failure(name).first() {
            _ if is_among(name, GUARDS) => "fails".to_string(),
            Some((variable, value)) => format!("goes on with {variable}={value}"),
            None => "goes on without it".to_string(),
        };
        let message =
            format!("the application {name} of Asterisk is not available; a call that comes here {then}");
        let hint = "take it out, or see that what follows is right without it";
        return Diagnostic::warning("unavailable-application", message).hint(hint);
    }
    unknown(
        "application",
        name,
        super::apps::ALL.iter().map(|app| app.manual().name),
    )
}

/// The finding for a function that is not here.
pub fn function(name: &str) -> Diagnostic {
    // func_odbc.conf names functions of its own, all of which begin so.
    if is_among(name, FUNCTIONS) || name.starts_with("ODBC_") {
        let message = format!("the function {name} of Asterisk is not available; it is empty here");
        let hint = "take it out, or see that what follows is right without it";
        return Diagnostic::warning("unavailable-function", message).hint(hint);
    }
    let ours = super::functions::ALL
        .iter()
        .map(|function| function.manual().name);
    unknown("function", name, ours)
}

/// The finding for an application that runs programs and is not allowed by name.
pub fn refused(what: &str, name: &str) -> Diagnostic {
    let message = format!("the {what} {name} runs programs of this machine and is refused");
    let code = if what == "function" {
        "refused-function"
    } else {
        "refused-application"
    };
    Diagnostic::error(code, message).hint("do it outside the dialplan: a mailbox can have a notify_command")
}

/// The finding for a function that reaches into the machine and is not allowed by name.
pub fn refused_function(name: &str, permission: &str) -> Diagnostic {
    if permission == "SHELL" {
        return refused("function", name);
    }
    let message = format!("the function {name} reads and writes files of this machine and is refused");
    let hint =
        format!("[dialplan] allow = [\"{permission}\"] allows it, in the folder that [dialplan] files names");
    Diagnostic::error("refused-function", message).hint(hint)
}

fn unknown(what: &str, name: &str, ours: impl Iterator<Item = &'static str>) -> Diagnostic {
    let code = if what == "function" {
        "unknown-function"
    } else {
        "unknown-application"
    };
    let finding = Diagnostic::error(code, format!("there is no {what} called {name}"));
    match ours.map(|n| (distance(n, name), n)).min() {
        Some((0..=2, nearest)) => finding.hint(format!("is {nearest} meant?")),
        _ => finding.hint(format!("docs/dialplan.md lists every {what}")),
    }
}

/// How many letters differ (Levenshtein), whatever their case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_called_absent_that_is_here() {
        for app in crate::dialplan::apps::ALL {
            assert!(
                !is_among(app.manual().name, APPLICATIONS),
                "{}",
                app.manual().name
            );
        }
        for name in FAILURES.iter().map(|(name, _)| name).chain(GUARDS) {
            let known = is_among(name, APPLICATIONS) || is_among(name, REFUSED_APPLICATIONS);
            assert!(known, "{name} is not among the absent");
        }
    }
}
