//! A line of an AGI program as words.

use crate::limits;

/// Splits at spaces and tabs. Double quotes hold a word together and are removed; a backslash takes the next character
/// as it is. An unclosed quote reaches to the end. Beyond `limits::AGI_WORDS` words, what is left belongs to the last.
pub fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut between, mut quoted, mut escaped) = (true, false, false);
    for c in line.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => {
                quoted = !quoted;
                // Quotes with nothing between them are a word too.
                if quoted && between {
                    begin(&mut words);
                    between = false;
                }
                continue;
            }
            ' ' | '\t' if !escaped && !quoted => {
                between = true;
                continue;
            }
            _ => {}
        }
        escaped = false;
        if between {
            begin(&mut words);
            between = false;
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words
}

fn begin(words: &mut Vec<String>) {
    if words.len() < limits::AGI_WORDS {
        words.push(String::new());
    }
}

/// A value that goes out within a line: a control character in it, which might begin a line that the program takes for
/// another answer, is a space.
pub fn harmless(value: &str) -> String {
    let harmless = |c: char| match c {
        // Two separators of Unicode that are line ends to some.
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    value.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_asterisk_splits_them() {
        for (line, expected) in [
            ("", &[][..]),
            ("  \t ", &[]),
            ("NOOP", &["NOOP"]),
            ("  GET \t VARIABLE  x ", &["GET", "VARIABLE", "x"]),
            (r#"STREAM FILE hello """#, &["STREAM", "FILE", "hello", ""]),
            (r#"VERBOSE "a b  c" 3"#, &["VERBOSE", "a b  c", "3"]),
            (
                r#"VERBOSE "say \"hi\" \\ now""#,
                &["VERBOSE", r#"say "hi" \ now"#],
            ),
            (r"VERBOSE a\ b", &["VERBOSE", "a b"]),
            (r#"a"b c"d"#, &["ab cd"]),
            (r#"VERBOSE "open end"#, &["VERBOSE", "open end"]),
            ("é \"ü ö\"", &["é", "ü ö"]),
            ("x\\", &["x"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
        let many = "x ".repeat(500);
        assert_eq!(words(&many).len(), limits::AGI_WORDS);
    }

    #[test]
    fn values_stay_within_their_line() {
        assert_eq!(
            harmless("a\r\n200 result=1\u{0}\u{85}b\u{2028}ü"),
            "a  200 result=1  b ü"
        );
    }
}
