use super::{Function, Manual, Run};
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::Engine;

/// As lenient as what authors paste: with or without the signs that fill the end.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// BASE64_DECODE
pub struct Base64Decode;

static MANUAL: Manual = Manual {
    name: "BASE64_DECODE",
    syntax: "BASE64_DECODE(text)",
    synopsis: "The text that base64 holds.",
    text: "Bytes that are not UTF-8 are replaced.",
    ..Manual::EMPTY
};

impl Function for Base64Decode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let bytes = STANDARD
            .decode(arguments.trim())
            .map_err(|_| "the text is not base64".to_string())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
