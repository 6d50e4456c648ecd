//! Findings as text for a terminal, and as JSON for an editor or a pipeline.
//!
//! Our own rather than a library's: the first line has the form that editors and `grep` know
//! (`file:line:column: error: …`), lines are counted as [`Source::position`] counts them, and no span, however odd,
//! can make it panic.

use super::{Diagnostic, Severity, Source};
use std::fmt::Write;

/// Most of a source line that is shown, in characters: a line may have thousands.
const SHOWN: usize = 160;

/// One finding as text, several lines, the last with its line end. `color` where a terminal reads it.
pub fn render(diagnostic: &Diagnostic, color: bool) -> String {
    let paint = Paint { color };
    let severity = match diagnostic.severity {
        Severity::Error => paint.red("error"),
        Severity::Warning => paint.yellow("warning"),
    };
    let mut out = String::new();
    // Writing to a String cannot fail; the results below are dropped for that reason.
    if let Some(span) = &diagnostic.span {
        let (line, column) = span.source.position(span.range.start);
        let _ = write!(out, "{}:{line}:{column}: ", printable(&span.source.name));
    }
    let _ = writeln!(
        out,
        "{severity}: {} [{}]",
        printable(&diagnostic.message),
        diagnostic.code
    );
    if let Some(span) = &diagnostic.span {
        excerpt(&mut out, &span.source, &span.range, &paint);
    }
    if let Some(hint) = &diagnostic.hint {
        let _ = writeln!(out, "  {}: {}", paint.cyan("hint"), printable(hint));
    }
    out
}

/// The source line with carets below what is meant. A span of several lines is marked to the end of its first.
fn excerpt(out: &mut String, source: &Source, range: &std::ops::Range<usize>, paint: &Paint) {
    let (line, column) = source.position(range.start);
    let (end_line, end_column) = source.position(range.end.max(range.start));
    let text: Vec<char> = source.line(line).chars().collect();
    let until = if end_line == line {
        end_column
    } else {
        text.len() + 1
    };
    // A caret always shows, even for an empty span or one that stands at the end of the line.
    let carets = until.saturating_sub(column).max(1);
    // Of a long line, the part around the place is shown.
    let skip = if text.len() > SHOWN && column > SHOWN / 2 {
        column - SHOWN / 2
    } else {
        0
    };
    let shown: String = text
        .iter()
        .skip(skip)
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { *c })
        .collect();
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let _ = writeln!(out, " {number} | {shown}");
    let _ = writeln!(
        out,
        " {gutter} | {}{}",
        " ".repeat(column - 1 - skip),
        paint.red(&"^".repeat(carets.min(SHOWN.saturating_sub(column - 1 - skip).max(1))))
    );
}

/// One finding as a JSON object: `severity`, `code`, `message`, and where known `file`, `line`, `column`,
/// `end_line`, `end_column` and `hint`. Lines and columns count from 1; the end is exclusive.
pub fn to_json(diagnostic: &Diagnostic) -> serde_json::Value {
    let mut object = serde_json::json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": diagnostic.code,
        "message": diagnostic.message,
    });
    if let Some(span) = &diagnostic.span {
        let (line, column) = span.source.position(span.range.start);
        let (end_line, end_column) = span.source.position(span.range.end.max(span.range.start));
        object["file"] = span.source.name.clone().into();
        object["line"] = line.into();
        object["column"] = column.into();
        object["end_line"] = end_line.into();
        object["end_column"] = end_column.into();
    }
    if let Some(hint) = &diagnostic.hint {
        object["hint"] = hint.clone().into();
    }
    object
}

/// How many findings of each kind; prints as `2 errors, 1 warning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Summary {
    /// Counts.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count();
        Summary {
            errors,
            warnings: diagnostics.len() - errors,
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{} error{}, {} warning{}",
            self.errors,
            plural(self.errors),
            self.warnings,
            plural(self.warnings)
        )
    }
}

/// What a file holds must not steer the terminal that shows it.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

struct Paint {
    color: bool,
}

impl Paint {
    fn wrap(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn red(&self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn yellow(&self, text: &str) -> String {
        self.wrap("1;33", text)
    }

    fn cyan(&self, text: &str) -> String {
        self.wrap("36", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_finding_shows_its_line_its_place_and_its_hint() {
        let source = Source::new("obelus.toml", "[sip]\nlistem = []\n");
        let finding = Diagnostic::error("unknown-key", "`listem` is not a key of [sip]")
            .at(&source, 6..12)
            .hint("did you mean `listen`?");
        assert_eq!(
            render(&finding, false),
            concat!(
                "obelus.toml:2:1: error: `listem` is not a key of [sip] [unknown-key]\n",
                " 2 | listem = []\n",
                "   | ^^^^^^\n",
                "  hint: did you mean `listen`?\n",
            )
        );
    }

    #[test]
    fn a_finding_without_a_place_is_one_line() {
        let finding = Diagnostic::warning("plain-http", "links are opened without TLS");
        assert_eq!(
            render(&finding, false),
            "warning: links are opened without TLS [plain-http]\n"
        );
        assert_eq!(
            to_json(&finding).to_string(),
            r#"{"code":"plain-http","message":"links are opened without TLS","severity":"warning"}"#
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let source = Source::new("f", text);
        let shown = render(&Diagnostic::error("c", "m").at(&source, 500..501), false);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(
            lines.iter().all(|line| line.chars().count() < SHOWN + 20),
            "{shown}"
        );
        let caret = lines[2].find('^').expect("a caret is shown");
        assert_eq!(lines[1].as_bytes()[caret], b'X', "{shown}");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let source = Source::new("f\x1b[2J", "a = \"\x1b[31m\"");
        let shown = render(&Diagnostic::error("c", "m\x07").at(&source, 4..7), false);
        assert!(!shown.contains('\x1b') && !shown.contains('\x07'), "{shown:?}");
    }

    #[test]
    fn the_summary_counts() {
        let list = [
            Diagnostic::error("a", "a"),
            Diagnostic::warning("b", "b"),
            Diagnostic::error("c", "c"),
        ];
        assert_eq!(Summary::of(&list).to_string(), "2 errors, 1 warning");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_and_no_span_panics(text in "(?s).{0,60}", start in 0usize..90, length in 0usize..90) {
            let source = Source::new("f", text);
            let finding = Diagnostic::error("c", "m").at(&source, start..start + length);
            prop_assert!(render(&finding, true).contains('^'));
            prop_assert!(to_json(&finding)["line"].as_u64() >= Some(1));
        }
    }
}
