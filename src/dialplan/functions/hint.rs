use super::{Function, Manual, Run};

/// HINT
pub struct Hint;

static MANUAL: Manual = Manual {
    name: "HINT",
    syntax: "HINT(extension[@context])",
    synopsis: "The devices of an extension's hint.",
    ..Manual::EMPTY
};

impl Function for Hint {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = arguments.split(',').next().unwrap_or("");
        let (extension, context) = arguments.split_once('@').unwrap_or((arguments, &run.at.context));
        Ok(run
            .plan
            .hint(context, run.query(extension))
            .unwrap_or_default()
            .to_string())
    }
}
