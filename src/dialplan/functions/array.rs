use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// ARRAY
pub struct Array;

static MANUAL: Manual = Manual {
    name: "ARRAY",
    syntax: "ARRAY(name1[,name2…])",
    synopsis: "Sets several variables from a list.",
    text: "`Set(ARRAY(a,b)=1,2)` sets a to 1 and b to 2; names beyond the list become empty. A comma within a value needs a \
           backslash before it, or quotes around the value.",
    ..Manual::EMPTY
};

impl Function for Array {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let values = Arguments::parse(value);
        for (index, name) in Arguments::parse(arguments).iter().enumerate() {
            run.assign(name.trim(), values.get(index))?;
        }
        Ok(())
    }
}
