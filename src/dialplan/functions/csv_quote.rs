use super::{Function, Manual, Run};

/// CSV_QUOTE
pub struct CsvQuote;

static MANUAL: Manual = Manual {
    name: "CSV_QUOTE",
    syntax: "CSV_QUOTE(text)",
    synopsis: "A text as a field of a table: in quotes, its own quotes doubled.",
    ..Manual::EMPTY
};

impl Function for CsvQuote {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(format!("\"{}\"", arguments.replace('"', "\"\"")))
    }
}
