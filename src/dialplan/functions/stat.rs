use super::{Function, Manual, Run};
use std::time::SystemTime;

/// STAT
pub struct Stat;

static MANUAL: Manual = Manual {
    name: "STAT",
    syntax: "STAT(flag,file)",
    synopsis: "What is known of a file.",
    text: "Of files in the folder that `[dialplan] files` names; others do not exist for a dialplan, and give 0.",
    options: &[
        ("e", "1 where it exists, else 0"),
        ("d, f", "1 where it is a folder, or a plain file"),
        ("s", "its size in bytes"),
        ("m", "its mode, octal, kind included: `100644`"),
        ("A, C, M", "when it was read, changed, written last, in seconds since 1970"),
    ],
    ..Manual::EMPTY
};

impl Function for Stat {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (flag, path) = arguments.split_once(',').ok_or("the file is missing")?;
        let flag = flag.trim().chars().next().ok_or("the flag is missing")?;
        if !"edfsmACM".contains(flag) {
            return Err(format!("{flag} is not one of e, d, f, s, m, A, C and M"));
        }
        let Some(facts) = run.services.file_facts(path.trim()) else {
            return Ok("0".to_string());
        };
        let seconds = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            since.as_secs().to_string()
        };
        let kind = match (facts.is_folder, facts.is_file) {
            (true, _) => 0o040_000,
            (_, true) => 0o100_000,
            _ => 0,
        };
        Ok(match flag {
            'e' => "1".to_string(),
            'd' => u8::from(facts.is_folder).to_string(),
            'f' => u8::from(facts.is_file).to_string(),
            's' => facts.size.to_string(),
            'm' => format!("{:o}", kind | facts.mode & 0o7777),
            'A' => seconds(facts.accessed),
            'C' => seconds(facts.changed),
            _ => seconds(facts.modified),
        })
    }
}
