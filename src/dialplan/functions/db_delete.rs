use super::{Function, Manual, Run};

/// DB_DELETE
pub struct DbDelete;

static MANUAL: Manual = Manual {
    name: "DB_DELETE",
    syntax: "DB_DELETE(family/key)",
    synopsis: "Takes a value out of the database, and is the value.",
    text: "`Set(DB_DELETE(family/key)=)` takes it out as well.",
    variables: &[("DB_RESULT", "the value that was there")],
    ..Manual::EMPTY
};

impl Function for DbDelete {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let found = super::db::value(run, arguments)?;
        let (family, key) = super::db::place(arguments)?;
        run.services.db_delete(family, key)?;
        Ok(found.unwrap_or_default())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, _: &str) -> Result<(), String> {
        self.read(run, arguments).map(drop)
    }
}
