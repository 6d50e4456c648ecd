//! The numbers of a call, read out of its INVITE: who is called, who calls, who sent the call on.
//!
//! What a caller wrote is a stranger's text: control characters are dropped and lengths bounded, so that it can go into
//! variables, logs and records as it is.

use crate::config::NumberFormat;
use crate::sip::message::{Headers, NameAddr, Request, Uri};

/// Longest number kept; E.164 has 15 digits, user names are longer.
const NUMBER_CHARS: usize = 64;
/// Longest display name kept.
const NAME_CHARS: usize = 128;
/// The extension of a call that names no number.
const NO_NUMBER: &str = "s";

/// A caller, or who redirected a call: either part may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// In the trunk's form of numbers, or a SIP user.
    pub number: String,
    /// Display name.
    pub name: String,
}

/// The numbers of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The number called, in the trunk's form; `s` where there is none.
    pub did: String,
    /// Best identity of the caller: P-Asserted-Identity, Remote-Party-ID, else From.
    pub caller: Party,
    /// From alone, as the caller claims it.
    pub from: Party,
    /// Who redirected the call here, where somebody did.
    pub diversion: Option<Party>,
    /// Whether the caller asked that the number be hidden.
    pub private: bool,
}

/// Reads the numbers of an INVITE. `own_users` are the users that stand in the Request-URI when a registrar calls us by our
/// registration: they name us and not the number called.
pub fn read(request: &Request, format: NumberFormat, own_users: &[&str]) -> Numbers {
    let headers = &request.headers;
    let from = first(headers, "From")
        .map(|from| party(&from, format))
        .unwrap_or_default();
    let identity = identity(headers, format);
    let hidden_from = first(headers, "From").is_some_and(|from| is_anonymous(&from.uri));
    Numbers {
        did: Some(normalise(&called(request, own_users), format))
            .filter(|did| !did.is_empty())
            .unwrap_or_else(|| NO_NUMBER.into()),
        caller: identity
            .as_ref()
            .map_or_else(|| from.clone(), |(party, _)| party.clone()),
        private: hidden_from || identity.is_some_and(|(_, private)| private) || asks_privacy(headers),
        from,
        diversion: first(headers, "Diversion").map(|by| party(&by, format)),
    }
}

/// The Request-URI's user; where that is ourselves or nobody, P-Called-Party-ID (RFC 7315 4.2), else To.
fn called(request: &Request, own_users: &[&str]) -> String {
    let user = user(&request.uri);
    let is_own = own_users
        .iter()
        .any(|own| own.eq_ignore_ascii_case(&request.uri.user));
    if !user.is_empty() && !is_own {
        return user;
    }
    ["P-Called-Party-ID", "To"]
        .into_iter()
        .filter_map(|name| first(&request.headers, name))
        .map(|address| self::user(&address.uri))
        .find(|number| !number.is_empty())
        .unwrap_or(user)
}

/// Who the trunk says that calls, and whether it is to be hidden: P-Asserted-Identity (RFC 3325), else the
/// Remote-Party-ID of the calling party, its predecessor.
fn identity(headers: &Headers, format: NumberFormat) -> Option<(Party, bool)> {
    let asserted: Vec<NameAddr> = headers
        .values("P-Asserted-Identity")
        .filter_map(|v| v.parse().ok())
        .collect();
    if let Some(first) = asserted.first() {
        let mut party = party(first, format);
        // A second value, a tel URI beside a sip one, may have what the first lacks.
        for other in asserted.iter().skip(1).map(|other| self::party(other, format)) {
            if party.number.is_empty() {
                party.number = other.number;
            }
            if party.name.is_empty() {
                party.name = other.name;
            }
        }
        return Some((party, is_anonymous(&first.uri)));
    }
    let remote: NameAddr = headers
        .values("Remote-Party-ID")
        .filter_map(|v| v.parse::<NameAddr>().ok())
        .find(|a| a.param("party").is_none_or(|p| p.eq_ignore_ascii_case("calling")))?;
    let private = remote
        .param("privacy")
        .is_some_and(|p| !p.eq_ignore_ascii_case("off"));
    Some((party(&remote, format), private || is_anonymous(&remote.uri)))
}

/// `Privacy` other than `none` (RFC 3323 4.2, RFC 3325 9.3). `session` and `critical` say nothing of the number.
fn asks_privacy(headers: &Headers) -> bool {
    headers
        .all("Privacy")
        .flat_map(|value| value.split([';', ',']))
        .any(|word| {
            ["id", "user", "header"]
                .iter()
                .any(|hides| word.trim().eq_ignore_ascii_case(hides))
        })
}

fn party(address: &NameAddr, format: NumberFormat) -> Party {
    if is_anonymous(&address.uri) || is_unknown(&address.uri) {
        return Party::default();
    }
    Party {
        number: normalise(&user(&address.uri), format),
        name: clean(address.display.as_deref().unwrap_or(""), NAME_CHARS),
    }
}

/// The first value, whatever else stands there: one bad header of several must not cost the call.
fn first(headers: &Headers, name: &str) -> Option<NameAddr> {
    headers.values(name).find_map(|value| value.parse().ok())
}

/// The user without the parameters that may stand in it (`+15550100;npdi;rn=…`, RFC 4694).
fn user(uri: &Uri) -> String {
    clean(uri.user.split(';').next().unwrap_or(""), NUMBER_CHARS)
}

/// `anonymous@anonymous.invalid` (RFC 3323 4.1.1.3) and what else is sent to the same end.
fn is_anonymous(uri: &Uri) -> bool {
    let is = |name: &str| uri.user.eq_ignore_ascii_case(name);
    is("anonymous") || is("restricted") || is("private") || uri.host.eq_ignore_ascii_case("anonymous.invalid")
}

/// No number is known; nobody asked to hide one.
fn is_unknown(uri: &Uri) -> bool {
    ["unknown", "unavailable", "asterisk"]
        .iter()
        .any(|name| uri.user.eq_ignore_ascii_case(name))
}

fn clean(text: &str, chars: usize) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(chars).collect();
    text.trim().to_owned()
}

/// Brings a number to the form that the trunk is configured for. What has letters in it is a name, not a number, and
/// stays.
pub fn normalise(number: &str, format: NumberFormat) -> String {
    if format == NumberFormat::AsIs {
        return number.to_owned();
    }
    // RFC 3966's visual separators, and spaces.
    let compact: String = number
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let (plus, digits) = match compact.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, compact.as_str()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return number.to_owned();
    }
    let is_nanp = |d: &str| d.len() == 10 && !d.starts_with(['0', '1']);
    let national = digits.strip_prefix('1').filter(|d| is_nanp(d));
    match format {
        NumberFormat::AsIs | NumberFormat::Digits => digits.to_owned(),
        NumberFormat::E164 if plus => format!("+{digits}"),
        NumberFormat::E164 => {
            let abroad = digits.strip_prefix("011").or_else(|| digits.strip_prefix("00"));
            match (abroad, national) {
                (Some(rest), _) if rest.len() >= 7 => format!("+{rest}"),
                (_, Some(national)) => format!("+1{national}"),
                _ if is_nanp(digits) => format!("+1{digits}"),
                _ => digits.to_owned(),
            }
        }
        NumberFormat::Nanp10 => match national {
            Some(national) => national.to_owned(),
            None if plus => format!("+{digits}"),
            None => digits.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Method;
    use proptest::prelude::*;

    fn invite(uri: &str, fields: &[(&str, &str)]) -> Request {
        let mut request = Request::new(Method::Invite, uri.parse().expect("a URI"));
        for (name, value) in fields {
            request.headers.push(name, value);
        }
        request
    }

    fn party(number: &str, name: &str) -> Party {
        Party {
            number: number.into(),
            name: name.into(),
        }
    }

    #[test]
    fn numbers_take_the_form_of_the_trunk() {
        use NumberFormat::{AsIs, Digits, Nanp10, E164};
        for (number, as_is, digits, e164, nanp) in [
            (
                "+15555550100",
                "+15555550100",
                "15555550100",
                "+15555550100",
                "5555550100",
            ),
            (
                "15555550100",
                "15555550100",
                "15555550100",
                "+15555550100",
                "5555550100",
            ),
            (
                "5555550100",
                "5555550100",
                "5555550100",
                "+15555550100",
                "5555550100",
            ),
            (
                "+1 (555) 555-0100",
                "+1 (555) 555-0100",
                "15555550100",
                "+15555550100",
                "5555550100",
            ),
            (
                "555.555.0100",
                "555.555.0100",
                "5555550100",
                "+15555550100",
                "5555550100",
            ),
            (
                "00442079460000",
                "00442079460000",
                "00442079460000",
                "+442079460000",
                "00442079460000",
            ),
            (
                "011442079460000",
                "011442079460000",
                "011442079460000",
                "+442079460000",
                "011442079460000",
            ),
            (
                "+442079460000",
                "+442079460000",
                "442079460000",
                "+442079460000",
                "+442079460000",
            ),
            ("101", "101", "101", "101", "101"),
            ("alice", "alice", "alice", "alice", "alice"),
            ("0055", "0055", "0055", "0055", "0055"),
            ("+", "+", "+", "+", "+"),
            ("", "", "", "", ""),
        ] {
            let all = [AsIs, Digits, E164, Nanp10].map(|format| normalise(number, format));
            assert_eq!(all, [as_is, digits, e164, nanp], "{number}");
        }
    }

    #[test]
    fn the_number_called_is_found() {
        let own = ["tok123", "100000"];
        for (uri, fields, expected) in [
            (
                "sip:5555550100@198.51.100.1",
                &[("To", "<sip:5555550199@example.org>")][..],
                "+15555550100",
            ),
            (
                "sip:TOK123@198.51.100.1",
                &[("To", "<sip:5555550199@example.org>")][..],
                "+15555550199",
            ),
            (
                "sip:tok123@198.51.100.1",
                &[
                    ("To", "<sip:100000@example.org>"),
                    ("P-Called-Party-ID", "<tel:+1-555-555-0123>"),
                ][..],
                "+15555550123",
            ),
            (
                "sip:100000@198.51.100.1",
                &[("To", "<sip:5555550199@example.org>")][..],
                "+15555550199",
            ),
            (
                "sip:198.51.100.1",
                &[("To", "<sip:5555550199@example.org>")][..],
                "+15555550199",
            ),
            ("sip:198.51.100.1", &[("To", "<sip:example.org>")][..], "s"),
            ("sip:tok123@198.51.100.1", &[][..], "tok123"),
            (
                "sip:+15555550100;npdi@198.51.100.1;user=phone",
                &[][..],
                "+15555550100",
            ),
            (
                "tel:+15555550100;phone-context=example.org",
                &[][..],
                "+15555550100",
            ),
            ("sip:%0d%0a5555550100@198.51.100.1", &[][..], "+15555550100"),
        ] {
            let numbers = read(&invite(uri, fields), NumberFormat::E164, &own);
            assert_eq!(numbers.did, expected, "{uri} {fields:?}");
        }
    }

    #[test]
    fn the_best_identity_is_the_callers() {
        let from = ("From", "\"Claimed\" <sip:5555550111@example.org>;tag=1");
        let asserted = (
            "P-Asserted-Identity",
            "\"Real Name\" <sip:+15555550122@example.org>, <tel:+15555550122>",
        );
        let remote = (
            "Remote-Party-ID",
            "\"Remote\" <sip:5555550133@example.org>;party=calling;privacy=off;screen=yes",
        );
        let called = ("Remote-Party-ID", "<sip:5555550144@example.org>;party=called");
        let claimed = party("+15555550111", "Claimed");
        for (fields, caller, private) in [
            (&[from][..], claimed.clone(), false),
            (
                &[from, asserted, remote][..],
                party("+15555550122", "Real Name"),
                false,
            ),
            (
                &[from, called, remote][..],
                party("+15555550133", "Remote"),
                false,
            ),
            (&[from, called][..], claimed.clone(), false),
            (&[from, ("Privacy", "none")][..], claimed.clone(), false),
            (&[from, ("Privacy", "session")][..], claimed.clone(), false),
            (&[from, ("Privacy", "header;id")][..], claimed.clone(), true),
            (
                &[("From", "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1")][..],
                Party::default(),
                true,
            ),
            (
                &[
                    ("From", "<sip:anonymous@anonymous.invalid>;tag=1"),
                    asserted,
                    ("Privacy", "id"),
                ][..],
                party("+15555550122", "Real Name"),
                true,
            ),
            (
                &[
                    from,
                    ("Remote-Party-ID", "<sip:5555550133@example.org>;privacy=full"),
                ][..],
                party("+15555550133", ""),
                true,
            ),
            (
                &[("From", "<sip:unavailable@example.org>;tag=1")][..],
                Party::default(),
                false,
            ),
            (
                &[from, ("P-Asserted-Identity", "garbage >")][..],
                claimed.clone(),
                false,
            ),
            (&[][..], Party::default(), false),
        ] {
            let numbers = read(&invite("sip:1@198.51.100.1", fields), NumberFormat::E164, &[]);
            assert_eq!((numbers.caller, numbers.private), (caller, private), "{fields:?}");
        }
    }

    #[test]
    fn the_last_redirection_is_told() {
        let fields = [
            (
                "Diversion",
                "\"Desk\" <sip:5555550155@example.org>;reason=no-answer",
            ),
            ("Diversion", "<sip:5555550166@example.org>;reason=unconditional"),
        ];
        let numbers = read(&invite("sip:1@198.51.100.1", &fields), NumberFormat::Digits, &[]);
        assert_eq!(numbers.diversion, Some(party("5555550155", "Desk")));
        assert_eq!(
            read(&invite("sip:1@198.51.100.1", &[]), NumberFormat::Digits, &[]).diversion,
            None
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_strangers_text_is_bounded_and_plain(from in "\\PC{0,300}", user in "[ -~]{0,200}") {
            let mut request = invite("sip:198.51.100.1", &[("From", &from), ("P-Asserted-Identity", &from)]);
            request.uri.user = user;
            for format in [NumberFormat::AsIs, NumberFormat::Digits, NumberFormat::E164, NumberFormat::Nanp10] {
                let numbers = read(&request, format, &["x"]);
                prop_assert!(numbers.did.chars().count() <= NUMBER_CHARS + 2);
                prop_assert!(!numbers.did.is_empty());
                prop_assert!(!numbers.caller.name.chars().any(char::is_control));
            }
        }

        #[test]
        fn a_normalised_number_stays(number in "[+0-9 ().-]{0,16}") {
            for format in [NumberFormat::AsIs, NumberFormat::Digits, NumberFormat::E164, NumberFormat::Nanp10] {
                let once = normalise(&number, format);
                prop_assert_eq!(normalise(&once, format), once);
            }
        }
    }
}
