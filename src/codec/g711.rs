//! G.711 mu-law and A-law.
//!
//! Decoding is a table of 256; encoding is arithmetic, which measures as fast as a table of 16,384 and leaves
//! the cache to the legs. The arithmetic is that of ITU-T G.191's reference: negative samples by ones'
//! complement, so both signs have the same decision levels.

/// What silence is in mu-law.
pub const MULAW_SILENCE: u8 = 0xff;
/// What silence is in A-law. It has no zero; this is its smallest positive step.
pub const ALAW_SILENCE: u8 = 0xd5;

static MULAW: [i16; 256] = mulaw_table();
static ALAW: [i16; 256] = alaw_table();

/// One sample of mu-law, as 16-bit linear.
#[inline]
pub fn mulaw_decode(code: u8) -> i16 {
    MULAW[usize::from(code)]
}

/// One sample of A-law, as 16-bit linear.
#[inline]
pub fn alaw_decode(code: u8) -> i16 {
    ALAW[usize::from(code)]
}

/// A 16-bit sample as mu-law; the two lowest bits are beyond the codec's 14.
#[inline]
pub fn mulaw_encode(sample: i16) -> u8 {
    let sign = ((sample >> 8) as u8) & 0x80;
    let magnitude = (u32::from(fold(sample)) >> 2) + 33;
    // The largest code covers everything above its decision level.
    let magnitude = magnitude.min(0x1fff);
    let segment = 26 - magnitude.leading_zeros();
    let step = (magnitude >> (segment + 1)) & 0x0f;
    !(sign | ((segment as u8) << 4) | step as u8)
}

/// A 16-bit sample as A-law; the three lowest bits are beyond the codec's 13.
#[inline]
pub fn alaw_encode(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let magnitude = u32::from(fold(sample)) >> 4;
    let code = if magnitude < 32 {
        magnitude as u8
    } else {
        let segment = 28 - magnitude.leading_zeros();
        ((segment as u8) << 4) | ((magnitude >> (segment - 1)) & 0x0f) as u8
    };
    (code | sign) ^ 0x55
}

/// The magnitude by ones' complement: 0 and -1 both give 0, 32,767 and -32,768 both 32,767.
#[inline]
fn fold(sample: i16) -> u16 {
    (sample ^ (sample >> 15)) as u16
}

const fn mulaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = !(code as u8);
        let segment = (bits >> 4) & 7;
        let magnitude = ((((bits & 0x0f) as i16) << 1) + 33) << segment;
        let value = (magnitude - 33) << 2;
        table[code] = if bits & 0x80 != 0 { -value } else { value };
        code += 1;
    }
    table
}

const fn alaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = (code as u8) ^ 0x55;
        let segment = (bits >> 4) & 7;
        let step = ((bits & 0x0f) as i16) << 4;
        let value = if segment == 0 {
            step + 8
        } else {
            (step + 0x108) << (segment - 1)
        };
        table[code] = if bits & 0x80 != 0 { value } else { -value };
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mulaw_code_survives_a_round_trip() {
        for code in 0..=255u8 {
            // 0x7f is minus zero; encoding has one zero only.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(mulaw_encode(mulaw_decode(code)), expected, "{code:#x}");
        }
    }

    #[test]
    fn every_alaw_code_survives_a_round_trip() {
        for code in 0..=255u8 {
            assert_eq!(alaw_encode(alaw_decode(code)), code, "{code:#x}");
        }
    }

    #[test]
    fn values_of_the_recommendation() {
        // G.711 table 2a/2b, mu-law: 14-bit values times four.
        for (code, value) in [
            (0xff, 0),
            (0xfe, 2 * 4),
            (0xf0, 30 * 4),
            (0xef, 33 * 4),
            (0x80, 8031 * 4),
            (0x00, -8031 * 4),
            (0x7e, -2 * 4),
        ] {
            assert_eq!(i32::from(mulaw_decode(code)), value, "{code:#x}");
        }
        // G.711 table 1a/1b, A-law: 13-bit values (scale 4,096) times eight, even bits inverted on the line.
        for (code, value) in [
            (0xd5, 8),
            (0x55, -8),
            (0xaa, 32_256),
            (0x2a, -32_256),
            (0xd4, 24),
            (0xc5, 264),
        ] {
            assert_eq!(i32::from(alaw_decode(code)), value, "{code:#x}");
        }
    }

    #[test]
    fn decision_levels_of_mulaw() {
        // Table 2a: a magnitude of 1 (of 14 bits) is the first that is not zero, 3 the next level, 31 the end of
        // the first segment.
        assert_eq!(mulaw_encode(3), 0xff);
        assert_eq!(mulaw_encode(4), 0xfe);
        assert_eq!(mulaw_encode(11), 0xfe);
        assert_eq!(mulaw_encode(12), 0xfd);
        assert_eq!(mulaw_encode(123), 0xf0);
        assert_eq!(mulaw_encode(124), 0xef);
        assert_eq!(mulaw_encode(i16::MAX), 0x80);
        assert_eq!(mulaw_encode(i16::MIN), 0x00);
    }

    #[test]
    fn the_error_stays_within_half_a_step_and_signs_mirror() {
        for sample in i16::MIN..=i16::MAX {
            let (mu, a) = (
                mulaw_decode(mulaw_encode(sample)),
                alaw_decode(alaw_encode(sample)),
            );
            let magnitude = i32::from(sample).abs();
            let allowed = (magnitude + 132) / 32 + 4;
            if magnitude < 32_636 {
                assert!(
                    (i32::from(mu) - i32::from(sample)).abs() <= allowed,
                    "mu {sample} {mu}"
                );
            }
            if magnitude < 32_768 {
                assert!(
                    (i32::from(a) - i32::from(sample)).abs() <= magnitude / 32 + 9,
                    "A {sample} {a}"
                );
            }
            assert_eq!(mulaw_encode(!sample), mulaw_encode(sample) ^ 0x80);
            assert_eq!(alaw_encode(!sample), alaw_encode(sample) ^ 0x80);
        }
    }

    #[test]
    fn the_names_for_silence_are_right() {
        assert_eq!(mulaw_encode(0), MULAW_SILENCE);
        assert_eq!(alaw_encode(0), ALAW_SILENCE);
    }
}
