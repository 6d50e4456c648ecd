//! What an AGI program is answered.

use super::commands::Usage;
use super::line::harmless;
use std::fmt::{Display, Write as _};

/// The answer to one command.
#[derive(Debug)]
pub enum Answer {
    /// `200 result=…`: what stands behind the equals sign.
    Result(String),
    /// There is no such command.
    Unknown,
    /// The call is over, and the command needs one.
    NoCall,
    /// The arguments are wrong: how they should be.
    Usage(&'static Usage),
}

impl Answer {
    /// A result and nothing else.
    pub fn result(result: impl Display) -> Self {
        Answer::Result(result.to_string())
    }

    /// A result, and a value in parentheses.
    pub fn value(result: impl Display, value: &str) -> Self {
        Answer::Result(format!("{result} ({})", harmless(value)))
    }

    /// A result, and where in the audio it came, in samples.
    pub fn endpos(result: impl Display, samples: u64) -> Self {
        Answer::Result(format!("{result} endpos={samples}"))
    }

    /// The lines that go out.
    pub fn text(&self) -> String {
        match self {
            Answer::Result(result) => format!("200 result={result}\n"),
            Answer::Unknown => "510 Invalid or unknown command\n".to_string(),
            Answer::NoCall => {
                "511 Command Not Permitted on a dead channel or intercept routine\n".to_string()
            }
            Answer::Usage(usage) => {
                let mut text = String::from("520-Invalid command syntax.  Proper usage follows:\n");
                // Writing to a String cannot fail.
                let _ = writeln!(text, "Usage: {}\n{}", usage.syntax, usage.text);
                text.push_str("520 End of proper usage.\n");
                text
            }
        }
    }
}
