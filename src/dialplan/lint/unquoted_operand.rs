//! Operands of `=` and `!=` that may be empty and stand without quotes.

use super::references::{references, Found, What};
use super::survey::{Call, Survey};
use super::Lint;
use crate::diagnostic::Diagnostic;
use std::ops::Range;

pub static LINT: Lint = Lint {
    name: "unquoted-operand",
    finds: "In `$[ ]`, a value that may be empty is compared by `=` or `!=` without quotes around it.",
    why: "Where it is empty nothing stands beside the operator: the expression is wrong and its value empty, which is \
          false for `!=` too. Values that the dialplan only sets to numbers or words are left alone.",
    example: "[default]\nexten => s,1,GotoIf($[${CALLERID(num)} = 15550100]?end)\n same => n,Memo(main)\n same => n(end),Hangup()\n",
    instead: "[default]\nexten => s,1,GotoIf($[\"${CALLERID(num)}\" = \"15550100\"]?end)\n same => n,Memo(main)\n same => n(end),Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for call in &survey.calls {
        if !call.text.contains("$[") {
            continue;
        }
        let found = references(call.text);
        for expression in found.iter().filter(|found| matches!(found.what, What::Expression)) {
            for operand in operands(call, &expression.inside, &found) {
                if survey.may_be_empty(&operand.what, 0) {
                    let text = call.text.get(operand.whole()).unwrap_or_default();
                    let finding = LINT.finding(format!("{text} may be empty here, and the expression is then wrong"));
                    let hint = format!("write \"{text}\", and quotes around the other side as well");
                    diagnostics.push(call.mark(operand.whole(), finding.hint(hint)));
                }
            }
        }
    }
}

/// The references that are the whole of one side of an `=`, `==` or `!=`.
fn operands<'f, 't>(call: &Call<'t>, inside: &Range<usize>, found: &'f [Found<'t>]) -> Vec<&'f Found<'t>> {
    let within: Vec<&Found<'_>> = found
        .iter()
        .filter(|found| found.inside.start > inside.start && found.inside.end < inside.end)
        .collect();
    let bytes = call.text.as_bytes();
    let mut at = inside.start;
    // Where the operand began that is being read, and whether a comparison stands before it.
    let (mut start, mut compared) = (inside.start, false);
    let mut bare = Vec::new();
    let mut quoted = false;
    while at < inside.end {
        if let Some(reference) = within.iter().find(|found| found.whole().start == at) {
            at = reference.whole().end;
            continue;
        }
        let width = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), _) => {
                quoted = !quoted;
                0
            }
            _ if quoted => 0,
            (Some(b'='), Some(b'=')) | (Some(b'!'), Some(b'=')) => 2,
            (Some(b'='), Some(b'~')) => 2,
            (Some(b'|' | b'&' | b'=' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'?' | b':' | b'(' | b')' | b'!' | b'~'), _) => 1,
            _ => 0,
        };
        if width == 0 {
            at += 1;
            continue;
        }
        let equality = matches!(call.text.get(at..at + width), Some("=" | "==" | "!="));
        if equality || compared {
            bare.push(start..at);
        }
        compared = equality;
        at += width;
        start = at;
    }
    if compared {
        bare.push(start..inside.end);
    }
    let is_whole = |found: &&&Found<'_>| {
        bare.iter().any(|operand| {
            let text = call.text.get(operand.clone()).unwrap_or_default();
            let from = operand.start + (text.len() - text.trim_start().len());
            found.whole() == (from..from + text.trim().len())
        })
    };
    found
        .iter()
        .filter(|found| found.inside.start > inside.start && found.inside.end < inside.end)
        .filter(|found| is_whole(&found))
        .collect()
}
