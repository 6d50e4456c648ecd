//! Subroutines: Gosub's frames, with their arguments and local variables.

use super::arguments::split_raw;
use super::interp::{Place, Run, Stop};
use crate::limits;

/// One subroutine that was entered and not yet left.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where it was called: Return goes to the next priority.
    pub called_at: Place,
    /// Names of the variables that hide others until it is left.
    pub locals: Vec<String>,
    /// How many ARGn it has set, hiding those of the caller included.
    pub arguments: usize,
    /// What ends it.
    pub returns: Return,
}

/// What ends a subroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// Return.
    Gosub,
    /// The end of its steps as well: what Macro was.
    Macro,
}

/// Most arguments that a subroutine takes; Asterisk's bound.
const ARGUMENTS: usize = 255;

impl Run<'_> {
    /// Enters a subroutine: `[[context,]extension,]priority[(arguments)]`. Where its place does not exist, an error, and
    /// nothing has changed. `None` where the text names nothing.
    pub(super) fn enter(&mut self, text: &str) -> Result<Place, Stop> {
        let (target, arguments) = match text.split_once('(') {
            Some((target, rest)) => (target, rest.rfind(')').map_or(rest, |end| &rest[..end])),
            None => (text, ""),
        };
        let place = self.target(target).map_err(Stop::Failed)?;
        if !self.exists(&place.context, &place.extension, place.priority) {
            return Err(Stop::Failed(format!("Gosub to {target}, which does not exist")));
        }
        self.push_frame(&split_raw(arguments), Return::Gosub)?;
        Ok(place)
    }

    /// Adds a frame with these arguments as ARG1…
    pub(super) fn push_frame(&mut self, arguments: &[&str], returns: Return) -> Result<(), Stop> {
        if self.frames.len() >= limits::GOSUB_DEPTH {
            return Err(Stop::Bound(format!(
                "more than {} subroutines within one another",
                limits::GOSUB_DEPTH
            )));
        }
        let given = arguments.len().min(ARGUMENTS);
        // The arguments of the caller are hidden, also those that this call does not give.
        let hidden = self.frames.last().map_or(0, |frame| frame.arguments);
        let count = given.max(hidden);
        let mut frame = Frame {
            called_at: self.at.clone(),
            locals: Vec::new(),
            arguments: count,
            returns,
        };
        for index in 0..count {
            let name = format!("ARG{}", index + 1);
            self.variables
                .push(&name, arguments.get(index).copied().unwrap_or(""))?;
            frame.locals.push(name);
        }
        self.variables.push("ARGC", given.to_string())?;
        frame.locals.push("ARGC".to_string());
        self.frames.push(frame);
        Ok(())
    }

    /// Makes a variable local to the subroutine, or sets it where it is already.
    pub(super) fn set_local(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Some(frame) = self.frames.last_mut() else {
            return Err("LOCAL is only there within a Gosub".to_string());
        };
        let result = if frame.locals.iter().any(|local| local == name) {
            self.variables.set(name, value)
        } else {
            frame.locals.push(name.to_string());
            self.variables.push(name, value)
        };
        result.map_err(|_| format!("{name} is too long, or there are too many"))
    }

    /// Leaves the subroutine: its variables go, and the place after its call comes back. `None` outside any.
    pub(super) fn leave_frame(&mut self) -> Option<Place> {
        let frame = self.frames.pop()?;
        for local in &frame.locals {
            self.variables.pop(local);
        }
        let mut place = frame.called_at;
        place.priority = place.priority.saturating_add(1);
        Some(place)
    }
}
