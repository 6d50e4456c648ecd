//! Who is let in: from an INVITE to what the call starts with, or to the refusal.

use super::Switch;
use crate::codec::Codec;
use crate::config::{Silence, Trunk};
use crate::dialplan::channel::{CallFacts, CallerId};
use crate::dialplan::Match;
use crate::secret::{Private, Secret};
use crate::sip::message::{Message, Request};
use crate::sip::Flow;
use crate::time::Instant;
use crate::trunk::number::{self, Party};
use std::sync::Arc;

/// An INVITE that may become a call.
pub(super) struct Admitted {
    pub trunk: String,
    pub facts: Arc<CallFacts>,
    pub codecs: Vec<Codec>,
    pub continuous_silence: bool,
    pub offer: Option<Vec<u8>>,
    /// User name and password at the trunk's registrar, for a challenge within the call.
    pub credentials: Option<(String, Secret)>,
}

/// Why an INVITE is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub extra: Vec<(&'static str, String)>,
}

impl Refusal {
    fn with(status: u16) -> Self {
        Refusal {
            status,
            extra: Vec::new(),
        }
    }
}

impl Switch {
    /// Turns an INVITE away that no trunk answers for, before anything is remembered of it: a flood of them takes no
    /// memory, and a forged source address gets one response for one request. `false` leaves the message to the
    /// endpoint: whatever cannot be read, and what belongs to a call.
    pub(super) fn turn_away(&mut self, now: Instant, flow: Flow, bytes: &[u8]) -> bool {
        if !bytes.trim_ascii_start().starts_with(b"INVITE ") {
            return false;
        }
        let Ok(Message::Request(request)) = Message::parse(bytes) else {
            return false;
        };
        if request.headers.to().map_or(true, |to| to.tag().is_some()) {
            return false;
        }
        let Err(refusal) = self.registrations.trunks().identify(&request, &flow) else {
            return false;
        };
        if self.refusal_log.should_log(now, flow.remote.ip()) {
            tracing::warn!("{refusal}");
        }
        self.totals.refused += 1;
        self.endpoint
            .turn_away(flow, request, crate::trunk::identify::Refusal::STATUS);
        true
    }

    /// The trunk first, so that a stranger learns nothing of the dialplan; then the body; then the number.
    pub(super) fn admit(&mut self, request: &Request, flow: Flow) -> Result<Admitted, Refusal> {
        // Strangers were turned away already; a registration may have ended since.
        let found = self
            .registrations
            .trunks()
            .identify(request, &flow)
            .map_err(|_| Refusal::with(crate::trunk::identify::Refusal::STATUS))?;
        let offer = sdp_of(request)?;
        let trunk = found.trunk;
        let own_users = self.registrations.trunks().own_users(&trunk);
        let numbers = number::read(request, trunk.number_format, &own_users);
        let wall_clock = (self.parts.clock)();
        let dialplan = &self.parts.dialplan;
        match dialplan.accepts(&trunk.context, &numbers.did, &numbers.caller.number, wall_clock) {
            Match::Yes => {}
            Match::No | Match::Partial => {
                tracing::info!(
                    trunk = %trunk.name,
                    to = %Private(&numbers.did),
                    "refused with 404: no extension of context {} matches",
                    trunk.context
                );
                return Err(Refusal::with(404));
            }
        }
        let unique = self.rng.u32();
        let facts = CallFacts {
            channel: format!("SIP/{}-{unique:08x}", trunk.name),
            unique_id: format!(
                "{}.{unique}",
                wall_clock
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |since| since.as_secs())
            ),
            trunk: trunk.name.clone(),
            did: numbers.did,
            context: trunk.context.clone(),
            caller: caller_id(numbers.caller),
            from: caller_id(numbers.from),
            diversion: numbers.diversion.map(caller_id),
            private: numbers.private,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            call_id: request.headers.get("Call-ID").unwrap_or("").to_owned(),
        };
        Ok(Admitted {
            trunk: trunk.name.clone(),
            facts: Arc::new(facts),
            codecs: trunk.codecs.clone(),
            continuous_silence: trunk.silence == Silence::Continuous,
            offer,
            credentials: credentials(&trunk),
        })
    }
}

/// The account at a trunk's registrar. A trunk without one is not told who we are.
pub(super) fn credentials(trunk: &Trunk) -> Option<(String, Secret)> {
    trunk.registrar.as_ref()?;
    Some((trunk.username.clone()?, trunk.password.clone()?))
}

fn caller_id(party: Party) -> CallerId {
    CallerId {
        number: party.number,
        name: party.name,
    }
}

/// The SDP of a request's body: none where there is no body; 415 where the body is something else.
pub(super) fn sdp_of(request: &Request) -> Result<Option<Vec<u8>>, Refusal> {
    match crate::sdp::extract(request.headers.get("Content-Type"), &request.body) {
        Ok(sdp) => Ok(sdp.map(<[u8]>::to_vec)),
        Err(error) => {
            tracing::info!("refused with 415: {error}");
            Err(Refusal {
                status: 415,
                extra: vec![("Accept", "application/sdp".to_owned())],
            })
        }
    }
}
