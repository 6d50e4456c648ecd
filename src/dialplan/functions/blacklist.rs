use super::{Function, Manual, Run};

/// BLACKLIST
pub struct Blacklist;

static MANUAL: Manual = Manual {
    name: "BLACKLIST",
    syntax: "BLACKLIST()",
    synopsis: "1 where the caller's number or name is a key of the database's family `blacklist`, else 0.",
    ..Manual::EMPTY
};

impl Function for Blacklist {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, _: &str) -> Result<String, String> {
        let listed = |key: &str| !key.is_empty() && run.services.db_get("blacklist", key).is_some();
        Ok(u8::from(listed(&run.caller.number) || listed(&run.caller.name)).to_string())
    }
}
