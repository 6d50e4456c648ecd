//! The REGISTER that we send (RFC 3261 10.2), and when: beginning, refreshing, ending.

use super::attempt::{Attempt, Purpose};
use super::{binding, Output, Registration, Route, State, RESOLVE_TIME};
use crate::limits;
use crate::sip::digest::AuthHeader;
use crate::sip::message::{Method, NameAddr, Request, Uri};
use crate::sip::resolve::Destination;
use crate::sip::Transport;
use crate::time::Instant;
use tracing::{debug, info};

impl Registration {
    /// A new attempt at the configured registrar.
    pub(super) fn begin(&mut self, now: Instant) -> State {
        if let Some(authenticator) = &mut self.authenticator {
            authenticator.reset();
        }
        let registrar = self.config.registrar.clone();
        self.resolve(now, Box::new(Attempt::new(Purpose::Register, registrar)))
    }

    /// Asks for the addresses of the attempt's Request-URI.
    pub(super) fn resolve(&mut self, now: Instant, attempt: Box<Attempt>) -> State {
        match Destination::of(&attempt.request_uri) {
            Ok(destination) => {
                debug!(trunk = %self.config.trunk, %destination, "looking up the registrar");
                self.outputs.push_back(Output::Resolve(destination));
                State::Resolving {
                    attempt,
                    until: now + RESOLVE_TIME,
                }
            }
            Err(error) => self.failed(now, &attempt, error.to_string()),
        }
    }

    /// DNS has answered.
    pub(super) fn resolved(
        &mut self,
        now: Instant,
        mut attempt: Box<Attempt>,
        result: Result<Vec<Route>, String>,
    ) -> State {
        match result {
            Ok(routes) => {
                attempt.others = routes.into_iter().take(limits::SIP_TARGETS).collect();
                self.next_route(
                    now,
                    attempt,
                    "the registrar has no address that we can reach".into(),
                )
            }
            Err(error) => self.failed(now, &attempt, error),
        }
    }

    /// Sends to the next address; where none is left the attempt has failed for that reason.
    pub(super) fn next_route(&mut self, now: Instant, mut attempt: Box<Attempt>, why: String) -> State {
        if !attempt.take_route() {
            return self.failed(now, &attempt, why);
        }
        // A nonce of one server says nothing to another.
        if let Some(authenticator) = &mut self.authenticator {
            authenticator.reset();
        }
        self.send(now, attempt, Vec::new())
    }

    /// Refreshes where the binding was made, with the nonce that was good there.
    pub(super) fn refresh(&mut self, now: Instant) -> State {
        let Some(binding) = &self.binding else {
            return self.begin(now);
        };
        let mut attempt = Attempt::new(Purpose::Register, binding.request_uri.clone());
        attempt.route = Some(binding.route);
        let auth = self.authorize(&attempt);
        self.send(now, Box::new(attempt), auth)
    }

    /// Credentials from nonces that are known already; none at first.
    pub(super) fn authorize(&mut self, attempt: &Attempt) -> Vec<AuthHeader> {
        match &mut self.authenticator {
            Some(authenticator) => authenticator.authorize(&Method::Register, &attempt.request_uri, &[]),
            None => Vec::new(),
        }
    }

    /// Keeps the way back open.
    pub(super) fn keep_alive(&mut self, now: Instant, refresh_at: Instant) -> State {
        let Some(binding) = &self.binding else {
            return self.begin(now);
        };
        let target = binding.route.target;
        self.outputs.push_back(Output::KeepAlive { target });
        State::Resting {
            refresh_at,
            keep_alive_at: now + binding::keep_alive_after(target, &mut self.rng),
        }
    }

    /// Sends the attempt's request and waits for what comes.
    pub(super) fn send(&mut self, now: Instant, mut attempt: Box<Attempt>, auth: Vec<AuthHeader>) -> State {
        if !attempt.count_request() {
            return self.failed(
                now,
                &attempt,
                "the registrar goes on asking for something else".into(),
            );
        }
        match self.push_request(&attempt, auth) {
            true => State::Trying(attempt),
            false => self.failed(
                now,
                &attempt,
                "the registrar has no address that we can reach".into(),
            ),
        }
    }

    /// `false` where the attempt has no route to send by.
    pub(super) fn push_request(&mut self, attempt: &Attempt, auth: Vec<AuthHeader>) -> bool {
        let Some(route) = attempt.route else {
            return false;
        };
        let request = Box::new(self.request(attempt, route, auth));
        self.outputs.push_back(Output::Send {
            target: route.target,
            request,
        });
        true
    }

    /// The same Call-ID for all, and a CSeq that rises, so that a registrar can tell an old request from a new one (RFC
    /// 3261 10.2).
    fn request(&mut self, attempt: &Attempt, route: Route, auth: Vec<AuthHeader>) -> Request {
        // Below 2^31 (RFC 3261 8.1.1.5).
        self.cseq = (self.cseq + 1) & 0x7fff_ffff;
        let expires = match attempt.purpose {
            Purpose::Register => self.expires_secs,
            Purpose::Unregister => 0,
        };
        let mut contact = Uri::sip(
            &self.token,
            route.contact.ip().to_string(),
            Some(route.contact.port()),
        );
        if route.target.transport == Transport::Tcp {
            contact.set_param("transport", Some("tcp".into()));
        }
        let mut contact = NameAddr::new(contact);
        contact.set_param("expires", Some(expires.to_string()));

        let mut request = Request::new(Method::Register, attempt.request_uri.clone());
        let headers = &mut request.headers;
        let account = NameAddr::new(self.address_of_record());
        headers.push("Max-Forwards", 70);
        headers.push("From", account.clone().with_tag(self.from_tag.clone()));
        headers.push("To", account);
        headers.push("Call-ID", &self.call_id);
        headers.push("CSeq", format_args!("{} REGISTER", self.cseq));
        headers.push("Contact", contact);
        headers.push("Expires", expires);
        for header in auth {
            headers.push(header.name, header.value);
        }
        request
    }

    /// The account, `sip:user@registrar`. A user name that is an address by itself is taken for the account.
    fn address_of_record(&self) -> Uri {
        match self.config.username.rsplit_once('@') {
            Some((user, host)) => Uri::sip(user, host, None),
            None => Uri::sip(&self.config.username, &self.config.registrar.host, None),
        }
    }

    /// Removes the binding, after the response to what is already out (RFC 3261 10.2: one request at a time).
    pub(super) fn shut_down(&mut self, now: Instant, state: State) -> State {
        let until = now + limits::UNREGISTER_TIME;
        match state {
            State::Trying(attempt) => State::Ending { attempt, until },
            _ => self.unregister(until),
        }
    }

    /// Sends the removal where there is something to remove.
    pub(super) fn unregister(&mut self, until: Instant) -> State {
        let Some(binding) = &self.binding else {
            return State::Ended;
        };
        let mut attempt = Attempt::new(Purpose::Unregister, binding.request_uri.clone());
        attempt.route = Some(binding.route);
        let auth = self.authorize(&attempt);
        attempt.count_request();
        self.push_request(&attempt, auth);
        State::Ending {
            attempt: Box::new(attempt),
            until,
        }
    }

    /// Over, with the binding removed or left to expire.
    pub(super) fn ended(&mut self, removed: bool) -> State {
        let trunk = &self.config.trunk;
        if removed {
            info!(%trunk, "unregistered");
        } else {
            info!(%trunk, "not unregistered in time; the registration expires by itself");
        }
        self.binding = None;
        State::Ended
    }
}
