//! What is kept of a call for the function CDR: who, where to, when, and what its author adds.

use super::interp::Place;
use crate::limits;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// A call's record. It lives as long as the call's dialplan: what is to stay of it, the dialplan writes elsewhere.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// When the call came.
    pub start: SystemTime,
    /// When it was answered.
    pub answer: Option<SystemTime>,
    /// When it was over.
    pub end: Option<SystemTime>,
    /// Where it was when it was over: `h` is not where the call went.
    pub ended_at: Option<Place>,
    /// The application that ran last.
    pub last_app: String,
    /// Its arguments.
    pub last_data: String,
    /// Whom it is charged to.
    pub account: String,
    /// What the author notes.
    pub userfield: String,
    /// What is to become of records like this one.
    pub flags: Flags,
    /// Fields that the author added.
    added: BTreeMap<String, String>,
}

/// AMA flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flags {
    /// Not to be recorded.
    Omit = 1,
    /// For the bill.
    Billing = 2,
    /// For the books.
    #[default]
    Documentation = 3,
}

impl Flags {
    /// By name or number.
    pub fn parse(text: &str) -> Result<Flags, String> {
        Ok(match text.trim().to_ascii_uppercase().as_str() {
            "OMIT" | "1" => Flags::Omit,
            "BILLING" | "2" => Flags::Billing,
            "DOCUMENTATION" | "DEFAULT" | "3" => Flags::Documentation,
            other => return Err(format!("{other} is not one of omit, billing and documentation")),
        })
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Flags::Omit => "OMIT",
            Flags::Billing => "BILLING",
            Flags::Documentation => "DOCUMENTATION",
        }
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Nobody answered.
    NoAnswer = 0,
    /// It was answered as busy.
    Busy = 4,
    /// It was answered.
    Answered = 8,
    /// There was no way.
    Congestion = 16,
}

impl Disposition {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Disposition::NoAnswer => "NO ANSWER",
            Disposition::Busy => "BUSY",
            Disposition::Answered => "ANSWERED",
            Disposition::Congestion => "CONGESTION",
        }
    }
}

impl CallRecord {
    /// Of a call that comes now.
    pub fn new(start: SystemTime) -> Self {
        CallRecord {
            start,
            answer: None,
            end: None,
            ended_at: None,
            last_app: String::new(),
            last_data: String::new(),
            account: String::new(),
            userfield: String::new(),
            flags: Flags::default(),
            added: BTreeMap::new(),
        }
    }

    /// Begins anew, as of a call that comes now and is answered if it was; `added` says whether the author's fields stay.
    pub fn reset(&mut self, now: SystemTime, added: bool) {
        self.start = now;
        self.answer = self.answer.map(|_| now);
        self.end = None;
        if !added {
            self.added.clear();
        }
    }

    /// Notes the application that runs.
    pub fn step(&mut self, app: &str, data: &str) {
        // In place: this happens at every step.
        self.last_app.clear();
        self.last_app.push_str(app);
        self.last_data.clear();
        self.last_data.push_str(data);
    }

    /// How long the call lasts, or lasted.
    pub fn duration(&self, now: SystemTime) -> Duration {
        self.end
            .unwrap_or(now)
            .duration_since(self.start)
            .unwrap_or_default()
    }

    /// How long of it was after an answer.
    pub fn billed(&self, now: SystemTime) -> Duration {
        let end = self.end.unwrap_or(now);
        let billed = self.answer.and_then(|answer| end.duration_since(answer).ok());
        billed.unwrap_or_default()
    }

    /// What became of it, the Q.850 cause of its end given, or 0.
    pub fn disposition(&self, cause: u8) -> Disposition {
        match (self.answer, cause) {
            (Some(_), _) => Disposition::Answered,
            (None, 17) => Disposition::Busy,
            (None, 34 | 42) => Disposition::Congestion,
            (None, _) => Disposition::NoAnswer,
        }
    }

    /// A field that the author added; empty where there is none.
    pub fn added(&self, name: &str) -> &str {
        self.added.get(name).map_or("", String::as_str)
    }

    /// Adds a field, or sets it anew.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        let known = self.added.contains_key(name);
        if !known && self.added.len() >= limits::CALL_RECORD_FIELDS
            || name.len().max(value.len()) > limits::DIALPLAN_LINE_BYTES
        {
            return Err("the record of the call is full".to_string());
        }
        self.added.insert(name.to_string(), value.to_string());
        Ok(())
    }
}
