//! A link as a QR code in SVG: one path, black on white, with the quiet zone that scanners want.

use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Modules of white around the code (ISO/IEC 18004 9.1).
const QUIET_ZONE: usize = 4;

/// The SVG of a text's QR code; empty for a text that no QR code holds.
pub fn svg(text: &str) -> Zeroizing<String> {
    let Ok(code) = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M) else {
        return Zeroizing::default();
    };
    let width = code.width();
    let side = width + 2 * QUIET_ZONE;
    // A run of dark modules takes some 12 characters, and a row has at most half as many runs as modules. All the room
    // from the start: the code is the key.
    let mut svg = Zeroizing::new(String::with_capacity(256 + width * width * 8));
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\""
    );
    for y in 0..width {
        let mut x = 0;
        while x < width {
            let run = (x..width).take_while(|&at| code[(at, y)] == Color::Dark).count();
            if run > 0 {
                let _ = write!(svg, "M{} {}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += run.max(1);
        }
    }
    svg.push_str("\"/></svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dark_module_is_drawn_once() {
        let text = "https://memo.example.org/voice/AAAAAAAAAAAAAAAAAAAAAA#AAAA";
        let svg = svg(text);
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let dark = code
            .to_colors()
            .iter()
            .filter(|color| **color == Color::Dark)
            .count();
        let drawn: usize = svg
            .split('M')
            .skip(2)
            .filter_map(|run| run.split_once('h')?.1.split_once('v')?.0.parse::<usize>().ok())
            .sum();
        assert_eq!(drawn, dark);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    }

    #[test]
    fn a_text_too_long_for_any_code_has_none() {
        assert!(svg(&"x".repeat(5_000)).is_empty());
    }
}
