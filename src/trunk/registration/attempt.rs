//! One attempt: the requests from the first try until a binding stands or we give up for a while.

use super::Route;
use crate::limits;
use crate::sip::message::Uri;
use crate::time::Duration;
use std::collections::VecDeque;

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A binding, new or refreshed.
    Register,
    /// Its removal.
    Unregister,
}

/// An attempt under way.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) purpose: Purpose,
    /// The configured registrar, or where it sent us.
    pub(super) request_uri: Uri,
    /// Where the last request went.
    pub(super) route: Option<Route>,
    /// Where to try if that fails (RFC 3263 4.3).
    pub(super) others: VecDeque<Route>,
    /// A challenge was answered since the last change of server: the next one, unless stale, is a refusal.
    pub(super) is_challenged: bool,
    /// The longest that a server asked us to wait.
    pub(super) retry_after: Option<Duration>,
    requests: u8,
    redirects: u8,
}

impl Attempt {
    pub(super) fn new(purpose: Purpose, request_uri: Uri) -> Self {
        Attempt {
            purpose,
            request_uri,
            route: None,
            others: VecDeque::new(),
            is_challenged: false,
            retry_after: None,
            requests: 0,
            redirects: 0,
        }
    }

    /// Counts a request; `false` where there were too many: the servers lead us in circles.
    pub(super) fn count_request(&mut self) -> bool {
        self.requests += 1;
        self.requests <= limits::REGISTER_REQUESTS
    }

    /// Counts a redirection; `false` where there were too many.
    pub(super) fn count_redirect(&mut self) -> bool {
        self.redirects += 1;
        self.redirects <= limits::REGISTER_REDIRECTS
    }

    /// Takes the next address; `false` where there is none left.
    pub(super) fn take_route(&mut self) -> bool {
        self.route = self.others.pop_front();
        self.is_challenged = false;
        self.route.is_some()
    }
}
