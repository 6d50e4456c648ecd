//! What a response does to an attempt (RFC 3261 10.2.7, 10.2.8, 8.1.3).

use super::attempt::{Attempt, Purpose};
use super::binding::{granted, keep_alive_after, refresh_after, seconds};
use super::{Binding, Registration, State};
use crate::limits;
use crate::sip::digest::{AuthFailure, AuthHeader};
use crate::sip::message::{Method, NameAddr, Response, Uri};
use crate::time::{Duration, Instant};
use tracing::{debug, error, info, warn};

impl Registration {
    /// A response to the request of an attempt.
    pub(super) fn response(&mut self, now: Instant, mut attempt: Box<Attempt>, response: &Response) -> State {
        if response.is_provisional() || !self.is_for_last_request(response) {
            return State::Trying(attempt);
        }
        debug!(trunk = %self.config.trunk, status = response.status, "the registrar answers");
        if let Some(wait) = response.headers.get("Retry-After").and_then(seconds) {
            let wait = Duration::from_secs(u64::from(wait)).min(limits::REGISTER_RETRY_AFTER);
            attempt.retry_after = Some(attempt.retry_after.map_or(wait, |w| w.max(wait)));
        }
        match response.status {
            200..=299 => self.accepted(now, attempt, response),
            300..=302 => self.redirected(now, attempt, response),
            401 | 407 => match self.challenged(&mut attempt, response) {
                Ok(auth) => self.send(now, attempt, auth),
                Err(Refusal::Password(why)) => self.rejected(now, why),
                Err(Refusal::Other(why)) => self.failed(now, &attempt, why),
            },
            403 => self.rejected(now, describe(response)),
            423 => self.too_brief(now, attempt, response),
            // This server has a problem; another may have none (RFC 3263 4.3).
            408 | 500..=599 => self.next_route(now, attempt, describe(response)),
            _ => self.failed(now, &attempt, describe(response)),
        }
    }

    /// A response while we are shutting down.
    pub(super) fn ending_response(
        &mut self,
        mut attempt: Box<Attempt>,
        until: Instant,
        response: &Response,
    ) -> State {
        if response.is_provisional() || !self.is_for_last_request(response) {
            return State::Ending { attempt, until };
        }
        match (attempt.purpose, response.status) {
            (Purpose::Register, status) => {
                if let (200..=299, Some(route)) = (status, attempt.route) {
                    // Only that there is something to remove matters now, not for how long.
                    self.binding = Some(Binding {
                        expires_at: until,
                        route,
                        request_uri: attempt.request_uri,
                    });
                }
                self.unregister(until)
            }
            (Purpose::Unregister, 200..=299) => self.ended(true),
            (Purpose::Unregister, 401 | 407) => match self.challenged(&mut attempt, response) {
                Ok(auth) => {
                    if attempt.count_request() && self.push_request(&attempt, auth) {
                        State::Ending { attempt, until }
                    } else {
                        self.ended(false)
                    }
                }
                Err(_) => self.ended(false),
            },
            (Purpose::Unregister, _) => self.ended(false),
        }
    }

    /// The endpoint has matched the branch; this keeps a late response to an attempt that was given up from being taken
    /// for one to the present.
    fn is_for_last_request(&self, response: &Response) -> bool {
        response
            .headers
            .cseq()
            .is_ok_and(|cseq| cseq.number == self.cseq && cseq.method == Method::Register)
    }

    fn accepted(&mut self, now: Instant, attempt: Box<Attempt>, response: &Response) -> State {
        let Some(route) = attempt.route else {
            return self.begin(now);
        };
        if let Some(authenticator) = &mut self.authenticator {
            authenticator.accepted();
        }
        let grant = granted(&response.headers, &self.token, route.contact, self.expires_secs);
        if grant.expires_secs == 0 {
            self.binding = None;
            return self.failed(
                now,
                &attempt,
                "the registrar accepted us and granted no time".into(),
            );
        }
        let trunk = &self.config.trunk;
        let refresh = refresh_after(grant.expires_secs, &mut self.rng);
        let was_alive = self.binding.as_ref().is_some_and(|b| b.expires_at > now);
        let (expires_secs, refresh_in_secs) = (grant.expires_secs, refresh.as_secs());
        if was_alive && self.last_error.is_none() {
            debug!(%trunk, expires_secs, refresh_in_secs, "registration refreshed");
        } else {
            info!(%trunk, registrar = %route.target, expires_secs, refresh_in_secs, "registered");
            if !grant.is_listed {
                // Some registrars send no list, or rewrite what stands in it; it need not mean anything.
                warn!(%trunk, "the registrar's answer does not show our Contact; if calls do not arrive, ask it why");
            }
        }
        self.backoff.reset();
        self.last_error = None;
        self.binding = Some(Binding {
            expires_at: now + Duration::from_secs(u64::from(grant.expires_secs)),
            route,
            request_uri: attempt.request_uri,
        });
        State::Resting {
            refresh_at: now + refresh,
            keep_alive_at: now + keep_alive_after(route.target, &mut self.rng),
        }
    }

    /// Goes where the registrar sends us. What it sends us to is asked anew at the configured place after a failure, so a
    /// redirection is never learnt for good.
    fn redirected(&mut self, now: Instant, mut attempt: Box<Attempt>, response: &Response) -> State {
        let best = response
            .headers
            .values("Contact")
            .filter_map(|c| c.parse::<NameAddr>().ok())
            .filter(|c| c.uri.scheme == "sip")
            .fold(None, |best: Option<NameAddr>, c| match best {
                Some(b) if preference(&b) >= preference(&c) => Some(b),
                _ => Some(c),
            });
        let Some(contact) = best else {
            return self.failed(
                now,
                &attempt,
                format!("{} to nowhere that we can go", describe(response)),
            );
        };
        if !attempt.count_redirect() {
            return self.failed(now, &attempt, "the registrar sends us in circles".into());
        }
        // A registrar's URI has no user (RFC 3261 10.2), and what stands after `?` is not for us to copy.
        attempt.request_uri = Uri {
            user: String::new(),
            password: None,
            query: None,
            ..contact.uri
        };
        info!(trunk = %self.config.trunk, to = %attempt.request_uri.host.escape_debug(), "the registrar sends us on");
        self.resolve(now, attempt)
    }

    /// 423: asks for the time that the registrar wants at least.
    fn too_brief(&mut self, now: Instant, mut attempt: Box<Attempt>, response: &Response) -> State {
        match response.headers.get("Min-Expires").and_then(seconds) {
            Some(least) if least > self.expires_secs && least <= limits::REGISTER_EXPIRES_SECS => {
                self.expires_secs = least;
                // The nonce may have been for one use only; a challenge now is no refusal.
                attempt.is_challenged = false;
                let auth = self.authorize(&attempt);
                self.send(now, attempt, auth)
            }
            _ => self.failed(
                now,
                &attempt,
                format!("{} without a usable Min-Expires", describe(response)),
            ),
        }
    }

    /// The credentials for a challenge, or why there are none.
    fn challenged(&mut self, attempt: &mut Attempt, response: &Response) -> Result<Vec<AuthHeader>, Refusal> {
        let Some(authenticator) = &mut self.authenticator else {
            return Err(Refusal::Password(
                "the registrar asks for a password and the trunk has none".into(),
            ));
        };
        if !attempt.is_challenged {
            // Credentials sent before this server had its say were from an older nonce. That they did not do says nothing
            // of the password, even where the server does not call the nonce stale.
            authenticator.reset();
        }
        attempt.is_challenged = true;
        // A proxy on the way may have challenged before the registrar does: both get theirs.
        let mut auth = authenticator.authorize(&Method::Register, &attempt.request_uri, &[]);
        let is_proxy = response.status == 407;
        let answer = authenticator.respond(
            &Method::Register,
            &attempt.request_uri,
            &[],
            &response.headers,
            is_proxy,
        );
        match answer {
            Ok(header) => {
                auth.retain(|h| h.name != header.name);
                auth.push(header);
                Ok(auth)
            }
            Err(AuthFailure::Rejected) => Err(Refusal::Password(AuthFailure::Rejected.to_string())),
            Err(failure) => Err(Refusal::Other(failure.to_string())),
        }
    }

    /// Waits to try again, for as long as it takes.
    pub(super) fn failed(&mut self, now: Instant, attempt: &Attempt, why: String) -> State {
        let wait = self.backoff.after_failure(&mut self.rng);
        // A little beyond Retry-After, drawn, so that not all who were sent away come back at once.
        let asked = attempt.retry_after.map(|w| w + w.mul_f64(self.rng.unit() / 10.0));
        let wait = asked.map_or(wait, |asked| asked.max(wait));
        warn!(trunk = %self.config.trunk, next_attempt_in_secs = round(wait), "registration failed: {why}");
        self.last_error = Some(why);
        State::Waiting {
            until: now + wait,
            rejected: false,
        }
    }

    /// Waits long: trying a wrong password again and again gets an address banned.
    fn rejected(&mut self, now: Instant, why: String) -> State {
        let is_first = self.backoff.is_first_rejection();
        let wait = self.backoff.after_rejection(&mut self.rng);
        let (trunk, next_attempt_in_secs) = (&self.config.trunk, round(wait));
        if is_first {
            error!(%trunk, next_attempt_in_secs, "registration refused, check username and password: {why}");
        } else {
            warn!(%trunk, next_attempt_in_secs, "registration still refused: {why}");
        }
        self.last_error = Some(why);
        State::Waiting {
            until: now + wait,
            rejected: true,
        }
    }
}

/// Why a challenge was not answered.
enum Refusal {
    /// The password is wrong or missing.
    Password(String),
    /// The challenge is at fault.
    Other(String),
}

/// `q` in thousandths; 1 where it is absent (RFC 3261 20.10).
fn preference(contact: &NameAddr) -> u32 {
    let q = contact
        .param("q")
        .and_then(|q| q.parse::<f64>().ok())
        .filter(|q| (0.0..=1.0).contains(q));
    (q.unwrap_or(1.0) * 1_000.0) as u32
}

fn round(wait: Duration) -> u64 {
    wait.as_secs_f64().round() as u64
}

/// Status and phrase for the log. The phrase is a stranger's: short, and without control characters.
fn describe(response: &Response) -> String {
    let phrase: String = response
        .reason
        .chars()
        .filter(|c| !c.is_control())
        .take(80)
        .collect();
    format!("{} {phrase}", response.status)
}
