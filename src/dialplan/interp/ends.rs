//! Where a call goes when a run of priorities ends: a macro's or an extension's last step, digits to collect, the special
//! extensions `i`, `t`, `T` and `e`, and after the call `h` and the hangup handlers.

use super::{Exception, Flow, Run, RunEnd, Stop, CONGESTION, NORMAL_CLEARING, USER_BUSY};
use crate::dialplan::apps;
use crate::dialplan::ast::Located;
use crate::dialplan::channel::Indication;
use crate::dialplan::frames::{Frame, Return};
use crate::dialplan::substitute::Values;
use crate::limits;
use crate::secret::Private;
use std::time::Duration;

impl Run<'_> {
    /// There is no such priority: the end of a macro, an extension that does not exist, or its last step is done.
    pub(super) async fn out_of_steps(&mut self) -> Result<Option<RunEnd>, Stop> {
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
    pub(in crate::dialplan) async fn collect(
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
    pub(in crate::dialplan) fn response_timeout(&mut self) -> Option<RunEnd> {
        if self.go_to_special("t") || self.raise("RESPONSETIMEOUT") {
            return None;
        }
        Some(RunEnd::Hangup {
            cause: NORMAL_CLEARING,
        })
    }

    /// What was entered or gone to does not exist: `i`, else `e`, else the end.
    pub(in crate::dialplan) fn invalid(&mut self, entered: String) -> Result<Option<RunEnd>, Stop> {
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

    pub(super) fn absolute_timeout(&mut self) -> Option<RunEnd> {
        self.channel.set_deadline(None);
        self.timeouts.absolute = None;
        if self.go_to_special("T") || self.raise("ABSOLUTETIMEOUT") {
            return None;
        }
        Some(RunEnd::Hangup {
            cause: NORMAL_CLEARING,
        })
    }

    pub(super) fn failed(&mut self, message: String) -> Option<RunEnd> {
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

    pub(super) fn go_to_special(&mut self, extension: &str) -> bool {
        let found = self.exists(&self.at.context, extension, 1);
        if found {
            self.at.extension = extension.to_string();
            self.at.priority = 1;
        }
        found
    }

    /// Goes to `e`, leaving why for EXCEPTION; `false` where there is no `e`.
    pub(in crate::dialplan) fn raise(&mut self, reason: &str) -> bool {
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
    pub(super) async fn after_hangup(&mut self) {
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
    pub(super) async fn run_down(&mut self, depth: Option<usize>) {
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
}
