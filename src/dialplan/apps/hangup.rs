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

/// Names that authors use, with their Q.850 numbers.
const CAUSES: &[(&str, u8)] = &[
    ("UNALLOCATED", 1),
    ("NO_ROUTE_TRANSIT_NET", 2),
    ("NO_ROUTE_DESTINATION", 3),
    ("NORMAL", 16),
    ("NORMAL_CLEARING", 16),
    ("BUSY", 17),
    ("USER_BUSY", 17),
    ("NO_USER_RESPONSE", 18),
    ("NOANSWER", 19),
    ("NO_ANSWER", 19),
    ("SUBSCRIBER_ABSENT", 20),
    ("CALL_REJECTED", 21),
    ("NUMBER_CHANGED", 22),
    ("DESTINATION_OUT_OF_ORDER", 27),
    ("INVALID_NUMBER_FORMAT", 28),
    ("FACILITY_REJECTED", 29),
    ("NORMAL_UNSPECIFIED", 31),
    ("NORMAL_CIRCUIT_CONGESTION", 34),
    ("CONGESTION", 34),
    ("NETWORK_OUT_OF_ORDER", 38),
    ("NORMAL_TEMPORARY_FAILURE", 41),
    ("FAILURE", 38),
    ("SWITCH_CONGESTION", 42),
    ("BEARERCAPABILITY_NOTAVAIL", 58),
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
