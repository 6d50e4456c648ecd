use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::frames::Return;
use crate::dialplan::interp::{Flow, Place, Stop};
use async_trait::async_trait;

/// Macro
pub struct Macro;

static MANUAL: Manual = Manual {
    name: "Macro",
    syntax: "Macro(name[,argument1[,argument2…]])",
    synopsis: "Runs the context `macro-name` as a subroutine.",
    text: "Macro is gone from Asterisk; it is understood so that old dialplans run. Write \
           `Gosub(macro-name,s,1(arguments))` and a Return at the end in its place. The arguments \
           are ARG1, ARG2…; the macro ends where its steps do, or with MacroExit.",
    variables: &[("MACRO_CONTEXT, MACRO_EXTEN, MACRO_PRIORITY", "where the macro was called")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Macro {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let parts = check.parts();
        let name = parts.first().map_or("", |(_, name)| name.trim());
        let arguments: Vec<&str> = parts.iter().skip(1).map(|(_, argument)| *argument).collect();
        let arguments = match arguments.is_empty() {
            true => String::new(),
            false => format!("({})", arguments.join(",")),
        };
        let finding = Diagnostic::warning("macro", "Macro is gone from Asterisk; it runs here as a Gosub");
        let hint = format!("write Gosub(macro-{name},s,1{arguments}) and end the context with Return()");
        check.report(0..check.arguments().len(), finding.hint(hint));
        if let (Some((range, _)), false) = (parts.first(), name.contains('$')) {
            check.target(range.clone(), &format!("macro-{name},s,1"));
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        // At every comma: nothing protected one in a Macro.
        let (name, arguments) = arguments.split_once(',').map_or((arguments, None), |(name, rest)| (name, Some(rest)));
        let context = format!("macro-{}", name.trim());
        if !run.exists(&context, "s", 1) {
            return Err(Stop::Failed(format!("there is no macro {name}")));
        }
        let from = run.at.clone();
        let arguments: Vec<&str> = arguments.into_iter().flat_map(|rest| rest.split(',')).collect();
        run.push_frame(&arguments, Return::Macro)?;
        for (name, value) in [
            ("MACRO_CONTEXT", from.context),
            ("MACRO_EXTEN", from.extension),
            ("MACRO_PRIORITY", from.priority.to_string()),
        ] {
            run.set_local(name, &value).map_err(Stop::Failed)?;
        }
        Ok(Flow::Goto(Place { context, extension: "s".to_string(), priority: 1 }))
    }
}
