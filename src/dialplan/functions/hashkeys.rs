use super::{Function, Manual, Run};

/// HASHKEYS
pub struct HashKeys;

static MANUAL: Manual = Manual {
    name: "HASHKEYS",
    syntax: "HASHKEYS(table)",
    synopsis: "The keys of a table that HASH keeps, joined with commas, the newest first.",
    ..Manual::EMPTY
};

impl Function for HashKeys {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(run.hashes.keys(arguments).join(","))
    }
}
