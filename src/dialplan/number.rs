//! The numbers of `$[ ]` and MATH: decimal floating point of 19 digits.
//!
//! Asterisk computes in the x86 long double, which holds a little more than 19 digits, and prints 18. Rust has no such
//! type; decimal digits give the same 18 digits, and make `0.1 + 0.2` exactly `0.3`.

use std::cmp::Ordering;
use std::fmt;

/// `mantissa × 10^exponent`, the mantissa below 10^19 and without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Number {
    mantissa: i128,
    exponent: i32,
}

const DIGITS: u32 = 19;
/// 10^19.
const FULL: i128 = 10i128.pow(DIGITS);
/// Beyond it a long double would overflow, or vanish.
const EXPONENT: i32 = 4932;

impl Number {
    /// Zero.
    pub const ZERO: Number = Number {
        mantissa: 0,
        exponent: 0,
    };

    fn new(mut mantissa: i128, mut exponent: i32) -> Number {
        if mantissa == 0 {
            return Number::ZERO;
        }
        // Most numbers are small, and 64 bits are divided in hardware.
        if let Ok(mut small) = i64::try_from(mantissa) {
            if small.unsigned_abs() < 10u64.pow(17) && exponent.unsigned_abs() < EXPONENT.unsigned_abs() / 2 {
                while small % 10 == 0 {
                    small /= 10;
                    exponent += 1;
                }
                return Number {
                    mantissa: i128::from(small),
                    exponent,
                };
            }
        }
        // One division for all digits that are too many, so that rounding happens once.
        let digits = mantissa.unsigned_abs().ilog10() + 1;
        if digits > DIGITS {
            let unit = 10i128.pow(digits - DIGITS);
            mantissa = divide_rounded(mantissa, unit);
            exponent += (digits - DIGITS) as i32;
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        let top = exponent + mantissa.unsigned_abs().ilog10() as i32;
        match top {
            _ if top < -EXPONENT => Number::ZERO,
            _ if top > EXPONENT => Number {
                mantissa: mantissa.signum() * (FULL - 1),
                exponent: EXPONENT - DIGITS as i32 + 1,
            },
            _ => Number { mantissa, exponent },
        }
    }

    /// Reads what a number begins with, as C's `strtod` does: `-12.5e3abc` is -12500. Zero where there is none.
    pub fn leading(text: &str) -> Number {
        let text = text.trim_start();
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let mut mantissa: i128 = 0;
        let mut exponent: i32 = 0;
        let mut point = false;
        let mut any = false;
        while let Some(&c) = rest.as_bytes().first() {
            match c {
                b'0'..=b'9' if mantissa < FULL * 100 => {
                    mantissa = mantissa * 10 + i128::from(c - b'0');
                    exponent = exponent.saturating_sub(i32::from(point));
                    any = true;
                }
                // Digits beyond the precision count for the size alone.
                b'0'..=b'9' => exponent = exponent.saturating_add(i32::from(!point)),
                b'.' if !point => point = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        if any {
            if let Some(tail) = rest.strip_prefix(['e', 'E']) {
                let end = tail
                    .char_indices()
                    .find(|&(i, c)| !(c.is_ascii_digit() || i == 0 && matches!(c, '+' | '-')))
                    .map_or(tail.len(), |(i, _)| i);
                exponent = exponent.saturating_add(tail[..end].parse().unwrap_or(0));
            }
        }
        let exponent = exponent.clamp(-2 * EXPONENT, 2 * EXPONENT);
        Number::new(if negative { -mantissa } else { mantissa }, exponent)
    }

    /// The nearest number to a binary one; zero for what is no number.
    pub fn from_f64(value: f64) -> Number {
        match value.is_finite() {
            true => Number::leading(&format!("{value:e}")),
            false => Number::ZERO,
        }
    }

    /// The nearest binary number.
    pub fn to_f64(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent)
            .parse()
            .unwrap_or(0.0)
    }

    /// The integer part, held within 64 bits.
    pub fn to_i64(self) -> i64 {
        let whole = self.truncate();
        let wide = match u32::try_from(whole.exponent) {
            Ok(zeros) if zeros < DIGITS => whole.mantissa.saturating_mul(10i128.pow(zeros)),
            _ => whole.mantissa.saturating_mul(FULL),
        };
        wide.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Without its fraction.
    pub fn truncate(self) -> Number {
        if self.exponent >= 0 {
            return self;
        }
        match 10i128.checked_pow(self.exponent.unsigned_abs()) {
            Some(unit) => Number::new(self.mantissa / unit, 0),
            None => Number::ZERO,
        }
    }

    /// The greatest whole number that is not greater.
    pub fn floor(self) -> Number {
        let whole = self.truncate();
        match self < whole {
            true => whole - Number::from(1),
            false => whole,
        }
    }

    /// The least whole number that is not less.
    pub fn ceil(self) -> Number {
        -(-self).floor()
    }

    /// The nearest whole number, halves away from zero.
    pub fn round(self) -> Number {
        let half = Number::new(5, -1);
        match self.mantissa < 0 {
            true => (self - half).ceil(),
            false => (self + half).floor(),
        }
    }

    /// The nearest whole number, halves to the even one.
    pub fn round_even(self) -> Number {
        let rounded = self.round();
        let is_half = (self - self.truncate()).abs() == Number::new(5, -1);
        let is_odd = !rounded.remainder(Number::from(2)).is_zero();
        match is_half && is_odd {
            true => self.truncate(),
            false => rounded,
        }
    }

    /// Without its sign.
    pub fn abs(self) -> Number {
        Number {
            mantissa: self.mantissa.abs(),
            ..self
        }
    }

    /// What is left of a division with a whole quotient; it has the sign of `self`. Zero where `by` is zero.
    pub fn remainder(self, by: Number) -> Number {
        if by.is_zero() || self.is_zero() {
            return Number::ZERO;
        }
        if self.exponent >= by.exponent {
            // (m × 10^shift) mod n, squaring our way to the power so that no digit is lost.
            let modulus = by.mantissa.abs();
            let mut power = 10 % modulus;
            let mut shift = self.exponent.abs_diff(by.exponent);
            let mut rest = self.mantissa % modulus;
            while shift > 0 {
                if shift & 1 == 1 {
                    rest = multiply_modulo(rest, power, modulus);
                }
                power = multiply_modulo(power, power, modulus);
                shift >>= 1;
            }
            return Number::new(rest, by.exponent);
        }
        match 10i128
            .checked_pow(by.exponent.abs_diff(self.exponent))
            .and_then(|unit| by.mantissa.checked_mul(unit))
        {
            Some(modulus) => Number::new(self.mantissa % modulus, self.exponent),
            // The divisor is so much larger that nothing is taken off.
            None => self,
        }
    }

    /// A power; exact for small whole exponents.
    pub fn power(self, exponent: Number) -> Number {
        let whole = exponent.truncate() == exponent;
        match (whole, exponent.to_i64()) {
            (true, n @ 0..=1024) => (0..n).fold(Number::from(1), |product, _| product * self),
            _ => Number::from_f64(self.to_f64().powf(exponent.to_f64())),
        }
    }

    /// The quotient; `None` for a division by zero.
    pub fn divide(self, by: Number) -> Option<Number> {
        if by.is_zero() {
            return None;
        }
        // Nineteen digits more than the divisor has, as far as 128 bits reach.
        let mut mantissa = self.mantissa;
        let mut exponent = self.exponent - by.exponent;
        while mantissa != 0 && mantissa.abs() < FULL * 1_000_000_000_000_000_000 {
            mantissa *= 10;
            exponent -= 1;
        }
        Some(Number::new(divide_rounded(mantissa, by.mantissa), exponent))
    }
}

/// The product of two numbers below 10^19, modulo one: it fits 128 bits.
fn multiply_modulo(a: i128, b: i128, modulus: i128) -> i128 {
    (a * b) % modulus
}

/// Halves go to the even neighbour.
fn divide_rounded(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    let rest = (a % b).unsigned_abs();
    let half = b.unsigned_abs() - rest;
    let up = rest > half || (rest == half && quotient % 2 != 0);
    let sign = if (a < 0) == (b < 0) { 1 } else { -1 };
    quotient + if up { sign } else { 0 }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Number::new(value.into(), 0)
    }
}

impl std::ops::Neg for Number {
    type Output = Number;
    fn neg(self) -> Number {
        Number {
            mantissa: -self.mantissa,
            ..self
        }
    }
}

impl std::ops::Add for Number {
    type Output = Number;
    fn add(self, other: Number) -> Number {
        let (high, low) = if self.exponent >= other.exponent {
            (self, other)
        } else {
            (other, self)
        };
        if high.is_zero() {
            return low;
        }
        // A mantissa below 10^19 can take 18 zeros more; what lies lower than that cannot be seen in the sum.
        let apart = high.exponent.abs_diff(low.exponent);
        let shift = apart.min(18);
        let cut = apart - shift;
        let low_mantissa = match 10i128.checked_pow(cut) {
            Some(unit) => divide_rounded(low.mantissa, unit),
            None => 0,
        };
        Number::new(
            high.mantissa * 10i128.pow(shift) + low_mantissa,
            high.exponent - shift as i32,
        )
    }
}

impl std::ops::Sub for Number {
    type Output = Number;
    fn sub(self, other: Number) -> Number {
        self + -other
    }
}

impl std::ops::Mul for Number {
    type Output = Number;
    fn mul(self, other: Number) -> Number {
        Number::new(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        (*self - *other).mantissa.cmp(&0)
    }
}

impl fmt::Display for Number {
    /// As C's `%.18Lg`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rounded = *self;
        if rounded.mantissa.abs() >= FULL / 10 {
            rounded = Number::new(divide_rounded(rounded.mantissa, 10), rounded.exponent + 1);
        }
        if rounded.is_zero() {
            return f.write_str("0");
        }
        let digits = rounded.mantissa.unsigned_abs().to_string();
        let top = digits.len() as i32 - 1 + rounded.exponent;
        if rounded.mantissa < 0 {
            f.write_str("-")?;
        }
        if !(-4..18).contains(&top) {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if top < 0 { '-' } else { '+' };
            return write!(f, "{first}{point}{rest}e{sign}{:02}", top.abs());
        }
        if top < 0 {
            return write!(
                f,
                "0.{:0>width$}",
                digits,
                width = digits.len() + (-top - 1) as usize
            );
        }
        let whole = top as usize + 1;
        match digits.len() > whole {
            true => write!(f, "{}.{}", &digits[..whole], &digits[whole..]),
            false => write!(f, "{digits:0<whole$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::leading(text)
    }

    #[test]
    fn numbers_print_as_long_double_does_with_18_digits() {
        for (number, expected) in [
            (n("0.1") + n("0.2"), "0.3"),
            (n("1").divide(n("3")).unwrap(), "0.333333333333333333"),
            (n("2").divide(n("3")).unwrap(), "0.666666666666666667"),
            (n("1234567890123456789"), "1.23456789012345679e+18"),
            (n("100000000000000000"), "100000000000000000"),
            (n("1e18"), "1e+18"),
            (n("0.0001"), "0.0001"),
            (n("0.00001"), "1e-05"),
            (n("-2.50"), "-2.5"),
            (n("2").power(n("64")), "1.84467440737095516e+19"),
            (n("7") - n("7"), "0"),
            (n("12abc"), "12"),
            (n("1e20") + n("1"), "1e+20"),
            (n("9999999999999999999") * n("9999999999999999999"), "1e+38"),
        ] {
            assert_eq!(number.to_string(), expected);
        }
    }

    #[test]
    fn rounding_and_remainders() {
        assert_eq!(n("-1.5").floor(), n("-2"));
        assert_eq!(n("-1.5").ceil(), n("-1"));
        assert_eq!(n("2.5").round(), n("3"));
        assert_eq!(n("-2.5").round(), n("-3"));
        assert_eq!(n("2.5").round_even(), n("2"));
        assert_eq!(n("3.5").round_even(), n("4"));
        assert_eq!(n("-7").remainder(n("3")), n("-1"));
        assert_eq!(n("7.5").remainder(n("2")), n("1.5"));
        assert_eq!(n("1e30").remainder(n("7")), n("1"));
        assert_eq!(n("0.5").remainder(n("1e40")), n("0.5"));
        assert_eq!(n("99999999999999999999").to_i64(), i64::MAX);
        assert!(n("10") > n("9.99") && n("-1") < n("0"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
        #[test]
        fn whole_numbers_compute_as_integers_do(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000) {
            let (x, y) = (Number::from(a), Number::from(b));
            proptest::prop_assert_eq!((x + y).to_string(), (a + b).to_string());
            proptest::prop_assert_eq!((x - y).to_string(), (a - b).to_string());
            proptest::prop_assert_eq!(x * y, Number::from(a * b));
            proptest::prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            if b != 0 {
                proptest::prop_assert_eq!(x.remainder(y).to_i64(), a % b);
                proptest::prop_assert_eq!(x.divide(y).unwrap().to_i64(), a / b);
            }
        }

        #[test]
        fn any_text_reads_as_some_number(text in "[-+.eE0-9]{0,60}") {
            let number = Number::leading(&text);
            let _ = (number.to_string(), number.to_i64(), number.round_even(), number * number, number + Number::from(1));
            proptest::prop_assert_eq!(Number::leading(&number.to_string()).to_string(), number.to_string());
        }
    }
}
