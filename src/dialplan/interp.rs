//! The run loop: one call's way through its dialplan.
//!
//! The special extensions: `s` where a call has no number, `i` for what was entered or gone to and does not exist,
//! `t` where nothing was entered in time, `T` when the absolute timeout has passed, `e` for an error and for each of
//! those where it has no extension of its own, `h` after the end.

use super::absent;
use super::apps;
use super::ast::{App, Dialplan, Located, Query};
use super::calls::Presence;
use super::channel::{Audio, CallerId, Channel, Gone, Indication, Played, RecordRequest, Recorded};
use super::frames::{Frame, Return};
use super::functions::{self, CurlOptions, Hashes};
use super::party::Parties;
use super::record::CallRecord;
use super::say::Grammar;
use super::services::{Services, TextMessage};
use super::substitute::{self, Found, Progress, Reference, Substitution, Values};
use super::switch::{Elsewhere, Lookup};
use super::variables::{Globals, TooLarge, Variables};
use crate::limits;
use crate::rng::Rng;
use crate::secret::Private;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A priority of an extension of a context.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// Context.
    pub context: String,
    /// Extension, as dialled.
    pub extension: String,
    /// Priority.
    pub priority: u32,
}

/// Where the dialplan goes after an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To the next priority.
    Next,
    /// Elsewhere.
    Goto(Place),
    /// The caller pressed a key: collect an extension that begins with it.
    Digit(char),
    /// Nowhere: the call ends with this Q.850 cause.
    Hangup(u8),
}

/// Why an application could not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The caller hung up, or the absolute timeout passed.
    Gone,
    /// It failed: `e` handles it, else the call ends. The text is for the log.
    Failed(String),
    /// A bound was passed; the call ends.
    Bound(String),
}

impl From<Gone> for Stop {
    fn from(Gone: Gone) -> Self {
        Stop::Gone
    }
}

impl From<TooLarge> for Stop {
    fn from(TooLarge: TooLarge) -> Self {
        Stop::Failed("a variable is too long, or there are too many".to_string())
    }
}

/// What an application gives back.
pub type Outcome = Result<Flow, Stop>;

/// How a call's dialplan ended. The call is hung up in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The dialplan ended it: `Hangup`, or the steps ran out. With the Q.850 cause.
    Hangup {
        /// Q.850.
        cause: u8,
    },
    /// The caller hung up.
    CallerGone,
    /// It could not go on: an endless loop, an application that failed. The text is for the log.
    Fault(String),
}

/// Q.850: normal clearing, which a call ends with where nothing else is known.
pub const NORMAL_CLEARING: u8 = 16;
/// Q.850: user busy.
pub(super) const USER_BUSY: u8 = 17;
/// Q.850: no circuit available.
pub(super) const CONGESTION: u8 = 34;
/// Q.850: interworking, unspecified: the dialplan failed.
const FAILURE: u8 = 127;

/// How long digits are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Between digits.
    pub digit: Duration,
    /// For the first.
    pub response: Duration,
    /// When the absolute timeout passes, by the wall clock.
    pub absolute: Option<SystemTime>,
}

/// What RaiseException and the run loop leave for the function EXCEPTION.
#[derive(Clone, Debug, Default)]
pub struct Exception {
    /// INVALID, RESPONSETIMEOUT, ABSOLUTETIMEOUT, ERROR, or the author's own.
    pub reason: String,
    /// Where it happened.
    pub place: Place,
}

/// The state of one call's dialplan.
pub struct Run<'c> {
    /// What it runs; the one that it began with.
    pub(super) plan: Arc<Dialplan>,
    /// The call.
    pub(super) channel: &'c mut dyn Channel,
    /// Shared with other calls.
    pub(super) globals: Globals,
    /// The machine.
    pub(super) services: Arc<dyn Services>,
    /// For RAND.
    pub(super) rng: Rng,
    /// The channel's own variables.
    pub(super) variables: Variables,
    /// Subroutines entered and not yet left.
    pub(super) frames: Vec<Frame>,
    /// Where it is.
    pub(super) at: Place,
    /// The caller, as CALLERID has it by now.
    pub(super) caller: CallerId,
    /// What else is known of the caller, and the other parties.
    pub(super) parties: Parties,
    /// The number called, as CALLERID(dnid) has it by now.
    pub(super) dialled: String,
    /// TIMEOUT.
    pub(super) timeouts: Timeouts,
    /// CHANNEL(language): the folder of the sounds.
    pub(super) language: String,
    /// CHANNEL(tonezone): the country of the tones.
    pub(super) tone_zone: String,
    /// What else CHANNEL can be told and tells again.
    pub(super) settings: BTreeMap<&'static str, String>,
    /// CDR.
    pub(super) record: CallRecord,
    /// HASH.
    pub(super) hashes: Hashes,
    /// MESSAGE: what MessageSend sends.
    pub(super) message: TextMessage,
    /// MESSAGE_DATA.
    pub(super) message_data: Variables,
    /// CURLOPT.
    pub(super) curl: CurlOptions,
    /// GROUP and SHARED. Its end is the end of the call, also by a panic.
    pub(super) presence: Presence,
    /// EXCEPTION.
    pub(super) exception: Exception,
    /// Steps since the caller last heard or did something.
    pub(super) quiet_steps: u64,
    /// Steps since another task had its turn.
    steps_at_once: u64,
    complaints: u32,
    /// The complaints that the log has, for the author's tools.
    pub(super) remarks: Vec<String>,
    /// Subroutines to run after the call, the last one first.
    pub(super) hangup_handlers: Vec<String>,
    /// Functions that evaluate text, within one another.
    pub(super) eval_depth: usize,
    /// Applications that run others, within one another.
    call_depth: usize,
}

/// Runs a call's dialplan from the place that the channel's facts name, until the call is over and its `h` extension
/// has run. The generator feeds `RAND` and the like.
pub async fn run(
    dialplan: Arc<Dialplan>,
    channel: &mut dyn Channel,
    globals: Globals,
    services: Arc<dyn Services>,
    rng: Rng,
) -> RunEnd {
    Run::new(dialplan, channel, globals, services, rng)
        .complete()
        .await
}

impl<'c> Run<'c> {
    /// Ready to run from where the channel's facts say.
    pub(super) fn new(
        plan: Arc<Dialplan>,
        channel: &'c mut dyn Channel,
        globals: Globals,
        services: Arc<dyn Services>,
        rng: Rng,
    ) -> Self {
        let started = channel.wall_clock();
        let presence = globals.calls().enter(&channel.facts().channel);
        let facts = channel.facts();
        let extension = if facts.did.is_empty() { "s" } else { &facts.did };
        let at = Place {
            context: facts.context.clone(),
            extension: extension.to_string(),
            priority: 1,
        };
        let mut variables = Variables::default();
        // These fit: there are only two, and a SIP message is shorter than a variable may be.
        let _ = variables.set("TRUNK", facts.trunk.clone());
        let _ = variables.set("SIPCALLID", facts.call_id.clone());
        Run {
            at,
            caller: facts.caller.clone(),
            parties: Parties::of(facts),
            dialled: facts.did.clone(),
            language: plan.languages.default_name().to_string(),
            plan,
            channel,
            globals,
            services,
            rng,
            variables,
            frames: Vec::new(),
            timeouts: Timeouts {
                digit: Duration::from_secs(5),
                response: Duration::from_secs(10),
                absolute: None,
            },
            tone_zone: String::new(),
            settings: BTreeMap::new(),
            record: CallRecord::new(started),
            hashes: Hashes::default(),
            message: TextMessage::default(),
            message_data: Variables::default(),
            curl: CurlOptions::default(),
            presence,
            exception: Exception::default(),
            quiet_steps: 0,
            steps_at_once: 0,
            complaints: 0,
            remarks: Vec::new(),
            hangup_handlers: Vec::new(),
            eval_depth: 0,
            call_depth: 0,
        }
    }

    /// Runs the call, and what follows it.
    pub(super) async fn complete(&mut self) -> RunEnd {
        let end = self.whole_call().await;
        let cause = match &end {
            RunEnd::Hangup { cause } => *cause,
            RunEnd::CallerGone => NORMAL_CLEARING,
            RunEnd::Fault(_) => FAILURE,
        };
        self.channel.set_deadline(None);
        if self.channel.is_up() {
            self.channel.hangup(cause).await;
        }
        self.record.end = Some(self.channel.wall_clock());
        self.record.ended_at = Some(self.at.clone());
        self.after_hangup().await;
        end
    }

    async fn whole_call(&mut self) -> RunEnd {
        let end = self.lead(0).await;
        end.expect("fewer than no subroutines are never entered")
    }

    /// Runs from where it is until the call ends, or until fewer than `frames` subroutines are entered: then `None`.
    async fn lead(&mut self, frames: usize) -> Option<RunEnd> {
        loop {
            let outcome = match self.steps(frames).await {
                Ok(Ended::Returned) => return None,
                Ok(Ended::NoStep) => self.out_of_steps().await,
                Ok(Ended::Digit(digit)) => {
                    self.leave_macros();
                    self.collect(String::from(digit), self.timeouts.digit).await
                }
                Ok(Ended::Hangup(cause)) => Ok(Some(RunEnd::Hangup { cause })),
                Err(stop) => Err(stop),
            };
            let end = match outcome {
                Ok(end) => end,
                Err(Stop::Gone) if self.channel.is_up() => self.absolute_timeout(),
                Err(Stop::Gone) => Some(RunEnd::CallerGone),
                Err(Stop::Bound(message)) => {
                    tracing::error!(context = %self.at.context, "dialplan: {message}");
                    Some(RunEnd::Fault(message))
                }
                Err(Stop::Failed(message)) => self.failed(message),
            };
            if end.is_some() {
                return end;
            }
        }
    }

    /// Runs a subroutine within an application, and comes back to where it was: `None` once it has returned, else how
    /// the call ended meanwhile.
    pub(super) async fn subroutine(
        &mut self,
        place: Place,
        arguments: &[&str],
    ) -> Result<Option<RunEnd>, Stop> {
        self.push_frame(arguments, Return::Gosub)?;
        let entered = self.frames.len();
        let here = std::mem::replace(&mut self.at, place);
        let end = self.lead(entered).await;
        while self.frames.len() >= entered {
            self.leave_frame();
        }
        self.at = here;
        Ok(end)
    }

    /// Runs priorities from `at` until something else than a further priority follows, or until fewer than `frames`
    /// subroutines are entered.
    async fn steps(&mut self, frames: usize) -> Result<Ended, Stop> {
        let plan = self.plan.clone();
        loop {
            if self.frames.len() < frames {
                return Ok(Ended::Returned);
            }
            if !self.channel.is_up() {
                return Err(Stop::Gone);
            }
            self.count_step().await?;
            let Some(Located { step, elsewhere }) = self.located(&plan) else {
                return Ok(Ended::NoStep);
            };
            self.follow(elsewhere);
            let before = self.at.priority;
            match self
                .execute(step.app, &step.name.text, &step.arguments.text)
                .await?
            {
                Flow::Next => self.at.priority = before.saturating_add(1),
                Flow::Goto(place) => self.at = place,
                Flow::Digit(digit) => return Ok(Ended::Digit(digit)),
                Flow::Hangup(cause) => return Ok(Ended::Hangup(cause)),
            }
        }
    }

    /// The step at which the call is.
    fn located<'d>(&self, plan: &'d Dialplan) -> Option<Located<'d>> {
        plan.locate(&self.at.context, self.query(&self.at.extension), self.at.priority)
    }

    /// Goes where a switch found the step.
    fn follow(&mut self, elsewhere: Option<Elsewhere>) {
        if let Some(found) = elsewhere {
            self.at = Place {
                context: found.context,
                extension: found.extension,
                priority: found.priority,
            };
        }
    }

    async fn execute(&mut self, app: App, name: &str, arguments: &str) -> Outcome {
        // Also for one that is not here: the functions among its arguments may set something.
        let arguments = self.substitute(arguments).await;
        self.take_steps((arguments.len() / limits::DIALPLAN_STEP_BYTES) as u64)?;
        let App::Known(app) = app else {
            return absent::execute(self, name);
        };
        tracing::debug!(
            context = %self.at.context,
            extension = %Private(&self.at.extension),
            priority = self.at.priority,
            application = app.manual().name,
            "dialplan step"
        );
        self.may_run(app)?;
        self.record.step(app.manual().name, &arguments);
        let outcome = app.execute(self, &arguments).await;
        self.note_answer();
        outcome
    }

    /// Notes when the call was answered, for its record.
    fn note_answer(&mut self) {
        if self.record.answer.is_none() && self.channel.is_answered() {
            self.record.answer = Some(self.channel.wall_clock());
        }
    }

    /// Runs an application that is named in an argument: `Application(arguments)`, variables already replaced.
    pub(super) async fn execute_call(&mut self, call: &str) -> Outcome {
        let call = call.trim();
        let (name, arguments) = match call.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.rfind(')').map_or(rest, |end| &rest[..end])),
            None => (call, ""),
        };
        match apps::find(name) {
            Some(app) => self.execute_within(app, arguments).await,
            None => absent::execute(self, name),
        }
    }

    /// Runs an application within another, variables already replaced.
    pub(super) async fn execute_within(&mut self, app: &dyn apps::Application, arguments: &str) -> Outcome {
        self.may_run(app)?;
        // Exec(Exec(Exec(…))) is as deep as its text is long.
        if self.call_depth >= limits::SUBSTITUTION_DEPTH {
            return Err(Stop::Bound("applications run one another too deep".to_string()));
        }
        self.call_depth += 1;
        self.record.step(app.manual().name, arguments);
        let outcome = app.execute(self, arguments).await;
        self.note_answer();
        self.call_depth -= 1;
        outcome
    }

    /// Refuses an application that the configuration would have to allow by name, and does not: a name that is only
    /// known in the call gets past the load.
    fn may_run(&self, app: &dyn apps::Application) -> Result<(), Stop> {
        match app.permission() {
            Some(name) if !self.plan.allows(name) => {
                Err(Stop::Failed(format!("[dialplan] allow does not name {name}")))
            }
            _ => Ok(()),
        }
    }

    /// Each step counts against the budget for endless loops; now and then another task has its turn.
    pub(super) async fn count_step(&mut self) -> Result<(), Stop> {
        self.take_steps(1)?;
        self.steps_at_once += 1;
        if self.steps_at_once >= limits::DIALPLAN_STEPS_AT_ONCE {
            self.steps_at_once = 0;
            yield_now().await;
        }
        Ok(())
    }

    /// What the caller enters in a macro is an extension of the context that called it.
    fn leave_macros(&mut self) {
        while let Some(Frame {
            returns: Return::Macro,
            ..
        }) = self.frames.last()
        {
            self.at = self.leave_frame().unwrap_or_default();
        }
    }

    /// Counts against the budget of what may be done without the caller noticing.
    fn take_steps(&mut self, steps: u64) -> Result<(), Stop> {
        self.quiet_steps = self.quiet_steps.saturating_add(steps);
        if self.quiet_steps <= self.plan.steps {
            return Ok(());
        }
        Err(Stop::Bound(format!(
            "{} steps without the caller hearing anything, near {},{}: an endless loop",
            self.plan.steps, self.at.context, self.at.priority
        )))
    }

    /// There is no such priority: the end of a macro, an extension that does not exist, or its last step is done.
    async fn out_of_steps(&mut self) -> Result<Option<RunEnd>, Stop> {
        if matches!(
            self.frames.last(),
            Some(Frame {
                returns: Return::Macro,
                ..
            })
        ) {
            self.at = self.leave_frame().unwrap_or_default();
            return Ok(None);
        }
        if !self.exists(&self.at.context, &self.at.extension, 1) {
            let entered = self.at.extension.clone();
            return self.invalid(entered);
        }
        if !self.plan.settings.autofallthrough {
            return self.collect(String::new(), self.timeouts.response).await;
        }
        let (indication, cause) = match self.variables.get("DIALSTATUS") {
            Some("CONGESTION" | "CHANUNAVAIL") => (Indication::Congestion, CONGESTION),
            Some("BUSY") => (Indication::Busy, USER_BUSY),
            _ => {
                return Ok(Some(RunEnd::Hangup {
                    cause: NORMAL_CLEARING,
                }))
            }
        };
        self.channel.indicate(indication).await?;
        self.sleep(Duration::from_secs(10)).await?;
        Ok(Some(RunEnd::Hangup { cause }))
    }

    /// Waits for the digits of an extension, of which `typed` came already, and goes there.
    pub(super) async fn collect(
        &mut self,
        mut typed: String,
        first: Duration,
    ) -> Result<Option<RunEnd>, Stop> {
        let mut wait = first;
        while typed.len() < limits::DIGITS && self.could_match_more(&self.at.context, &typed) {
            match self.read_digit(wait).await? {
                Some(digit) => typed.push(digit),
                None => break,
            }
            wait = self.timeouts.digit;
        }
        if !typed.is_empty() && self.exists(&self.at.context, &typed, 1) {
            self.at.extension = typed;
            self.at.priority = 1;
            return Ok(None);
        }
        if typed.is_empty() {
            return Ok(self.response_timeout());
        }
        self.invalid(typed)
    }

    /// Nothing was entered in time: `t`, else `e`, else the end.
    pub(super) fn response_timeout(&mut self) -> Option<RunEnd> {
        if self.go_to_special("t") || self.raise("RESPONSETIMEOUT") {
            return None;
        }
        Some(RunEnd::Hangup {
            cause: NORMAL_CLEARING,
        })
    }

    /// What was entered or gone to does not exist: `i`, else `e`, else the end.
    pub(super) fn invalid(&mut self, entered: String) -> Result<Option<RunEnd>, Stop> {
        if self.exists(&self.at.context, "i", 1) && self.at.extension != "i" {
            self.variables.set("INVALID_EXTEN", entered)?;
            self.go_to_special("i");
            return Ok(None);
        }
        if self.at.extension != "e" && self.raise("INVALID") {
            return Ok(None);
        }
        tracing::warn!(
            context = %self.at.context,
            extension = %Private(&entered),
            "dialplan: the call was sent to an extension that does not exist, and its context has no i"
        );
        Ok(Some(RunEnd::Hangup {
            cause: NORMAL_CLEARING,
        }))
    }

    fn absolute_timeout(&mut self) -> Option<RunEnd> {
        self.channel.set_deadline(None);
        self.timeouts.absolute = None;
        if self.go_to_special("T") || self.raise("ABSOLUTETIMEOUT") {
            return None;
        }
        Some(RunEnd::Hangup {
            cause: NORMAL_CLEARING,
        })
    }

    fn failed(&mut self, message: String) -> Option<RunEnd> {
        let message = apps::shown(&message);
        tracing::warn!(
            context = %self.at.context,
            extension = %Private(&self.at.extension),
            priority = self.at.priority,
            "dialplan: {message}"
        );
        // An error of the error handler itself ends the call.
        if self.at.extension != "e" && self.raise("ERROR") {
            return None;
        }
        Some(RunEnd::Fault(message))
    }

    fn go_to_special(&mut self, extension: &str) -> bool {
        let found = self.exists(&self.at.context, extension, 1);
        if found {
            self.at.extension = extension.to_string();
            self.at.priority = 1;
        }
        found
    }

    /// Goes to `e`, leaving why for EXCEPTION; `false` where there is no `e`.
    pub(super) fn raise(&mut self, reason: &str) -> bool {
        if !self.exists(&self.at.context, "e", 1) {
            return false;
        }
        self.exception = Exception {
            reason: reason.to_string(),
            place: self.at.clone(),
        };
        self.go_to_special("e")
    }

    /// Runs `h` of the context in which the call ended, then the hangup handlers, the last one first.
    async fn after_hangup(&mut self) {
        self.quiet_steps = 0;
        if self.go_to_special("h") {
            self.run_down(None).await;
        }
        // Taken out first: one that a handler adds would never end.
        for handler in std::mem::take(&mut self.hangup_handlers).into_iter().rev() {
            let depth = self.frames.len();
            match self.enter(&handler) {
                Ok(place) => {
                    self.at = place;
                    self.run_down(Some(depth)).await;
                }
                Err(stop) => self.complain(format!("a hangup handler: {stop:?}")),
            }
        }
    }

    /// Runs steps of a call that is over, until there is none, one fails, or the subroutine above `depth` is left.
    async fn run_down(&mut self, depth: Option<usize>) {
        let plan = self.plan.clone();
        while depth.is_none_or(|depth| self.frames.len() > depth) {
            if let Err(stop) = self.count_step().await {
                tracing::error!(?stop, "dialplan: h was ended");
                return;
            }
            let Some(Located { step, elsewhere }) = self.located(&plan) else {
                match self.frames.last() {
                    Some(Frame {
                        returns: Return::Macro,
                        ..
                    }) => {
                        self.at = self.leave_frame().unwrap_or_default();
                        continue;
                    }
                    _ => return,
                }
            };
            self.follow(elsewhere);
            match self
                .execute(step.app, &step.name.text, &step.arguments.text)
                .await
            {
                Ok(Flow::Next) => self.at.priority = self.at.priority.saturating_add(1),
                Ok(Flow::Goto(place)) => self.at = place,
                Ok(Flow::Digit(_) | Flow::Hangup(_)) => return,
                Err(stop) => {
                    tracing::debug!(?stop, "dialplan: h was ended");
                    return;
                }
            }
        }
    }

    // What applications and functions ask.

    /// Whether there is such a step for this caller.
    pub(super) fn exists(&self, context: &str, extension: &str, priority: u32) -> bool {
        self.plan.step(context, self.query(extension), priority).is_some()
    }

    /// A search for an extension, for this caller, now.
    pub(super) fn query<'q>(&'q self, extension: &'q str) -> Query<'q> {
        Query {
            extension,
            caller: &self.caller.number,
            now: self.channel.wall_clock(),
            variables: Some(self),
        }
    }

    /// The time by which conditions go: the clock, or what TESTTIME put in its place.
    pub(super) fn time_of_conditions(&self) -> SystemTime {
        let test = self
            .variables
            .get("TESTTIME")
            .and_then(substitute::leading_integer);
        let test = test.and_then(|seconds| u64::try_from(seconds).ok());
        test.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            .unwrap_or_else(|| self.channel.wall_clock())
    }

    /// Whether more digits could lead to another extension.
    pub(super) fn could_match_more(&self, context: &str, typed: &str) -> bool {
        self.plan.could_match_more(context, self.query(typed))
    }

    /// The place that the text `[[context,]extension,]priority` names. A label must exist; a number need not.
    pub(super) fn target(&self, text: &str) -> Result<Place, String> {
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
    pub(super) async fn substitute<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
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
    async fn waited_for(&mut self, name: &str, arguments: &str) -> String {
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
    fn permitted(&self, function: &dyn functions::Function) -> Result<(), String> {
        match function.permission() {
            Some(name) if !self.plan.allows(name) => Err(format!("[dialplan] allow does not name {name}")),
            _ => Ok(()),
        }
    }

    /// The value of a variable, or of a function where the name is `FUNC(arguments)`: what functions take by name.
    pub(super) fn named(&mut self, name: &str) -> String {
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
    pub(super) async fn named_now(&mut self, name: &str) -> Option<String> {
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
    fn within<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.eval_depth >= limits::SUBSTITUTION_DEPTH {
            return Err("functions name one another too deep".to_string());
        }
        self.eval_depth += 1;
        let result = body(self);
        self.eval_depth -= 1;
        result
    }

    /// Sets what Set sets: a variable, or a function where the name is `FUNC(arguments)`.
    pub(super) fn assign(&mut self, name: &str, value: &str) -> Result<(), String> {
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
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        if self.variables.set(name, value).is_err() {
            self.complain(format!("{name} could not be set"));
        }
    }

    /// What a sound is called in the language of the call, else in the default one; `None` where it is in neither.
    pub(super) fn sound(&self, name: &str) -> Option<String> {
        let names = self.plan.languages.sound_names(&self.language, name);
        names.into_iter().find(|name| self.channel.has_sound(name))
    }

    /// How the language of the call says numbers and dates.
    pub(super) fn grammar(&self) -> &Grammar {
        self.plan.languages.grammar(&self.language)
    }

    /// Plays what exists of the sounds; tells how it ended. What does not exist is named in the log.
    pub(super) async fn play(&mut self, audio: &[Audio], interrupt: &str) -> Result<Played, Gone> {
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
    pub(super) fn heard_of(&mut self) {
        self.quiet_steps = 0;
    }

    /// Something took the time since `begun`: where that is some, no endless loop turns here.
    pub(super) fn time_passed(&mut self, begun: SystemTime) {
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
    pub(super) async fn read_digit(&mut self, timeout: Duration) -> Result<Option<char>, Gone> {
        let digit = self.channel.read_digit(timeout).await?;
        // A caller cannot press a key as fast as a loop turns; a wait took time.
        if digit.is_some() || timeout >= Duration::from_millis(10) {
            self.quiet_steps = 0;
        }
        Ok(digit)
    }

    /// Waits.
    pub(super) async fn sleep(&mut self, time: Duration) -> Result<(), Gone> {
        self.channel.sleep(time).await?;
        if time >= Duration::from_millis(10) {
            self.quiet_steps = 0;
        }
        Ok(())
    }

    /// Records.
    pub(super) async fn record(&mut self, request: RecordRequest) -> Result<Recorded, Gone> {
        let recorded = self.channel.record(request).await?;
        if recorded.duration >= Duration::from_millis(10) {
            self.quiet_steps = 0;
        }
        Ok(recorded)
    }

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
    pub(super) fn value_of(&self, name: &str) -> Option<Cow<'_, str>> {
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

/// How a run of priorities ended.
enum Ended {
    /// The subroutine that was to be run has returned.
    Returned,
    NoStep,
    Digit(char),
    Hangup(u8),
}

/// Lets other tasks run, whatever the executor: pending once, and woken at once.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
