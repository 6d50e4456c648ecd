//! What an endpoint wrote, as people read it: one paragraph, bounded, without what models say about themselves.

use zeroize::Zeroizing;

/// What whisper writes where nobody speaks.
const NOTHING: [&str; 4] = ["[BLANK_AUDIO]", "[SILENCE]", "[ Silence ]", "(silence)"];

/// A transcript: spaces for line ends and control characters, cut to `most` bytes.
pub(super) fn transcript(text: &str, most: usize) -> Zeroizing<String> {
    let mut cleaned = Zeroizing::new(String::with_capacity(most));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        push(&mut cleaned, word, most);
    }
    for nothing in NOTHING {
        if cleaned.contains(nothing) {
            cleaned = Zeroizing::new(cleaned.replace(nothing, "").trim().to_owned());
        }
    }
    cleaned
}

/// A summary: the same, without the thoughts of models that think aloud.
pub(super) fn summary(text: &str, most: usize) -> Zeroizing<String> {
    let spoken = match text.rsplit_once("</think>") {
        Some((_, spoken)) => spoken,
        // Cut off while it still thought.
        None if text.trim_start().starts_with("<think>") => "",
        None => text,
    };
    transcript(spoken.trim().trim_matches('"'), most)
}

/// Adds a word where there is room for it, and a sign that something is missing where there is none.
fn push(cleaned: &mut String, word: &str, most: usize) {
    const MORE: &str = " …";
    if word.is_empty() || cleaned.ends_with(MORE) {
        return;
    }
    let space = usize::from(!cleaned.is_empty());
    if cleaned.len() + space + word.len() + MORE.len() > most {
        cleaned.push_str(MORE);
        return;
    }
    if space > 0 {
        cleaned.push(' ');
    }
    cleaned.push_str(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_one_paragraph_of_bounded_length() {
        for (text, expected) in [
            (" Good day,\nthis is Ada.\r\n", "Good day, this is Ada."),
            ("a\u{1b}[31m\u{0}b\tc", "a [31m b c"),
            (" [BLANK_AUDIO]\n", ""),
            ("Hello. [BLANK_AUDIO]", "Hello."),
            ("", ""),
            ("one two three four five six", "one two three four five …"),
            ("ääääääääää ääääääääääääää", "ääääääääää …"),
        ] {
            let cleaned = transcript(text, 28);
            assert_eq!(*cleaned, expected);
            assert!(cleaned.len() <= 28);
        }
    }

    #[test]
    fn a_summary_has_no_thoughts_in_it() {
        for (text, expected) in [
            (
                "<think>\nWho is it?\n</think>\n\nAda asks to be called.",
                "Ada asks to be called.",
            ),
            ("<think>Who", ""),
            ("\"Ada asks to be called.\"", "Ada asks to be called."),
        ] {
            assert_eq!(*summary(text, 300), expected);
        }
    }
}
