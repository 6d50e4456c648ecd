use super::{Function, Manual, Run};
use crate::dialplan::number::Number;

/// MATH
pub struct Math;

static MANUAL: Manual = Manual {
    name: "MATH",
    syntax: "MATH(number1 operator number2[,type])",
    synopsis: "Computes with two numbers.",
    text: "Operators: `+ - * / %`, `^` or `**` (a power), `< > <= >= ==`, `<< >>`, `AND OR XOR`. Types: `float` (the default: \
           six decimals), `int`, `hex`, `octal`, `char`. A comparison gives `TRUE` or `FALSE`, a division by zero 0. \
           `$[ ]` computes as well, and with more than two.",
    ..Manual::EMPTY
};

impl Function for Math {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (text, kind) = arguments.split_once(',').unwrap_or((arguments, "f"));
        let (operator, at) = operator(text).ok_or("there is no operator")?;
        let left = number(&text[..at])?;
        let right = number(&text[at + operator.len()..])?;
        let truth = |holds: bool| match holds {
            true => Ok("TRUE".to_string()),
            false => Ok("FALSE".to_string()),
        };
        let (a, b) = (left.to_i64(), right.to_i64());
        // A shift by more than there are bits is one by none of them, as the processor does it.
        let places = u32::try_from(b.rem_euclid(64)).unwrap_or(0);
        let value = match operator {
            "<" => return truth(left < right),
            ">" => return truth(left > right),
            "<=" => return truth(left <= right),
            ">=" => return truth(left >= right),
            "==" | "=" => return truth(left == right),
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left.divide(right).unwrap_or(Number::ZERO),
            "%" => a.checked_rem(b).unwrap_or(0).into(),
            "^" | "**" => left.power(right),
            "<<" => a.wrapping_shl(places).into(),
            ">>" => a.wrapping_shr(places).into(),
            "AND" => (a & b).into(),
            "XOR" => (a ^ b).into(),
            _ => (a | b).into(),
        };
        Ok(match kind.trim().to_ascii_lowercase().as_str() {
            "f" | "float" | "" => format!("{:.6}", value.to_f64()),
            "i" | "int" => value.to_i64().to_string(),
            "h" | "hex" => format!("{:x}", value.to_i64()),
            "o" | "octal" => format!("{:o}", value.to_i64()),
            "c" | "char" => char::from_u32(value.to_i64() as u32)
                .map(String::from)
                .unwrap_or_default(),
            other => return Err(format!("{other} is not one of float, int, hex, octal and char")),
        })
    }
}

fn number(text: &str) -> Result<Number, String> {
    let text = text.trim();
    let digits = text.trim_start_matches(['-', '+']).trim_start_matches('.');
    match digits.starts_with(|c: char| c.is_ascii_digit()) {
        true => Ok(Number::leading(text)),
        false => Err(format!("{text} is not a number")),
    }
}

/// The operator and where it stands. A sign at the beginning is one of the number; the minus is looked for last, so
/// that the second number may have one.
fn operator(text: &str) -> Option<(&'static str, usize)> {
    const OPERATORS: [&str; 18] = [
        "**", "*", "/", "%", "^", "AND", "XOR", "OR", ">=", ">>", "<=", "<<", "==", ">", "<", "=", "+", "-",
    ];
    let start = text.len() - text.trim_start_matches([' ', '+', '-']).len();
    OPERATORS
        .iter()
        .find_map(|operator| Some((*operator, start + text[start..].find(operator)?)))
}
