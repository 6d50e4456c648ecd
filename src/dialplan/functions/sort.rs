use super::{Function, Manual, Run};
use crate::dialplan::number::Number;

/// SORT
pub struct Sort;

static MANUAL: Manual = Manual {
    name: "SORT",
    syntax: "SORT(key1:value1[,key2:value2…])",
    synopsis: "Keys, sorted by the numbers given to them, the least first.",
    text: "`${SORT(a:3,b:1,c:2)}` is `b,c,a`.",
    ..Manual::EMPTY
};

impl Function for Sort {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let mut entries = Vec::new();
        for entry in arguments.split(',') {
            let (key, value) = entry
                .split_once(':')
                .ok_or_else(|| format!("{entry} has no value"))?;
            entries.push((Number::leading(value), key));
        }
        // Stable: equal values stay in the order in which they are written.
        entries.sort_by_key(|(value, _)| *value);
        let keys: Vec<&str> = entries.into_iter().map(|(_, key)| key).collect();
        Ok(keys.join(","))
    }
}
