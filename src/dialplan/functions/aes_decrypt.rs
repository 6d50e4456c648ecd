use super::aes_encrypt::cipher;
use super::{Function, Manual, Run};
use aes::cipher::{Array, BlockCipherDecrypt};
use base64::prelude::{Engine, BASE64_STANDARD as STANDARD};

/// AES_DECRYPT
pub struct AesDecrypt;

static MANUAL: Manual = Manual {
    name: "AES_DECRYPT",
    syntax: "AES_DECRYPT(key,text)",
    synopsis: "The text that AES_ENCRYPT made, given in base64.",
    text: "The key is 16 characters. The zeros that filled the last block are taken off. Bytes that are not UTF-8, as \
           with a wrong key, are replaced.",
    ..Manual::EMPTY
};

impl Function for AesDecrypt {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (cipher, text) = cipher(arguments)?;
        let mut bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| "the text is not base64".to_string())?;
        let (blocks, rest) = bytes.as_chunks_mut::<16>();
        if !rest.is_empty() {
            return Err("the text is not whole blocks of 16 bytes".to_string());
        }
        for block in blocks {
            let mut array = Array::from(*block);
            cipher.decrypt_block(&mut array);
            *block = array.into();
        }
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}
