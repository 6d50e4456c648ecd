use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// LOCAL_PEEK
pub struct LocalPeek;

static MANUAL: Manual = Manual {
    name: "LOCAL_PEEK",
    syntax: "LOCAL_PEEK(n,name)",
    synopsis: "The value that a variable has `n` subroutines further out.",
    ..Manual::EMPTY
};

impl Function for LocalPeek {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let depth = arguments
            .get(0)
            .parse()
            .map_err(|_| "n is not a number".to_string())?;
        Ok(run
            .variables
            .peek(arguments.get(1), depth)
            .unwrap_or_default()
            .to_string())
    }
}
