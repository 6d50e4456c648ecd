//! Extension patterns: `_NXX`, `_[2-9]!`, `_X.`: reading, ordering, matching.
//!
//! Asterisk sorts the patterns of a context and takes the first that fits. It compares them position by position and
//! the lower score goes first: a set scores 256 for each character in it, or'ed with its lowest character, so that the
//! narrower set wins, then `.`, then `!`, then the end of the pattern. A literal character is a set of one, and N, Z
//! and X are the sets of 8, 9 and 10 digits, so `_NXX` and `_[2-9]XX` are one and the same pattern.

use std::cmp::Ordering;
use std::ops::ControlFlow;

/// One position of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// One character of a set.
    Set(Set),
    /// `.`: one character at least, then anything.
    Rest,
    /// `!`: anything or nothing, decided at once.
    Early,
    /// A set that is not closed: it matches nothing.
    Never,
}

/// A set of bytes, kept so that comparing two as numbers compares their lowest differing member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Set([u64; 4]);

impl Set {
    fn insert(&mut self, c: u8) {
        self.0[usize::from(c / 64)] |= 1 << (63 - c % 64);
    }

    fn range(from: u8, to: u8) -> Set {
        let mut set = Set::default();
        (from..=to).for_each(|c| set.insert(c));
        set
    }

    /// Whether the byte is in it.
    pub fn contains(&self, c: u8) -> bool {
        self.0[usize::from(c / 64)] & (1 << (63 - c % 64)) != 0
    }

    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn lowest(&self) -> u32 {
        (0..=255u8).find(|&c| self.contains(c)).map_or(0, u32::from)
    }
}

/// As ranges: `2-9`, `013-5`.
impl std::fmt::Display for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut at = 0u16;
        while at < 256 {
            let is_in = |c: u16| u8::try_from(c).is_ok_and(|c| self.contains(c));
            if !is_in(at) {
                at += 1;
                continue;
            }
            let from = at;
            while is_in(at) {
                at += 1;
            }
            let (first, last) = (from as u8, (at - 1) as u8);
            let shown = |c: u8| char::from(c).escape_debug();
            match last - first {
                0 => write!(f, "{}", shown(first))?,
                1 => write!(f, "{}{}", shown(first), shown(last))?,
                _ => write!(f, "{}-{}", shown(first), shown(last))?,
            }
        }
        Ok(())
    }
}

/// The score of a pattern's end.
const END: u32 = 0x30000;

impl Element {
    fn score(&self) -> u32 {
        match self {
            Element::Set(set) => (0x100 * set.len()) | set.lowest(),
            Element::Rest => 0x18000,
            Element::Early => 0x28000,
            Element::Never => 0x40000,
        }
    }

    fn compare(&self, other: &Element) -> Ordering {
        self.score()
            .cmp(&other.score())
            .then_with(|| match (self, other) {
                // The set that has the lowest character which the other lacks goes first.
                (Element::Set(a), Element::Set(b)) => b.0.cmp(&a.0),
                _ => Ordering::Equal,
            })
    }
}

/// The elements of a pattern, without the `_` that makes it one. White space must be gone already. What follows `.` or
/// `!` is never compared with a number, but it tells patterns apart and has its part in their order.
pub fn parse(text: &str) -> Vec<Element> {
    let bytes = text.as_bytes();
    let mut elements = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let element = match bytes[i] {
            b'-' => None,
            b'N' | b'n' => Some(Element::Set(Set::range(b'2', b'9'))),
            b'Z' | b'z' => Some(Element::Set(Set::range(b'1', b'9'))),
            b'X' | b'x' => Some(Element::Set(Set::range(b'0', b'9'))),
            b'.' => Some(Element::Rest),
            b'!' => Some(Element::Early),
            b'[' => match bytes[i..].iter().position(|&c| c == b']') {
                Some(close) => {
                    let set = set(&bytes[i + 1..i + close]);
                    i += close;
                    (set.len() > 0).then_some(Element::Set(set))
                }
                None => Some(Element::Never),
            },
            c => Some(Element::Set(Set::range(c, c))),
        };
        i += 1;
        if let Some(element) = element {
            let never = element == Element::Never;
            elements.push(element);
            if never {
                break;
            }
        }
    }
    elements
}

fn set(bytes: &[u8]) -> Set {
    let mut set = Set::default();
    let mut i = 0;
    while i < bytes.len() {
        if i + 2 < bytes.len() && bytes[i + 1] == b'-' {
            (bytes[i]..=bytes[i + 2]).for_each(|c| set.insert(c));
            i += 3;
        } else {
            set.insert(bytes[i]);
            i += 1;
        }
    }
    set
}

/// The order of two patterns in a context.
pub fn compare(a: &[Element], b: &[Element]) -> Ordering {
    for i in 0.. {
        let ordering = match (a.get(i), b.get(i)) {
            (Some(a), Some(b)) => a.compare(b),
            (Some(a), None) => a.score().cmp(&END),
            (None, Some(b)) => END.cmp(&b.score()),
            (None, None) => return Ordering::Equal,
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// The first position, from 0, in which two patterns differ: the one that decides which goes first.
pub fn first_difference(a: &[Element], b: &[Element]) -> Option<usize> {
    (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i))
}

/// The score of a position; past the last one, that of the pattern's end.
pub fn score(element: Option<&Element>) -> u32 {
    element.map_or(END, Element::score)
}

/// What stands at a position, in words.
pub fn describe(element: Option<&Element>) -> String {
    match element {
        None => "the end of the pattern".to_string(),
        Some(Element::Rest) => "a . for anything".to_string(),
        Some(Element::Early) => "a ! for anything or nothing".to_string(),
        Some(Element::Never) => "a [ that is not closed".to_string(),
        Some(Element::Set(set)) if set.len() == 1 => format!("the character {set}"),
        Some(Element::Set(set)) => format!("one of {set}"),
    }
}

/// A number that fits a pattern, the first by its characters; `None` where nothing does.
pub fn example(elements: &[Element]) -> Option<String> {
    let mut number = String::new();
    for element in elements {
        match element {
            Element::Set(set) => number.push(char::from(u8::try_from(set.lowest()).ok()?)),
            Element::Rest => {
                number.push('0');
                break;
            }
            Element::Early => break,
            Element::Never => return None,
        }
    }
    Some(number)
}

/// Why a number does not fit a pattern, in words; `None` where it fits.
pub fn why_not(elements: &[Element], dialled: &str) -> Option<String> {
    let mut digits = dialled.chars().filter(|&c| c != '-');
    for (index, element) in elements.iter().enumerate() {
        let position = index + 1;
        match (element, digits.next()) {
            (Element::Early, _) | (Element::Rest, Some(_)) => return None,
            (Element::Never, _) => {
                return Some("a [ in it is not closed, so that it never matches".to_string())
            }
            (_, None) => {
                let more = describe(Some(element));
                return Some(format!("the number ends where position {position} wants {more}"));
            }
            (Element::Set(set), Some(c)) => {
                if !u8::try_from(c).is_ok_and(|c| set.contains(c)) {
                    let wanted = describe(Some(element));
                    return Some(format!("position {position} is {c}, where it wants {wanted}"));
                }
            }
        }
    }
    let left = digits.count();
    (left > 0).then(|| format!("the number is {left} longer than the pattern"))
}

/// How a number fits a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does not, but would with more digits.
    Prefix,
    /// It does, and no further digit could follow.
    Exact,
    /// It does, by `.`; more digits would fit as well.
    Open,
    /// It does, by `!`, which ends the collection of digits.
    Early,
}

/// How `dialled` fits one pattern; a plain extension is a pattern of its characters. `-` in what is dialled is skipped.
pub fn fit(elements: &[Element], dialled: &str) -> Option<Fit> {
    let mut digits = dialled.bytes().filter(|&c| c != b'-');
    for element in elements {
        match (element, element == &Element::Early, digits.next()) {
            (_, true, _) => return Some(Fit::Early),
            (Element::Never, ..) => return None,
            (_, _, None) => return Some(Fit::Prefix),
            (Element::Set(set), _, Some(c)) if !set.contains(c) => return None,
            (Element::Rest, ..) => return Some(Fit::Open),
            _ => {}
        }
    }
    digits.next().is_none().then_some(Fit::Exact)
}

/// The patterns of a context, sharing their beginnings: a search visits those that can fit, in their order, and not
/// the thousands that cannot.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// In the order of their elements.
    children: Vec<(Element, usize)>,
    /// What ends here, in the order of insertion.
    ends: Vec<usize>,
}

impl Default for Tree {
    fn default() -> Self {
        Tree {
            nodes: vec![Node::default()],
        }
    }
}

impl Tree {
    /// Adds a pattern under the caller's index for it.
    pub fn insert(&mut self, elements: &[Element], index: usize) {
        let mut at = 0;
        for element in elements {
            let found = self.nodes[at]
                .children
                .binary_search_by(|(e, _)| e.compare(element));
            at = match found {
                Ok(i) => self.nodes[at].children[i].1,
                Err(i) => {
                    let new = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.insert(i, (element.clone(), new));
                    new
                }
            };
        }
        self.nodes[at].ends.push(index);
    }

    /// Visits, in order, the patterns that `dialled` fits; with `prefixes`, those too that it would fit with more
    /// digits. Ends where `visit` breaks, and gives what it broke with.
    pub fn search<B>(
        &self,
        dialled: &str,
        prefixes: bool,
        visit: &mut dyn FnMut(usize, Fit) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.walk(0, dialled.as_bytes(), prefixes, visit)
    }

    // Recursion is as deep as a pattern is long: `limits::PATTERN_ELEMENTS`.
    fn walk<B>(
        &self,
        node: usize,
        mut digits: &[u8],
        prefixes: bool,
        visit: &mut dyn FnMut(usize, Fit) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        while let [b'-', rest @ ..] = digits {
            digits = rest;
        }
        let node = &self.nodes[node];
        for (element, child) in &node.children {
            match (element, digits.split_first()) {
                (Element::Never, _) => {}
                (Element::Early, _) => self.below(*child, Fit::Early, visit)?,
                (Element::Rest, Some(_)) => self.below(*child, Fit::Open, visit)?,
                (Element::Set(set), Some((&c, rest))) => {
                    if set.contains(c) {
                        self.walk(*child, rest, prefixes, visit)?;
                    }
                }
                (_, None) => {
                    if prefixes {
                        self.below(*child, Fit::Prefix, visit)?;
                    }
                }
            }
        }
        if digits.is_empty() {
            for &index in &node.ends {
                visit(index, Fit::Exact)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Visits everything below a node, in order: what a number fits without its further elements being asked.
    fn below<B>(
        &self,
        node: usize,
        fit: Fit,
        visit: &mut dyn FnMut(usize, Fit) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        for (element, child) in &self.nodes[node].children {
            if *element != Element::Never {
                self.below(*child, fit, visit)?;
            }
        }
        for &index in &self.nodes[node].ends {
            visit(index, fit)?;
        }
        ControlFlow::Continue(())
    }
}
