use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::limits;

/// CUT
pub struct Cut;

static MANUAL: Manual = Manual {
    name: "CUT",
    syntax: "CUT(name[,delimiter[,fields]])",
    synopsis: "Fields of the text in a variable.",
    text: "The delimiter is one character, `-` where none is given. The fields are counted from 1: \
           `2`, `2-4`, `-3`, `2-`, joined with `&`. `${CUT(CHANNEL,/,1)}` is the channel's \
           technology.",
    ..Manual::EMPTY
};

impl Function for Cut {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let delimiter = super::delimiter(arguments.get(1), "-").chars().next().unwrap_or('-');
        let fields: Vec<&str> = text.split(delimiter).collect();
        let mut chosen: Vec<&str> = Vec::new();
        let spec = if arguments.get(2).is_empty() { "1" } else { arguments.get(2) };
        for part in spec.split('&') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str, default: usize| match text.trim() {
                "" => Ok(default),
                text => text.parse::<usize>().map_err(|_| format!("{part} is not a range of fields")),
            };
            let (from, to) = (number(from, 1)?.max(1), number(to, fields.len())?.min(fields.len()));
            chosen.extend(fields.iter().take(to).skip(from - 1));
            if chosen.len() > limits::VARIABLE_BYTES {
                return Err("there are too many fields".to_string());
            }
        }
        Ok(chosen.join(&*delimiter.encode_utf8(&mut [0; 4])))
    }
}
