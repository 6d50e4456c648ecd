use super::{Function, Manual, Run};

/// DB_EXISTS
pub struct DbExists;

static MANUAL: Manual = Manual {
    name: "DB_EXISTS",
    syntax: "DB_EXISTS(family/key)",
    synopsis: "1 where the database has a value there, else 0.",
    variables: &[("DB_RESULT", "the value, where there is one")],
    ..Manual::EMPTY
};

impl Function for DbExists {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(u8::from(super::db::value(run, arguments)?.is_some()).to_string())
    }
}
