//! `obelus db`: the dialplans' database, by way of the running switch where there is one.

use super::door::ask;
use super::{configuration, fail};
use crate::io::control::Request;
use clap::Subcommand;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus db`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with the database.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a value
    Get {
        /// Which: family/key
        key: String,
    },
    /// Set a value
    Put {
        /// Which: family/key
        key: String,
        /// The value
        value: String,
    },
    /// Take a value out
    Delete {
        /// Which: family/key
        key: String,
    },
    /// List the entries, sorted
    List {
        /// Those whose family/key begins so
        #[arg(default_value = "")]
        prefix: String,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub fn main(args: Args) -> ExitCode {
    let config = match configuration(args.config.as_deref()) {
        Ok(config) => config,
        Err(failed) => return failed,
    };
    let done = match args.command {
        Command::Get { key } => ask(&config, &Request::DbGet { key }).map(|entries| {
            for entry in &entries {
                println!("{}", entry["value"].as_str().unwrap_or_default());
            }
        }),
        Command::Put { key, value } => ask(&config, &Request::DbPut { key, value }).map(drop),
        Command::Delete { key } => ask(&config, &Request::DbDelete { key }).map(drop),
        Command::List { prefix, json } => {
            ask(&config, &Request::DbList { prefix }).map(|entries| print(&entries, json))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(reason),
    }
}

fn print(entries: &[Value], json: bool) {
    if json {
        println!("{}", Value::from(entries));
        return;
    }
    for entry in entries {
        println!("{}", line(entry));
    }
}

/// `family/key = value`; what a terminal would obey is escaped.
fn line(entry: &Value) -> String {
    let text = |name: &str| {
        entry[name]
            .as_str()
            .unwrap_or_default()
            .escape_debug()
            .to_string()
    };
    format!("{} = {}", text("key"), text("value"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Config};
    use crate::memo::store::Store;
    use serde_json::json;

    #[test]
    fn values_are_set_read_listed_and_taken_out() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let config = Config {
            store: config::Store {
                path: folder.path().to_owned(),
            },
            ..Config::default()
        };
        drop(Store::open(folder.path()).expect("a store opens"));
        let put = |key: &str, value: &str| Request::DbPut {
            key: key.into(),
            value: value.into(),
        };
        ask(&config, &put("b/k", "2")).expect("a value is set");
        ask(&config, &put("a/k", "1\u{1b}[2J")).expect("a value is set");
        let list = ask(
            &config,
            &Request::DbList {
                prefix: String::new(),
            },
        )
        .expect("the entries are listed");
        assert_eq!(
            list,
            [
                json!({"key": "a/k", "value": "1\u{1b}[2J"}),
                json!({"key": "b/k", "value": "2"})
            ]
        );
        assert_eq!(line(&list[0]), "a/k = 1\\u{1b}[2J");
        let get = Request::DbGet { key: "b/k".into() };
        assert_eq!(ask(&config, &get).expect("it is there")[0]["value"], "2");
        ask(&config, &Request::DbDelete { key: "b/k".into() }).expect("it is taken out");
        assert_eq!(ask(&config, &get).unwrap_err(), "the database has no \"b/k\"");
        assert!(ask(&config, &Request::DbDelete { key: "b/k".into() }).is_err());
        for key in ["k", "/k", "f/"] {
            assert!(ask(&config, &put(key, "1")).is_err(), "{key}");
        }
        assert!(ask(&config, &put(&format!("f/{}", "k".repeat(300)), "1")).is_err());
    }
}
