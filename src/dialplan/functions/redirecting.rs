use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::party::{self, Party, Redirecting};
use crate::limits;

/// REDIRECTING
pub struct RedirectingFunction;

static MANUAL: Manual = Manual {
    name: "REDIRECTING",
    syntax: "REDIRECTING(part)",
    synopsis: "Who sent the call here, and why.",
    text: "Read from the Diversion of the INVITE. What is set holds for this dialplan; it is sent to nobody.",
    options: &[
        (
            "from-num, from-name, from-all …",
            "who sent the call on, with the parts of CALLERID",
        ),
        ("to-num, to-name, to-all …", "to whom"),
        (
            "orig-num, orig-name, orig-all …",
            "whom the call was for at first",
        ),
        (
            "reason",
            "`cfu`, `cfb`, `cfnr`, `time_of_day`, `dnd`, `deflection`, `follow_me`, `away`, `unknown` …",
        ),
        ("count", "how often it was sent on"),
    ],
    ..Manual::EMPTY
};

impl Function for RedirectingFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let part = Arguments::parse(arguments).get(0).trim().to_ascii_lowercase();
        let redirecting = &mut run.parties.redirecting;
        let found = match part.as_str() {
            "reason" => Some(redirecting.reason.clone()),
            "count" => Some(redirecting.count.to_string()),
            part => {
                party_of(redirecting, part).and_then(|(of, field)| party::read(&of.id, &of.details, field))
            }
        };
        found.ok_or_else(|| format!("a redirection has no part {part}"))
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let part = Arguments::parse(arguments).get(0).trim().to_ascii_lowercase();
        let redirecting = &mut run.parties.redirecting;
        match part.as_str() {
            "reason" if value.len() > limits::DIALPLAN_LINE_BYTES => Err("the value is too long".to_string()),
            "reason" => {
                redirecting.reason = value.trim().to_string();
                Ok(())
            }
            "count" => {
                let count = value
                    .trim()
                    .parse()
                    .map_err(|_| format!("{value} is not a number"))?;
                redirecting.count = count;
                Ok(())
            }
            part => match party_of(redirecting, part) {
                Some((of, field)) => party::write(&mut of.id, &mut of.details, field, value),
                None => Err(format!("a redirection has no part {part}")),
            },
        }
    }
}

/// The party that a part is of, and which field of it.
fn party_of<'r, 'p>(redirecting: &'r mut Redirecting, part: &'p str) -> Option<(&'r mut Party, &'p str)> {
    let (who, field) = part.split_once('-')?;
    let of = match who {
        "from" => &mut redirecting.from,
        "to" => &mut redirecting.to,
        "orig" => &mut redirecting.original,
        _ => return None,
    };
    Some((of, field))
}
