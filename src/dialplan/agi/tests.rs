use super::commands::ALL;
use super::Program;
use crate::dialplan::testing::{block_on, Script, Scripted};
use crate::dialplan::{load, reader::Memory, run, services, Globals, Options, RunEnd};
use crate::limits;
use crate::rng::Rng;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

const PLAN: &str = "[default]\nexten => s,1,AGI(menu.py)\n same => n,Hangup()\n\
                    [sub]\nexten => s,1,Set(x=1)\n same => n,Return()\n";

/// A call that a program leads: how it ends, what the caller hears, and what was said with the program.
fn call(script: &str, program: &str) -> (RunEnd, String, String) {
    let files = Memory::new([("main.conf", PLAN)]);
    let (plan, _) = load(Path::new("main.conf"), &files, &Options::default());
    let services = services::Memory::new();
    let program = Program::new(program);
    services.program("menu.py", program.clone());
    let mut channel = Scripted::new(Script::parse(script).unwrap());
    let end = block_on(run(
        Arc::new(plan.unwrap()),
        &mut channel,
        Globals::new(),
        Arc::new(services),
        Rng::from_seed(1),
    ));
    (end, channel.transcript(), program.dialogue())
}

#[test]
fn a_program_that_loops_is_slowed_and_then_ends_its_call() {
    let (end, _, dialogue) = call("", &"NOOP\n".repeat(limits::DIALPLAN_STEPS as usize + 10));
    assert!(
        matches!(&end, RunEnd::Fault(message) if message.contains("an endless loop")),
        "{end:?}"
    );
    // The step of AGI itself counts too.
    let answers = dialogue.matches("200 result=0").count() as u64;
    assert_eq!(answers, limits::DIALPLAN_STEPS - 1);
}

#[test]
fn what_a_looping_program_costs_is_time_of_its_own_call() {
    let quick = limits::AGI_QUICK_COMMANDS as usize;
    let (_, transcript, _) = call("", &"NOOP\n".repeat(quick - 1));
    assert!(transcript.starts_with("0.00 hung up"), "{transcript}");
    let (_, transcript, _) = call("", &"NOOP\n".repeat(quick + 199));
    assert!(transcript.starts_with("2.00 hung up"), "{transcript}");
}

#[test]
fn a_program_that_leads_the_call_into_itself_is_stopped() {
    let (end, _, dialogue) = call("", "EXEC AGI menu.py\n");
    assert!(
        matches!(&end, RunEnd::Fault(message) if message.contains("too deep")),
        "{end:?}"
    );
    assert_eq!(dialogue.matches("< EXEC").count(), limits::SUBSTITUTION_DEPTH + 1);
}

#[test]
fn every_command_is_found_by_its_own_words_and_has_a_usage() {
    for command in ALL {
        let usage = command.usage();
        let words: Vec<String> = usage.words.iter().map(|word| word.to_lowercase()).collect();
        let found = super::commands::find(&words).expect("it is found");
        assert_eq!(found.usage().words, usage.words);
        assert!(
            usage.syntax.starts_with(&usage.words.join(" ")),
            "{}",
            usage.syntax
        );
        assert!(usage.text.ends_with('.'), "{}", usage.syntax);
    }
    assert!(ALL.len() >= 40, "{} commands", ALL.len());
}

/// A line as a program might send it: a command with words after it that may or may not fit, or anything.
fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just(String::new()),
        Just("-1".to_string()),
        Just("99999999999999999999".to_string()),
        Just("s=3".to_string()),
        Just("default".to_string()),
        Just("sub s 1".to_string()),
        Just("${EXTEN:1:-1}".to_string()),
        Just("CALLERID(all)".to_string()),
        Just("Set x=${CHANNEL(name)}".to_string()),
        Just("Gosub sub,s,1".to_string()),
        Just("\\\"".to_string()),
        "[0-9#*]{1,4}",
        "\\PC{0,12}",
    ];
    let command = (0..ALL.len(), prop::collection::vec((word, any::<bool>()), 0..6));
    let command = command.prop_map(|(index, words)| {
        let mut line = ALL
            .get(index)
            .map_or(String::new(), |command| command.usage().words.join(" "));
        for (word, quoted) in words {
            line.push_str(&if quoted {
                format!(" \"{word}\"")
            } else {
                format!(" {word}")
            });
        }
        line
    });
    prop_oneof![4 => command, 1 => "\\PC{0,80}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_line_has_exactly_one_answer(lines in prop::collection::vec(line(), 1..12), hangup in 0u8..60) {
        // A line with a mark of the script's own would not be sent.
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.starts_with(['!', '#'])).collect();
        let (_, _, dialogue) = call(&format!("at {hangup}: press 12#, hangup"), &lines.join("\n"));
        let (mut sent, mut answered) = (0, 0);
        let mut usage = false;
        for line in dialogue.lines().skip_while(|line| *line != "> ").skip(1) {
            match line {
                "> HANGUP" | "told of the hang-up" | "closed" => {}
                // SET PRIORITY 1 begins another session, with its environment.
                line if line == "> " || line.starts_with("> agi_") => {}
                "> 100 result=0 Trying..." => prop_assert!(sent == answered + 1),
                "> 520-Invalid command syntax.  Proper usage follows:" => usage = true,
                "> 520 End of proper usage." => {
                    prop_assert!(std::mem::take(&mut usage));
                    answered += 1;
                }
                line if usage => prop_assert!(line.starts_with("> ") && !line.starts_with("> 2"), "{}", line),
                line if line.starts_with("< ") => {
                    prop_assert_eq!(sent, answered, "{}", dialogue);
                    sent += 1;
                }
                line => {
                    let known = ["> 200 result=", "> 510 Invalid", "> 511 Command"];
                    prop_assert!(known.iter().any(|begin| line.starts_with(begin)), "{}", line);
                    answered += 1;
                }
            }
        }
        prop_assert_eq!(sent, answered, "{}", dialogue);
    }
}
