//! `$[ ]`: expressions over numbers and text.
//!
//! From loosest to tightest: `? ::`, `|`, `&`, comparisons, `+ -`, `* / %`, `!` and unary `-`, then `:`, `=~` and
//! `~~`. Everything associates to the left and every operand is evaluated. Text keeps its quotes, so `"1" = 1` is
//! false: one side is not a number, and the texts differ.

use super::number::Number;
use super::regular;
use super::substitute::cut;
use crate::limits;

/// What an expression can call: the dialplan's functions.
pub trait Functions {
    /// The value of a function, where there is one of that name.
    fn call(&mut self, name: &str, arguments: &str) -> Option<String>;
}

/// No function but those of arithmetic.
pub struct NoFunctions;

impl Functions for NoFunctions {
    fn call(&mut self, _: &str, _: &str) -> Option<String> {
        None
    }
}

/// Evaluates the text between the brackets, `${ }` already replaced. The error says what is wrong with it.
pub fn evaluate(text: &str, functions: &mut dyn Functions) -> Result<String, String> {
    let mut parser = Parser {
        text,
        ahead: token(text, 0),
        functions,
        depth: 0,
    };
    if parser.peek() == Token::End {
        return Ok(String::new());
    }
    let value = parser.expression(1)?;
    match parser.peek() {
        Token::End => Ok(value.into_text()),
        token => Err(format!("{} is not expected here", token.describe())),
    }
}

#[derive(Clone, Debug)]
enum Value {
    Number(Number),
    /// Digits as they were written: they print as they are, `007`.
    Numeric(String),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Operator(&'static str),
    Numeric(&'a str),
    Text(&'a str),
    End,
}

impl Token<'_> {
    fn describe(&self) -> String {
        match self {
            Token::Operator(text) => format!("'{text}'"),
            Token::Numeric(text) | Token::Text(text) => format!("'{text}'"),
            Token::End => "the end".to_string(),
        }
    }
}

/// The operator that a text begins with, the longest that fits.
fn operator(text: &[u8]) -> Option<&'static str> {
    let pair = |second: u8, two: &'static str, one: &'static str| match text.get(1) {
        Some(&c) if c == second => two,
        _ => one,
    };
    Some(match text.first()? {
        b'|' => pair(b'|', "||", "|"),
        b'&' => pair(b'&', "&&", "&"),
        b'=' if text.get(1) == Some(&b'~') => "=~",
        b'=' => pair(b'=', "==", "="),
        b'~' if text.get(1) == Some(&b'~') => "~~",
        b'>' => pair(b'=', ">=", ">"),
        b'<' => pair(b'=', "<=", "<"),
        b'!' => pair(b'=', "!=", "!"),
        b':' => pair(b':', "::", ":"),
        b'+' => "+",
        b'-' => "-",
        b'*' => "*",
        b'/' => "/",
        b'%' => "%",
        b'?' => "?",
        b'(' => "(",
        b')' => ")",
        b',' => ",",
        _ => return None,
    })
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c >= 0x80 || b".';\\_^#@$".contains(&c)
}

/// The token at `at` and where it ends.
fn token(text: &str, mut at: usize) -> (Token<'_>, usize) {
    let bytes = text.as_bytes();
    loop {
        let Some(&c) = bytes.get(at) else {
            return (Token::End, at);
        };
        let rest = &text[at..];
        if c == b'"' {
            if let Some(close) = rest[1..].find('"') {
                return (Token::Text(&rest[..close + 2]), at + close + 2);
            }
        } else if let Some(operator) = operator(&bytes[at..]) {
            return (Token::Operator(operator), at + operator.len());
        } else if is_word(c) {
            let mut end = at;
            while let Some(&c) = bytes.get(end) {
                match c {
                    // A variable that was left unreplaced, by a value that holds "${…}", is one word to its brace.
                    b'{' if end > at && bytes[end - 1] == b'$' => {
                        let mut depth = 0usize;
                        for &c in &bytes[end..] {
                            end += 1;
                            match c {
                                b'{' => depth += 1,
                                b'}' => depth -= 1,
                                _ => {}
                            }
                            if depth == 0 {
                                break;
                            }
                        }
                    }
                    c if is_word(c) => end += 1,
                    _ => break,
                }
            }
            let word = &text[at..end];
            return match is_number(word) {
                true => (Token::Numeric(word), end),
                false => (Token::Text(word), end),
            };
        }
        // White space, and characters that mean nothing here.
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
}

/// Digits, with a fraction or not.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    match word.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(word),
    }
}

struct Parser<'a, 'f> {
    text: &'a str,
    /// The next token, and where it ends.
    ahead: (Token<'a>, usize),
    functions: &'f mut dyn Functions,
    depth: usize,
}

/// How tight a binary operator binds.
fn precedence(operator: &str) -> Option<u8> {
    Some(match operator {
        "?" => 1,
        "|" | "||" => 2,
        "&" | "&&" => 3,
        "=" | "==" | ">" | "<" | ">=" | "<=" | "!=" => 4,
        "+" | "-" => 5,
        "*" | "/" | "%" => 6,
        ":" | "=~" | "~~" => 8,
        _ => return None,
    })
}

impl<'a> Parser<'a, '_> {
    fn peek(&self) -> Token<'a> {
        self.ahead.0
    }

    fn next(&mut self) -> Token<'a> {
        let (next, end) = self.ahead;
        self.ahead = token(self.text, end);
        next
    }

    fn expect(&mut self, operator: &'static str) -> Result<(), String> {
        match self.next() {
            Token::Operator(found) if found == operator => Ok(()),
            found => Err(format!("'{operator}' is missing before {}", found.describe())),
        }
    }

    /// An expression of operators that bind at least as tight as `least`.
    fn expression(&mut self, least: u8) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > limits::EXPRESSION_DEPTH {
            return Err("the expression is nested too deep".to_string());
        }
        let mut left = self.operand()?;
        while let Token::Operator(operator) = self.peek() {
            let Some(tight) = precedence(operator).filter(|p| *p >= least) else {
                break;
            };
            self.next();
            if operator == "?" {
                let yes = self.expression(1)?;
                self.expect("::")?;
                let no = self.expression(2)?;
                left = if left.chooses() { yes } else { no };
            } else {
                let right = self.expression(tight + 1)?;
                left = binary(operator, left, right)?;
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Value, String> {
        match self.next() {
            Token::Operator("-") => {
                let operand = self.expression(8)?;
                Ok(Value::Number(operand.number().map_or(Number::ZERO, |n| -n)))
            }
            Token::Operator("!") => {
                let operand = self.expression(8)?;
                Ok(Value::truth(!operand.counts()))
            }
            Token::Operator("(") => {
                let value = self.expression(1)?;
                self.expect(")")?;
                Ok(value)
            }
            Token::Numeric(text) | Token::Text(text) if self.peek() == Token::Operator("(") => {
                self.call(text)
            }
            Token::Numeric(text) => Ok(Value::Numeric(text.to_string())),
            Token::Text(text) => Ok(Value::Text(text.to_string())),
            found => Err(format!("a value is missing before {}", found.describe())),
        }
    }

    /// `NAME(a,b)`: an arithmetic function, else one of the dialplan's.
    fn call(&mut self, name: &str) -> Result<Value, String> {
        self.expect("(")?;
        let mut arguments = vec![self.expression(1)?];
        loop {
            match self.next() {
                Token::Operator(")") => break,
                Token::Operator(",") if matches!(self.peek(), Token::Operator("," | ")")) => {
                    arguments.push(Value::Text(String::new()));
                }
                Token::Operator(",") => arguments.push(self.expression(1)?),
                found => return Err(format!("')' is missing before {}", found.describe())),
            }
        }
        if let Some(number) = arithmetic(name, &arguments) {
            return Ok(Value::Number(number));
        }
        let texts: Vec<String> = arguments.into_iter().map(Value::into_text).collect();
        match self.functions.call(name, &texts.join(",")) {
            Some(text)
                if !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit() || b"-. \t".contains(&c)) =>
            {
                Ok(Value::Number(Number::leading(&text)))
            }
            Some(text) => Ok(Value::from_text(text)),
            None => Err(format!("there is no function called {name}")),
        }
    }
}

/// The functions that expressions have of their own.
fn arithmetic(name: &str, arguments: &[Value]) -> Option<Number> {
    let number = |i: usize| arguments.get(i).and_then(Value::number).unwrap_or_default();
    let real = |f: fn(f64) -> f64| Number::from_f64(f(number(0).to_f64()));
    let (count, result) = match name {
        "COS" => (1, real(f64::cos)),
        "SIN" => (1, real(f64::sin)),
        "TAN" => (1, real(f64::tan)),
        "ACOS" => (1, real(f64::acos)),
        "ASIN" => (1, real(f64::asin)),
        "ATAN" => (1, real(f64::atan)),
        "ATAN2" => (2, Number::from_f64(number(0).to_f64().atan2(number(1).to_f64()))),
        "POW" => (2, number(0).power(number(1))),
        "SQRT" => (1, real(f64::sqrt)),
        "FLOOR" => (1, number(0).floor()),
        "CEIL" => (1, number(0).ceil()),
        "ROUND" => (1, number(0).round()),
        "RINT" => (1, number(0).round_even()),
        "TRUNC" => (1, number(0).truncate()),
        "EXP" => (1, real(f64::exp)),
        "EXP2" => (1, real(f64::exp2)),
        "EXP10" => (1, Number::from(10).power(number(0))),
        "LOG" => (1, real(f64::ln)),
        "LOG2" => (1, real(f64::log2)),
        "LOG10" => (1, real(f64::log10)),
        "REMAINDER" => (2, {
            let quotient = number(0).divide(number(1)).unwrap_or_default().round_even();
            number(0) - quotient * number(1)
        }),
        "ABS" => (1, number(0).abs()),
        _ => return None,
    };
    // A wrong number of arguments gives 0, as in Asterisk.
    Some(if arguments.len() == count {
        result
    } else {
        Number::ZERO
    })
}

impl Value {
    fn truth(value: bool) -> Value {
        Value::Number(Number::from(i64::from(value)))
    }

    /// Text that an operator made: digits and dots count as a number.
    fn from_text(text: String) -> Value {
        match !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit() || c == b'.') {
            true => Value::Numeric(text),
            false => Value::Text(text),
        }
    }

    fn number(&self) -> Option<Number> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Numeric(text) => Some(Number::leading(text)),
            Value::Text(_) => None,
        }
    }

    fn into_text(self) -> String {
        match self {
            Value::Number(number) => number.to_string(),
            Value::Numeric(text) | Value::Text(text) => text,
        }
    }

    /// As text for a regular expression or a concatenation: a pair of quotes around it, and then all quotes, go.
    fn unquoted(self) -> String {
        let text = self.into_text();
        match text.starts_with('"') && text.ends_with('"') {
            true => text.replace('"', ""),
            false => text,
        }
    }

    fn is_zero_or_empty(&self) -> bool {
        match self {
            Value::Text(text) => text.is_empty(),
            value => value.number().is_some_and(Number::is_zero),
        }
    }

    /// What `? ::` asks of its condition.
    fn chooses(&self) -> bool {
        match self {
            Value::Text(text) => !matches!(text.as_str(), "" | "\"\"" | "0"),
            value => value.number().is_some_and(|n| !n.is_zero()),
        }
    }

    /// What `!` asks of its operand: a leading whole number other than 0.
    fn counts(&self) -> bool {
        match self {
            Value::Number(number) => !number.is_zero(),
            Value::Numeric(text) | Value::Text(text) => !Number::leading(text).truncate().is_zero(),
        }
    }
}

fn binary(operator: &str, left: Value, right: Value) -> Result<Value, String> {
    Ok(match operator {
        "|" | "||" => match left.is_zero_or_empty() {
            true => right,
            false => left,
        },
        "&" | "&&" => match left.is_zero_or_empty() || right.is_zero_or_empty() {
            true => Value::Number(Number::ZERO),
            false => left,
        },
        "=" | "==" => Value::truth(compare(left, right).is_eq()),
        "!=" => Value::truth(compare(left, right).is_ne()),
        "<" => Value::truth(compare(left, right).is_lt()),
        "<=" => Value::truth(compare(left, right).is_le()),
        ">" => Value::truth(compare(left, right).is_gt()),
        ">=" => Value::truth(compare(left, right).is_ge()),
        "+" => Value::Number(left.number().unwrap_or_default() + right.number().unwrap_or_default()),
        "-" => Value::Number(left.number().unwrap_or_default() - right.number().unwrap_or_default()),
        "*" | "/" | "%" => Value::Number(product(operator, left.number(), right.number())),
        "~~" => {
            let mut text = left.unquoted();
            text.push_str(&right.unquoted());
            cut(&mut text, limits::VARIABLE_BYTES);
            Value::from_text(text)
        }
        ":" => matched(left, right, true),
        "=~" => matched(left, right, false),
        other => return Err(format!("'{other}' is not an operator")),
    })
}

fn compare(left: Value, right: Value) -> std::cmp::Ordering {
    match (left.number(), right.number()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => left.into_text().as_bytes().cmp(right.into_text().as_bytes()),
    }
}

fn product(operator: &str, left: Option<Number>, right: Option<Number>) -> Number {
    /// What Asterisk answers to a division by zero, or by what is no number.
    const LARGEST: i64 = i32::MAX as i64;
    match (operator, left, right) {
        ("/", Some(_), None) => Number::from(LARGEST),
        ("/", Some(a), Some(b)) => a.divide(b).unwrap_or(Number::from(LARGEST)),
        ("*", Some(a), Some(b)) => a * b,
        ("%", Some(a), Some(b)) => a.remainder(b),
        _ => Number::ZERO,
    }
}

/// `:` and `=~`: the first group, or the length of the match in bytes.
fn matched(text: Value, pattern: Value, anchored: bool) -> Value {
    let (text, pattern) = (text.unquoted(), pattern.unquoted());
    let Some(regex) = regular::compile(&pattern, false) else {
        return Value::Text(String::new());
    };
    let found = regex
        .captures(&text)
        .filter(|c| !anchored || c.get(0).is_some_and(|m| m.start() == 0));
    match found {
        Some(captures) => match (captures.get(1), captures.get(0)) {
            (Some(group), _) => Value::from_text(group.as_str().to_string()),
            (None, whole) => Value::Number(Number::from(whole.map_or(0, |m| m.len()) as i64)),
        },
        None if regex.captures_len() == 1 => Value::Number(Number::ZERO),
        None => Value::Text(String::new()),
    }
}
