//! Structured field values (RFC 8941), as far as signatures need them: dictionaries of items and inner lists.
//!
//! One departure: a key that stands twice is refused, where the RFC lets the last one win, since two readers that
//! disagree about which one counts would disagree about what was signed.

use crate::limits;
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use std::fmt;
use thiserror::Error;

/// Why a text is no dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StructuredError {
    /// Something else stands where this was expected.
    #[error("{expected} expected at character {at}")]
    Expected {
        /// What was expected.
        expected: &'static str,
        /// Where, counted from 1.
        at: usize,
    },
    /// A key stands twice.
    #[error("\"{0}\" stands twice")]
    Twice(String),
    /// Longer than any that a signature needs.
    #[error("longer than {} bytes", limits::SIGNATURE_FIELD_BYTES)]
    TooLong,
}

/// A bare item (RFC 8941 section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bare {
    /// `7`
    Integer(i64),
    /// `1.5`, in thousandths.
    Decimal(i64),
    /// `"text"`
    String(String),
    /// `text`
    Token(String),
    /// `:dGV4dA==:`
    Bytes(Vec<u8>),
    /// `?1`
    Boolean(bool),
}

/// Parameters, in the order in which they came, which a signature covers.
pub type Parameters = Vec<(String, Bare)>;

/// An item with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The value.
    pub value: Bare,
    /// Its parameters.
    pub parameters: Parameters,
}

/// An inner list with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerList {
    /// The items.
    pub items: Vec<Item>,
    /// Parameters of the list.
    pub parameters: Parameters,
}

/// What a dictionary has under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// An item.
    Item(Item),
    /// An inner list.
    List(InnerList),
}

/// A dictionary (RFC 8941 section 3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary(pub Vec<(String, Member)>);

impl Dictionary {
    /// Reads a field's value; several lines of one field are joined by commas before.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, StructuredError> {
        if text.len() > limits::SIGNATURE_FIELD_BYTES {
            return Err(StructuredError::TooLong);
        }
        let mut reader = Reader { text, at: 0 };
        let mut members: Vec<(String, Member)> = Vec::new();
        reader.skip(b" ");
        while !reader.is_at_end() {
            let key = reader.key()?;
            let member = match reader.take(b'=') {
                true => reader.member()?,
                false => Member::Item(Item {
                    value: Bare::Boolean(true),
                    parameters: reader.parameters()?,
                }),
            };
            push(&mut members, key, member)?;
            reader.skip(b" \t");
            if reader.is_at_end() {
                break;
            }
            if !reader.take(b',') {
                return Err(reader.expected("a comma"));
            }
            reader.skip(b" \t");
            if reader.is_at_end() {
                return Err(reader.expected("a key"));
            }
        }
        Ok(Dictionary(members))
    }

    /// What stands under a key.
    pub fn get(&self, key: &str) -> Option<&Member> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, member)| member)
    }
}

fn push<T>(into: &mut Vec<(String, T)>, key: String, value: T) -> Result<(), StructuredError> {
    if into.iter().any(|(known, _)| *known == key) {
        return Err(StructuredError::Twice(key));
    }
    into.push((key, value));
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn expected(&self, expected: &'static str) -> StructuredError {
        StructuredError::Expected {
            expected,
            at: self.at + 1,
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn skip(&mut self, bytes: &[u8]) {
        self.run(|byte| bytes.contains(&byte));
    }

    /// The longest run of such bytes. They are ASCII, so that a character is never cut.
    fn run(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii() && is_part(byte)) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn key(&mut self) -> Result<String, StructuredError> {
        if !self
            .peek()
            .is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'*')
        {
            return Err(self.expected("a key"));
        }
        let key = self.run(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*')
        });
        Ok(key.to_owned())
    }

    fn member(&mut self) -> Result<Member, StructuredError> {
        if !self.take(b'(') {
            return Ok(Member::Item(self.item()?));
        }
        let mut items = Vec::new();
        loop {
            self.skip(b" ");
            if self.take(b')') {
                break;
            }
            items.push(self.item()?);
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return Err(self.expected("a space or )"));
            }
        }
        Ok(Member::List(InnerList {
            items,
            parameters: self.parameters()?,
        }))
    }

    fn item(&mut self) -> Result<Item, StructuredError> {
        Ok(Item {
            value: self.bare()?,
            parameters: self.parameters()?,
        })
    }

    fn parameters(&mut self) -> Result<Parameters, StructuredError> {
        let mut parameters = Vec::new();
        while self.take(b';') {
            self.skip(b" ");
            let key = self.key()?;
            let value = match self.take(b'=') {
                true => self.bare()?,
                false => Bare::Boolean(true),
            };
            push(&mut parameters, key, value)?;
        }
        Ok(parameters)
    }

    fn bare(&mut self) -> Result<Bare, StructuredError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b':') => self.bytes(),
            Some(b'?') => {
                self.at += 1;
                match (self.take(b'1'), self.take(b'0')) {
                    (true, false) => Ok(Bare::Boolean(true)),
                    (false, true) => Ok(Bare::Boolean(false)),
                    _ => Err(self.expected("0 or 1")),
                }
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'*' => {
                let token =
                    self.run(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
                Ok(Bare::Token(token.to_owned()))
            }
            _ => Err(self.expected("a value")),
        }
    }

    fn string(&mut self) -> Result<Bare, StructuredError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.run(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')));
            if self.take(b'"') {
                return Ok(Bare::String(text));
            }
            if !self.take(b'\\') {
                return Err(self.expected("a printable character or \""));
            }
            match self.peek() {
                Some(escaped @ (b'"' | b'\\')) => {
                    text.push(char::from(escaped));
                    self.at += 1;
                }
                _ => return Err(self.expected("\" or \\")),
            }
        }
    }

    fn bytes(&mut self) -> Result<Bare, StructuredError> {
        self.at += 1;
        let start = self.at;
        let text = self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        if !self.take(b':') {
            return Err(self.expected("base64 or :"));
        }
        let decoded = STANDARD.decode(text).map_err(|_| StructuredError::Expected {
            expected: "base64 with padding",
            at: start + 1,
        });
        Ok(Bare::Bytes(decoded?))
    }

    fn number(&mut self) -> Result<Bare, StructuredError> {
        let start = self.at;
        let bad = |at: usize| StructuredError::Expected {
            expected: "a number",
            at: at + 1,
        };
        let sign = if self.take(b'-') { -1 } else { 1 };
        let whole = self.run(|byte| byte.is_ascii_digit());
        let is_decimal = self.take(b'.');
        let most = if is_decimal { 12 } else { 15 };
        if whole.is_empty() || whole.len() > most {
            return Err(bad(start));
        }
        let whole: i64 = whole.parse().map_err(|_| bad(start))?;
        if !is_decimal {
            return Ok(Bare::Integer(sign * whole));
        }
        let fraction = self.run(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&fraction.len()) {
            return Err(bad(start));
        }
        let thousandths: i64 = format!("{fraction:0<3}").parse().map_err(|_| bad(start))?;
        Ok(Bare::Decimal(sign * (whole * 1_000 + thousandths)))
    }
}

impl fmt::Display for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bare::Integer(number) => write!(f, "{number}"),
            Bare::Decimal(thousandths) => {
                let sign = if *thousandths < 0 { "-" } else { "" };
                let positive = thousandths.unsigned_abs();
                let fraction = format!("{:03}", positive % 1_000);
                let fraction = match fraction.trim_end_matches('0') {
                    "" => "0",
                    digits => digits,
                };
                write!(f, "{sign}{}.{fraction}", positive / 1_000)
            }
            Bare::String(text) => {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Bare::Token(text) => f.write_str(text),
            Bare::Bytes(bytes) => write!(f, ":{}:", STANDARD.encode(bytes)),
            Bare::Boolean(value) => write!(f, "?{}", u8::from(*value)),
        }
    }
}

fn print_parameters(parameters: &Parameters, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (key, value) in parameters {
        write!(f, ";{key}")?;
        if *value != Bare::Boolean(true) {
            write!(f, "={value}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)?;
        print_parameters(&self.parameters, f)
    }
}

impl fmt::Display for InnerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (position, item) in self.items.iter().enumerate() {
            let space = if position > 0 { " " } else { "" };
            write!(f, "{space}{item}")?;
        }
        f.write_str(")")?;
        print_parameters(&self.parameters, f)
    }
}

impl fmt::Display for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (key, member)) in self.0.iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            write!(f, "{comma}{key}")?;
            match member {
                Member::Item(item) if item.value == Bare::Boolean(true) => {
                    print_parameters(&item.parameters, f)?;
                }
                Member::Item(item) => write!(f, "={item}")?,
                Member::List(list) => write!(f, "={list}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = String> {
        "[a-z*][a-z0-9_.*-]{0,8}"
    }

    fn bare() -> impl Strategy<Value = Bare> {
        prop_oneof![
            (-999_999_999_999_999_i64..=999_999_999_999_999).prop_map(Bare::Integer),
            (-999_999_999_999_999_i64..=999_999_999_999_999).prop_map(Bare::Decimal),
            "[ -~]{0,12}".prop_map(Bare::String),
            "[a-zA-Z*][a-zA-Z0-9!#$%&'*+.^_`|~:/-]{0,8}".prop_map(Bare::Token),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Bare::Bytes),
            any::<bool>().prop_map(Bare::Boolean),
        ]
    }

    fn parameters() -> impl Strategy<Value = Parameters> {
        proptest::collection::btree_map(key(), bare(), 0..4).prop_map(|map| map.into_iter().collect())
    }

    fn item() -> impl Strategy<Value = Item> {
        (bare(), parameters()).prop_map(|(value, parameters)| Item { value, parameters })
    }

    fn member() -> impl Strategy<Value = Member> {
        let list = (proptest::collection::vec(item(), 0..4), parameters());
        prop_oneof![
            item().prop_map(Member::Item),
            list.prop_map(|(items, parameters)| Member::List(InnerList { items, parameters })),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(members in proptest::collection::btree_map(key(), member(), 0..4)) {
            let dictionary = Dictionary(members.into_iter().collect());
            prop_assert_eq!(Dictionary::parse(&dictionary.to_string()), Ok(dictionary));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Ok(dictionary) = Dictionary::parse(&text) {
                prop_assert_eq!(Dictionary::parse(&dictionary.to_string()), Ok(dictionary));
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, error) in [
            ("a=1,", "a key expected at character 5"),
            ("a=1 b=2", "a comma expected at character 5"),
            ("A=1", "a key expected at character 1"),
            ("a=(1 2", "a space or ) expected at character 7"),
            ("a=(1,2)", "a space or ) expected at character 5"),
            ("a=\"x", "a printable character or \" expected at character 5"),
            ("a=\"\\n\"", "\" or \\ expected at character 5"),
            ("a=:x:", "base64 with padding expected at character 4"),
            ("a=?2", "0 or 1 expected at character 4"),
            ("a=1234567890123456", "a number expected at character 3"),
            ("a=1.", "a number expected at character 3"),
            ("a=1, a=2", "\"a\" stands twice"),
            ("a=1;b=1;b=2", "\"b\" stands twice"),
            ("a=\u{e4}", "a value expected at character 3"),
        ] {
            assert_eq!(Dictionary::parse(text).unwrap_err().to_string(), error, "{text}");
        }
        let long = format!("a=\"{}\"", "x".repeat(limits::SIGNATURE_FIELD_BYTES));
        assert_eq!(Dictionary::parse(&long), Err(StructuredError::TooLong));
    }

    #[test]
    fn the_spaces_that_the_rfc_allows_are_read() {
        let dictionary = Dictionary::parse(" a=( 1  2 );x; y=2 \t,\tb ").unwrap();
        assert_eq!(dictionary.to_string(), "a=(1 2);x;y=2, b");
    }
}
