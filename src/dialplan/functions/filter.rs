use super::{Function, Manual, Run};
use crate::dialplan::arguments::split_raw;

/// FILTER
pub struct Filter;

static MANUAL: Manual = Manual {
    name: "FILTER",
    syntax: "FILTER(allowed,text)",
    synopsis: "Only those characters of a text that are allowed.",
    text: "Ranges as `0-9` and `a-zA-Z`; `\\-` is a minus, `\\xHH` a character by its number, `\\,` a comma. \
           `${FILTER(0-9,${CALLERID(num)})}` makes a number safe to use in a Goto or a file name. A range that runs \
           backwards is a mistake here, where Asterisk takes it round the end of the alphabet.",
    ..Manual::EMPTY
};

impl Function for Filter {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let allowed = split_raw(arguments).into_iter().next().unwrap_or_default();
        let text = arguments[allowed.len()..]
            .strip_prefix(',')
            .ok_or("the text is missing")?;
        let mut ranges = Vec::new();
        let mut rest = allowed;
        while let Some((from, _, after)) = super::first_char(rest) {
            rest = after;
            let to = match rest.strip_prefix('-').and_then(super::first_char) {
                Some((to, _, after)) => {
                    rest = after;
                    to
                }
                None => from,
            };
            if from > to {
                return Err(format!("the range {from}-{to} runs backwards"));
            }
            ranges.push(from..=to);
        }
        Ok(text
            .chars()
            .filter(|c| ranges.iter().any(|range| range.contains(c)))
            .collect())
    }
}
