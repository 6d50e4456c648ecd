use super::{Function, Manual, Run};
use crate::dialplan::arguments::{split, split_at};
use crate::limits;

/// HASH
pub struct HashFunction;

static MANUAL: Manual = Manual {
    name: "HASH",
    syntax: "HASH(table[,key])",
    synopsis: "A value of a table.",
    text: "`Set(HASH(colours,red)=1)` sets one value, `${HASH(colours,red)}` reads it. Without a key, `Set` gives the \
           values of a list to the keys that `~ODBCFIELDS~` names, which is what CURL with `hashcompat` leaves. \
           Tables belong to the channel; HASHKEYS lists the keys.",
    ..Manual::EMPTY
};

/// The tables of a call.
#[derive(Clone, Debug, Default)]
pub struct Hashes(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    table: String,
    key: String,
    value: String,
}

impl Hashes {
    fn get(&self, table: &str, key: &str) -> &str {
        let entry = self
            .0
            .iter()
            .find(|entry| entry.table == table && entry.key == key);
        entry.map_or("", |entry| &entry.value)
    }

    /// Sets a value; an entry that is set anew counts as the newest.
    fn set(&mut self, table: &str, key: &str, value: &str) -> Result<(), String> {
        self.0.retain(|entry| !(entry.table == table && entry.key == key));
        if self.0.len() >= limits::HASH_ENTRIES || value.len() > limits::VARIABLE_BYTES {
            return Err("the value is too long, or there are too many".to_string());
        }
        self.0.push(Entry {
            table: table.to_string(),
            key: key.to_string(),
            value: value.to_string(),
        });
        Ok(())
    }

    /// The keys of a table, the newest first, as Asterisk has them.
    pub fn keys(&self, table: &str) -> Vec<&str> {
        let entries = self.0.iter().rev().filter(|entry| entry.table == table);
        entries.map(|entry| entry.key.as_str()).collect()
    }

    /// Forgets a table.
    pub fn clear(&mut self, table: &str) {
        self.0.retain(|entry| entry.table != table);
    }
}

impl Function for HashFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = split_at(arguments, ',', 2);
        let table = arguments.first().map_or("", String::as_str);
        match arguments.get(1) {
            Some(key) => Ok(run.hashes.get(table, key).to_string()),
            // Asterisk's way to read a whole table: the values, in the order of its keys.
            None => {
                let keys = run.hashes.keys(table);
                let values: Vec<&str> = keys.iter().map(|key| run.hashes.get(table, key)).collect();
                Ok(values.join(","))
            }
        }
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let arguments = split_at(arguments, ',', 2);
        let Some(table) = arguments.first() else {
            return Err("the table is missing".to_string());
        };
        if let Some(key) = arguments.get(1) {
            return run.hashes.set(table, key, value);
        }
        let fields = run.variables.get("~ODBCFIELDS~").unwrap_or_default().to_string();
        if fields.is_empty() {
            return Err("the key is missing".to_string());
        }
        let values = split(value);
        for (key, value) in split(&fields).iter().zip(values) {
            run.hashes.set(table, key, &value)?;
        }
        Ok(())
    }
}
