use super::{Function, Manual, Run};

/// DB_KEYCOUNT
pub struct DbKeyCount;

static MANUAL: Manual = Manual {
    name: "DB_KEYCOUNT",
    syntax: "DB_KEYCOUNT([family[/key]])",
    synopsis: "How many keys DB_KEYS lists below a place of the database.",
    ..Manual::EMPTY
};

impl Function for DbKeyCount {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(super::db_keys::below(run, arguments).len().to_string())
    }
}
