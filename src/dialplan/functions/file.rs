use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::substitute::leading_integer;
use crate::limits;
use std::ops::Range;

/// FILE
pub struct File;

static MANUAL: Manual = Manual {
    name: "FILE",
    syntax: "FILE(file[,offset[,length[,options[,format]]]])",
    synopsis: "A part of a text file, read and written.",
    text: "Refused unless `[dialplan] allow` names `FILE`, and only for files in the folder that `[dialplan] files` \
           names, of 64 KB at most. Offset and length count characters, or lines with the option `l`, from 0; negative \
           ones count from the end. A line is read with its end. `Set(FILE(notes.txt)=text)` writes the file anew, \
           `Set(FILE(notes.txt,,,al)=text)` adds a line, `Set(FILE(notes.txt,0,1,l)=text)` replaces the first.",
    options: &[
        ("l", "lines, not characters"),
        ("a", "written: add at the end"),
        ("d", "written, with `l`: no line end is added, so that nothing takes lines out"),
        ("u, d, m", "as format: the line ends are those of Unix, of DOS, of the old Macintosh; else those of the file"),
    ],
    ..Manual::EMPTY
};

impl Function for File {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn permission(&self) -> Option<&'static str> {
        Some("FILE")
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.services.read_file(path(&arguments)?)?;
        Ok(text[part(&text, &arguments)?].to_string())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let arguments = Arguments::parse(arguments);
        let path = path(&arguments)?;
        let options = arguments.options(3);
        let by_line = options.has('l') && !options.has('d');
        let append = options.has('a');
        let whole = arguments.get(1).is_empty() && arguments.get(2).is_empty();
        // What is there matters only for its line ends, or where a part is replaced.
        let before = match whole && !(append && by_line) {
            true => String::new(),
            false => run.services.read_file(path).unwrap_or_default(),
        };
        let ends = LineEnds::wanted(arguments.get(4), &before)?;
        let value = match by_line {
            true => format!("{value}{}", ends.text()),
            false => value.to_string(),
        };
        if append {
            return run.services.write_file(path, &value, true);
        }
        let after = match whole {
            true => value,
            false => {
                let range = part(&before, &arguments)?;
                format!("{}{value}{}", &before[..range.start], &before[range.end..])
            }
        };
        if after.len() > limits::VARIABLE_BYTES {
            return Err("the file would be too long".to_string());
        }
        run.services.write_file(path, &after, false)
    }
}

/// The file that is meant.
pub(super) fn path(arguments: &Arguments) -> Result<&str, String> {
    match arguments.get(0).trim() {
        "" => Err("the file is missing".to_string()),
        path => Ok(path),
    }
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// LF.
    Unix,
    /// CR LF.
    Dos,
    /// CR.
    Mac,
}

impl LineEnds {
    /// Those of a text; `None` where it has no line end.
    pub fn of(text: &str) -> Option<LineEnds> {
        let at = text.find(['\r', '\n'])?;
        Some(match &text.as_bytes()[at..] {
            [b'\n', ..] => LineEnds::Unix,
            [b'\r', b'\n', ..] => LineEnds::Dos,
            _ => LineEnds::Mac,
        })
    }

    /// Those that the argument names, else those of the text, else Unix's.
    pub fn wanted(argument: &str, text: &str) -> Result<LineEnds, String> {
        match argument.trim().to_ascii_lowercase().as_str() {
            "u" => Ok(LineEnds::Unix),
            "d" => Ok(LineEnds::Dos),
            "m" => Ok(LineEnds::Mac),
            "" => Ok(LineEnds::of(text).unwrap_or(LineEnds::Unix)),
            other => Err(format!("{other} is not one of u, d and m")),
        }
    }

    /// The end itself.
    pub fn text(self) -> &'static str {
        match self {
            LineEnds::Unix => "\n",
            LineEnds::Dos => "\r\n",
            LineEnds::Mac => "\r",
        }
    }
}

/// The bytes of a text that offset and length mean.
fn part(text: &str, arguments: &Arguments) -> Result<Range<usize>, String> {
    // Where each unit begins, and where the last one ends.
    let starts: Vec<usize> = match arguments.options(3).has('l') {
        true => {
            let ends = LineEnds::wanted(arguments.get(4), text)?.text();
            let lines = text.split_inclusive(ends).scan(0, |at, line| {
                let start = *at;
                *at += line.len();
                Some(start)
            });
            lines.chain([text.len()]).collect()
        }
        false => text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect(),
    };
    let count = starts.len() as i64 - 1;
    let number = |index: usize, what: &str| match arguments.get(index).trim() {
        "" => Ok(None),
        text => leading_integer(text)
            .map(Some)
            .ok_or_else(|| format!("the {what} {text} is not a number")),
    };
    let offset = number(1, "offset")?.unwrap_or(0);
    let start = if offset < 0 {
        (count + offset).max(0)
    } else {
        offset.min(count)
    };
    let end = match number(2, "length")? {
        None => count,
        Some(length) if length < 0 => (count + length).max(start),
        Some(length) => start.saturating_add(length).min(count),
    };
    let byte = |index: i64| {
        usize::try_from(index)
            .ok()
            .and_then(|index| starts.get(index))
            .copied()
    };
    Ok(byte(start).unwrap_or(0)..byte(end).unwrap_or(text.len()))
}
