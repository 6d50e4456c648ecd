//! People's names on the keys of a telephone.

use crate::dialplan::arguments::Options;
use crate::dialplan::channel::MailboxFacts;
use crate::dialplan::substitute::leading_integer;

/// Letters that are entered where nothing else is said.
const LETTERS: usize = 3;
/// More letters than any name is told apart by.
const MOST_LETTERS: usize = 20;

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The mailbox.
    pub mailbox: String,
    /// The extension: the mailbox without its context.
    pub extension: String,
    /// The whole name.
    pub name: String,
    /// The first name on the keys.
    first: String,
    /// The last name on the keys.
    last: String,
}

/// The people of a voicemail context, in the order of their last names.
pub fn entries(mailboxes: &[MailboxFacts], context: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = mailboxes.iter().filter_map(|mailbox| entry(mailbox, context)).collect();
    entries.sort_by(|a, b| (&a.last, &a.first, &a.mailbox).cmp(&(&b.last, &b.first, &b.mailbox)));
    entries
}

fn entry(mailbox: &MailboxFacts, context: &str) -> Option<Entry> {
    let (extension, of) = match mailbox.name.split_once('@') {
        Some((extension, of)) => (extension, Some(of)),
        None => (mailbox.name.as_str(), None),
    };
    let context = if context.is_empty() { "default" } else { context };
    let mut words = mailbox.full_name.split_whitespace();
    let first = words.next()?;
    let last = words.next_back().unwrap_or(first);
    of.is_none_or(|of| of == context).then(|| Entry {
        mailbox: mailbox.name.clone(),
        extension: extension.to_string(),
        name: mailbox.full_name.clone(),
        first: on_keys(first),
        last: on_keys(last),
    })
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    by_first: bool,
    by_last: bool,
    /// How many letters are entered.
    pub letters: usize,
}

impl Search {
    /// As options have it.
    pub fn of(options: &Options) -> Self {
        let has = |letter| options.has(letter);
        let both = has('b') || (has('f') && has('l'));
        let letters = ['f', 'l', 'b'].into_iter().find_map(|letter| options.value(letter));
        let letters = letters.and_then(leading_integer).and_then(|count| usize::try_from(count).ok());
        Search {
            by_first: both || has('f'),
            by_last: both || !has('f'),
            letters: letters.filter(|count| (1..=MOST_LETTERS).contains(count)).unwrap_or(LETTERS),
        }
    }

    /// The sound that says which letters are asked for.
    pub fn prompt(&self) -> &'static str {
        match (self.by_first, self.by_last) {
            (true, true) => "dir-firstlast",
            (true, false) => "dir-first",
            _ => "dir-last",
        }
    }

    /// Whether somebody's name begins with these keys.
    pub fn fits(&self, entry: &Entry, digits: &str) -> bool {
        (self.by_first && entry.first.starts_with(digits)) || (self.by_last && entry.last.starts_with(digits))
    }
}

/// A name as the keys that are pressed for it; what is no letter is left out.
fn on_keys(name: &str) -> String {
    let letters = name.chars().flat_map(char::to_lowercase);
    letters.flat_map(|letter| plain(letter).chars()).filter_map(key).collect()
}

/// The key of a letter.
fn key(letter: char) -> Option<char> {
    Some(match letter {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        '2'..='9' => letter,
        _ => return None,
    })
}

/// A small letter without its accents, as a caller looks for it; itself where it has none that is known.
fn plain(letter: char) -> &'static str {
    const PLAIN: &[(&str, &str)] = &[
        ("aàáâãåāăą", "a"),
        ("cçćč", "c"),
        ("dďđð", "d"),
        ("eèéêëēėęě", "e"),
        ("gğģ", "g"),
        ("iìíîïīįı", "i"),
        ("lłļľ", "l"),
        ("nñńņň", "n"),
        ("oòóôõøōő", "o"),
        ("rřŕ", "r"),
        ("sśşšș", "s"),
        ("tţťț", "t"),
        ("uùúûūůűų", "u"),
        ("yýÿ", "y"),
        ("zźżž", "z"),
        ("ä", "ae"),
        ("æ", "ae"),
        ("ö", "oe"),
        ("œ", "oe"),
        ("ü", "ue"),
        ("ß", "ss"),
        ("þ", "th"),
    ];
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    if let Some(at) = ALPHABET.find(letter) {
        return ALPHABET.get(at..=at).unwrap_or_default();
    }
    PLAIN.iter().find(|(letters, _)| letters.contains(letter)).map_or("", |(_, plain)| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_on_the_keys() {
        for (name, keys) in [
            ("Example", "3926753"),
            ("O'Hara", "64272"),
            ("Élodie", "356343"),
            ("Müller", "6835537"),
            ("Łódź", "5639"),
            ("Quiz-Zap", "7849927"),
            ("李", ""),
        ] {
            assert_eq!(on_keys(name), keys, "{name}");
        }
    }
}
