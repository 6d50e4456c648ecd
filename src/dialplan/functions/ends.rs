//! The ends of a list in a variable: what PUSH and UNSHIFT add there, POP and SHIFT take.

use super::Run;
use crate::dialplan::arguments::Arguments;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where UNSHIFT adds and SHIFT takes.
    First,
    /// Where PUSH adds and POP takes.
    Last,
}

/// Adds a field to the list that the arguments `name[,delimiter]` name.
pub fn add(run: &mut Run<'_>, arguments: &str, end: End, value: &str) -> Result<(), String> {
    let (name, delimiter) = list_named(arguments)?;
    let list = run.named(&name);
    let longer = match end {
        _ if list.is_empty() => value.to_string(),
        End::First => format!("{value}{delimiter}{list}"),
        End::Last => format!("{list}{delimiter}{value}"),
    };
    run.assign(&name, &longer)
}

/// Takes a field off the list that the arguments `name[,delimiter]` name.
pub fn take(run: &mut Run<'_>, arguments: &str, end: End) -> Result<String, String> {
    let (name, delimiter) = list_named(arguments)?;
    let list = run.named(&name);
    let (taken, left) = match end {
        End::First => list.split_once(delimiter.as_str()).unwrap_or((&list, "")),
        End::Last => list
            .rsplit_once(delimiter.as_str())
            .map_or((list.as_str(), ""), |(left, taken)| (taken, left)),
    };
    run.assign(&name, left)?;
    Ok(taken.to_string())
}

fn list_named(arguments: &str) -> Result<(String, String), String> {
    let arguments = Arguments::parse(arguments);
    match arguments.get(0) {
        "" => Err("the name of the list is missing".to_string()),
        name => Ok((name.to_string(), super::delimiter(arguments.get(1), ","))),
    }
}
