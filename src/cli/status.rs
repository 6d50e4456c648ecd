//! `obelus status`: what the running switch is doing.

use super::ask_switch;
use super::table::cell;
use crate::io::control::Request;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the running switch.
pub fn main(args: Args) -> ExitCode {
    let status = match ask_switch(args.config.as_deref(), &Request::Status) {
        Ok(status) => status,
        Err(failed) => return failed,
    };
    if args.json {
        println!("{status}");
    } else {
        print!("{}", table(&status));
    }
    ExitCode::SUCCESS
}

/// The status for people: one line a value, lists indented below their names.
fn table(status: &Value) -> String {
    let mut out = String::new();
    for (name, value) in status.as_object().into_iter().flatten() {
        let name = name.replace('_', " ");
        match value {
            Value::Array(items) => {
                out.push_str(&format!(
                    "{name}: {}\n",
                    if items.is_empty() { "none" } else { "" }
                ));
                items
                    .iter()
                    .for_each(|item| out.push_str(&format!("  {}\n", one_line(item))));
            }
            value => out.push_str(&format!("{name}: {}\n", one_line(value))),
        }
    }
    out
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let known = object.iter().filter(|(_, value)| !value.is_null());
            let fields = known.map(|(name, value)| format!("{} {}", name.replace('_', " "), one_line(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(one_line).collect::<Vec<_>>().join(", "),
        value => cell(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_value() {
        let status = serde_json::json!({
            "calls": 2,
            "totals": {"answered": 7, "refused": 1},
            "registrations": [{"trunk": "voip-ms", "state": "registered", "error": null}],
        });
        let shown = table(&status);
        for line in [
            "calls: 2",
            "totals: answered 7, refused 1",
            "registrations: ",
            "  state registered, trunk voip-ms",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} in {shown}");
        }
        assert!(table(&serde_json::json!({"registrations": []})).contains("registrations: none"));
    }
}
