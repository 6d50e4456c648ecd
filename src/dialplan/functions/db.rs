use super::{Function, Manual, Run};
use crate::limits;

/// DB
pub struct Db;

static MANUAL: Manual = Manual {
    name: "DB",
    syntax: "DB(family/key)",
    synopsis: "A value of the database that all calls share.",
    text: "`Set(DB(family/key)=value)` writes it. It is on disk within a second, and survives a restart. Empty where \
           there is none; DB_EXISTS tells the difference. What stands behind the first `/` is the key, further `/` \
           among it.",
    variables: &[("DB_RESULT", "the value that was read")],
    ..Manual::EMPTY
};

impl Function for Db {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(value(run, arguments)?.unwrap_or_default())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let (family, key) = place(arguments)?;
        run.services.db_put(family, key, value)
    }
}

/// Family and key.
pub(super) fn place(arguments: &str) -> Result<(&str, &str), String> {
    match arguments.trim().split_once('/') {
        Some((family, key)) if family.len() + key.len() >= limits::DATABASE_KEY_BYTES => {
            let shown: String = family.chars().chain(key.chars()).take(20).collect();
            Err(format!("the key {shown}… is too long"))
        }
        Some((family, key)) if !family.is_empty() && !key.is_empty() => Ok((family, key)),
        _ => Err("family and key are needed, with a / between".to_string()),
    }
}

/// The value at a place, which is left in DB_RESULT too.
pub(super) fn value(run: &mut Run<'_>, arguments: &str) -> Result<Option<String>, String> {
    let (family, key) = place(arguments)?;
    let found = run.services.db_get(family, key);
    if let Some(value) = &found {
        run.set("DB_RESULT", value.clone());
    }
    Ok(found)
}
