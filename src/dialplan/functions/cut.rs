use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// CUT
pub struct Cut;

static MANUAL: Manual = Manual {
    name: "CUT",
    syntax: "CUT(name,delimiter,fields)",
    synopsis: "Fields of the text in a variable.",
    text: "The delimiter is one character, `-` where it is empty. The fields are counted from 1: `2`, `2-4`, `-3`, \
           `2-`, several joined with `&`. They come in the order of the text: one that stands before another already \
           given is left out. `${CUT(CHANNEL,/,1)}` is the channel's technology.",
    ..Manual::EMPTY
};

impl Function for Cut {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        if arguments.len() < 3 {
            return Err("name, delimiter and fields are needed".to_string());
        }
        let text = run.named(arguments.get(0));
        let delimiter = super::delimiter(arguments.get(1), "-");
        let fields: Vec<&str> = text.split(delimiter.as_str()).collect();
        let mut chosen: Vec<&str> = Vec::new();
        let mut next = 1;
        for range in arguments.get(2).split('&') {
            let (from, to) = bounds(range).ok_or_else(|| format!("{range} is not a range of fields"))?;
            let (from, to) = (from.max(next), to.min(fields.len()));
            if from <= to {
                chosen.extend(&fields[from - 1..to]);
                next = to + 1;
            }
        }
        Ok(chosen.join(&delimiter))
    }
}

/// The first and the last field of `2`, `2-4`, `-3` or `2-`; the first is 1 at least.
fn bounds(range: &str) -> Option<(usize, usize)> {
    let number = |text: &str, open: usize| match text.trim() {
        "" => Some(open),
        text => text.parse::<usize>().ok(),
    };
    let (from, to) = match range.trim().split_once('-') {
        Some(("", "")) => return None,
        Some((from, to)) => (number(from, 1)?, number(to, usize::MAX)?),
        None => {
            let field = range.trim().parse().ok()?;
            (field, field)
        }
    };
    Some((from.max(1), to))
}
