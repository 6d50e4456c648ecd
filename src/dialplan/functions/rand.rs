use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// RAND
pub struct Rand;

static MANUAL: Manual = Manual {
    name: "RAND",
    syntax: "RAND([least[,most]])",
    synopsis: "A random whole number.",
    text: "Between 0 and 2147483647 unless told otherwise, both included.",
    ..Manual::EMPTY
};

impl Function for Rand {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let number = |index: usize, default: i64| match arguments.get(index).trim() {
            "" => Ok(default),
            text => text
                .parse::<i32>()
                .map(i64::from)
                .map_err(|_| format!("{text} is not a number")),
        };
        let (least, most) = (number(0, 0)?, number(1, i32::MAX.into())?);
        let (least, most) = (least.min(most), least.max(most));
        let range = (most - least + 1) as u64;
        Ok((least + run.rng.below(range) as i64).to_string())
    }
}
