//! A call's SIP usage: the ACK, re-INVITEs, and how it ends, from whichever side.

use super::channel::{Reply, ToChannel};
use super::{Action, Call, Cause, Dialplan, Leg, Pending, Signalling};
use crate::sdp::Sdp;

impl Call {
    pub(super) fn acked(&mut self, body: &[u8]) {
        if self.awaiting_answer {
            self.awaiting_answer = false;
            let agreed = match (&mut self.negotiation, Sdp::parse(body)) {
                (Some(negotiation), Ok(sdp)) => {
                    negotiation.accept_answer(&sdp).map_err(|error| error.to_string())
                }
                (_, Err(error)) => Err(error.to_string()),
                (None, _) => Err("no offer was made".to_owned()),
            };
            match agreed {
                Ok(agreed) => self.negotiated(&agreed),
                Err(reason) => {
                    tracing::warn!("the answer in the ACK is of no use: {reason}");
                    return self.end(Cause::INCOMPATIBLE);
                }
            }
        }
        if let Signalling::Answered { acked } = &mut self.signalling {
            *acked = true;
        }
        if let Some((number, Pending::Answer)) = self.pending {
            self.reply(number, Reply::Done);
        }
    }

    pub(super) fn reinvite(&mut self, body: Option<&[u8]>) {
        let Some(negotiation) = self.negotiation.as_mut() else {
            return self.act(Action::RefuseReinvite(500));
        };
        match body {
            None => {
                let offer = negotiation.offer();
                self.awaiting_answer = true;
                self.act(Action::AnswerReinvite(offer));
            }
            Some(body) => {
                let agreed = Sdp::parse(body)
                    .map_err(|error| (400, error.to_string()))
                    .and_then(|sdp| negotiation.answer(&sdp).map_err(|error| (488, error.to_string())));
                match agreed {
                    Ok((answer, agreed)) => {
                        self.negotiated(&agreed);
                        self.act(Action::AnswerReinvite(answer));
                    }
                    Err((status, reason)) => {
                        tracing::info!("re-INVITE refused with {status}: {reason}");
                        self.act(Action::RefuseReinvite(status));
                    }
                }
            }
        }
    }

    /// Ends the call from our side, in whatever way its state asks for.
    pub(super) fn end(&mut self, cause: Cause) {
        match self.signalling {
            Signalling::Offered => self.refuse(cause, cause.sip_status()),
            Signalling::Answered { .. } => {
                self.act(Action::Bye(cause));
                self.over(cause);
            }
            Signalling::Over => {}
        }
    }

    pub(super) fn refuse(&mut self, cause: Cause, status: u16) {
        if self.signalling == Signalling::Offered {
            self.act(Action::Reject(status));
            self.over(cause);
        }
    }

    /// The SIP usage is over; the rest winds down.
    pub(super) fn over(&mut self, cause: Cause) {
        if self.signalling == Signalling::Over {
            return;
        }
        self.signalling = Signalling::Over;
        self.cause = cause;
        self.unanswered_deadline = None;
        self.close_leg();
        if self.dialplan == Dialplan::Waiting {
            self.dialplan = Dialplan::Ended;
        } else {
            self.tell(ToChannel::Hangup { cause: cause.0 });
        }
        match self.pending {
            // The leg's end brings the recording; what the vault does goes on.
            Some((_, Pending::Record { .. } | Pending::Keep { .. } | Pending::KeepPlain { .. })) | None => {}
            Some((number, _)) => self.reply(number, Reply::Gone),
        }
        // A leg that never opened has no recording to bring.
        if self.leg == Leg::Closed {
            if let Some((number, Pending::Record { .. })) = self.pending {
                self.reply(number, Reply::Gone);
            }
        }
    }
}
