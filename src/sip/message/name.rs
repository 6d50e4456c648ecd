//! Names of header fields: their long forms and how they are spelt (RFC 3261 7.3.3 and 20, IANA registry).

use std::borrow::Cow;

/// The names that are held without an allocation and spelt as their RFCs do, by their length: a length has few,
/// so that a look-up is a few comparisons.
fn known(length: usize) -> &'static [&'static str] {
    match length {
        2 => &["To"],
        3 => &["Via"],
        4 => &["CSeq", "Date", "From", "Path", "RAck", "RSeq"],
        5 => &["Allow", "Event", "Route"],
        6 => &["Accept", "Min-SE", "Reason", "Server"],
        7 => &[
            "Call-ID", "Contact", "Expires", "Privacy", "Require", "Subject", "Warning",
        ],
        8 => &["Identity", "Priority", "Refer-To", "Replaces", "Reply-To"],
        9 => &["Call-Info", "Diversion", "Supported", "Timestamp"],
        10 => &["Alert-Info", "Error-Info", "User-Agent"],
        11 => &[
            "In-Reply-To",
            "Min-Expires",
            "Referred-By",
            "Retry-After",
            "Unsupported",
        ],
        12 => &[
            "Allow-Events",
            "Content-Type",
            "History-Info",
            "Max-Forwards",
            "MIME-Version",
            "Organization",
            "Record-Route",
        ],
        13 => &["Authorization", "Proxy-Require", "Service-Route"],
        14 => &["Accept-Contact", "Content-Length", "Reject-Contact"],
        15 => &[
            "Accept-Encoding",
            "Accept-Language",
            "Remote-Party-ID",
            "Session-Expires",
        ],
        16 => &["Content-Encoding", "Content-Language", "WWW-Authenticate"],
        17 => &["P-Called-Party-ID"],
        18 => &["Proxy-Authenticate", "Subscription-State"],
        19 => &[
            "Authentication-Info",
            "Content-Disposition",
            "P-Asserted-Identity",
            "Proxy-Authorization",
            "Request-Disposition",
        ],
        20 => &["P-Preferred-Identity"],
        _ => &[],
    }
}

/// The long form of a compact name.
fn long_form(letter: u8) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => return None,
    })
}

/// The name as it is held: long, and of a known header as its RFC spells it.
pub(super) fn canonical(name: &str) -> Cow<'static, str> {
    if let [letter] = name.as_bytes() {
        if let Some(long) = long_form(*letter) {
            return Cow::Borrowed(long);
        }
    }
    match known(name.len())
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
    {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    }
}
