//! `docs/agi.md`, made of the usages of the commands.

use super::commands;
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# AGI

This page is made from the usages in `src/dialplan/agi/commands`; change those.

`AGI(program,argument…)` runs a program of the folder that the configuration names and lets it lead the call;
`AGI(agi://host/script,argument…)` does the same with a server over the network (FastAGI). The program reads lines of the
form `agi_name: value` and an empty one, then sends commands, a line each, and reads an answer to each. [The
entry of AGI](dialplan.md#agi) tells which variables decide how a session ends.

Words are separated by spaces; double quotes hold a word together, and a backslash takes the next character as it is.
Answers are

| answer | when |
|---|---|
| `200 result=…` | the command was done; what the result means stands below |
| `510 Invalid or unknown command` | there is no such command |
| `511 Command Not Permitted on a dead channel or intercept routine` | the call is over, and the command needs one |
| `520-Invalid command syntax.  Proper usage follows:` | the arguments are wrong; the usage follows, and a line `520 End of proper usage.` |

The result is -1 where the caller hangs up meanwhile. Values come in parentheses; control characters in them are
replaced by spaces, so that no value can begin a line.

A program is trusted as the dialplan is, no more: EXEC runs what the dialplan may run. A line has 2,048 bytes at most.
After 1,000 commands during which the caller hears and does nothing, each takes ten milliseconds, and 100,000 such
commands end the call.

## Commands
";

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for command in commands::ALL {
        let usage = command.usage();
        let after = match usage.without_call {
            true => " It can be used once the call is over.",
            false => "",
        };
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n### {}\n\n    {}\n\n{}{after}\n",
            usage.words.join(" "),
            usage.syntax,
            usage.text
        );
    }
    page
}
