use super::file::{path, LineEnds};
use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// FILE_FORMAT
pub struct FileFormat;

static MANUAL: Manual = Manual {
    name: "FILE_FORMAT",
    syntax: "FILE_FORMAT(file)",
    synopsis: "How the lines of a text file end.",
    text: "Refused unless `[dialplan] allow` names `FILE`. `u` as in Unix, `d` as in DOS, `m` as on the old Macintosh; \
           `x` where there is no line end.",
    ..Manual::EMPTY
};

impl Function for FileFormat {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn permission(&self) -> Option<&'static str> {
        Some("FILE")
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let text = run.services.read_file(path(&Arguments::parse(arguments))?)?;
        Ok(match LineEnds::of(&text) {
            Some(LineEnds::Unix) => "u",
            Some(LineEnds::Dos) => "d",
            Some(LineEnds::Mac) => "m",
            None => "x",
        }
        .to_string())
    }
}
