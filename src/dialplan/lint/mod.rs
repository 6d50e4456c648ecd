//! Lints: what is wrong, or probably not meant, in a dialplan. One file each, with what it finds, why that is bad and
//! what to write instead; this is the table of them, and the source of `docs/dialplan-lints.md`.
//!
//! Most codes are found while a file is read or by an application's own `check`; those files only tell about them.
//! The others look at the whole dialplan, by way of the [`Survey`].
//!
//! To add one: a file with a `LINT`, and a line in the table.

use super::ast::Dialplan;
use super::Options;
use crate::diagnostic::{Diagnostic, Severity};
use std::fmt::Write as _;

mod allow;
mod flow;
mod references;
mod survey;
mod taint;
mod values;

pub(super) use allow::{apply, Allowed};
pub(super) use missing_same::{at as missing_same, of_extension as missing_same_of};
use survey::Survey;

/// What one code means.
pub struct Lint {
    /// The code, by which it is allowed.
    pub name: &'static str,
    /// How bad it is. Errors cannot be allowed.
    pub severity: Severity,
    /// What it finds, in one sentence.
    pub finds: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// A dialplan in which it is found.
    pub example: &'static str,
    /// The same as it should be.
    pub instead: &'static str,
    /// Finds it, for those that look at the whole dialplan.
    look: Option<fn(&Survey<'_>, &mut Vec<Diagnostic>)>,
}

impl Lint {
    /// An entry to fill in.
    const EMPTY: Lint = Lint {
        name: "",
        severity: Severity::Warning,
        finds: "",
        why: "",
        example: "",
        instead: "",
        look: None,
    };

    /// A finding of this lint.
    fn finding(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: self.severity,
            ..Diagnostic::warning(self.name, message)
        }
    }
}

macro_rules! lints {
    ($($file:ident),* $(,)?) => {
        $(mod $file;)*
        /// Every lint, by name.
        pub static ALL: &[&Lint] = &[$(&$file::LINT),*];
    };
}

lints! {
    agi_refused,
    bad_argument,
    bad_expression,
    bad_priority,
    bad_time_range,
    comment_too_deep,
    dialplan_too_large,
    duplicate_label,
    duplicate_priority,
    falls_into_elseif,
    flows_into_pattern,
    goto_nowhere,
    include_loop,
    include_too_deep,
    incomplete_extension,
    line_too_long,
    macro_,
    matches_special_extensions,
    missing_equals,
    missing_file_name,
    missing_priority,
    missing_same,
    missing_sound,
    no_effect,
    no_priority_before,
    no_section,
    not_a_reference,
    not_at_load,
    not_utf_8,
    old_application,
    password_file,
    pattern_too_long,
    pipe_separator,
    plain_recording,
    record_counter,
    refused_application,
    refused_exec,
    refused_function,
    same_comes_first,
    space_in_name,
    space_in_value,
    telephone_off,
    text_after_arguments,
    text_after_section,
    too_many_globals,
    unavailable_application,
    unavailable_function,
    unavailable_switch,
    unclosed_arguments,
    unclosed_block,
    unclosed_comment,
    unclosed_label,
    unclosed_reference,
    unclosed_section,
    unclosed_set,
    unfiltered_input,
    unknown_allow,
    unknown_application,
    unknown_context,
    unknown_directive,
    unknown_function,
    unknown_keyword,
    unknown_mailbox,
    unknown_option,
    unknown_section,
    unknown_setting,
    unknown_template,
    unquoted_operand,
    unreachable_context,
    unreachable_extension,
    unreachable_step,
    unreadable_file,
    variable_never_set,
}

/// The lint of that name.
pub fn find(name: &str) -> Option<&'static Lint> {
    ALL.iter().find(|lint| lint.name == name).copied()
}

/// Findings about lines that could not be placed.
const LOSE_LINES: &[&str] = &[
    "bad-priority",
    "missing-same",
    "incomplete-extension",
    "no-priority-before",
    "same-comes-first",
];

/// Lints that would be wrong where lines are lost.
const NEED_ALL_LINES: &[&str] = &["missing-priority", "flows-into-pattern", "unreachable-step"];

/// Runs every lint that looks at the whole dialplan.
pub(super) fn look(plan: &Dialplan, options: &Options, diagnostics: &mut Vec<Diagnostic>) {
    let survey = Survey::new(plan, options);
    // Where lines were lost, what is missing is no news.
    let lost = diagnostics
        .iter()
        .any(|finding| LOSE_LINES.contains(&finding.code));
    for lint in ALL {
        let Some(look) = lint.look else { continue };
        if !lost || !NEED_ALL_LINES.contains(&lint.name) {
            look(&survey, diagnostics);
        }
    }
}

const INTRODUCTION: &str = "\
# Lints of dialplans

This page is made from the files in `src/dialplan/lint`; change those.

`obelus dialplan check FILE…` and `obelus check` tell these, each with its place and mostly with what to write instead.
An error keeps a dialplan from being used; a warning does not.

A warning that is meant so is allowed by a comment, on the line itself or on the line above:

    exten => _X.,1,Goto(menu,${EXTEN},1) ; allow(unfiltered-input)

    ; allow(missing-sound, plain-recording): several at once, and a reason may follow
    exten => s,1,Playback(recorded-at-noon)

and for a whole file in a comment above its first line:

    ; allow-file(flows-into-pattern)
";

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for (title, severity) in [("Errors", Severity::Error), ("Warnings", Severity::Warning)] {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "\n## {title}");
        for lint in ALL.iter().filter(|lint| lint.severity == severity) {
            let _ = write!(
                page,
                "\n### {}\n\n{}\n\n{}\n\n{}",
                lint.name,
                lint.finds,
                lint.why,
                indented(lint.example)
            );
            if !lint.instead.is_empty() {
                let _ = write!(page, "\nInstead:\n\n{}", indented(lint.instead));
            }
        }
    }
    page
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_string(),
        line => format!("    {line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests;
