//! The verdicts.

use std::path::Path;

/// What the parser makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parse {
    /// Reads it.
    Accept,
    /// Refuses it, and answers with this status.
    Refuse(u16),
    /// Refuses it, and answers nothing: it is a response.
    Discard,
}

/// What goes back by UDP.
#[derive(Clone, Copy, Debug)]
pub enum Live {
    /// This final status, or one of these.
    Status(&'static [u16]),
    /// The call is decided on: any final status that is not the fault of the protocol.
    Call,
    /// Nothing.
    Silence,
}

/// One message and its verdicts.
pub struct Case {
    /// Its name in `tests/sip-torture`, without `.dat`.
    pub file: &'static str,
    /// What the parser makes of it.
    pub parse: Parse,
    /// What goes back by UDP.
    pub live: Live,
    /// What the message tries, and why the verdict is what it is.
    pub reason: &'static str,
}

const fn case(file: &'static str, parse: Parse, live: Live, reason: &'static str) -> Case {
    Case {
        file,
        parse,
        live,
        reason,
    }
}

use Live::{Call, Silence, Status};
use Parse::{Accept, Discard, Refuse};

/// The switch is no registrar, and says so.
const NO_REGISTRAR: Live = Status(&[405]);

/// All of them, in the order of the RFCs.
#[rustfmt::skip]
pub const CASES: [Case; 61] = [
    // RFC 4475 3.1.1: valid messages.
    case("wsinv", Accept, Status(&[481]), "valid; its To has a tag, and no such dialog exists"),
    case("intmeth", Accept, Status(&[405, 501]), "valid; nobody knows the method"),
    case("esc01", Accept, Call, "escapes in user, parameters and values"),
    case("escnull", Accept, NO_REGISTRAR, "an escaped NUL does not end a user"),
    case("esc02", Accept, Status(&[405, 501]), "percent signs in tokens are no escapes; RE%47IST%45R is not REGISTER"),
    case("lwsdisp", Accept, Status(&[200]), "no white space between display name and angle bracket"),
    case("longreq", Accept, Call, "long values, 34 Vias"),
    case("dblreq", Accept, NO_REGISTRAR, "what follows the body in a datagram is ignored"),
    case("semiuri", Accept, Status(&[200]), "a semicolon in the user begins no parameter"),
    case("transports", Accept, Status(&[200]), "transports that are not ours in lower Vias"),
    case("mpart01", Accept, NO_REGISTRAR, "a binary body; MESSAGE is not served"),
    case("unreason", Accept, Silence, "a phrase beyond ASCII; the response answers nothing of ours"),
    case("noreason", Accept, Silence, "an empty phrase; the response answers nothing of ours"),
    // RFC 4475 3.1.2: invalid messages.
    case("badinv01", Refuse(400), Status(&[400]), "extraneous separators in Via"),
    case("clerr", Refuse(400), Status(&[400]), "Content-Length is larger than the body"),
    case("ncl", Refuse(400), Status(&[400]), "a negative Content-Length"),
    case("scalar02", Refuse(400), Status(&[400]), "CSeq, Max-Forwards and Expires beyond their ranges"),
    case("scalarlg", Discard, Silence, "a response whose CSeq is beyond its range"),
    case("quotbal", Refuse(400), Status(&[400]), "a quoted string without its end"),
    case("ltgtruri", Refuse(400), Status(&[400]), "angle brackets around the Request-URI"),
    case("lwsruri", Refuse(400), Status(&[400]), "white space in the Request-URI"),
    case("lwsstart", Refuse(400), Status(&[400]), "two spaces in the request line"),
    case("trws", Refuse(400), Status(&[400]), "spaces at the end of the request line"),
    case("escruri", Refuse(400), Status(&[400]), "headers in the Request-URI"),
    case("baddate", Accept, Call, "a Date that is not GMT: the RFC lets an element that needs no Date ignore it"),
    case("regbadct", Refuse(400), Status(&[400]), "a question mark in an address without angle brackets"),
    case("badaspec", Refuse(400), Status(&[400]), "spaces within angle brackets"),
    case("baddn", Refuse(400), Status(&[400]), "a comma in an unquoted display name; nor does its head end"),
    case("badvers", Refuse(505), Status(&[505]), "SIP/7.0"),
    case("mismatch01", Refuse(400), Status(&[400]), "CSeq names another method"),
    case("mismatch02", Refuse(400), Status(&[400, 501]), "CSeq names another method, and the method is unknown"),
    case("bigcode", Discard, Silence, "a status beyond its range"),
    // RFC 4475 3.2: transaction layer.
    case("badbranch", Accept, Status(&[200]), "the cookie with nothing behind it identifies by RFC 2543's rules"),
    // RFC 4475 3.3: application layer.
    case("insuf", Refuse(400), Status(&[400]), "no Call-ID, From or To"),
    case("unkscm", Accept, Status(&[416]), "a Request-URI of an unknown scheme"),
    case("novelsc", Accept, Status(&[416]), "a Request-URI of a scheme that is not SIP's"),
    case("unksm2", Accept, NO_REGISTRAR, "unknown schemes in To and Contact are a registrar's concern"),
    case("bext01", Accept, Status(&[420]), "Require names extensions that nobody supports"),
    case("invut", Accept, Status(&[415]), "a body of an unknown type"),
    case("regaut01", Accept, NO_REGISTRAR, "credentials of an unknown scheme are a registrar's concern"),
    case("multi01", Refuse(400), Status(&[400]), "single headers more than once"),
    case("mcl01", Refuse(400), Status(&[400]), "two Content-Lengths that differ"),
    case("bcast", Accept, Silence, "a response whose second Via is a broadcast address must not be forwarded"),
    case("zeromf", Accept, Status(&[200, 483]), "Max-Forwards 0 forbids to forward; we are where it was going"),
    case("cparam01", Accept, NO_REGISTRAR, "a Contact parameter that nobody knows"),
    case("cparam02", Accept, NO_REGISTRAR, "a URI parameter that nobody knows"),
    case("regescrt", Accept, NO_REGISTRAR, "a Contact whose URI has an escaped Route"),
    case("sdp01", Accept, Status(&[400, 406]), "the caller accepts no type that we could answer with"),
    // RFC 4475 3.4: backward compatibility.
    case("inv2543", Accept, Call, "no branch, no From tag, no Max-Forwards, no Contact: RFC 2543 asked for none"),
    // RFC 5118 4: IPv6.
    case("5118_ipv6-good", Accept, NO_REGISTRAR, "4.1: an address in brackets"),
    case("5118_ipv6-bad", Refuse(400), Status(&[400]), "4.2: an address without brackets"),
    case("5118_port-ambiguous", Accept, NO_REGISTRAR, "4.3: all within the brackets is the address"),
    case("5118_port-unambiguous", Accept, NO_REGISTRAR, "4.4: a port behind the brackets"),
    case("5118_via-received-param-with-delim", Accept, Status(&[481]), "4.5: received in brackets; a BYE of no dialog"),
    case("5118_via-received-param-no-delim", Accept, Status(&[200]), "4.5: received without brackets"),
    case("5118_ipv6-in-sdp", Accept, Call, "4.6: addresses of the other family in the offer"),
    case("5118_mult-ip-in-header", Accept, Status(&[481]), "4.7: both families in the Vias; a BYE of no dialog"),
    case("5118_mult-ip-in-sdp", Accept, Call, "4.8: both families in the offer"),
    case("5118_ipv4-mapped-ipv6", Accept, Call, "4.9: IPv4-mapped addresses"),
    case("5118_ipv6-bug-abnf-3-colons", Accept, Status(&[200]), "4.10: three colons, which RFC 3261's grammar made, are two"),
    case("5118_ipv6-correct-abnf-2-colons", Accept, Status(&[200]), "4.10: what was meant"),
];

impl Live {
    /// Whether the final statuses that came back for the message are the right ones.
    pub fn is_met_by(self, statuses: &[u16]) -> bool {
        match (self, statuses) {
            (Silence, []) => true,
            (Status(wanted), [status]) => wanted.contains(status),
            // What the protocol itself refuses with; a call is refused for its number, its offer or its caller.
            (Call, [status]) => !matches!(
                status,
                400 | 405 | 415 | 416 | 420 | 481..=483 | 500 | 501 | 505 | 513
            ),
            _ => false,
        }
    }
}

/// The message's octets.
pub fn read(case: &Case) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sip-torture")
        .join(case.file)
        .with_extension("dat");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
