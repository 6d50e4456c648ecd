use super::{Function, Manual, Run};
use crate::dialplan::channel::CallerId;
use crate::limits;

/// CALLERID
pub struct CallerIdFunction;

static MANUAL: Manual = Manual {
    name: "CALLERID",
    syntax: "CALLERID(part)",
    synopsis: "The caller.",
    text: "The part is `num` or `number`, `name`, `all` (`\"name\" <number>`), `ani` (the number that \
           the caller claims itself), `rdnis` (who redirected the call), `dnid` (the number \
           called), `pres` (`allowed_not_screened` or `prohib_not_screened`), `num-valid`, \
           `name-valid`. All but the last three can be set, for what follows in this dialplan; \
           patterns with a caller ID follow `num`.",
    ..Manual::EMPTY
};

impl Function for CallerIdFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let part = arguments.split(',').next().unwrap_or("").trim().to_ascii_lowercase();
        let facts = run.channel.facts();
        Ok(match part.as_str() {
            "num" | "number" => run.caller.number.clone(),
            "name" => run.caller.name.clone(),
            "all" => format!("\"{}\" <{}>", run.caller.name, run.caller.number),
            "ani" | "ani-num" => facts.from.number.clone(),
            "ani-name" => facts.from.name.clone(),
            "rdnis" => run.redirecting.number.clone(),
            "dnid" => run.dialled.clone(),
            "pres" | "num-pres" | "name-pres" => match facts.private {
                true => "prohib_not_screened".to_string(),
                false => "allowed_not_screened".to_string(),
            },
            "num-valid" => u8::from(!run.caller.number.is_empty()).to_string(),
            "name-valid" => u8::from(!run.caller.name.is_empty()).to_string(),
            other => return Err(format!("there is no part {other} of a caller")),
        })
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        if value.len() > limits::DIALPLAN_LINE_BYTES {
            return Err("the value is too long".to_string());
        }
        match arguments.split(',').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
            "num" | "number" => run.caller.number = value.to_string(),
            "name" => run.caller.name = value.to_string(),
            "all" => run.caller = parse(value),
            "rdnis" => run.redirecting.number = value.to_string(),
            "dnid" => run.dialled = value.to_string(),
            other => return Err(format!("the part {other} of a caller cannot be set")),
        }
        Ok(())
    }
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
        None if is_number(text) => return CallerId { number: text.to_string(), name: String::new() },
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
    CallerId { number: number.to_string(), name: name.replace("\\\"", "\"") }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "*#+()-. ".contains(c))
}
