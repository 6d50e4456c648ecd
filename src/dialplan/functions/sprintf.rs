use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::number::Number;
use crate::dialplan::substitute::leading_integer;
use crate::limits;

/// SPRINTF
pub struct Sprintf;

static MANUAL: Manual = Manual {
    name: "SPRINTF",
    syntax: "SPRINTF(format[,value…])",
    synopsis: "Values in a format, as C's printf writes them.",
    text: "`%d %i %u %o %x %X %c %e %E %f %F %g %G %s %%`, each with the flags `-+ 0#`, a width and a precision: \
           `${SPRINTF(%05.2f and %-4s,3.14159,ab)}`. There must be a value for each.",
    ..Manual::EMPTY
};

impl Function for Sprintf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let mut values = arguments.iter().skip(1);
        let mut out = String::new();
        let mut rest = arguments.get(0);
        while let Some(percent) = rest.find('%') {
            out.push_str(&rest[..percent]);
            let (spec, letter, after) = Spec::parse(&rest[percent + 1..])?;
            rest = after;
            if letter == '%' {
                out.push('%');
                continue;
            }
            let value = values
                .next()
                .ok_or("there are more places in the format than values")?;
            spec.write(letter, value, &mut out)?;
            if out.len() > limits::VARIABLE_BYTES {
                return Err("the result is too long".to_string());
            }
        }
        Ok(out + rest)
    }
}

/// What stands between the percent and the letter.
#[derive(Clone, Copy, Debug, Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Widest field, and most digits: C has to do 509 at least.
const WIDEST: usize = 512;

impl Spec {
    /// Reads up to and with the letter; what follows is returned.
    fn parse(text: &str) -> Result<(Spec, char, &str), String> {
        let mut spec = Spec::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                ' ' => spec.space = true,
                '0' => spec.zero = true,
                '#' => spec.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        (spec.width, rest) = number(rest);
        if let Some(after) = rest.strip_prefix('.') {
            let precision;
            (precision, rest) = number(after);
            spec.precision = Some(precision);
        }
        // The sizes of C's types mean nothing here.
        let rest = rest.trim_start_matches(['h', 'l', 'L', 'q', 'j', 'z', 't']);
        let letter = rest.chars().next().ok_or("a % ends the format")?;
        Ok((spec, letter, &rest[letter.len_utf8()..]))
    }

    fn write(self, letter: char, value: &str, out: &mut String) -> Result<(), String> {
        let integer = || leading_integer(value).ok_or_else(|| format!("{value} is not a whole number"));
        // C's int has 32 bits: that is how a negative one looks in another base.
        let unsigned = || integer().map(|n| if n < 0 { u64::from(n as u32) } else { n as u64 });
        let float = || Number::leading(value).to_f64();
        let (sign, digits) = match letter {
            's' => {
                let most = self.precision.unwrap_or(usize::MAX);
                let text: String = value.chars().take(most).collect();
                self.pad("", &text, false, out);
                return Ok(());
            }
            'c' => {
                // A number is a character's; other text gives its first.
                let code = leading_integer(value).and_then(|n| u32::try_from(n).ok());
                let c = code.and_then(char::from_u32).or(value.chars().next());
                self.pad("", &c.map(String::from).unwrap_or_default(), false, out);
                return Ok(());
            }
            'd' | 'i' => (integer()? < 0, self.least(integer()?.unsigned_abs().to_string())),
            'u' => (false, self.least(unsigned()?.to_string())),
            'o' => (false, self.least(format!("{:o}", unsigned()?))),
            'x' => (false, self.least(format!("{:x}", unsigned()?))),
            'X' => (false, self.least(format!("{:X}", unsigned()?))),
            'f' | 'F' => (
                float() < 0.0,
                format!("{:.*}", self.precision.unwrap_or(6), float().abs()),
            ),
            'e' => (
                float() < 0.0,
                exponent(float().abs(), self.precision.unwrap_or(6)),
            ),
            'E' => (
                float() < 0.0,
                exponent(float().abs(), self.precision.unwrap_or(6)).to_uppercase(),
            ),
            'g' => (float() < 0.0, self.general(float().abs())),
            'G' => (float() < 0.0, self.general(float().abs()).to_uppercase()),
            other => return Err(format!("%{other} is not known here")),
        };
        let prefix = match (letter, sign) {
            ('x', _) if self.alternate && digits != "0" => "0x",
            ('X', _) if self.alternate && digits != "0" => "0X",
            ('o', _) if self.alternate && !digits.starts_with('0') => "0",
            ('u' | 'o' | 'x' | 'X', _) => "",
            (_, true) => "-",
            _ if self.plus => "+",
            _ if self.space => " ",
            _ => "",
        };
        // With a precision, a whole number is filled with zeros up to that alone.
        let zeros = self.zero && !(self.precision.is_some() && "diouxX".contains(letter));
        self.pad(prefix, &digits, zeros, out);
        Ok(())
    }

    /// Whole numbers: at least as many digits as the precision says.
    fn least(self, digits: String) -> String {
        format!("{digits:0>width$}", width = self.precision.unwrap_or(1))
    }

    /// `%g`: as many digits as the precision says, in the shorter of two forms.
    fn general(self, value: f64) -> String {
        let digits = self.precision.unwrap_or(6).max(1);
        let scientific = exponent(value, digits - 1);
        let power: i64 = scientific
            .split_once('e')
            .and_then(|(_, power)| power.parse().ok())
            .unwrap_or(0);
        let (text, tail) = match power < -4 || power >= digits as i64 {
            true => scientific
                .split_once('e')
                .map_or((String::new(), String::new()), |(number, power)| {
                    (number.to_string(), format!("e{power}"))
                }),
            false => {
                let places = (digits as i64 - 1 - power).max(0) as usize;
                (format!("{value:.places$}"), String::new())
            }
        };
        let text = match text.contains('.') && !self.alternate {
            true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
            false => text,
        };
        text + &tail
    }

    fn pad(self, prefix: &str, text: &str, zeros: bool, out: &mut String) {
        let missing = self
            .width
            .saturating_sub(prefix.chars().count() + text.chars().count());
        let fill = |with: char, out: &mut String| out.extend(std::iter::repeat_n(with, missing));
        match (self.left, zeros) {
            (true, _) => {
                out.push_str(prefix);
                out.push_str(text);
                fill(' ', out);
            }
            (false, true) => {
                out.push_str(prefix);
                fill('0', out);
                out.push_str(text);
            }
            (false, false) => {
                fill(' ', out);
                out.push_str(prefix);
                out.push_str(text);
            }
        }
    }
}

/// The number that a text begins with, held within what a field may be, and what follows.
fn number(text: &str) -> (usize, &str) {
    let end = text
        .bytes()
        .position(|c| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number = match &text[..end] {
        "" => 0,
        digits => digits.parse().unwrap_or(WIDEST),
    };
    (number.min(WIDEST), &text[end..])
}

/// `1.500000e+02`: two digits of the power at least, as C writes it.
fn exponent(value: f64, places: usize) -> String {
    let text = format!("{value:.places$e}");
    match text.split_once('e') {
        Some((number, power)) => {
            let power: i64 = power.parse().unwrap_or(0);
            let sign = if power < 0 { '-' } else { '+' };
            format!("{number}e{sign}{:02}", power.abs())
        }
        None => text,
    }
}
