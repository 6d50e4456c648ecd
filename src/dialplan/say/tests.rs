//! Both languages against spellers that know nothing of the grammars, and every name against the folders.

use super::spellers::{english, english_ordinal, french, french_ordinal};
use super::*;
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::LazyLock;

const EN_TABLE: &str = include_str!("../../../sounds/en/table.tsv");
const FR_TABLE: &str = include_str!("../../../sounds/fr/table.tsv");

static LANGUAGES: LazyLock<Languages> = LazyLock::new(Languages::default);
static TEXTS: LazyLock<HashMap<&str, HashMap<&str, &str>>> = LazyLock::new(|| {
    let table = |text: &'static str| text.lines().filter_map(|line| line.split_once('\t')).collect();
    HashMap::from([("en", table(EN_TABLE)), ("fr", table(FR_TABLE))])
});

/// The words that a row of sounds says.
fn words(language: &str, sounds: Option<Vec<String>>) -> String {
    let texts = &TEXTS[language];
    let text = |name: &String| match texts.get(name.as_str()) {
        Some(text) => (*text).to_string(),
        None => panic!("there is no sound {language}/{name}"),
    };
    let sounds = sounds.expect("it can be said");
    sounds.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// French as it is heard: hyphens are not, nor the plural of these words.
fn heard(text: &str) -> String {
    let word = |word: &str| match word {
        "vingts" | "cents" | "millions" | "milliards" => word[..word.len() - 1].to_string(),
        word => word.to_string(),
    };
    let words: Vec<String> = text.split([' ', '-']).map(word).collect();
    words.join(" ")
}

fn agree(value: i64) {
    let en = LANGUAGES.grammar("en");
    assert_eq!(words("en", en.number(value, None)), english(value), "{value}");
    assert_eq!(
        words("en", en.number(value, Some('f'))),
        english(value),
        "{value}"
    );
    let fr = LANGUAGES.grammar("fr");
    for (gender, feminine) in [(None, false), (Some('m'), false), (Some('f'), true)] {
        let said = heard(&words("fr", fr.number(value, gender)));
        assert_eq!(said, heard(&french(value, feminine)), "{value} {gender:?}");
    }
    if value > 0 {
        assert_eq!(
            words("en", en.ordinal(value, None)),
            english_ordinal(value),
            "{value}"
        );
        for (gender, feminine) in [(None, false), (Some('f'), true)] {
            let said = heard(&words("fr", fr.ordinal(value, gender)));
            assert_eq!(
                said,
                heard(&french_ordinal(value, feminine)),
                "{value} {gender:?}"
            );
        }
    }
}

#[test]
fn every_number_below_ten_thousand_is_said_as_it_is_spelt() {
    (0..10_000).for_each(agree);
}

#[test]
fn numbers_around_the_edges_are_said_as_they_are_spelt() {
    for power in 4..12 {
        let edge = 10i64.pow(power);
        for value in [
            edge - 1,
            edge,
            edge + 1,
            2 * edge,
            2 * edge + 1,
            21 * edge / 10,
            80 * edge / 10,
        ] {
            agree(value);
            agree(-value);
        }
    }
    for language in ["en", "fr"] {
        let grammar = LANGUAGES.grammar(language);
        assert!(grammar.number(999_999_999_999, None).is_some());
        for value in [1_000_000_000_000, -1_000_000_000_000, i64::MAX, i64::MIN] {
            assert_eq!(grammar.number(value, None), None);
            assert_eq!(grammar.ordinal(value, None), None);
        }
    }
}

proptest! {
    #[test]
    fn numbers_are_said_as_they_are_spelt(value in -999_999_999i64..=999_999_999) {
        agree(value);
    }

    #[test]
    fn no_text_of_a_grammar_panics_nor_goes_on_for_ever(
        text in "(\\[(number|n f|date|digit)\\]\n|[0-9]{1,3}(/[0-9]{1,2})? ([<>=]number |a# |[ \\[|\\]] |%[AQ] ){0,4}\n|- >\n|Q day %Q%Q\n){1,12}",
        value in any::<i64>(),
    ) {
        if let Ok(grammar) = Grammar::parse(&text, Some(LANGUAGES.grammar("en"))) {
            let _ = grammar.number(value, Some('f'));
            let moment = Moment::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, TimeZone::UTC);
            let (sounds, _) = grammar.moment("Q'x'AQ", &moment);
            prop_assert!(sounds.len() <= crate::limits::PLAY_SOUNDS + 16);
        }
    }

    #[test]
    fn any_text_is_spelt_by_sounds_that_exist(text in "\\PC{0,40}") {
        for language in ["en", "fr"] {
            let grammar = LANGUAGES.grammar(language);
            words(language, Some(grammar.characters(&text, Case::All)));
            words(language, Some(grammar.phonetic(&text)));
            words(language, Some(grammar.digits(&text)));
        }
    }

    #[test]
    fn any_moment_is_said_by_sounds_that_exist(then in -62_000_000_000i64..=200_000_000_000, ago in -200i64..=400) {
        let then = Timestamp::from_second(then).unwrap();
        let now = Timestamp::from_second(then.as_second() + ago * 86_400).unwrap();
        let moment = Moment::new(then, now, TimeZone::UTC);
        for language in ["en", "fr"] {
            let (sounds, unknown) = LANGUAGES.grammar(language).moment("AaBbhmdeYIlHkMNPpSQqRT 'hello'", &moment);
            prop_assert_eq!(unknown, Vec::<char>::new());
            words(language, Some(sounds));
        }
    }
}

#[test]
fn every_character_of_ascii_is_spelt() {
    for c in ' '..='~' {
        for language in ["en", "fr"] {
            let sounds = LANGUAGES.grammar(language).characters(&c.to_string(), Case::None);
            assert_eq!(sounds.len(), 1, "{c:?}");
            words(language, Some(sounds));
        }
    }
    let en = LANGUAGES.grammar("en");
    assert_eq!(
        en.characters("hi Th3re.:\u{7}", Case::None).join("&"),
        "letters/h&letters/i&letters/space&letters/t&letters/h&digits/3&letters/r&letters/e&letters/dot&letters/ascii58"
    );
    assert_eq!(
        en.characters("aB1", Case::All).join("&"),
        "lowercase&letters/a&uppercase&letters/b&digits/1"
    );
    assert_eq!(
        en.characters("aB", Case::Upper).join("&"),
        "letters/a&uppercase&letters/b"
    );
    assert_eq!(
        en.characters("aB", Case::Lower).join("&"),
        "lowercase&letters/a&letters/b"
    );
    assert_eq!(
        en.digits("+1 8*#-").join("&"),
        "digits/1&digits/8&digits/star&digits/pound&digits/minus"
    );
    assert_eq!(
        en.phonetic("Ok 9").join("&"),
        "phonetic/o_p&phonetic/k_p&letters/space&phonetic/9_p"
    );
}

/// What a moment is in words, said on 3 March 2026 at noon.
fn said(language: &str, time: jiff::civil::DateTime, format: &str) -> String {
    let at = |time: jiff::civil::DateTime| time.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let moment = Moment::new(at(time), at(date(2026, 3, 3).at(12, 0, 0, 0)), TimeZone::UTC);
    let (sounds, unknown) = LANGUAGES.grammar(language).moment(format, &moment);
    assert!(unknown.is_empty(), "{unknown:?}");
    words(language, Some(sounds))
}

#[test]
fn english_dates() {
    let time = date(2026, 3, 2).at(14, 5, 0, 0);
    for (format, expected) in [
        (
            "",
            "Monday March second two thousand twenty six at two oh five P M",
        ),
        ("AbdY", "Monday March second two thousand twenty six"),
        ("B e m", "March second third"),
        ("HM", "fourteen oh five"),
        ("kN", "fourteen oh five"),
        ("S", "zero"),
        ("T", "fourteen oh five zero"),
        ("R 'hello'", "fourteen oh five Hello."),
        ("Q", "yesterday"),
        ("q", "yesterday"),
    ] {
        assert_eq!(said("en", time, format), expected, "{format}");
    }
    let at = |day: jiff::civil::Date, hour, minute| day.at(hour, minute, 9, 0);
    for (time, format, expected) in [
        (
            at(date(2026, 12, 31), 0, 0),
            "dIMp",
            "thirty first twelve o'clock A M",
        ),
        (at(date(2026, 12, 20), 0, 0), "dHN", "twentieth oh hundred"),
        (at(date(2026, 12, 20), 9, 30), "HMS", "oh nine thirty oh nine"),
        (at(date(2026, 12, 20), 9, 30), "kM", "nine thirty"),
        (at(date(1905, 1, 1), 12, 0), "YIp", "nineteen oh five twelve P M"),
        (at(date(1900, 1, 1), 12, 0), "Y", "nineteen hundred"),
        (at(date(1776, 7, 4), 12, 0), "Y", "seventeen seventy six"),
        (at(date(2000, 1, 1), 12, 0), "Y", "two thousand"),
        (at(date(2026, 3, 3), 1, 0), "Q", "today"),
        (at(date(2026, 3, 3), 1, 0), "q", ""),
        (at(date(2026, 3, 4), 1, 0), "Q", "tomorrow"),
        (
            at(date(2026, 3, 9), 1, 0),
            "Q",
            "Monday March ninth two thousand twenty six",
        ),
        (at(date(2026, 2, 25), 1, 0), "Q", "Wednesday"),
        (at(date(2026, 2, 20), 1, 0), "Q", "Friday February twentieth"),
        (at(date(2025, 12, 24), 1, 0), "Q", "December twenty fourth"),
        (
            at(date(2025, 8, 1), 1, 0),
            "q",
            "August first two thousand twenty five",
        ),
    ] {
        assert_eq!(said("en", time, format), expected, "{time} {format}");
    }
}

#[test]
fn french_dates() {
    let monday = date(2026, 3, 2);
    for (time, format, expected) in [
        (
            monday.at(14, 30, 0, 0),
            "AdBY",
            "lundi deux mars deux mille vingt six",
        ),
        (monday.at(14, 30, 0, 0), "HM", "quatorze heures trente"),
        (
            monday.at(14, 30, 0, 0),
            "",
            "lundi deux mars deux mille vingt six à quatorze heures trente",
        ),
        (
            date(1998, 8, 1).at(1, 21, 1, 0),
            "dBY",
            "premier août mille neuf cent quatre vingt dix huit",
        ),
        (
            date(1998, 8, 1).at(1, 21, 1, 0),
            "HMS",
            "une heures vingt et une une secondes",
        ),
        (date(1998, 8, 1).at(21, 0, 0, 0), "HM", "vingt et une heures"),
        (date(1998, 8, 1).at(0, 0, 0, 0), "IMp", "douze heures du matin"),
        (
            date(1998, 8, 1).at(15, 0, 0, 0),
            "IMp",
            "trois heures de l'après midi",
        ),
        (
            date(1998, 8, 1).at(19, 5, 0, 0),
            "IMp",
            "sept heures cinq du soir",
        ),
        (date(2026, 3, 3).at(1, 0, 0, 0), "Q", "aujourd'hui"),
        (date(2026, 3, 4).at(1, 0, 0, 0), "Q", "demain"),
        (date(2026, 2, 20).at(1, 0, 0, 0), "Q", "vendredi vingt février"),
    ] {
        assert_eq!(heard(&said("fr", time, format)), expected, "{time} {format}");
    }
}

#[test]
fn amounts() {
    for (text, expected) in [
        ("2.05", Some(205)),
        ("2.5", Some(250)),
        ("2.059", Some(205)),
        (".42", Some(42)),
        ("2", Some(200)),
        ("-1.10", Some(-110)),
        ("2.-05", Some(200)),
        ("2,5", Some(200)),
        ("", Some(0)),
        ("many", Some(0)),
        ("99999999999999999999", None),
        ("99999999999999999", None),
    ] {
        assert_eq!(hundredths(text), expected, "{text}");
    }
    let said = |language, amount| heard(&words(language, LANGUAGES.grammar(language).money(amount)));
    assert_eq!(said("en", -142), "minus one dollar and forty two cent");
    assert_eq!(said("fr", 0), "zéro centimes");
    assert_eq!(said("fr", 100), "un euros");
    assert_eq!(said("fr", 8_021), "quatre vingt euros et vingt et un centimes");
}

#[test]
fn nouns_are_counted() {
    for (language, count, expected) in [("en", 0, "calls"), ("en", 1, "call"), ("en", 5, "calls")] {
        let sounds = LANGUAGES.grammar(language).noun(count, "call");
        assert_eq!(sounds, Some(vec![expected.to_string()]));
    }
    for (count, expected) in [(0, "appel"), (1, "appel"), (2, "appels")] {
        let sounds = LANGUAGES.grammar("fr").noun(count, "appel");
        assert_eq!(sounds, Some(vec![expected.to_string()]));
    }
    assert_eq!(LANGUAGES.grammar("fr").noun(-1, "appel"), None);
    let adjective = LANGUAGES.grammar("fr").adjective(3, "new", Some('f'));
    assert_eq!(adjective, Some(vec!["new".to_string()]));
}

#[test]
fn what_a_letter_does_not_mean_is_told() {
    let moment = Moment::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, TimeZone::UTC);
    let (sounds, unknown) = LANGUAGES.grammar("en").moment("Y%x 'open", &moment);
    assert_eq!(sounds, ["digits/19", "digits/70", "open"]);
    assert_eq!(unknown, ['%', 'x']);
}

#[test]
fn a_variety_has_what_its_language_has() {
    let mut languages = Languages::default();
    languages
        .add(
            "fr_CH",
            "[number]\n0 digits/#\n21 digits/@ [ >unit ]\n100 digits/hundred [ > ]\n",
        )
        .unwrap();
    let septante = languages.grammar("fr_CH").number(73, None).unwrap();
    assert_eq!(septante, ["digits/70", "digits/3"]);
    // Its dates are those of French, its letters those of English, its feminine is gone with the section.
    assert_eq!(
        languages.grammar("fr_CH").letters,
        languages.grammar("fr").letters
    );
    assert_eq!(
        languages.grammar("fr_CH").number(1, Some('f')).unwrap(),
        ["digits/1"]
    );
    assert_eq!(
        languages.grammar("fr_CA").number(70, None).unwrap(),
        ["digits/60", "digits/10"]
    );
    assert_eq!(languages.grammar("xx").number(70, None).unwrap(), ["digits/70"]);
    let french = languages.clone().with_default("fr");
    assert_eq!(
        french.grammar("xx").number(70, None).unwrap(),
        ["digits/60", "digits/10"]
    );
    assert_eq!(
        languages.sound_names("fr_CA", "hello"),
        ["fr_CA/hello", "fr/hello", "hello"]
    );
    assert_eq!(languages.sound_names("en", "hello"), ["hello"]);
    assert_eq!(french.sound_names("en", "hello"), ["en/hello", "hello"]);
}

#[test]
fn mistakes_of_a_grammar_are_told_with_their_lines() {
    let text = "0 a\n[number]\n1 a\nx b\n1 c\n5/0 d\n6 [ a\n7 a | b\n8 =nothing\n[digit]\n1 a b\n[date]\nA century a\n[number]\n[number fem]\n1 a\n9 ] [\n10 [ [ ] ]\n11 =\n12 =number:ff\n";
    let faults = Grammar::parse(text, None).unwrap_err();
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [1, 4, 5, 6, 7, 8, 11, 13, 14, 16, 17, 18, 19, 20, 9]);
    assert_eq!(faults[14].message, "there is no section [nothing]");
}

#[test]
fn a_circle_in_a_grammar_ends() {
    let text = "[number]\n0 =a =a\n[a]\n0 =number =number\n[date]\nA day %AA\n";
    let grammar = Grammar::parse(text, None).unwrap();
    assert_eq!(grammar.number(5, None), None);
    let moment = Moment::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, TimeZone::UTC);
    assert_eq!(grammar.moment("A", &moment), (Vec::new(), Vec::new()));
}

#[test]
fn names_of_languages() {
    for name in ["en", "fr_CA", "pt-BR", "zh_Hant_TW", "es_419"] {
        assert!(is_language(name), "{name}");
    }
    for name in [
        "", "e", "EN", "../en", "fr_", "fr/CA", "digits", "d7", "en us", "x\0y",
    ] {
        assert!(!is_language(name), "{name}");
    }
}
