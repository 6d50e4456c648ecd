use super::{Function, Manual, Run};
use crate::dialplan::arguments::split_at;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::Aes128;
use base64::prelude::{Engine, BASE64_STANDARD as STANDARD};

/// AES_ENCRYPT
pub struct AesEncrypt;

static MANUAL: Manual = Manual {
    name: "AES_ENCRYPT",
    syntax: "AES_ENCRYPT(key,text)",
    synopsis: "A text encrypted with AES-128, in base64.",
    text: "The key is 16 characters. As in Asterisk, each 16 bytes are encrypted alone (ECB), the last filled with \
           zeros: equal texts look equal, and a change is not noticed. For what must agree with it; it protects little.",
    ..Manual::EMPTY
};

impl Function for AesEncrypt {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (cipher, text) = cipher(arguments)?;
        let mut bytes = text.into_bytes();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        for block in bytes.as_chunks_mut::<16>().0 {
            let mut array = Array::from(*block);
            cipher.encrypt_block(&mut array);
            *block = array.into();
        }
        Ok(STANDARD.encode(bytes))
    }
}

/// The cipher of the key in the first argument, and the second.
pub(super) fn cipher(arguments: &str) -> Result<(Aes128, String), String> {
    let mut arguments = split_at(arguments, ',', 2).into_iter();
    let key = arguments.next().unwrap_or_default();
    let key: [u8; 16] = key
        .into_bytes()
        .try_into()
        .map_err(|_| "the key must have 16 characters".to_string())?;
    let text = arguments.next().ok_or("the text is missing")?;
    Ok((Aes128::new(&Array::from(key)), text))
}
