//! Splitting an argument text, as Asterisk's standard argument parser does.

/// Splits at `separator`, outside `()`, `[]` and `""`; quotes and backslashes that protect something are removed. The
/// last of `most` parts is what remains, as it stands. An empty text has no parts; a trailing separator adds an
/// empty one.
pub fn split_at(text: &str, separator: char, most: usize) -> Vec<String> {
    let mut parts = Vec::new();
    if text.is_empty() {
        return parts;
    }
    let mut part = String::new();
    let (mut parentheses, mut brackets, mut quoted) = (0usize, 0usize, false);
    let mut chars = text.char_indices();
    while parts.len() + 1 < most {
        let Some((at, c)) = chars.next() else { break };
        match c {
            '(' => parentheses += 1,
            ')' => parentheses = parentheses.saturating_sub(1),
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if c == separator && !quoted && parentheses == 0 && brackets == 0 {
            parts.push(std::mem::take(&mut part));
            if parts.len() + 1 == most {
                parts.push(text[at + c.len_utf8()..].to_string());
                return parts;
            }
        } else if c == '"' {
            quoted = !quoted;
        } else if c == '\\' {
            part.extend(chars.next().map(|(_, c)| c));
        } else {
            part.push(c);
        }
    }
    if most == 1 {
        part = text.to_string();
    }
    parts.push(part);
    parts
}

/// Splits at commas.
pub fn split(text: &str) -> Vec<String> {
    split_at(text, ',', usize::MAX)
}

/// Splits at commas outside `()`, `[]` and `""`, and leaves every character in: the arguments of a Gosub.
pub fn split_raw(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    if text.is_empty() {
        return parts;
    }
    let mut rest = text;
    while let Some((part, after)) = split_raw_once(rest, ',') {
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// Splits at the first `separator` outside `()`, `[]` and `""`, and leaves every character in. `None` where there is
/// none.
pub fn split_raw_once(text: &str, separator: char) -> Option<(&str, &str)> {
    let (mut parentheses, mut brackets, mut quoted, mut escaped) = (0usize, 0usize, false, false);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '(' => parentheses += 1,
            ')' => parentheses = parentheses.saturating_sub(1),
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            '"' => quoted = !quoted,
            '\\' => escaped = true,
            c if c == separator && !quoted && parentheses == 0 && brackets == 0 => {
                return Some((&text[..at], &text[at + c.len_utf8()..]));
            }
            _ => {}
        }
    }
    None
}

/// Arguments by position; a missing one is empty.
#[derive(Clone, Debug)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// Splits at commas.
    pub fn parse(text: &str) -> Self {
        Arguments(split(text))
    }

    /// The argument at `index`, empty where there is none.
    pub fn get(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }

    /// Each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + '_ {
        self.0.iter().map(String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The options in the argument at `index`: letters, each perhaps with `(a value)`.
    pub fn options(&self, index: usize) -> Options {
        Options::parse(self.get(index))
    }
}

/// Option letters with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(char, String)>);

impl Options {
    /// Reads `sn` or `t(30)k(#)`. The words `skip` and `noanswer` of old dialplans are their first letters.
    pub fn parse(text: &str) -> Self {
        match text {
            "skip" => return Options(vec![('s', String::new())]),
            "noanswer" => return Options(vec![('n', String::new())]),
            _ => {}
        }
        let mut options = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let mut value = String::new();
            if let Some((inside, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
                value = inside.to_string();
                rest = after;
            }
            if !letter.is_whitespace() && letter != '&' {
                options.push((letter, value));
            }
        }
        Options(options)
    }

    /// Whether the letter is there.
    pub fn has(&self, letter: char) -> bool {
        self.0.iter().any(|(l, _)| *l == letter)
    }

    /// The value of a letter that is there.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.0.iter().find(|(l, _)| *l == letter).map(|(_, v)| v.as_str())
    }

    /// The letters, in order.
    pub fn letters(&self) -> impl Iterator<Item = char> + '_ {
        self.0.iter().map(|(letter, _)| *letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_split_at_commas_that_nothing_protects() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b,", &["a", "b", ""]),
            ("a\\,b,c", &["a,b", "c"]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("f(a,b),[c,d],e", &["f(a,b)", "[c,d]", "e"]),
            ("a)b,c", &["a)b", "c"]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
        assert_eq!(split_at("a,b\\,c,\"d\"", ',', 2), ["a", "b\\,c,\"d\""]);
        assert_eq!(split_raw("\"a,b\",c\\,d,(e,f)"), ["\"a,b\"", "c\\,d", "(e,f)"]);
        assert_eq!(split_raw("a,,b,"), ["a", "", "b", ""]);
        assert_eq!(split_raw_once("f(a:b):\"c\"", ':'), Some(("f(a:b)", "\"c\"")));
        assert_eq!(split_raw_once("[a:b", ':'), None);
    }

    #[test]
    fn options_are_letters_with_values() {
        let options = Options::parse("st(30)k(*#)");
        assert!(options.has('s') && !options.has('q'));
        assert_eq!((options.value('t'), options.value('k')), (Some("30"), Some("*#")));
        assert!(Options::parse("skip").has('s') && !Options::parse("skip").has('k'));
    }
}
