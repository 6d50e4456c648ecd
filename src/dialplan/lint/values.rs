//! What can be known of a variable's value without a call: whether it may be empty.

use super::references::{references, What};
use super::survey::{Origin, Survey};

/// Functions whose value may well be empty.
const MAY_BE_EMPTY: &[&str] = &[
    "CALLERID",
    "CURL",
    "CUT",
    "DB",
    "ENV",
    "FILTER",
    "HASH",
    "JSON_DECODE",
    "LISTFILTER",
    "PJSIP_HEADER",
    "POP",
    "REDIRECTING",
    "SHELL",
    "SHIFT",
    "SIP_HEADER",
];

/// Variables that every call has.
pub(super) const BUILT_IN: &[&str] = &[
    "EXTEN",
    "CONTEXT",
    "PRIORITY",
    "CHANNEL",
    "UNIQUEID",
    "HANGUPCAUSE",
    "EPOCH",
    "SYSTEMNAME",
    "TRUNK",
    "SIPCALLID",
];

impl Survey<'_> {
    /// Whether a reference, without its braces, may be empty as far as the dialplan tells.
    pub fn may_be_empty(&self, what: &What<'_>, depth: usize) -> bool {
        // Variables that are made of variables: who goes deeper is believed.
        if depth > 4 {
            return false;
        }
        match what {
            What::Expression => false,
            What::Function(name, _) => MAY_BE_EMPTY.contains(name),
            What::Variable(name) => {
                let name = crate::dialplan::variables::unmark(name).0;
                if is_argument(name) {
                    return true;
                }
                let Some(origins) = self.variables.set.get(name) else {
                    return !self.is_known(name);
                };
                origins.iter().any(|origin| match origin {
                    Origin::Entered => true,
                    Origin::Other => false,
                    Origin::Text(text, _) => self.text_may_be_empty(text, depth + 1),
                })
            }
        }
    }

    /// Whether a text may be empty once its references are replaced.
    fn text_may_be_empty(&self, text: &str, depth: usize) -> bool {
        let found = references(text);
        let mut rest = 0;
        for reference in found.iter().filter(|found| found.outermost) {
            let before = text.get(rest..reference.whole().start).unwrap_or_default();
            if !before.trim().is_empty() || !self.may_be_empty(&reference.what, depth) {
                return false;
            }
            rest = reference.whole().end;
        }
        text.get(rest..).unwrap_or_default().trim().is_empty()
    }

    /// Whether something else than the dialplan's own assignments sets a variable.
    pub fn is_known(&self, name: &str) -> bool {
        let variables = &self.variables;
        variables.any
            || BUILT_IN.contains(&name)
            || is_argument(name)
            || name.starts_with("MACRO_")
            || variables.prefixes.iter().any(|prefix| name.starts_with(prefix))
            || OTHERS.contains(&name)
            || manuals().any(|manual| {
                let rows = manual.variables.iter();
                rows.flat_map(|(names, _)| names.split([',', ' ', ';']))
                    .any(|known| known == name)
            })
    }
}

/// Variables that Asterisk's applications and channels set, beside those of our own manual: a dialplan that was
/// brought along reads them, and finds them empty here.
const OTHERS: &[&str] = &[
    "ABANDONED",
    "AGENTLOGIN",
    "AGISTATUS",
    "AMDCAUSE",
    "AMDSTATUS",
    "ANSWEREDTIME",
    "AVAILCHAN",
    "AVAILSTATUS",
    "BLINDTRANSFER",
    "BRIDGEPEER",
    "BRIDGERESULT",
    "CALLINGPRES",
    "CALLINGTON",
    "CDRSTATUS",
    "DIALEDPEERNAME",
    "DIALEDPEERNUMBER",
    "DIALEDTIME",
    "DIALSTATUS",
    "DIALGROUP",
    "DISASTATUS",
    "DNID",
    "DTMF",
    "FORWARDERNAME",
    "GOSUB_RETVAL",
    "GOTO_ON_BLINDXFR",
    "HASHRESULT",
    "HINT",
    "HINTNAME",
    "INVALID_EXTEN",
    "LOOKUPSTATUS",
    "MEETMESECS",
    "MIXMONITOR_FILENAME",
    "ORIGINATE_STATUS",
    "PICKUPRESULT",
    "PLAYBACKSTATUS",
    "PQMSTATUS",
    "QEORIGINALPOS",
    "QUEUESTATUS",
    "QUEUEPOSITION",
    "RAISESTATUS",
    "RECORDED_FILE",
    "RECORD_STATUS",
    "REASON",
    "SIPCALLID",
    "SIPDOMAIN",
    "SIPURI",
    "SYSTEMSTATUS",
    "TIMESTAMP",
    "TRANSFERSTATUS",
    "TXTCIDNAMESTATUS",
    "UPQMSTATUS",
    "USERBYALIAS",
    "VMSTATUS",
    "VM_CATEGORY",
    "VM_DUR",
    "VM_MESSAGEFILE",
    "VOICEMAIL_PREFIX",
    "VPBX_ID",
    "AQMSTATUS",
    "RQMSTATUS",
    "TRYSTATUS",
    "LOCALSTATIONID",
    "REMOTESTATIONID",
    "FAXSTATUS",
    "FAXERROR",
    "LANGUAGE",
    "ACCOUNTCODE",
    "CALLERID",
    "DIALEDNUMBER",
    "HANGUPREASON",
    "ENTRYPOINT",
    "PARKINGSLOT",
    "PARKEDAT",
    "PARKER",
];

/// ARG1, ARG2…, ARGC: a Gosub's.
fn is_argument(name: &str) -> bool {
    name.strip_prefix("ARG")
        .is_some_and(|rest| rest == "C" || !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit()))
}

/// Of every application and function.
fn manuals() -> impl Iterator<Item = &'static crate::dialplan::apps::Manual> {
    use crate::dialplan::{apps, functions};
    let functions = functions::ALL.iter().map(|function| function.manual());
    apps::ALL.iter().map(|app| app.manual()).chain(functions)
}
