//! The run loop: one call's way through its dialplan.
//!
//! The special extensions: `s` where a call has no number, `i` for what was entered or gone to and does not exist,
//! `t` where nothing was entered in time, `T` when the absolute timeout has passed, `e` for an error and for each of
//! those where it has no extension of its own, `h` after the end: `ends`. What applications ask is in `asks`, the values
//! that a text names in `values`.

mod asks;
mod ends;
mod values;

use crate::dialplan::absent;
use crate::dialplan::apps;
use crate::dialplan::ast::{App, Dialplan, Located};
use crate::dialplan::calls::Presence;
use crate::dialplan::channel::{CallerId, Channel, Gone};
use crate::dialplan::frames::{Frame, Return};
use crate::dialplan::functions::{CurlOptions, Hashes};
use crate::dialplan::party::Parties;
use crate::dialplan::record::CallRecord;
use crate::dialplan::services::{Services, TextMessage};
use crate::dialplan::switch::Elsewhere;
use crate::dialplan::variables::{Globals, TooLarge, Variables};
use crate::limits;
use crate::rng::Rng;
use crate::secret::Private;
use std::collections::BTreeMap;
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
pub(in crate::dialplan) const USER_BUSY: u8 = 17;
/// Q.850: no circuit available.
pub(in crate::dialplan) const CONGESTION: u8 = 34;
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
    pub(in crate::dialplan) plan: Arc<Dialplan>,
    /// The call.
    pub(in crate::dialplan) channel: &'c mut dyn Channel,
    /// Shared with other calls.
    pub(in crate::dialplan) globals: Globals,
    /// The machine.
    pub(in crate::dialplan) services: Arc<dyn Services>,
    /// For RAND.
    pub(in crate::dialplan) rng: Rng,
    /// The channel's own variables.
    pub(in crate::dialplan) variables: Variables,
    /// Subroutines entered and not yet left.
    pub(in crate::dialplan) frames: Vec<Frame>,
    /// Where it is.
    pub(in crate::dialplan) at: Place,
    /// The caller, as CALLERID has it by now.
    pub(in crate::dialplan) caller: CallerId,
    /// What else is known of the caller, and the other parties.
    pub(in crate::dialplan) parties: Parties,
    /// The number called, as CALLERID(dnid) has it by now.
    pub(in crate::dialplan) dialled: String,
    /// TIMEOUT.
    pub(in crate::dialplan) timeouts: Timeouts,
    /// CHANNEL(language): the folder of the sounds.
    pub(in crate::dialplan) language: String,
    /// CHANNEL(tonezone): the country of the tones.
    pub(in crate::dialplan) tone_zone: String,
    /// What else CHANNEL can be told and tells again.
    pub(in crate::dialplan) settings: BTreeMap<&'static str, String>,
    /// CDR.
    pub(in crate::dialplan) record: CallRecord,
    /// HASH.
    pub(in crate::dialplan) hashes: Hashes,
    /// MESSAGE: what MessageSend sends.
    pub(in crate::dialplan) message: TextMessage,
    /// MESSAGE_DATA.
    pub(in crate::dialplan) message_data: Variables,
    /// CURLOPT.
    pub(in crate::dialplan) curl: CurlOptions,
    /// GROUP and SHARED. Its end is the end of the call, also by a panic.
    pub(in crate::dialplan) presence: Presence,
    /// EXCEPTION.
    pub(in crate::dialplan) exception: Exception,
    /// Steps since the caller last heard or did something.
    pub(in crate::dialplan) quiet_steps: u64,
    /// Steps since another task had its turn.
    steps_at_once: u64,
    complaints: u32,
    /// The complaints that the log has, for the author's tools.
    pub(in crate::dialplan) remarks: Vec<String>,
    /// Wrong telephone codes in this call.
    pub(in crate::dialplan) wrong_codes: u32,
    /// Subroutines to run after the call, the last one first.
    pub(in crate::dialplan) hangup_handlers: Vec<String>,
    /// Functions that evaluate text, within one another.
    pub(in crate::dialplan) eval_depth: usize,
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
    pub(in crate::dialplan) fn new(
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
            wrong_codes: 0,
            hangup_handlers: Vec::new(),
            eval_depth: 0,
            call_depth: 0,
        }
    }

    /// Runs the call, and what follows it.
    pub(in crate::dialplan) async fn complete(&mut self) -> RunEnd {
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
    pub(in crate::dialplan) async fn subroutine(
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
    pub(in crate::dialplan) async fn execute_call(&mut self, call: &str) -> Outcome {
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
    pub(in crate::dialplan) async fn execute_within(
        &mut self,
        app: &dyn apps::Application,
        arguments: &str,
    ) -> Outcome {
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
    pub(in crate::dialplan) async fn count_step(&mut self) -> Result<(), Stop> {
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
