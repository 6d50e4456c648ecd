use super::{Function, Manual, Run};
use crate::dialplan::apps;

/// IFMODULE
pub struct IfModule;

static MANUAL: Manual = Manual {
    name: "IFMODULE",
    syntax: "IFMODULE(module)",
    synopsis: "1 where what a module of Asterisk's does can be done here, else 0.",
    text: "There are no modules. `app_NAME.so` is there where the application NAME is, `func_NAME.so` where functions \
           of that kind are; of the others `pbx_config.so`, `chan_pjsip.so`, `chan_sip.so`, `codec_ulaw.so`, \
           `codec_alaw.so`, `format_wav.so` and `res_agi.so`.",
    ..Manual::EMPTY
};

/// Function modules whose name is not that of a function, and one of theirs.
const FUNCTIONS: [(&str, &str); 13] = [
    ("aes", "AES_ENCRYPT"),
    ("base64", "BASE64_ENCODE"),
    ("callerid", "CALLERID"),
    ("dialplan", "DIALPLAN_EXISTS"),
    ("env", "ENV"),
    ("groupcount", "GROUP_COUNT"),
    ("json", "JSON_DECODE"),
    ("logic", "IF"),
    ("module", "IFMODULE"),
    ("pjsip_header", "PJSIP_HEADER"),
    ("sorcery", "AST_SORCERY"),
    ("strings", "LEN"),
    ("uri", "URIENCODE"),
];

/// Modules of other kinds whose work is done here.
const OTHERS: [&str; 7] = [
    "pbx_config",
    "chan_pjsip",
    "chan_sip",
    "codec_ulaw",
    "codec_alaw",
    "format_wav",
    "res_agi",
];

impl Function for IfModule {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let module = arguments.trim().to_ascii_lowercase();
        let module = module.strip_suffix(".so").unwrap_or(&module);
        let there = match module.split_once('_') {
            Some(("app", name)) => apps::find(name).is_some(),
            Some(("func", name)) => {
                let known = FUNCTIONS.iter().find(|(kind, _)| *kind == name);
                let function =
                    known.map_or(name.to_ascii_uppercase(), |(_, function)| (*function).to_string());
                super::find(&function).is_some()
            }
            _ => OTHERS.contains(&module),
        };
        Ok(u8::from(there).to_string())
    }
}
