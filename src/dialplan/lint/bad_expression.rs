//! Expressions that are wrong whatever their values.

use super::references::{references, Found, What};
use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use crate::dialplan::expr::{self, Functions};
use std::ops::Range;

pub static LINT: Lint = Lint {
    name: "bad-expression",
    finds: "A `$[ ]` that cannot be read, with whatever values: an operand or a parenthesis is missing.",
    why: "Its value is empty, which counts as false, and the call goes on.",
    example: "[default]\nexten => s,1,GotoIf($[${EPOCH} > ]?end)\n same => n,Memo(main)\n same => n(end),Hangup()\n",
    instead: "[default]\nexten => s,1,GotoIf($[${EPOCH} > 5]?end)\n same => n,Memo(main)\n same => n(end),Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for call in survey.calls.iter().filter(|call| call.text.contains("$[")) {
        let found = references(call.text);
        for expression in found.iter().filter(|found| matches!(found.what, What::Expression)) {
            let text = with_ones(call.text, &expression.inside, &found);
            if let Err(message) = expr::evaluate(&text, &mut Any) {
                let finding = LINT.finding(format!("the expression is wrong: {message}"));
                let finding = finding.hint("its value would be empty in every call");
                diagnostics.push(call.mark(expression.whole(), finding));
            }
        }
    }
}

/// An expression with 1 in the place of each reference.
fn with_ones(text: &str, inside: &Range<usize>, found: &[Found<'_>]) -> String {
    let mut out = String::new();
    let mut at = inside.start;
    for reference in found {
        let whole = reference.whole();
        if whole.start >= at && whole.end <= inside.end {
            out.push_str(text.get(at..whole.start).unwrap_or_default());
            out.push('1');
            at = whole.end;
        }
    }
    out.push_str(text.get(at..inside.end).unwrap_or_default());
    out
}

/// Whatever function an expression calls, it has a value.
struct Any;

impl Functions for Any {
    fn call(&mut self, _: &str, _: &str) -> Option<String> {
        Some("1".to_string())
    }
}
