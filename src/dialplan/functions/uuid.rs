use super::{Function, Manual, Run};

/// UUID
pub struct Uuid;

static MANUAL: Manual = Manual {
    name: "UUID",
    syntax: "UUID()",
    synopsis: "A random UUID (RFC 9562, version 4).",
    ..Manual::EMPTY
};

impl Function for Uuid {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, _: &str) -> Result<String, String> {
        let (high, low) = (run.rng.u64(), run.rng.u64());
        // The version stands in four bits, the variant in two.
        let high = high & !0xF000 | 0x4000;
        let low = low & !(0b11 << 62) | (0b10 << 62);
        let digits = format!("{high:016x}{low:016x}");
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        Ok(parts.join("-"))
    }
}
