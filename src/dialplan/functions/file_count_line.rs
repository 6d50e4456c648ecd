use super::file::{path, LineEnds};
use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// FILE_COUNT_LINE
pub struct FileCountLine;

static MANUAL: Manual = Manual {
    name: "FILE_COUNT_LINE",
    syntax: "FILE_COUNT_LINE(file[,format])",
    synopsis: "How many lines a text file has.",
    text: "Refused unless `[dialplan] allow` names `FILE`. The format is that of FILE; the last line need not have an \
           end.",
    ..Manual::EMPTY
};

impl Function for FileCountLine {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn permission(&self) -> Option<&'static str> {
        Some("FILE")
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.services.read_file(path(&arguments)?)?;
        let ends = LineEnds::wanted(arguments.get(1), &text)?;
        Ok(text.split_inclusive(ends.text()).count().to_string())
    }
}
