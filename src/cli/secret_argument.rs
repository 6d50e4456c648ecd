//! Secrets that a person gives to a subcommand.

use crate::memo::link::ParsedInboxLink;
use std::io::Read as _;
use zeroize::Zeroizing;

/// A secret of the command line, or of standard input where it says `-`: arguments show in the list of processes.
pub(super) fn secret_argument(text: String) -> Result<Zeroizing<String>, String> {
    let text = Zeroizing::new(text);
    if text.as_str() != "-" {
        return Ok(text);
    }
    let mut read = Zeroizing::new(String::with_capacity(SECRET_BYTES as usize));
    std::io::stdin()
        .take(SECRET_BYTES)
        .read_to_string(&mut read)
        .map_err(|error| format!("standard input: {error}"))?;
    Ok(read)
}

/// Longest secret that is read from standard input: an inbox link with all of its seeds.
const SECRET_BYTES: u64 = 4_096;

/// An inbox link, given as [`secret_argument`] has it.
pub(super) fn inbox_link(text: String) -> Result<ParsedInboxLink, String> {
    ParsedInboxLink::parse(&secret_argument(text)?).map_err(|error| error.to_string())
}
