//! The door of the SIP stack: bytes and time in, bytes and events out (RFC 3261 8, 9, 12 to 15, 17, 18.2).

mod event;

pub use event::{CallHandle, ClientTx, Counts, End, EndpointConfig, Event, Output, ServerTx};

use crate::rng::Rng;
use crate::sip::dialog::Dialog;
use crate::sip::message::{Request, Response, Uri};
use crate::sip::Flow;
use crate::time::Instant;
use std::collections::VecDeque;

/// A SIP user agent, server and client, as one value. After each call drain `poll_output`, then ask
/// `poll_timeout` for the time of the next `handle_timeout`.
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    rng: Rng,
    output: VecDeque<Output>,
}

impl Endpoint {
    /// An endpoint that knows no call. Tags, branches and Call-IDs come from `rng`.
    pub fn new(config: EndpointConfig, rng: Rng) -> Self {
        Endpoint {
            config,
            rng,
            output: VecDeque::new(),
        }
    }

    /// Takes in a datagram, or one message that the framer cut from a stream.
    pub fn receive(&mut self, now: Instant, flow: Flow, bytes: &[u8]) {
        let _ = (now, flow, bytes);
    }

    /// A connection is gone: what depends on it fails at once instead of by timeout.
    pub fn flow_failed(&mut self, now: Instant, flow_id: u64) {
        let _ = (now, flow_id);
    }

    /// Does what is due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next thing to send or to hear of.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Sends a provisional response, 180 or 183 (any of 101 to 199), with an SDP body or none. Without
    /// effect on a call that is answered or over.
    pub fn ring(&mut self, now: Instant, call: CallHandle, status: u16, body: Option<Vec<u8>>) {
        let _ = (now, call, status, body);
    }

    /// Answers with 200 and `body` (SDP), repeated until the ACK comes. Without effect on a call that is
    /// answered or over.
    pub fn answer(&mut self, now: Instant, call: CallHandle, contact: &Uri, body: Vec<u8>) {
        let _ = (now, call, contact, body);
    }

    /// Refuses a call that is not answered with a final response of 300 or above, with further header
    /// fields. The handle is dead.
    pub fn reject(&mut self, now: Instant, call: CallHandle, status: u16, extra: &[(&str, String)]) {
        let _ = (now, call, status, extra);
    }

    /// Ends a call in whatever state it is: BYE where it is answered (after the ACK has come, RFC 3261 15),
    /// 480 where it rings here, CANCEL where it rings there. `reason` becomes the BYE's Reason field. The
    /// handle is dead: no event follows.
    pub fn bye(&mut self, now: Instant, call: CallHandle, reason: Option<&str>) {
        let _ = (now, call, reason);
    }

    /// Accepts the pending re-INVITE or UPDATE with 200 and `body` (SDP).
    pub fn answer_reinvite(&mut self, now: Instant, call: CallHandle, body: Vec<u8>) {
        let _ = (now, call, body);
    }

    /// Refuses the pending re-INVITE or UPDATE (488 where no codec is common); the session stays as it was.
    pub fn refuse_reinvite(&mut self, now: Instant, call: CallHandle, status: u16) {
        let _ = (now, call, status);
    }

    /// Answers an `Event::Request`; build the response with `Request::response`.
    pub fn respond(&mut self, now: Instant, tx: ServerTx, response: Response) {
        let _ = (now, tx, response);
    }

    /// Begins a call. `request` brings the Request-URI, From, To, Contact and SDP; what of Call-ID, CSeq,
    /// From tag, Max-Forwards, Allow and User-Agent is missing is added, and Via always.
    pub fn invite(&mut self, now: Instant, flow: Flow, request: Request) -> CallHandle {
        let _ = (now, flow, request);
        CallHandle(0)
    }

    /// Gives up a call of ours that is not answered: CANCEL once a provisional response has come (RFC 3261
    /// 9.1). `Failed` follows; where a 2xx crossed the CANCEL it has been acknowledged and ended.
    pub fn cancel(&mut self, now: Instant, call: CallHandle) {
        let _ = (now, call);
    }

    /// Sends a re-INVITE with `body` as the offer; `Event::Reinvited` follows. Without effect, and `false`,
    /// where the call is not established or an INVITE is pending in either direction.
    pub fn reinvite(&mut self, now: Instant, call: CallHandle, body: Vec<u8>) -> bool {
        let _ = (now, call, body);
        false
    }

    /// Sends a request outside a dialog; missing fields are added as for `invite`.
    pub fn request(&mut self, now: Instant, flow: Flow, request: Request) -> ClientTx {
        let _ = (now, flow, request);
        ClientTx(0)
    }

    /// The dialog of a call, once there is one.
    pub fn call_dialog(&self, call: CallHandle) -> Option<&Dialog> {
        let _ = call;
        None
    }

    /// What is alive.
    pub fn counts(&self) -> Counts {
        Counts::default()
    }
}
