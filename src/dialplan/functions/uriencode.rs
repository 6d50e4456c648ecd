use super::{Function, Manual, Run};

/// URIENCODE
pub struct UriEncode;

static MANUAL: Manual = Manual {
    name: "URIENCODE",
    syntax: "URIENCODE(text)",
    synopsis: "A text as a part of a URI.",
    text: "What is not a letter, a digit or one of `-_.!~*()'` becomes `%HH`.",
    ..Manual::EMPTY
};

impl Function for UriEncode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let mut out = String::with_capacity(arguments.len());
        for byte in arguments.bytes() {
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(byte)),
                b'-' | b'_' | b'!' | b'.' | b'~' | b'*' | b'(' | b')' | b'\'' => out.push(char::from(byte)),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        Ok(out)
    }
}
