//! What a caller chose, where it decides what the machine does.

use super::references::{references, What};
use super::survey::{Call, Survey};
use super::taint::Taint;
use super::Lint;
use crate::diagnostic::Diagnostic;
use std::ops::Range;

pub static LINT: Lint = Lint {
    name: "unfiltered-input",
    finds: "A name, a number, digits or a header field of the caller's decides, without FILTER, where the call goes, \
            which program or file is used, which address is fetched, or what is evaluated.",
    why: "A caller can send whatever text they like as a name or a number, commas included, and so reach what was not \
          meant for them. It counts also for `EXTEN` in a pattern with `.` or `!`, for variables that are set from one \
          of these, and for the arguments of subroutines. FILTER takes out what is not expected.",
    example: "[default]\nexten => _X.,1,Goto(menu,${EXTEN},1)\n[menu]\nexten => 1,1,Hangup()\n",
    instead: "[default]\nexten => _X.,1,Goto(menu,${FILTER(0-9,${EXTEN})},1)\n[menu]\nexten => 1,1,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

/// Applications whose whole argument is run or evaluated.
const RUNS: &[&str] = &["System", "TrySystem", "Exec", "TryExec", "ExternalIVR"];

/// Applications whose first argument is run, and whose others it is given, with no shell in between.
const RUNS_FIRST: &[&str] = &["AGI", "DeadAGI", "EAGI"];

/// Applications of which one argument is a file's name, and which.
const FILES: &[(&str, usize)] = &[
    ("Playback", 0),
    ("BackGround", 0),
    ("ControlPlayback", 0),
    ("Read", 1),
    ("Record", 0),
    ("MixMonitor", 0),
    ("Monitor", 1),
    ("Authenticate", 0),
];

/// Functions that reach outside, or evaluate.
const FUNCTIONS: &[&str] = &["SHELL", "CURL", "EVAL", "FILE", "STAT", "ENV"];

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let taint = Taint::of(survey);
    // Of a step and the applications in its arguments, one finding is enough.
    let mut told = std::ptr::null();
    for call in survey.calls.iter().filter(|call| call.text.contains("${")) {
        if std::ptr::eq(told, call.step) {
            continue;
        }
        for (range, what) in places(call) {
            let text = call.text.get(range.clone()).unwrap_or_default();
            let Some(wrong) = taint.in_text(text, Some(call)) else { continue };
            let at = range.start + (wrong.as_ptr() as usize - text.as_ptr() as usize);
            let finding = LINT.finding(format!("the caller chooses {wrong}, which decides {what}"));
            let hint = format!("write ${{FILTER(0-9,{wrong})}}, or whatever characters are expected");
            diagnostics.push(call.mark(at..at + wrong.len(), finding.hint(hint)));
            told = std::ptr::from_ref(call.step);
            break;
        }
    }
}

/// The parts of a call that must not be the caller's.
fn places(call: &Call<'_>) -> Vec<(Range<usize>, &'static str)> {
    let mut places: Vec<(Range<usize>, &'static str)> = Vec::new();
    let targets = call.targets().into_iter();
    places.extend(targets.map(|range| (range, "where the call goes")));
    if call.name == "Macro" {
        let end = call.text.find(',').unwrap_or(call.text.len());
        places.push((0..end, "where the call goes"));
    }
    if call.is(RUNS) {
        places.push((0..call.text.len(), "what is run"));
    }
    if call.is(RUNS_FIRST) {
        let first = call.parts().into_iter().next();
        places.extend(first.map(|(range, _)| (range, "what is run")));
    }
    if let Some((_, index)) = FILES.iter().find(|(name, _)| name.eq_ignore_ascii_case(call.name)) {
        let part = call.parts().into_iter().nth(*index);
        places.extend(part.map(|(range, _)| (range, "which file is used")));
    }
    for found in references(call.text) {
        match found.what {
            What::Function("EVAL" | "SHELL", arguments) => places.push((arguments, "what is evaluated")),
            What::Function(name, arguments) if FUNCTIONS.contains(&name) => {
                let what = if name == "CURL" { "which address is fetched" } else { "which file is used" };
                places.push((arguments, what));
            }
            _ => {}
        }
    }
    places
}
