use super::{Function, Manual, Run};

/// EXCEPTION
pub struct ExceptionFunction;

static MANUAL: Manual = Manual {
    name: "EXCEPTION",
    syntax: "EXCEPTION(field)",
    synopsis: "Why the extension `e` runs.",
    text: "The field is `reason` (INVALID, RESPONSETIMEOUT, ABSOLUTETIMEOUT, ERROR, or what \
           RaiseException gave), `context`, `exten` or `priority`.",
    ..Manual::EMPTY
};

impl Function for ExceptionFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let exception = &run.exception;
        Ok(match arguments.trim().to_ascii_lowercase().as_str() {
            "reason" => exception.reason.clone(),
            "context" => exception.place.context.clone(),
            "exten" => exception.place.extension.clone(),
            "priority" => exception.place.priority.to_string(),
            other => return Err(format!("an exception has no field {other}")),
        })
    }
}
