//! Who takes part in a call, as the functions CALLERID and REDIRECTING have it: a name and a number, each with how it
//! may be shown.

use super::channel::{CallFacts, CallerId};
use crate::limits;

/// How a name or a number may be shown, as Q.931 codes it: whether, and who has checked it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presentation(u8);

/// Asterisk's names for the codes.
const PRESENTATIONS: [(&str, u8); 9] = [
    ("allowed_not_screened", 0x00),
    ("allowed_passed_screen", 0x01),
    ("allowed_failed_screen", 0x02),
    ("allowed", 0x03),
    ("prohib_not_screened", 0x20),
    ("prohib_passed_screen", 0x21),
    ("prohib_failed_screen", 0x22),
    ("prohib", 0x23),
    ("unavailable", 0x43),
];

impl Presentation {
    /// Hidden, and nobody has checked it.
    pub const HIDDEN: Presentation = Presentation(0x20);

    /// By its name, or by its code.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let code = text.parse::<u8>().ok();
        PRESENTATIONS
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case(text) || code == Some(*value))
            .map(|(_, value)| Presentation(*value))
            .ok_or_else(|| format!("there is no presentation {text}"))
    }

    fn name(self) -> &'static str {
        let found = PRESENTATIONS.iter().find(|(_, value)| *value == self.0);
        found.map_or("unknown", |(name, _)| name)
    }

    /// What holds for both of two: the stricter.
    fn with(self, other: Self) -> Self {
        Presentation(self.0.max(other.0))
    }
}

/// What is said of a name or of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Manner {
    presentation: Presentation,
    /// As the author set it; else it is valid where it is not empty.
    valid: Option<bool>,
}

impl Manner {
    fn valid(self, text: &str) -> String {
        u8::from(self.valid.unwrap_or(!text.is_empty())).to_string()
    }
}

/// What is said of a party beside its name and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    name: Manner,
    number: Manner,
    /// Q.931 type of number and numbering plan; 0 is unknown.
    plan: u8,
    tag: String,
}

/// A party of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Name and number.
    pub id: CallerId,
    /// And the rest.
    pub details: Details,
}

/// Who sent a call here, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirecting {
    /// Whom the call was for at first.
    pub original: Party,
    /// Who sent it on last.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// Why, as the network has it.
    pub reason: String,
    /// How often.
    pub count: u32,
}

/// Everybody but the caller's own name and number, which the matching of extensions needs at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// The caller's details.
    pub caller: Details,
    /// Who pays: what the caller claims to be.
    pub ani: Party,
    /// Q.931 type of the number called.
    pub dialled_plan: u8,
    /// Who sent the call here.
    pub redirecting: Redirecting,
}

impl Parties {
    /// Of a call as it comes in.
    pub fn of(facts: &CallFacts) -> Self {
        let mut parties = Parties {
            ani: Party {
                id: facts.from.clone(),
                ..Party::default()
            },
            ..Parties::default()
        };
        if facts.private {
            for details in [&mut parties.caller, &mut parties.ani.details] {
                details.name.presentation = Presentation::HIDDEN;
                details.number.presentation = Presentation::HIDDEN;
            }
        }
        if let Some(from) = &facts.diversion {
            parties.redirecting.from.id = from.clone();
            parties.redirecting.count = 1;
            parties.redirecting.reason = diversion_reason(&facts.headers);
        }
        parties
    }
}

/// The parameter `reason` of the first Diversion (RFC 5806).
fn diversion_reason(headers: &[(String, String)]) -> String {
    let diversion = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("Diversion"));
    let parameters = diversion.into_iter().flat_map(|(_, value)| value.split(';'));
    let reason = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.split(',').next().unwrap_or("").trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("reason").then_some(value)
    });
    match reason.map(|r| r.to_ascii_lowercase()).next().as_deref() {
        Some("user-busy") => "cfb",
        Some("no-answer") => "cfnr",
        Some("unconditional") => "cfu",
        Some("time-of-day") => "time_of_day",
        Some("do-not-disturb") => "dnd",
        Some("deflection") => "deflection",
        Some("follow-me") => "follow_me",
        Some("out-of-service") => "out_of_order",
        Some("away") => "away",
        Some("unavailable") => "unavailable",
        _ => "unknown",
    }
    .to_string()
}

/// A field of a party: `num`, `name`, `all`, `num-pres` and so on. `None` where there is none of that name.
pub fn read(id: &CallerId, details: &Details, field: &str) -> Option<String> {
    Some(match field {
        "num" | "number" => id.number.clone(),
        "name" => id.name.clone(),
        "all" => all(id),
        "num-valid" => details.number.valid(&id.number),
        "name-valid" => details.name.valid(&id.name),
        "num-pres" => details.number.presentation.name().to_string(),
        "name-pres" => details.name.presentation.name().to_string(),
        "pres" => {
            let both = details.number.presentation.with(details.name.presentation);
            both.name().to_string()
        }
        "num-plan" | "ton" => details.plan.to_string(),
        "name-charset" => "utf8".to_string(),
        "tag" => details.tag.clone(),
        _ => return None,
    })
}

/// Sets a field of a party.
pub fn write(id: &mut CallerId, details: &mut Details, field: &str, value: &str) -> Result<(), String> {
    if value.len() > limits::DIALPLAN_LINE_BYTES {
        return Err("the value is too long".to_string());
    }
    let value = value.trim();
    match field {
        "num" | "number" => {
            id.number = value.to_string();
            details.number.valid = Some(true);
        }
        "name" => {
            id.name = value.to_string();
            details.name.valid = Some(true);
        }
        "all" => {
            *id = parse(value);
            (details.number.valid, details.name.valid) = (None, None);
        }
        "num-valid" => details.number.valid = Some(super::substitute::is_true(value)),
        "name-valid" => details.name.valid = Some(super::substitute::is_true(value)),
        "num-pres" => details.number.presentation = Presentation::parse(value)?,
        "name-pres" => details.name.presentation = Presentation::parse(value)?,
        "pres" => {
            let presentation = Presentation::parse(value)?;
            details.number.presentation = presentation;
            details.name.presentation = presentation;
        }
        "num-plan" | "ton" => details.plan = plan(value)?,
        "tag" => details.tag = value.to_string(),
        "name-charset" => return Err("names are UTF-8 here".to_string()),
        other => return Err(format!("the part {other} cannot be set")),
    }
    Ok(())
}

/// A Q.931 type of number.
pub fn plan(text: &str) -> Result<u8, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text} is not a numbering plan"))
}

fn all(id: &CallerId) -> String {
    format!("\"{}\" <{}>", id.name, id.number)
}

/// Reads `"name" <number>`, and what people write for it.
pub fn parse(text: &str) -> CallerId {
    let text = text.trim();
    let (name, number, after) = match text.rfind('<') {
        Some(open) => {
            let rest = &text[open + 1..];
            let (number, after) = rest.split_once('>').unwrap_or((rest, ""));
            (text[..open].trim_end(), number.trim(), after)
        }
        // Without brackets a number is one that looks like it.
        None if is_number(text) => {
            return CallerId {
                number: text.to_string(),
                name: String::new(),
            }
        }
        None => (text, "", ""),
    };
    let name = match name.strip_prefix('"') {
        Some(rest) => match rest.strip_suffix('"') {
            Some(inside) => inside,
            // The closing quote stands behind the number.
            None if after.contains('"') => rest,
            None => name,
        },
        None => name,
    };
    CallerId {
        number: number.to_string(),
        name: name.replace("\\\"", "\""),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "*#+()-. ".contains(c))
}
