use super::{Function, Manual, Run};

/// KEYPADHASH
pub struct KeypadHash;

static MANUAL: Manual = Manual {
    name: "KEYPADHASH",
    syntax: "KEYPADHASH(text)",
    synopsis: "The keys of a telephone on which a text's letters stand.",
    ..Manual::EMPTY
};

impl Function for KeypadHash {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let key = |c: char| match c.to_ascii_uppercase() {
            'A'..='C' => Some('2'),
            'D'..='F' => Some('3'),
            'G'..='I' => Some('4'),
            'J'..='L' => Some('5'),
            'M'..='O' => Some('6'),
            'P'..='S' => Some('7'),
            'T'..='V' => Some('8'),
            'W'..='Z' => Some('9'),
            '1' => Some('1'),
            '0' => Some('0'),
            digit @ '2'..='9' => Some(digit),
            _ => None,
        };
        Ok(arguments.chars().filter_map(key).collect())
    }
}
