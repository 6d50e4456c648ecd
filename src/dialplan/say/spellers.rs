//! Numbers spelt as a schoolbook spells them, written without regard to the grammars, to compare these with.

/// English, as the sounds have it: no "and", no hyphens.
pub fn english(value: i64) -> String {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    fn positive(n: u64) -> String {
        let join = |head: String, rest: u64| match rest {
            0 => head,
            rest => format!("{head} {}", positive(rest)),
        };
        match n {
            0..=19 => ONES[n as usize].to_string(),
            20..=99 => join(TENS[n as usize / 10 - 2].to_string(), n % 10),
            100..=999 => join(format!("{} hundred", positive(n / 100)), n % 100),
            1_000..=999_999 => join(format!("{} thousand", positive(n / 1_000)), n % 1_000),
            1_000_000..=999_999_999 => join(format!("{} million", positive(n / 1_000_000)), n % 1_000_000),
            _ => join(
                format!("{} billion", positive(n / 1_000_000_000)),
                n % 1_000_000_000,
            ),
        }
    }
    if value < 0 {
        return format!("minus {}", positive(value.unsigned_abs()));
    }
    positive(value as u64)
}

/// English ordinals, from the cardinal's last word.
pub fn english_ordinal(value: i64) -> String {
    let cardinal = english(value);
    let (head, last) = cardinal
        .rsplit_once(' ')
        .map_or(("", cardinal.as_str()), |(h, l)| (h, l));
    let last = match last {
        "one" => "first".to_string(),
        "two" => "second".to_string(),
        "three" => "third".to_string(),
        "five" => "fifth".to_string(),
        "eight" => "eighth".to_string(),
        "nine" => "ninth".to_string(),
        "twelve" => "twelfth".to_string(),
        last => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{head} {last}").trim().to_string()
}

/// French, by the orthography of schoolbooks: hyphens below a hundred, `et` before un and onze, the plurals of vingt,
/// cent, million and milliard.
pub fn french(value: i64, feminine: bool) -> String {
    if value < 0 {
        return format!("moins {}", french(-value, feminine));
    }
    let one = if feminine { "une" } else { "un" };
    let below_seventeen = [
        "zéro", one, "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
        "douze", "treize", "quatorze", "quinze", "seize",
    ];
    let below_hundred = |n: i64| -> String {
        let small = |n: i64| match n {
            0..=16 => below_seventeen[n as usize].to_string(),
            n => format!("dix-{}", below_seventeen[n as usize - 10]),
        };
        match n {
            0..=19 => small(n),
            71 => "soixante et onze".to_string(),
            80 => "quatre-vingts".to_string(),
            70..=79 => format!("soixante-{}", small(n - 60)),
            81..=99 => format!("quatre-vingt-{}", small(n - 80)),
            _ => {
                let tens = ["vingt", "trente", "quarante", "cinquante", "soixante"][n as usize / 10 - 2];
                match n % 10 {
                    0 => tens.to_string(),
                    1 => format!("{tens} et {one}"),
                    unit => format!("{tens}-{}", small(unit)),
                }
            }
        }
    };
    let below_thousand = |n: i64| -> String {
        let rest = n % 100;
        match (n / 100, rest) {
            (0, _) => below_hundred(rest),
            (1, 0) => "cent".to_string(),
            (1, _) => format!("cent {}", below_hundred(rest)),
            (hundreds, 0) => format!("{} cents", below_seventeen[hundreds as usize]),
            (hundreds, _) => format!(
                "{} cent {}",
                below_seventeen[hundreds as usize],
                below_hundred(rest)
            ),
        }
    };
    let mut words = Vec::new();
    let mut rest = value;
    for (unit, name) in [(1_000_000_000, "milliard"), (1_000_000, "million")] {
        let count = rest / unit;
        rest %= unit;
        if count > 0 {
            // A noun: counted by masculine numbers, in the plural from two on.
            let plural = if count > 1 { "s" } else { "" };
            words.push(format!("{} {name}{plural}", french(count, false)));
        }
    }
    match rest / 1_000 {
        0 => {}
        1 => words.push("mille".to_string()),
        thousands => {
            let mut count = french(thousands, false);
            // Before mille, which is no noun, vingt and cent stay without s.
            if count.ends_with("vingts") || count.ends_with("cents") {
                count.pop();
            }
            words.push(format!("{count} mille"));
        }
    }
    if rest % 1_000 > 0 || value == 0 {
        words.push(below_thousand(rest % 1_000));
    }
    words.join(" ")
}

/// French ordinals: ième after the cardinal's last word, which loses its final e and its plural s.
pub fn french_ordinal(value: i64, feminine: bool) -> String {
    if value == 1 {
        return if feminine { "première" } else { "premier" }.to_string();
    }
    let cardinal = french(value, false);
    // One million is a millionth without its one.
    let cardinal = match cardinal.strip_prefix("un mill") {
        Some(rest) if cardinal.split(' ').count() == 2 => format!("mill{rest}"),
        _ => cardinal,
    };
    let stem = match cardinal.strip_suffix("cinq") {
        Some(_) => format!("{cardinal}u"),
        None => match cardinal.strip_suffix("neuf") {
            Some(rest) => format!("{rest}neuv"),
            None => {
                let plural = ["vingts", "cents", "millions", "milliards"];
                let singular = match plural.iter().any(|word| cardinal.ends_with(word)) {
                    true => &cardinal[..cardinal.len() - 1],
                    false => &cardinal,
                };
                singular.strip_suffix('e').unwrap_or(singular).to_string()
            }
        },
    };
    format!("{stem}ième")
}
