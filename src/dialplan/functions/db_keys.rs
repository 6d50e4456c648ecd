use super::{Function, Manual, Run};

/// DB_KEYS
pub struct DbKeys;

static MANUAL: Manual = Manual {
    name: "DB_KEYS",
    syntax: "DB_KEYS([family[/key]])",
    synopsis: "The keys below a place of the database, joined with commas.",
    text: "One level of them, each once, sorted: without a place, the families. At most 4,096 entries are looked at.",
    ..Manual::EMPTY
};

impl Function for DbKeys {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(below(run, arguments).join(","))
    }
}

/// The names one level below a place.
pub(super) fn below(run: &Run<'_>, place: &str) -> Vec<String> {
    let prefix = match place.trim().trim_matches('/') {
        "" => String::new(),
        place => format!("{place}/"),
    };
    let keys = run.services.db_keys(&prefix);
    let names = keys
        .iter()
        .filter_map(|key| key.strip_prefix(&prefix)?.split('/').next());
    let mut names: Vec<String> = names.map(String::from).collect();
    names.sort_unstable();
    names.dedup();
    names
}
