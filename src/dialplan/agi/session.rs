//! One AGI session: the environment goes out, then commands come in, each answered once.

use super::answer::Answer;
use super::commands::{self, Fault};
use super::{environment, line};
use crate::dialplan::channel::{Gone, Played};
use crate::dialplan::interp::{Flow, Outcome, Run, RunEnd, Stop, NORMAL_CLEARING};
use crate::dialplan::say::{self, Moment};
use crate::dialplan::services::{AgiError, AgiPeer, AgiTarget};
use crate::dialplan::substitute::{leading_integer, Values as _};
use crate::limits;
use futures_util::future::{select, Either};
use jiff::tz::TimeZone;
use jiff::Timestamp;
use std::time::Duration;

/// How long the end of a call is waited for at a time: calls are shorter.
const LONG: Duration = Duration::from_secs(86_400);

/// A session, as its commands see it.
pub struct Session<'r, 'c> {
    /// The call's dialplan.
    pub run: &'r mut Run<'c>,
    /// The program.
    pub peer: &'r mut dyn AgiPeer,
    /// The program named the priority at which the dialplan goes on: not that after AGI.
    pub goes_on_here: bool,
    /// How the call ended, where the program ended it.
    pub hung_up: Option<u8>,
    network: bool,
    /// The call is over, or was before the session began.
    over: bool,
    /// A command found the call over, or its absolute timeout passed; the program is told once it has its answer.
    lost: bool,
    /// AGISIGHUP: whether the program is told when the call ends.
    signals: bool,
}

/// Runs a session until the program ends it, and sets AGISTATUS.
pub async fn run(run: &mut Run<'_>, request: &str, target: AgiTarget, arguments: &[String]) -> Outcome {
    let network = matches!(target, AgiTarget::Network { .. });
    let was_up = run.channel.is_up();
    let mut peer = match reach(run, target, was_up).await {
        Ok(Ok(peer)) => peer,
        Ok(Err(error)) => {
            let (status, message) = match error {
                AgiError::NotFound(message) => ("NOTFOUND", message),
                AgiError::Failed(message) => ("FAILURE", message),
            };
            run.set("AGISTATUS", status);
            run.complain(format!("AGI {request}: {message}"));
            return Ok(Flow::Next);
        }
        Err(Gone) => {
            run.set("AGISTATUS", "HANGUP");
            return Err(Stop::Gone);
        }
    };
    let is = |run: &Run<'_>, name: &str, words: &[&str]| {
        let value = run.value_of(name).unwrap_or_default().to_ascii_lowercase();
        words.contains(&value.as_str())
    };
    let signals = !is(run, "AGISIGHUP", &["no", "false", "n", "f", "0", "off"]);
    let leaves_at_hangup = is(run, "AGIEXITONHANGUP", &["yes", "true", "y", "t", "1", "on"]);
    let told = environment::block(run, request, network, arguments).await;
    let mut session = Session {
        run,
        peer: peer.as_mut(),
        goes_on_here: false,
        hung_up: None,
        network,
        over: !was_up,
        lost: false,
        signals,
    };
    if !was_up {
        // In h: the program's time is bounded from the beginning.
        session.peer.hang_up(false).await;
    }
    let began = session.peer.send(&told).await;
    let fault = match began {
        true => session.converse(leaves_at_hangup && was_up).await.err(),
        false => None,
    };
    let (goes_on_here, hung_up) = (session.goes_on_here, session.hung_up);
    let ended = was_up && session.over;
    let status = peer.finish().await;
    if let Some(stop) = fault {
        run.set("AGISTATUS", "FAILURE");
        return Err(stop);
    }
    if ended {
        run.set("AGISTATUS", "HANGUP");
        return match hung_up {
            Some(cause) => Ok(Flow::Hangup(cause)),
            None => Err(Stop::Gone),
        };
    }
    run.set(
        "AGISTATUS",
        if began && status == 0 {
            "SUCCESS"
        } else {
            "FAILURE"
        },
    );
    match goes_on_here {
        true => Ok(Flow::Goto(run.at.clone())),
        false => Ok(Flow::Next),
    }
}

/// Begins the session, unless the caller hangs up first.
async fn reach(
    run: &mut Run<'_>,
    target: AgiTarget,
    is_up: bool,
) -> Result<Result<Box<dyn AgiPeer>, AgiError>, Gone> {
    let services = run.services.clone();
    let mut reached = services.agi(target);
    if !is_up {
        return Ok(reached.await);
    }
    loop {
        match select(reached, run.channel.sleep(LONG)).await {
            Either::Left((reached, _)) => return Ok(reached),
            Either::Right((slept, unreached)) => {
                slept?;
                reached = unreached;
            }
        }
    }
}

/// What comes next.
enum Heard {
    Line(String),
    Closed,
    /// The call has ended first.
    Hangup,
}

impl Session<'_, '_> {
    async fn converse(&mut self, leaves_at_hangup: bool) -> Result<(), Stop> {
        loop {
            let heard = self.next_line().await;
            let answered = match heard {
                Heard::Line(line) => {
                    let answer = self.answer(&line).await?;
                    self.peer.send(&answer.text()).await
                }
                Heard::Closed => false,
                Heard::Hangup => {
                    self.end().await;
                    true
                }
            };
            if !answered {
                return Ok(());
            }
            if !self.over && (self.lost || !self.run.channel.is_up()) {
                self.end().await;
            }
            if self.over && leaves_at_hangup {
                return Ok(());
            }
        }
    }

    async fn next_line(&mut self) -> Heard {
        let heard = |line: Option<String>| line.map_or(Heard::Closed, Heard::Line);
        loop {
            if self.over {
                return heard(self.peer.line().await);
            }
            // The line is looked at first: the call is asked to wait only where there is none yet.
            match select(self.peer.line(), self.run.channel.sleep(LONG)).await {
                Either::Left((line, _)) => return heard(line),
                Either::Right((Ok(()), _)) => {}
                Either::Right((Err(Gone), _)) => return Heard::Hangup,
            }
        }
    }

    /// The call is over, or its absolute timeout has passed: the program is told, and has a little time left.
    async fn end(&mut self) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        if self.signals && self.network {
            // Gone or not, it has its time.
            let _ = self.peer.send("HANGUP\n").await;
        }
        self.peer.hang_up(self.signals).await;
    }

    /// Does what a line asks.
    pub async fn answer(&mut self, line: &str) -> Result<Answer, Stop> {
        self.run.count_step().await?;
        let words = line::words(line);
        let Some(command) = commands::find(&words) else {
            return Ok(Answer::Unknown);
        };
        let usage = command.usage();
        if self.over && !usage.without_call {
            return Ok(Answer::NoCall);
        }
        let arguments = words.get(usage.words.len()..).unwrap_or_default();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = match command.execute(self, &arguments).await {
            Ok(answer) => answer,
            Err(Fault::Usage) => Answer::Usage(usage),
            Err(Fault::Stop(Stop::Gone)) => {
                self.lost = true;
                Answer::result(-1)
            }
            Err(Fault::Stop(Stop::Failed(message))) => {
                self.run.complain(format!("AGI: {message}"));
                Answer::result(-1)
            }
            Err(Fault::Stop(stop @ Stop::Bound(_))) => return Err(stop),
        };
        if !self.over && self.run.quiet_steps > limits::AGI_QUICK_COMMANDS {
            // That the caller hangs up meanwhile is seen before the next command.
            let _ = self.run.channel.sleep(limits::AGI_PAUSE).await;
        }
        Ok(answer)
    }

    // What commands share.

    /// Plays. The result is the code of the key that interrupted, 0 without one.
    pub async fn say(&mut self, sounds: Vec<String>, interrupt: &str) -> Result<Answer, Fault> {
        if sounds.is_empty() {
            return Ok(Answer::result(0));
        }
        Ok(match self.run.play(&say::audio(sounds), interrupt).await? {
            Played::Digit(digit) => Answer::result(u32::from(digit)),
            Played::Finished | Played::Missing(_) => Answer::result(0),
        })
    }

    /// Says a moment, in seconds since 1970, in the dialplan's time zone where none is named.
    pub async fn say_moment(
        &mut self,
        time: &str,
        interrupt: &str,
        format: &str,
        zone: Option<&str>,
    ) -> Result<Answer, Fault> {
        let then = leading_integer(time).and_then(|time| Timestamp::from_second(time).ok());
        let then = then.ok_or(Fault::Usage)?;
        let now = Timestamp::try_from(self.run.channel.wall_clock()).unwrap_or(then);
        let zone = match zone {
            Some(name) => TimeZone::get(name).ok(),
            None => None,
        };
        let zone = zone.unwrap_or_else(|| self.run.plan.zone.0.clone());
        let (sounds, _) = self.run.grammar().moment(format, &Moment::new(then, now, zone));
        self.say(sounds, interrupt).await
    }

    /// The call ends as the program wants it.
    pub async fn hang_up(&mut self, cause: u8) {
        self.hung_up = Some(cause);
        self.run.channel.hangup(cause).await;
    }

    /// The call ended while something else than the program led it.
    pub async fn ended(&mut self, end: RunEnd) -> Result<(), Fault> {
        match end {
            RunEnd::CallerGone => Err(Fault::Stop(Stop::Gone)),
            RunEnd::Fault(message) => Err(Fault::Stop(Stop::Bound(message))),
            RunEnd::Hangup { cause } => {
                self.hang_up(if cause == 0 { NORMAL_CLEARING } else { cause })
                    .await;
                Ok(())
            }
        }
    }

    /// The next text that comes within the call.
    pub async fn receive_text(&mut self, timeout: Duration) -> Result<Option<String>, Gone> {
        let text = self.run.channel.receive_text(timeout).await?;
        // A text, and a wait, are no loop of the program's.
        self.run.quiet_steps = 0;
        Ok(text)
    }

    /// Whether this is the name of the session's own channel; no other can be reached.
    pub fn is_own_channel(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.run.channel.facts().channel)
    }
}
