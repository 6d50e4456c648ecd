//! What is said as a row of sounds: digits, numbers, letters, in English.

use super::channel::Audio;

fn sound(name: impl Into<String>) -> Audio {
    Audio::File(name.into())
}

/// Digits one by one, with `*`, `#` and `-`.
pub fn digits(text: &str) -> Vec<Audio> {
    let one = |c| match c {
        '0'..='9' => Some(sound(format!("digits/{c}"))),
        '*' => Some(sound("digits/star")),
        '#' => Some(sound("digits/pound")),
        '-' => Some(sound("digits/minus")),
        _ => None,
    };
    text.chars().filter_map(one).collect()
}

/// A whole number below a million millions; `None` beyond.
pub fn number(value: i64) -> Option<Vec<Audio>> {
    let mut sounds = Vec::new();
    if value < 0 {
        sounds.push(sound("digits/minus"));
    }
    let mut rest = value.unsigned_abs();
    if rest >= 1_000_000_000_000 {
        return None;
    }
    for (unit, name) in [
        (1_000_000_000, "billion"),
        (1_000_000, "million"),
        (1_000, "thousand"),
    ] {
        if rest >= unit {
            below_thousand(rest / unit, &mut sounds);
            sounds.push(sound(format!("digits/{name}")));
            rest %= unit;
        }
    }
    if rest > 0 || value == 0 {
        below_thousand(rest, &mut sounds);
    }
    Some(sounds)
}

fn below_thousand(value: u64, sounds: &mut Vec<Audio>) {
    let mut rest = value;
    if rest >= 100 {
        sounds.push(sound(format!("digits/{}", rest / 100)));
        sounds.push(sound("digits/hundred"));
        rest %= 100;
        if rest == 0 {
            return;
        }
    }
    if rest > 20 {
        sounds.push(sound(format!("digits/{}", rest / 10 * 10)));
        rest %= 10;
        if rest == 0 {
            return;
        }
    }
    sounds.push(sound(format!("digits/{rest}")));
}

/// A text character by character. Punctuation has the names that Asterisk gives it.
pub fn characters(text: &str) -> Vec<Audio> {
    let one = |c: char| {
        Some(sound(match c {
            '0'..='9' => format!("digits/{c}"),
            'a'..='z' | 'A'..='Z' => format!("letters/{}", c.to_ascii_lowercase()),
            '*' => "digits/star".to_string(),
            '#' => "digits/pound".to_string(),
            '!' => "letters/exclaimation-point".to_string(),
            '@' => "letters/at".to_string(),
            '$' => "letters/dollar".to_string(),
            '-' => "letters/dash".to_string(),
            '.' => "letters/dot".to_string(),
            '=' => "letters/equals".to_string(),
            '+' => "letters/plus".to_string(),
            '/' => "letters/slash".to_string(),
            ' ' => "letters/space".to_string(),
            c if c.is_ascii_graphic() => format!("letters/ascii{}", u32::from(c)),
            _ => return None,
        }))
    };
    text.chars().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sounds: Vec<Audio>) -> String {
        let name = |audio| match audio {
            Audio::File(name) => name,
            other => panic!("{other:?}"),
        };
        sounds
            .into_iter()
            .map(name)
            .collect::<Vec<_>>()
            .join("&")
            .replace("digits/", "")
            .replace("letters/", "")
    }

    #[test]
    fn numbers_are_said_as_in_english() {
        for (value, expected) in [
            (0, "0"),
            (20, "20"),
            (35, "30&5"),
            (100, "1&hundred"),
            (747, "7&hundred&40&7"),
            (1042, "1&thousand&40&2"),
            (-11, "minus&11"),
            (2_001_000_001, "2&billion&1&million&1"),
        ] {
            assert_eq!(names(number(value).unwrap()), expected);
        }
        assert_eq!(number(1_000_000_000_000), None);
        assert_eq!(number(i64::MIN), None);
    }

    #[test]
    fn digits_and_letters_are_said_one_by_one() {
        assert_eq!(names(digits("+1 8*#")), "1&8&star&pound");
        assert_eq!(
            names(characters("hi Th3re.:\u{7}")),
            "h&i&space&t&h&3&r&e&dot&ascii58"
        );
    }

    #[test]
    fn every_sound_that_is_said_is_in_the_table() {
        let table = include_str!("../../sounds/en/table.tsv");
        let known: Vec<&str> = table.lines().filter_map(|line| line.split('\t').next()).collect();
        let printable: String = (' '..='~').collect();
        let mut said = characters(&printable);
        said.extend(digits("0123456789*#-"));
        said.extend(
            (0..=120)
                .chain([1_000, 1_000_000, 1_000_000_000])
                .filter_map(number)
                .flatten(),
        );
        for audio in said {
            assert!(
                matches!(&audio, Audio::File(name) if known.contains(&name.as_str())),
                "{audio:?}"
            );
        }
    }
}
