//! The `${ }` and `$[ ]` of a text, each with its place.

use crate::dialplan::substitute::{closing, Reference};
use std::ops::Range;

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Found<'t> {
    /// Between the brackets.
    pub inside: Range<usize>,
    pub what: What<'t>,
    /// Whether it stands in no other.
    pub outermost: bool,
}

#[derive(Clone, Debug)]
pub(super) enum What<'t> {
    Variable(&'t str),
    /// A function, with the place of its arguments.
    Function(&'t str, Range<usize>),
    Expression,
}

impl Found<'_> {
    /// With its `$` and brackets.
    pub fn whole(&self) -> Range<usize> {
        self.inside.start - 2..self.inside.end + 1
    }
}

/// Those of a text, from the left; what stands in another comes after it. One that is not closed ends the list.
pub(super) fn references(text: &str) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    let (mut at, mut end) = (0, 0);
    while let Some(dollar) = text.get(at..).and_then(|rest| rest.find('$')).map(|i| at + i) {
        at = dollar + 1;
        let (open, close) = match text.as_bytes().get(at) {
            Some(b'{') => (b'{', b'}'),
            Some(b'[') => (b'[', b']'),
            _ => continue,
        };
        let Some(length) = text
            .as_bytes()
            .get(at..)
            .and_then(|rest| closing(rest, open, close))
        else {
            break;
        };
        let inside = at + 1..at + length;
        at = inside.start;
        let outermost = inside.start > end;
        if outermost {
            end = inside.end;
        }
        let Some(body) = text.get(inside.clone()) else {
            continue;
        };
        let what = match open {
            b'[' => What::Expression,
            _ => {
                let reference = Reference::parse(body);
                match reference.arguments {
                    None => What::Variable(reference.name),
                    Some(arguments) => {
                        let start = inside.start + reference.name.len() + 1;
                        What::Function(reference.name, start..start + arguments.len())
                    }
                }
            }
        };
        found.push(Found {
            inside,
            what,
            outermost,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_from_the_left_and_inwards() {
        let text = "a${B}$[${C} = 1]${F(x${D:1})}$";
        let found: Vec<(&str, bool)> = references(text)
            .into_iter()
            .map(|found| (&text[found.whole()], found.outermost))
            .collect();
        assert_eq!(
            found,
            [
                ("${B}", true),
                ("$[${C} = 1]", true),
                ("${C}", false),
                ("${F(x${D:1})}", true),
                ("${D:1}", false),
            ]
        );
        assert!(references("${a").is_empty());
    }
}
