use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::party;
use crate::limits;

/// CALLERID
pub struct CallerIdFunction;

static MANUAL: Manual = Manual {
    name: "CALLERID",
    syntax: "CALLERID(part[,caller ID])",
    synopsis: "The caller.",
    text: "Each part can be set as well, for what follows in this dialplan; patterns with a caller ID follow `num`. \
           With a caller ID as second argument, `name`, `num` and `all` are those of that text. The presentations \
           are `allowed`, `prohib` (each also with `_not_screened`, `_passed_screen` or `_failed_screen`) and \
           `unavailable`. Subaddresses and private parts are not kept: SIP has none.",
    options: &[
        ("num", "the number; also `number`"),
        ("name", "the name"),
        ("all", "`\"name\" <number>`"),
        ("num-pres, name-pres, pres", "whether number, name, or both may be shown"),
        ("num-valid, name-valid", "1 where there is one, else 0"),
        ("num-plan", "the Q.931 type of the number; also `ton`"),
        ("name-charset", "`utf8`"),
        ("tag", "a text of the author's own"),
        ("ani, ani-…", "who the caller claims to be, with the same parts: `ani-num`, `ani-name` …"),
        ("rdnis", "the number that redirected the call here"),
        ("dnid", "the number called"),
        ("dnid-num-plan", "the Q.931 type of the number called"),
    ],
    ..Manual::EMPTY
};

impl Function for CallerIdFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (part, given) = match arguments.split_once(',') {
            Some((part, given)) => (part, Some(given)),
            None => (arguments, None),
        };
        let part = part.trim().to_ascii_lowercase();
        if let Some(given) = given {
            // Quotes belong to the text, so it is not split further.
            let id = party::parse(given);
            return match part.as_str() {
                "num" | "number" | "name" | "all" => {
                    Ok(party::read(&id, &party::Details::default(), &part).unwrap_or_default())
                }
                other => Err(format!("a caller ID as text has no part {other}")),
            };
        }
        let parties = &run.parties;
        let found = match part.as_str() {
            "rdnis" => Some(parties.redirecting.from.id.number.clone()),
            "dnid" => Some(run.dialled.clone()),
            "dnid-num-plan" => Some(parties.dialled_plan.to_string()),
            part => match ani(part) {
                Some(part) => party::read(&parties.ani.id, &parties.ani.details, part),
                None => party::read(&run.caller, &parties.caller, part),
            },
        };
        found.ok_or_else(|| format!("there is no part {part} of a caller"))
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        if value.len() > limits::DIALPLAN_LINE_BYTES {
            return Err("the value is too long".to_string());
        }
        let part = Arguments::parse(arguments).get(0).trim().to_ascii_lowercase();
        let parties = &mut run.parties;
        match part.as_str() {
            "rdnis" => parties.redirecting.from.id.number = value.trim().to_string(),
            "dnid" => run.dialled = value.trim().to_string(),
            "dnid-num-plan" => parties.dialled_plan = party::plan(value)?,
            part => match ani(part) {
                Some(part) => party::write(&mut parties.ani.id, &mut parties.ani.details, part, value)?,
                None => party::write(&mut run.caller, &mut parties.caller, part, value)?,
            },
        }
        Ok(())
    }
}

/// The part of the ANI that is meant, where it is meant.
fn ani(part: &str) -> Option<&str> {
    match part {
        "ani" => Some("num"),
        part => part.strip_prefix("ani-"),
    }
}
