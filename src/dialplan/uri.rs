//! Escaping a text so that it can be a part of a URI.

/// Where the text is to stand, which decides what must be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Anywhere: only what is unreserved (RFC 2396) stays as it is.
    Anywhere,
    /// In a form of the web: as anywhere, but a space is a plus.
    Form,
    /// The user part of a SIP URI (RFC 3261 25.1).
    SipUser,
}

/// The text with `%HH` for what may not stand there.
pub fn encode(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let stays = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => true,
            b'-' | b'_' | b'!' | b'.' | b'~' | b'*' | b'(' | b')' | b'\'' => true,
            b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/' => place == Place::SipUser,
            _ => false,
        };
        match byte {
            _ if stays => out.push(char::from(byte)),
            b' ' if place == Place::Form => out.push('+'),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// The bytes that an escaped text stands for; what is not an escape stands for itself.
pub fn decode(text: &str, place: Place) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%');
        let decoded = digits.and_then(|digits| Some(nibble(digits[0])? << 4 | nibble(digits[1])?));
        match decoded {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(if byte == b'+' && place == Place::Form {
                    b' '
                } else {
                    byte
                });
                rest = after;
            }
        }
    }
    bytes
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
