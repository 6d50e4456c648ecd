use super::{Function, Manual, Run};

/// URIDECODE
pub struct UriDecode;

static MANUAL: Manual = Manual {
    name: "URIDECODE",
    syntax: "URIDECODE(text)",
    synopsis: "The text that a part of a URI stands for.",
    text: "Bytes that are not UTF-8 are replaced.",
    ..Manual::EMPTY
};

impl Function for UriDecode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let mut bytes = Vec::with_capacity(arguments.len());
        let mut rest = arguments.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            let escaped = after.get(..2).filter(|_| byte == b'%').and_then(|digits| hex::decode(digits).ok());
            match escaped {
                Some(decoded) => {
                    bytes.extend(decoded);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(byte);
                    rest = after;
                }
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
