//! The lexical rules that every header shares (RFC 3261 25.1): tokens, white space, quoted strings, lists.

/// Which octets may stand in a token.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let allowed = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~";
    let mut i = 0;
    while i < allowed.len() {
        table[allowed[i] as usize] = true;
        i += 1;
    }
    table
};

/// Whether the octet may stand in a token.
pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// Whether the text is a token: not empty, and of token characters only.
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| is_token_byte(b))
}

/// Whether the text may stand in `host` (RFC 3261 25.1), beside a bracketed address. The underscore is not
/// in the grammar, but stands in real names of hosts.
pub(super) fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// Linear white space once lines are unfolded.
pub(super) fn is_lws(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The text without white space at its ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_lws)
}

/// A number of decimal digits only: no sign, no white space.
pub(super) fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Where the first `wanted` octet stands outside quoted strings and, where `angles` is set, outside `<…>`.
/// `wanted` and the delimiters are ASCII, so the offset is a character boundary.
pub(super) fn find_outside(text: &str, wanted: u8, angles: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    let mut angled = false;
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        if quoted {
            match b {
                b'\\' => i += 1,
                b'"' => quoted = false,
                _ => {}
            }
        } else if angled {
            angled = b != b'>';
        } else if b == wanted {
            return Some(i);
        } else if b == b'"' {
            quoted = true;
        } else if b == b'<' && angles {
            angled = true;
        }
        i += 1;
    }
    None
}

/// The values of a comma-separated header field, without white space around them. Commas in quoted strings
/// and in `<…>` do not separate. Empty elements are kept: the grammar has none, so they are somebody's error.
pub(super) struct Values<'a>(Option<&'a str>);

impl<'a> Values<'a> {
    /// Splits a field's value.
    pub(super) fn new(field: &'a str) -> Self {
        Values(Some(field))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0?;
        match find_outside(rest, b',', true) {
            Some(comma) => {
                self.0 = rest.get(comma + 1..);
                rest.get(..comma).map(trim)
            }
            None => {
                self.0 = None;
                Some(trim(rest))
            }
        }
    }
}

/// The content of a quoted string with its escapes undone, and what follows its closing quote.
/// None where the text does not begin with a quote or the quote is not closed.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, inner.get(at + 1..)?)),
            '\\' => out.push(chars.next()?.1),
            c => out.push(c),
        }
    }
    None
}

/// Writes a quoted string. Control characters stand behind a backslash; line ends cannot (RFC 3261 25.1
/// `quoted-pair`): they become spaces.
pub(in crate::sip) fn write_quoted(f: &mut impl std::fmt::Write, text: &str) -> std::fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '\r' | '\n' => f.write_char(' ')?,
            '"' | '\\' | '\0'..='\x1F' | '\x7F' => {
                f.write_char('\\')?;
                f.write_char(c)?;
            }
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Whether the text is a token.
pub(in crate::sip) fn is_token_text(text: &str) -> bool {
    is_token(text.as_bytes())
}

/// The pieces between commas outside quoted strings, without white space around them; empty ones are left out.
pub(in crate::sip) fn split_quoted(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = find_outside(text, b',', false);
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len())).map(trim)
    })
    .filter(|piece| !piece.is_empty())
}

/// A quoted string's content, or the text itself where it is not one.
pub(in crate::sip) fn unquote(text: &str) -> String {
    match quoted(text) {
        Some((content, _)) => content,
        None => text.to_owned(),
    }
}
