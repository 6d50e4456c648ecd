use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// STACK_PEEK
pub struct StackPeek;

static MANUAL: Manual = Manual {
    name: "STACK_PEEK",
    syntax: "STACK_PEEK(n,which[,suppress])",
    synopsis: "Where a subroutine was called from.",
    text: "`n` is 1 for the last Gosub, 2 for the one before. Which: `c` the context, `e` the \
           extension, `p` the priority, `l` all three. With suppress, there is no warning where \
           there are fewer.",
    ..Manual::EMPTY
};

impl Function for StackPeek {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let n: usize = arguments
            .get(0)
            .parse()
            .map_err(|_| "n is not a number".to_string())?;
        let index = run.frames.len().checked_sub(n).filter(|_| n > 0);
        let Some(frame) = index.and_then(|index| run.frames.get(index)) else {
            return match arguments.get(2) {
                "" => Err(format!("there are no {n} subroutines")),
                _ => Ok(String::new()),
            };
        };
        let at = &frame.called_at;
        Ok(match arguments.get(1).to_ascii_lowercase().as_bytes().first() {
            Some(b'c') => at.context.clone(),
            Some(b'e') => at.extension.clone(),
            Some(b'p') => at.priority.to_string(),
            Some(b'l') => format!("{},{},{}", at.context, at.extension, at.priority),
            _ => return Err(format!("{} is not c, e, p or l", arguments.get(1))),
        })
    }
}
