//! The variables of one channel, and the global ones.

use super::ast::Dialplan;
use super::calls::Calls;
use crate::limits;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// How far a variable reaches: `_X` to the channels that this one makes, `__X` to theirs as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inherit {
    /// Not at all.
    No,
    /// Once.
    Once,
    /// For ever.
    Always,
}

/// The name without the marks of inheritance, and what they say.
pub fn unmark(name: &str) -> (&str, Inherit) {
    match name.strip_prefix('_') {
        None => (name, Inherit::No),
        Some(rest) => match rest.strip_prefix('_') {
            None => (rest, Inherit::Once),
            Some(rest) => (rest, Inherit::Always),
        },
    }
}

/// The variables of a channel. A name holds a stack of values: the one on top counts, those below are hidden by the
/// Gosub frames that set it as local.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: HashMap<String, Vec<Value>>,
    /// Of all values together.
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Value {
    text: String,
    inherit: Inherit,
}

/// There are `limits::VARIABLES` already, or `limits::VARIABLES_BYTES` of values, or the value is longer than
/// `limits::VARIABLE_BYTES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl Variables {
    /// The value of a variable that is set. Marks of inheritance in the name do not count.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.peek(name, 0)
    }

    /// The value that is hidden below `depth` others.
    pub fn peek(&self, name: &str, depth: usize) -> Option<&str> {
        let values = self.values.get(unmark(name).0)?;
        let index = values.len().checked_sub(depth)?.checked_sub(1)?;
        Some(&values[index].text)
    }

    /// Sets a variable where it is, or makes it.
    pub fn set(&mut self, name: &str, text: impl Into<String>) -> Result<(), TooLarge> {
        let (name, inherit) = unmark(name);
        let text = text.into();
        match self.values.get_mut(name).and_then(|values| values.last_mut()) {
            Some(value) => {
                self.bytes = room_for(self.bytes - value.text.len(), &text)?;
                *value = Value { text, inherit };
            }
            None => {
                self.room(name)?;
                self.bytes = room_for(self.bytes, &text)?;
                self.values
                    .insert(name.to_string(), vec![Value { text, inherit }]);
            }
        }
        Ok(())
    }

    /// Hides a variable behind a new value.
    pub fn push(&mut self, name: &str, text: impl Into<String>) -> Result<(), TooLarge> {
        let (name, inherit) = unmark(name);
        let text = text.into();
        self.room(name)?;
        self.bytes = room_for(self.bytes, &text)?;
        self.values
            .entry(name.to_string())
            .or_default()
            .push(Value { text, inherit });
        Ok(())
    }

    fn room(&self, name: &str) -> Result<(), TooLarge> {
        let fits = name.len() <= limits::DIALPLAN_LINE_BYTES && self.values.len() < limits::VARIABLES;
        fits.then_some(()).ok_or(TooLarge)
    }

    /// Takes away the value on top: what `push` hid is seen again.
    pub fn pop(&mut self, name: &str) {
        if let Some(values) = self.values.get_mut(name) {
            if let Some(value) = values.pop() {
                self.bytes -= value.text.len();
            }
            if values.is_empty() {
                self.values.remove(name);
            }
        }
    }

    /// What a channel made by this one begins with.
    pub fn inherited(&self) -> Variables {
        let mut child = Variables::default();
        for (name, values) in &self.values {
            let Some(value) = values.last().filter(|v| v.inherit > Inherit::No) else {
                continue;
            };
            let inherit = match value.inherit {
                Inherit::Always => Inherit::Always,
                _ => Inherit::No,
            };
            child.bytes += value.text.len();
            child.values.insert(
                name.clone(),
                vec![Value {
                    text: value.text.clone(),
                    inherit,
                }],
            );
        }
        child
    }

    /// Every variable that is set, sorted by name.
    pub fn all(&self) -> Vec<(&str, &str)> {
        let tops = self
            .values
            .iter()
            .filter_map(|(n, v)| Some((n.as_str(), v.last()?.text.as_str())));
        let mut all: Vec<_> = tops.collect();
        all.sort_unstable();
        all
    }
}

/// The bytes of all values once this one is there too.
fn room_for(bytes: usize, text: &str) -> Result<usize, TooLarge> {
    let bytes = bytes + text.len();
    let fits = text.len() <= limits::VARIABLE_BYTES && bytes <= limits::VARIABLES_BYTES;
    fits.then_some(bytes).ok_or(TooLarge)
}

/// What all calls share: global variables, which outlive a reload, and what calls let each other see.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    variables: Arc<Mutex<HashMap<String, String>>>,
    calls: Calls,
}

impl Globals {
    /// Without any variable; what a dialplan's `[globals]` sets is taken in with `adopt`.
    pub fn new() -> Self {
        Globals::default()
    }

    /// Sets what the dialplan's `[globals]` sets; call it after each successful load. With `clearglobalvars`, those
    /// that it does not set are forgotten.
    pub fn adopt(&self, dialplan: &Dialplan) {
        let mut variables = self.lock();
        if dialplan.settings.clear_globals {
            variables.clear();
        }
        variables.extend(dialplan.globals.iter().cloned());
    }

    /// The calls in progress.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// The value of a variable, where it is set.
    pub fn get(&self, name: &str) -> Option<String> {
        self.lock().get(unmark(name).0).cloned()
    }

    /// Sets a variable.
    pub fn set(&self, name: &str, text: impl Into<String>) -> Result<(), TooLarge> {
        let (name, text) = (unmark(name).0, text.into());
        let mut variables = self.lock();
        let known = variables.contains_key(name);
        if text.len() > limits::VARIABLE_BYTES
            || name.len() > limits::DIALPLAN_LINE_BYTES
            || !known && variables.len() >= limits::VARIABLES
        {
            return Err(TooLarge);
        }
        // Short values are bounded by their number; counting is for the long ones, which are rare.
        if text.len() > limits::GLOBALS_BYTES / limits::VARIABLES {
            let others = variables.iter().filter(|(other, _)| *other != name);
            let bytes: usize = others.map(|(_, value)| value.len()).sum();
            if bytes + text.len() > limits::GLOBALS_BYTES {
                return Err(TooLarge);
            }
        }
        variables.insert(name.to_string(), text);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // A panic elsewhere leaves the table whole: each operation is one insertion.
        self.variables
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
