//! What applications and functions ask of a run: places, texts with values put in, assignments, sounds, keys, time.

use super::{Place, Run};
use crate::dialplan::ast::Query;
use crate::dialplan::channel::{Audio, Gone, Played, RecordRequest, Recorded};
use crate::dialplan::functions;
use crate::dialplan::say::Grammar;
use crate::dialplan::substitute::{self, Found, Progress, Reference, Substitution, Values};
use crate::dialplan::variables::TooLarge;
use crate::limits;
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

impl Run<'_> {
    /// Whether there is such a step for this caller.
    pub(in crate::dialplan) fn exists(&self, context: &str, extension: &str, priority: u32) -> bool {
        self.plan.step(context, self.query(extension), priority).is_some()
    }

    /// A search for an extension, for this caller, now.
    pub(in crate::dialplan) fn query<'q>(&'q self, extension: &'q str) -> Query<'q> {
        Query {
            extension,
            caller: &self.caller.number,
            now: self.channel.wall_clock(),
            variables: Some(self),
        }
    }

    /// The time by which conditions go: the clock, or what TESTTIME put in its place.
    pub(in crate::dialplan) fn time_of_conditions(&self) -> SystemTime {
        let test = self
            .variables
            .get("TESTTIME")
            .and_then(substitute::leading_integer);
        let test = test.and_then(|seconds| u64::try_from(seconds).ok());
        test.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            .unwrap_or_else(|| self.channel.wall_clock())
    }

    /// Whether more digits could lead to another extension.
    pub(in crate::dialplan) fn could_match_more(&self, context: &str, typed: &str) -> bool {
        self.plan.could_match_more(context, self.query(typed))
    }

    /// The place that the text `[[context,]extension,]priority` names. A label must exist; a number need not.
    pub(in crate::dialplan) fn target(&self, text: &str) -> Result<Place, String> {
        let mut parts = text.split(',').map(str::trim).rev();
        let priority = parts.next().unwrap_or("");
        let extension = parts
            .next()
            .filter(|e| !e.is_empty())
            .unwrap_or(&self.at.extension);
        let context = parts.next().filter(|c| !c.is_empty()).unwrap_or(&self.at.context);
        let relative = |sign: &str| priority.strip_prefix(sign).and_then(|n| n.parse::<u32>().ok());
        let number = if let Some(forward) = relative("+") {
            self.at.priority.checked_add(forward)
        } else if let Some(back) = relative("-") {
            self.at.priority.checked_sub(back)
        } else if let Some(number) = substitute::leading_integer(priority) {
            u32::try_from(number).ok()
        } else {
            self.plan.label(context, self.query(extension), priority)
        };
        match number.filter(|n| *n >= 1) {
            Some(priority) => Ok(Place {
                context: context.to_string(),
                extension: extension.to_string(),
                priority,
            }),
            None => Err(format!("there is no priority or label {priority} in {context}")),
        }
    }

    /// A text with variables, functions and expressions replaced.
    pub(in crate::dialplan) async fn substitute<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if !text.contains('$') {
            return Cow::Borrowed(text);
        }
        let mut substitution = Substitution::new(text);
        loop {
            match substitution.advance(self) {
                Progress::Done(text) => return Cow::Owned(text),
                Progress::Waits { name, arguments } => {
                    let value = self.waited_for(&name, &arguments).await;
                    substitution.resume(&value);
                }
            }
        }
    }

    /// The value of a function that takes time; empty, with a warning, where it has none.
    pub(super) async fn waited_for(&mut self, name: &str, arguments: &str) -> String {
        let Some(function) = functions::find(name) else {
            return String::new();
        };
        let value = match (self.permitted(function), function.waits()) {
            (Ok(()), Some(waiting)) => waiting.read(self, arguments).await,
            (Ok(()), None) => function.read(self, arguments),
            (Err(message), _) => Err(message),
        };
        value.unwrap_or_else(|message| {
            self.complain(format!("{name}({arguments}): {message}"));
            String::new()
        })
    }

    /// Refuses a function that the configuration would have to allow by name, and does not.
    pub(super) fn permitted(&self, function: &dyn functions::Function) -> Result<(), String> {
        match function.permission() {
            Some(name) if !self.plan.allows(name) => Err(format!("[dialplan] allow does not name {name}")),
            _ => Ok(()),
        }
    }

    /// The value of a variable, or of a function where the name is `FUNC(arguments)`: what functions take by name.
    pub(in crate::dialplan) fn named(&mut self, name: &str) -> String {
        let reference = Reference::parse(name.trim());
        let part = reference.part;
        let Some(arguments) = reference.arguments else {
            return part.of(&self.variable(reference.name)).to_string();
        };
        let found = self.within(|run| Ok(run.function(reference.name.trim(), arguments)));
        let found = found.unwrap_or_else(|message| {
            self.complain(message);
            Found::Unknown
        });
        match found {
            Found::Value(value) => part.of(&value).to_string(),
            Found::Waits => {
                self.complain(format!("{} takes time and cannot be named here", reference.name));
                String::new()
            }
            Found::Unknown => String::new(),
        }
    }

    /// The value of a variable or a function of that name, also of one that takes time; `None` where it is not set, or
    /// where the function fails.
    pub(in crate::dialplan) async fn named_now(&mut self, name: &str) -> Option<String> {
        let Some((function, rest)) = name.split_once('(') else {
            return self.value_of(name).map(Cow::into_owned);
        };
        let arguments = rest.rfind(')').map_or(rest, |end| &rest[..end]);
        let found = functions::find(function.trim())?;
        let value = match (self.permitted(found), found.waits()) {
            (Err(message), _) => Err(message),
            (Ok(()), Some(function)) => function.read(self, arguments).await,
            (Ok(()), None) => found.read(self, arguments),
        };
        match value {
            Ok(mut value) => {
                substitute::cut(&mut value, limits::VARIABLE_BYTES);
                Some(value)
            }
            Err(message) => {
                self.complain(format!("{name}: {message}"));
                None
            }
        }
    }

    /// A function that another names: they are as deep within one another as a text is long, so that is bounded.
    pub(super) fn within<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.eval_depth >= limits::SUBSTITUTION_DEPTH {
            return Err("functions name one another too deep".to_string());
        }
        self.eval_depth += 1;
        let result = body(self);
        self.eval_depth -= 1;
        result
    }

    /// Sets what Set sets: a variable, or a function where the name is `FUNC(arguments)`.
    pub(in crate::dialplan) fn assign(&mut self, name: &str, value: &str) -> Result<(), String> {
        if let (Some((function, arguments)), true) = (name.split_once('('), name.ends_with(')')) {
            let arguments = &arguments[..arguments.len() - 1];
            let Some(found) = functions::find(function) else {
                return Err(format!("there is no function called {function}"));
            };
            self.permitted(found)?;
            return self.within(|run| found.write(run, arguments, value));
        }
        self.variables
            .set(name, value)
            .map_err(|TooLarge| format!("{name} is too long, or there are too many"))
    }

    /// Sets a variable that an application sets; a value too long is left out, with a warning.
    pub(in crate::dialplan) fn set(&mut self, name: &str, value: impl Into<String>) {
        if self.variables.set(name, value).is_err() {
            self.complain(format!("{name} could not be set"));
        }
    }

    /// What a sound is called in the language of the call, else in the default one; `None` where it is in neither.
    pub(in crate::dialplan) fn sound(&self, name: &str) -> Option<String> {
        let names = self.plan.languages.sound_names(&self.language, name);
        names.into_iter().find(|name| self.channel.has_sound(name))
    }

    /// How the language of the call says numbers and dates.
    pub(in crate::dialplan) fn grammar(&self) -> &Grammar {
        self.plan.languages.grammar(&self.language)
    }

    /// Plays what exists of the sounds; tells how it ended. What does not exist is named in the log.
    pub(in crate::dialplan) async fn play(
        &mut self,
        audio: &[Audio],
        interrupt: &str,
    ) -> Result<Played, Gone> {
        let mut missing = None;
        let mut found = Vec::with_capacity(audio.len());
        for item in audio {
            let (Audio::File(name) | Audio::From { name, .. }) = item else {
                found.push(item.clone());
                continue;
            };
            match (self.sound(name), item) {
                (Some(name), Audio::From { start, .. }) => found.push(Audio::From { name, start: *start }),
                (Some(name), _) => found.push(Audio::File(name)),
                (None, _) => {
                    self.complain(format!("there is no sound {name}"));
                    missing = Some(name.clone());
                }
            }
        }
        let begun = self.channel.wall_clock();
        let played = match found.is_empty() {
            true => Played::Finished,
            false => self.channel.play(&found, interrupt).await?,
        };
        match &played {
            Played::Digit(_) => self.heard_of(),
            _ => self.time_passed(begun),
        }
        match (played, missing) {
            (Played::Finished, Some(name)) => Ok(Played::Missing(name)),
            (played, _) => Ok(played),
        }
    }

    /// The caller did something, or time passed that they could hear: no endless loop turns here.
    pub(in crate::dialplan) fn heard_of(&mut self) {
        self.quiet_steps = 0;
    }

    /// Something took the time since `begun`: where that is some, no endless loop turns here.
    pub(in crate::dialplan) fn time_passed(&mut self, begun: SystemTime) {
        /// Half a frame of audio; a loop that does nothing turns in a thousandth of that.
        const SOME: Duration = Duration::from_millis(10);
        if self
            .channel
            .wall_clock()
            .duration_since(begun)
            .is_ok_and(|passed| passed >= SOME)
        {
            self.heard_of();
        }
    }

    /// The next digit.
    pub(in crate::dialplan) async fn read_digit(&mut self, timeout: Duration) -> Result<Option<char>, Gone> {
        let digit = self.channel.read_digit(timeout).await?;
        // A caller cannot press a key as fast as a loop turns; a wait took time.
        if digit.is_some() || timeout >= Duration::from_millis(10) {
            self.quiet_steps = 0;
        }
        Ok(digit)
    }

    /// Waits.
    pub(in crate::dialplan) async fn sleep(&mut self, time: Duration) -> Result<(), Gone> {
        self.channel.sleep(time).await?;
        if time >= Duration::from_millis(10) {
            self.quiet_steps = 0;
        }
        Ok(())
    }

    /// Records.
    pub(in crate::dialplan) async fn record(&mut self, request: RecordRequest) -> Result<Recorded, Gone> {
        let recorded = self.channel.record(request).await?;
        if recorded.duration >= Duration::from_millis(10) {
            self.quiet_steps = 0;
        }
        Ok(recorded)
    }
}
