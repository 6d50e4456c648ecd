use super::{Function, Manual, Run};
use crate::dialplan::number::Number;

/// MATH
pub struct Math;

static MANUAL: Manual = Manual {
    name: "MATH",
    syntax: "MATH(number1 operator number2[,type])",
    synopsis: "Computes with two numbers.",
    text: "Operators: `+ - * / % **` (or `^`), `< > <= >= == <> << >>`, `AND OR XOR`. Types: \
           `float` (the default: six decimals), `int`, `hex`, `octal`, `char`. `$[ ]` computes as \
           well, and with more than two.",
    ..Manual::EMPTY
};

impl Function for Math {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (text, kind) = arguments.rsplit_once(',').unwrap_or((arguments, "f"));
        let (operator, at) = operator(text).ok_or("there is no operator")?;
        let left = Number::leading(&text[..at]);
        let right = Number::leading(&text[at + operator.len()..]);
        let truth = |holds: bool| match holds {
            true => Ok("TRUE".to_string()),
            false => Ok("FALSE".to_string()),
        };
        let (a, b) = (left.to_i64(), right.to_i64());
        let value = match operator {
            "<" => return truth(left < right),
            ">" => return truth(left > right),
            "<=" => return truth(left <= right),
            ">=" => return truth(left >= right),
            "==" | "=" => return truth(left == right),
            "<>" => return truth(left != right),
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left.divide(right).ok_or("division by zero")?,
            "%" => a.checked_rem(b).ok_or("division by zero")?.into(),
            "**" | "^" => left.power(right),
            "<<" => a.wrapping_shl(b as u32).into(),
            ">>" => a.wrapping_shr(b as u32).into(),
            "AND" => (a & b).into(),
            "XOR" => (a ^ b).into(),
            _ => (a | b).into(),
        };
        Ok(match kind.trim().to_ascii_lowercase().as_bytes().first() {
            Some(b'i') => value.to_i64().to_string(),
            Some(b'h') => format!("{:x}", value.to_i64()),
            Some(b'o') => format!("{:o}", value.to_i64()),
            Some(b'c') => char::from_u32(value.to_i64() as u32).map(String::from).unwrap_or_default(),
            _ => format!("{:.6}", value.to_f64()),
        })
    }
}

/// The operator and where it stands. A sign at the beginning is one of the number.
fn operator(text: &str) -> Option<(&'static str, usize)> {
    const OPERATORS: [&str; 19] = [
        "**", "<=", ">=", "<>", "<<", ">>", "==", "AND", "XOR", "OR", "*", "/", "%", "^", "<", ">", "=", "+", "-",
    ];
    let start = text.len() - text.trim_start_matches([' ', '+', '-']).len();
    let places = text.char_indices().filter(|(at, _)| *at >= start);
    places.filter_map(|(at, _)| Some((*OPERATORS.iter().find(|o| text[at..].starts_with(**o))?, at))).next()
}
