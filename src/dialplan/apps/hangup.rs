use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use async_trait::async_trait;

/// Hangup
pub struct Hangup;

static MANUAL: Manual = Manual {
    name: "Hangup",
    syntax: "Hangup([cause])",
    synopsis: "Ends the call.",
    text: "The cause is a Q.850 number or its name without `AST_CAUSE_` (`BUSY`, `CONGESTION`, `NO_ANSWER`, \
           `UNALLOCATED`, `CALL_REJECTED`…); without one it is 16, normal clearing. Before an answer the caller is told \
           the SIP status that fits the cause. The extension `h` of the context runs afterwards.",
    ..Manual::EMPTY
};

/// Asterisk's names of Q.850 causes, with their numbers.
const CAUSES: &[(&str, u8)] = &[
    ("UNALLOCATED", 1),
    ("NO_ROUTE_TRANSIT_NET", 2),
    ("NO_ROUTE_DESTINATION", 3),
    ("MISDIALLED_TRUNK_PREFIX", 5),
    ("CHANNEL_UNACCEPTABLE", 6),
    ("CALL_AWARDED_DELIVERED", 7),
    ("PRE_EMPTED", 8),
    ("NUMBER_PORTED_NOT_HERE", 14),
    ("NORMAL", 16),
    ("NORMAL_CLEARING", 16),
    ("BUSY", 17),
    ("USER_BUSY", 17),
    ("NO_USER_RESPONSE", 18),
    ("NOANSWER", 19),
    ("NO_ANSWER", 19),
    ("SUBSCRIBER_ABSENT", 20),
    ("UNREGISTERED", 20),
    ("CALL_REJECTED", 21),
    ("NUMBER_CHANGED", 22),
    ("REDIRECTED_TO_NEW_DESTINATION", 23),
    ("ANSWERED_ELSEWHERE", 26),
    ("DESTINATION_OUT_OF_ORDER", 27),
    ("INVALID_NUMBER_FORMAT", 28),
    ("FACILITY_REJECTED", 29),
    ("RESPONSE_TO_STATUS_ENQUIRY", 30),
    ("NORMAL_UNSPECIFIED", 31),
    ("CONGESTION", 34),
    ("NORMAL_CIRCUIT_CONGESTION", 34),
    ("FAILURE", 38),
    ("NETWORK_OUT_OF_ORDER", 38),
    ("NORMAL_TEMPORARY_FAILURE", 41),
    ("SWITCH_CONGESTION", 42),
    ("ACCESS_INFO_DISCARDED", 43),
    ("REQUESTED_CHAN_UNAVAIL", 44),
    ("FACILITY_NOT_SUBSCRIBED", 50),
    ("OUTGOING_CALL_BARRED", 52),
    ("INCOMING_CALL_BARRED", 54),
    ("BEARERCAPABILITY_NOTAUTH", 57),
    ("BEARERCAPABILITY_NOTAVAIL", 58),
    ("BEARERCAPABILITY_NOTIMPL", 65),
    ("CHAN_NOT_IMPLEMENTED", 66),
    ("NOSUCHDRIVER", 66),
    ("FACILITY_NOT_IMPLEMENTED", 69),
    ("INVALID_CALL_REFERENCE", 81),
    ("INCOMPATIBLE_DESTINATION", 88),
    ("INVALID_MSG_UNSPECIFIED", 95),
    ("MANDATORY_IE_MISSING", 96),
    ("MESSAGE_TYPE_NONEXIST", 97),
    ("WRONG_MESSAGE", 98),
    ("IE_NONEXIST", 99),
    ("INVALID_IE_CONTENTS", 100),
    ("WRONG_CALL_STATE", 101),
    ("RECOVERY_ON_TIMER_EXPIRE", 102),
    ("MANDATORY_IE_LENGTH_ERROR", 103),
    ("PROTOCOL_ERROR", 111),
    ("INTERWORKING", 127),
];

/// The number of a cause that is written as a number or a name.
fn cause(text: &str) -> Option<u8> {
    let name = text.strip_prefix("AST_CAUSE_").unwrap_or(text);
    let named = || CAUSES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, cause)| *cause);
    text.parse::<u8>().ok().filter(|cause| (1..=127).contains(cause)).or_else(named)
}

#[async_trait]
impl Application for Hangup {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut super::Check<'_>) {
        let text = check.arguments();
        if !text.trim().is_empty() && !text.contains('$') && cause(text.trim()).is_none() {
            check.expected(0..text.len(), "a Q.850 cause from 1 to 127, or its name");
        }
    }

    async fn execute(&self, _: &mut Run<'_>, arguments: &str) -> Outcome {
        Ok(Flow::Hangup(cause(arguments.trim()).unwrap_or(NORMAL_CLEARING)))
    }
}
