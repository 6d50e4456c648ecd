//! Requests that are refused before anything is remembered of them.

use super::checks::Refusal;
use super::{reply, Endpoint};
use crate::sip::message::Request;
use crate::sip::Flow;

impl Endpoint {
    /// Answers a request that was not handed to [`Endpoint::receive`], and forgets it (RFC 3261 8.2.7): for those from
    /// whom nothing is accepted. Without a transaction, no number of their requests takes memory; without the
    /// retransmissions of a transaction, a forged source address is sent one response for one request. A peer whose
    /// response was lost repeats its request, and gets the same one again.
    pub fn turn_away(&mut self, flow: Flow, mut request: Request, status: u16) {
        if let Some(arrival) = reply::arrive(&mut request.headers, flow) {
            self.refuse(arrival.reply, &request, Refusal::new(status.clamp(300, 699)));
        }
    }
}
