//! Morse code: what each character is, in dots, dashes and the gaps between them.

/// Which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// ITU-R M.1677.
    International,
    /// The code of the American railways, with gaps within letters and dashes of three lengths.
    American,
}

/// The signs of a character: `.`, `-`, in the American code also `_` and `=` for longer dashes and a space for a gap
/// within. `None` where it has none.
pub fn signs(code: Code, character: char) -> Option<&'static str> {
    let character = character.to_ascii_uppercase();
    let in_table = |table: &[(char, &'static str)]| {
        table
            .iter()
            .find(|(c, _)| *c == character)
            .map(|(_, signs)| *signs)
    };
    match code {
        Code::International => in_table(INTERNATIONAL),
        Code::American => in_table(AMERICAN),
    }
}

const INTERNATIONAL: &[(char, &str)] = &[
    ('A', ".-"),
    ('B', "-..."),
    ('C', "-.-."),
    ('D', "-.."),
    ('E', "."),
    ('F', "..-."),
    ('G', "--."),
    ('H', "...."),
    ('I', ".."),
    ('J', ".---"),
    ('K', "-.-"),
    ('L', ".-.."),
    ('M', "--"),
    ('N', "-."),
    ('O', "---"),
    ('P', ".--."),
    ('Q', "--.-"),
    ('R', ".-."),
    ('S', "..."),
    ('T', "-"),
    ('U', "..-"),
    ('V', "...-"),
    ('W', ".--"),
    ('X', "-..-"),
    ('Y', "-.--"),
    ('Z', "--.."),
    ('0', "-----"),
    ('1', ".----"),
    ('2', "..---"),
    ('3', "...--"),
    ('4', "....-"),
    ('5', "....."),
    ('6', "-...."),
    ('7', "--..."),
    ('8', "---.."),
    ('9', "----."),
    ('.', ".-.-.-"),
    (',', "--..--"),
    ('?', "..--.."),
    ('!', "-.-.--"),
    ('\'', ".----."),
    ('"', ".-..-."),
    ('(', "-.--."),
    (')', "-.--.-"),
    ('&', ".-..."),
    (':', "---..."),
    (';', "-.-.-."),
    ('=', "-...-"),
    ('+', ".-.-."),
    ('-', "-....-"),
    ('/', "-..-."),
    ('_', "..--.-"),
    ('@', ".--.-."),
];

const AMERICAN: &[(char, &str)] = &[
    ('A', ".-"),
    ('B', "-..."),
    ('C', ".. ."),
    ('D', "-.."),
    ('E', "."),
    ('F', ".-."),
    ('G', "--."),
    ('H', "...."),
    ('I', ".."),
    ('J', "-.-."),
    ('K', "-.-"),
    ('L', "_"),
    ('M', "--"),
    ('N', "-."),
    ('O', ". ."),
    ('P', "....."),
    ('Q', "..-."),
    ('R', ". .."),
    ('S', "..."),
    ('T', "-"),
    ('U', "..-"),
    ('V', "...-"),
    ('W', ".--"),
    ('X', ".-.."),
    ('Y', ".. .."),
    ('Z', "... ."),
    ('0', "="),
    ('1', ".--."),
    ('2', "..-.."),
    ('3', "...-."),
    ('4', "....-"),
    ('5', "---"),
    ('6', "......"),
    ('7', "--.."),
    ('8', "-...."),
    ('9', "-..-"),
    ('.', "..--.."),
    (',', ".-.-"),
    ('?', "-..-."),
    ('!', "---."),
    ('&', ". ..."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_characters_of_a_code_are_the_same() {
        for table in [INTERNATIONAL, AMERICAN] {
            for (at, (character, signs)) in table.iter().enumerate() {
                assert!(
                    table[..at].iter().all(|(c, s)| c != character && s != signs),
                    "{character} {signs}"
                );
                assert!(signs.chars().all(|sign| ".-_= ".contains(sign)), "{character}");
            }
        }
        assert_eq!(signs(Code::International, 's'), Some("..."));
        assert_eq!(
            (signs(Code::American, 'r'), signs(Code::American, 'é')),
            (Some(". .."), None)
        );
    }
}
