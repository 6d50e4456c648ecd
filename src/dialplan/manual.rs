//! `docs/dialplan.md`, made of the manual entries of applications and functions.

use super::apps::{self, Manual};
use super::functions;
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# The dialplan

This page is made from the manual entries in `src/dialplan/apps` and `src/dialplan/functions`; change those.

The language is that of Asterisk's `extensions.conf`: sections with templates and includes, contexts, extensions and
patterns, priorities and labels, `${ }` and `$[ ]`. The dialplans in `dialplans/` show how it is written.

Where a call goes beside what the dialplan says:

| extension | when |
|---|---|
| `s` | the call has no number |
| `i` | what the caller entered, or was sent to, does not exist; `INVALID_EXTEN` holds it |
| `t` | the caller entered nothing in time |
| `T` | the absolute timeout has passed |
| `e` | an application failed, and for `i`, `t` and `T` where the context has none; `EXCEPTION(reason)` tells which |
| `h` | the call is over |

Variables that every call has: `EXTEN`, `CONTEXT`, `PRIORITY`, `CHANNEL`, `UNIQUEID`, `HANGUPCAUSE`, `EPOCH`,
`SYSTEMNAME`, `TRUNK`, `SIPCALLID`.

## Where it differs from Asterisk

- Every mistake that Asterisk only warns about is shown with file, line and column when the dialplan is loaded, and a
  dialplan with an error is not used.
- An application, a function, a sound, a mailbox or a place that does not exist is found at load.
- `Record` makes a sealed memo, unless `[dialplan] allow` names `Record`; `System`, `SHELL`, `FILE` and `#exec` are refused
  unless it names them.
- Substrings and `LEN` count characters, not bytes, so that a name in UTF-8 is never cut within a letter.
- Numbers in `$[ ]` and `MATH` are decimal, of 19 digits; Asterisk's are binary with as many. `0.1 + 0.2` is 0.3 in both.
- In regular expressions with several alternatives that match, the first counts; in Asterisk the longest.
- 100,000 steps without the caller hearing or doing anything end the call, as do more than 100 subroutines within one
  another; a variable holds 64 KB at most.

Of Asterisk's own test vectors, all in `tests/vectors/dialplan` are answered alike.
";

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n## Applications\n");
    let mut applications: Vec<&Manual> = apps::ALL.iter().map(|app| app.manual()).collect();
    applications.sort_by_key(|manual| manual.name.to_lowercase());
    for manual in applications {
        entry(&mut page, manual);
    }
    page.push_str("\n## Functions\n");
    let mut functions: Vec<&Manual> = functions::ALL.iter().map(|function| function.manual()).collect();
    functions.sort_by_key(|manual| manual.name);
    for manual in functions {
        entry(&mut page, manual);
    }
    page
}

fn entry(page: &mut String, manual: &Manual) {
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n### {}\n\n    {}\n\n{}\n",
        manual.name, manual.syntax, manual.synopsis
    );
    if !manual.text.is_empty() {
        let _ = write!(page, "\n{}\n", manual.text);
    }
    for (title, rows) in [("option", manual.options), ("variable", manual.variables)] {
        if !rows.is_empty() {
            let _ = write!(page, "\n| {title} | |\n|---|---|\n");
            for (name, meaning) in rows {
                let _ = writeln!(page, "| `{name}` | {meaning} |");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_written_and_named_as_it_is_called() {
        let functions = functions::ALL.iter().map(|function| function.manual());
        let mut names = Vec::new();
        for manual in apps::ALL.iter().map(|app| app.manual()).chain(functions) {
            assert!(
                manual.syntax.starts_with(&format!("{}(", manual.name)),
                "{}",
                manual.name
            );
            assert!(manual.synopsis.ends_with('.'), "{}", manual.name);
            names.push(manual.name.to_lowercase());
        }
        assert!(names.len() > 80);
    }
}
