use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::limits;

/// STRREPLACE
pub struct StrReplace;

static MANUAL: Manual = Manual {
    name: "STRREPLACE",
    syntax: "STRREPLACE(name,text[,replacement[,most]])",
    synopsis: "The text in a variable with a part replaced, everywhere or so many times.",
    ..Manual::EMPTY
};

impl Function for StrReplace {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let wanted = arguments.get(1);
        if wanted.is_empty() {
            return Err("the text to replace is missing".to_string());
        }
        let most = match arguments.get(3).trim() {
            "" => usize::MAX,
            most => most.parse().map_err(|_| format!("{most} is not a number"))?,
        };
        let mut out = String::new();
        let mut rest = text.as_str();
        for _ in 0..most {
            let Some((before, after)) = rest.split_once(wanted) else {
                break;
            };
            out.push_str(before);
            out.push_str(arguments.get(2));
            rest = after;
            if out.len() > limits::VARIABLE_BYTES {
                return Err("the result is too long".to_string());
            }
        }
        Ok(out + rest)
    }
}
