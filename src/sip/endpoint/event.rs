//! What goes in and out of the endpoint besides messages: its configuration, its handles, its events.

use crate::limits;
use crate::sip::message::{Method, Request, Response};
use crate::sip::transaction::timers::Base;
use crate::sip::Flow;
use std::net::IpAddr;

/// What an endpoint is told once.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// `User-Agent` of our requests and `Server` of our responses; empty leaves both out.
    pub user_agent: String,
    /// What stands in our Via and default Contact instead of the flow's own address, for peers outside.
    pub external_address: Option<IpAddr>,
    /// Methods outside a dialog that the application answers, beyond those that the endpoint knows
    /// (a registrar lists REGISTER). Others are answered 405.
    pub methods: Vec<Method>,
    /// T1, T2 and T4.
    pub base: Base,
    /// Most transactions alive at once.
    pub max_transactions: usize,
    /// Most calls alive at once, ringing and ending ones included.
    pub max_calls: usize,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        EndpointConfig {
            user_agent: concat!("Obelus/", env!("CARGO_PKG_VERSION")).into(),
            external_address: None,
            methods: Vec::new(),
            base: Base::default(),
            max_transactions: limits::SIP_TRANSACTIONS,
            max_calls: limits::SIP_CALLS,
        }
    }
}

/// A call: one INVITE, the dialog that it makes, and what happens in it. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallHandle(pub u64);

/// A request that the application must answer. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTx(pub u64);

/// A request of the application's. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientTx(pub u64);

/// What the endpoint wants done, or tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send these bytes.
    Transmit {
        /// By this way; the remote address in it is where a datagram goes.
        flow: Flow,
        /// One whole message.
        bytes: Vec<u8>,
    },
    /// Something for the application.
    Event(Event),
}

/// How a call ended that the application did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer said BYE (already answered).
    Bye {
        /// The Reason field of the BYE, as it stood.
        reason: Option<String>,
    },
    /// Our 2xx was never acknowledged; a BYE has been sent (RFC 3261 13.3.1.4).
    NoAck,
    /// The peer no longer answers, or no longer knows the dialog.
    Timeout,
    /// The connection that carried the call is gone.
    FlowFailed,
}

/// What the endpoint tells the application.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A new call: an INVITE outside a dialog that passed every check. 100 has been sent. Ring, answer or
    /// reject it.
    Incoming {
        /// The call.
        call: CallHandle,
        /// The INVITE.
        request: Box<Request>,
        /// The way that it came by.
        flow: Flow,
    },
    /// The caller gave up before we answered; 487 has been sent and the call is over.
    Cancelled {
        /// The call.
        call: CallHandle,
    },
    /// The first ACK for a 2xx of ours.
    Acked {
        /// The call.
        call: CallHandle,
        /// The answer, where our 2xx carried the offer; else empty.
        body: Vec<u8>,
    },
    /// A re-INVITE, or an UPDATE with an offer. Answer with `answer_reinvite` or `refuse_reinvite`.
    Reinvite {
        /// The call.
        call: CallHandle,
        /// The re-INVITE or UPDATE; without a body our 200 carries the offer and `Acked` the answer.
        request: Box<Request>,
    },
    /// An INFO within the call, already answered 200.
    Info {
        /// The call.
        call: CallHandle,
        /// The INFO.
        request: Box<Request>,
    },
    /// A MESSAGE within the call (RFC 3428). Answer with `respond`.
    Message {
        /// The call.
        call: CallHandle,
        /// The transaction.
        tx: ServerTx,
        /// The MESSAGE.
        request: Box<Request>,
    },
    /// What became of a MESSAGE of ours within the call.
    Messaged {
        /// The call.
        call: CallHandle,
        /// The application's number.
        number: u64,
        /// The final status; `None` where none came, or the transport broke.
        status: Option<u16>,
    },
    /// The remote side ended the call, or it broke. The handle is dead.
    Ended {
        /// The call.
        call: CallHandle,
        /// How.
        end: End,
    },
    /// A request outside a dialog whose method is in `EndpointConfig::methods`, or a SUBSCRIBE within one, where that is
    /// among them. Answer with `respond`.
    Request {
        /// The transaction.
        tx: ServerTx,
        /// The request.
        request: Box<Request>,
        /// The way that it came by.
        flow: Flow,
    },
    /// A provisional response to our INVITE; 100 is not reported.
    Progress {
        /// The call.
        call: CallHandle,
        /// The response.
        response: Box<Response>,
    },
    /// Our INVITE was answered with a 2xx; the ACK has been sent.
    Answered {
        /// The call.
        call: CallHandle,
        /// The 2xx.
        response: Box<Response>,
    },
    /// Our INVITE was answered 401 or 407. Call `authenticate`, or `cancel` to give up. Left alone, the call
    /// becomes `Failed` after 64*T1.
    Challenged {
        /// The call.
        call: CallHandle,
        /// The 401 or 407.
        response: Box<Response>,
    },
    /// Our INVITE failed: a final response of 300 or above (redirections too), or none at all. The handle is
    /// dead.
    Failed {
        /// The call.
        call: CallHandle,
        /// The final response, `None` where none came or the transport broke.
        response: Option<Box<Response>>,
    },
    /// The final response to our re-INVITE; a 2xx has been acknowledged. 491 asks for another try later
    /// (RFC 3261 14.1). The call lives on.
    Reinvited {
        /// The call.
        call: CallHandle,
        /// The response.
        response: Box<Response>,
    },
    /// A response to a request of ours, provisional ones too. After a final one the handle is dead.
    Response {
        /// The transaction.
        tx: ClientTx,
        /// The response.
        response: Box<Response>,
    },
    /// No final response came in time, or the transport broke. The handle is dead.
    RequestTimeout {
        /// The transaction.
        tx: ClientTx,
    },
}

/// What is alive, for tests that nothing leaks and for the status page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Transactions of all four kinds, those that only absorb retransmissions included.
    pub transactions: usize,
    /// Dialogs, early ones included.
    pub dialogs: usize,
    /// Calls, ringing and ending ones included.
    pub calls: usize,
}
