//! The values of variables and functions in a run, as substitution asks for them.

use super::Run;
use crate::dialplan::substitute::{self, Found, Values};
use crate::dialplan::switch::Lookup;
use crate::dialplan::{apps, functions};
use crate::limits;
use crate::secret::Private;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::SystemTime;

impl Run<'_> {
    fn builtin(&self, name: &str, out: &mut String) -> bool {
        match name {
            "EXTEN" => out.push_str(&self.at.extension),
            "CONTEXT" => out.push_str(&self.at.context),
            "PRIORITY" => {
                let _ = write!(out, "{}", self.at.priority);
            }
            "CHANNEL" => out.push_str(&self.channel.facts().channel),
            "UNIQUEID" => out.push_str(&self.channel.facts().unique_id),
            "HANGUPCAUSE" => {
                let _ = write!(out, "{}", self.channel.hangup_cause());
            }
            "EPOCH" => {
                let now = self.channel.wall_clock().duration_since(SystemTime::UNIX_EPOCH);
                let _ = write!(out, "{}", now.unwrap_or_default().as_secs());
            }
            "SYSTEMNAME" => out.push_str("obelus"),
            _ => return false,
        }
        true
    }

    /// The value of a variable: built in, else the channel's, else global.
    pub(in crate::dialplan) fn value_of(&self, name: &str) -> Option<Cow<'_, str>> {
        if name.bytes().all(|c| c.is_ascii_uppercase()) {
            let mut text = String::new();
            if self.builtin(name, &mut text) {
                return Some(Cow::Owned(text));
            }
        }
        match self.variables.get(name) {
            Some(value) => Some(Cow::Borrowed(value)),
            None => self.globals.get(name).map(Cow::Owned),
        }
    }
}

impl Lookup for Run<'_> {
    fn lookup(&self, name: &str) -> Option<Cow<'_, str>> {
        self.value_of(name)
    }
}

impl Values for Run<'_> {
    fn variable(&mut self, name: &str) -> Cow<'_, str> {
        self.value_of(name).unwrap_or(Cow::Borrowed(""))
    }

    fn function(&mut self, name: &str, arguments: &str) -> Found {
        let Some(function) = functions::find(name) else {
            return Found::Unknown;
        };
        if function.waits().is_some() {
            return Found::Waits;
        }
        match self
            .permitted(function)
            .and_then(|()| function.read(self, arguments))
        {
            Ok(mut value) => {
                substitute::cut(&mut value, limits::VARIABLE_BYTES);
                Found::Value(value)
            }
            Err(message) => {
                self.complain(format!("{name}({arguments}): {message}"));
                Found::Value(String::new())
            }
        }
    }

    fn complain(&mut self, message: String) {
        /// A loop repeats its complaint: the first few are enough.
        const COMPLAINTS: u32 = 20;
        self.complaints = self.complaints.saturating_add(1);
        if self.complaints <= COMPLAINTS {
            let message = apps::shown(&message);
            tracing::warn!(
                context = %self.at.context,
                extension = %Private(&self.at.extension),
                priority = self.at.priority,
                "dialplan: {message}"
            );
            self.remarks.push(message);
        }
        if self.complaints == COMPLAINTS {
            tracing::warn!("dialplan: further warnings of this call are not shown");
        }
    }
}
