//! The INVITE usage: one call as SIP sees it, from the INVITE to the end of its dialog (RFC 3261 13 to 15).
//!
//! What a call remembers stands here; what it does about a message stands in the endpoint, one file for each
//! side: `endpoint::uas`, `endpoint::uac`, `endpoint::session`.

mod unacked;

pub use unacked::{Due, Unacked};

use crate::sip::dialog::Dialog;
use crate::sip::digest::Authenticator;
use crate::sip::message::{Request, Response};
use crate::sip::Flow;
use crate::time::Instant;
use std::collections::BTreeMap;

/// One call.
#[derive(Debug)]
pub(in crate::sip) struct Call {
    /// How far it is.
    pub state: State,
    /// The way that its INVITE came or went by; the dialog may later move to another.
    pub flow: Flow,
    /// Our tag, under which the endpoint finds the call.
    pub local_tag: String,
    /// The dialog, early or confirmed.
    pub dialog: Option<Dialog>,
    /// Our last 2xx to an INVITE, while its ACK is awaited.
    pub unacked: Option<Unacked>,
    /// The peer's re-INVITE or UPDATE that the application has yet to answer.
    pub pending: Option<Pending>,
    /// The transaction of our re-INVITE under way.
    pub reinviting: Option<u64>,
    /// What is kept of our INVITE after its 2xx.
    pub answers: Option<Box<Answers>>,
    /// The ACKs of our re-INVITEs by transaction, for a 2xx that comes again.
    pub reacks: BTreeMap<u64, Vec<u8>>,
    /// What answers a challenge to a request of ours within the dialog.
    pub credentials: Option<Box<Authenticator>>,
    /// Requests of ours within the dialog by transaction, where there are credentials to send them again with.
    pub ours: BTreeMap<u64, Ours>,
    /// The application is done with the call: it hears no more of it.
    pub abandoned: bool,
    /// When the endpoint's schedule will look at the call next.
    pub armed: Option<Instant>,
}

/// How far a call is.
#[derive(Debug)]
pub(in crate::sip) enum State {
    /// An INVITE came and is not answered.
    Incoming {
        /// Its transaction.
        tx: u64,
        /// What every response to it has: Vias, From, To with our tag, Call-ID, CSeq, Record-Route.
        template: Box<Response>,
        /// The CSeq number of the INVITE.
        cseq: u32,
        /// Whether it brought no offer, so that our 2xx does.
        offerless: bool,
    },
    /// Our INVITE is not answered.
    Calling(Box<Calling>),
    /// Our INVITE was answered 401 or 407.
    Challenged {
        /// The INVITE as it was sent.
        request: Box<Request>,
        /// When the application has had time enough.
        until: Instant,
    },
    /// Answered with a 2xx.
    Established,
    /// The BYE is to be sent as soon as the ACK has come (RFC 3261 15), with this Reason.
    Hanging(Option<String>),
    /// Our BYE is under way.
    Leaving,
}

/// Our INVITE while it is not answered.
#[derive(Debug)]
pub(in crate::sip) struct Calling {
    /// Its transaction.
    pub tx: u64,
    /// The INVITE as it was sent, for its CANCEL, its ACK and another try with credentials.
    pub request: Request,
    /// Whether and how it was cancelled.
    pub cancel: Cancel,
}

/// The state of a CANCEL (RFC 3261 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sip) enum Cancel {
    /// Not wanted.
    No,
    /// Wanted; it must wait for a provisional response.
    Wanted,
    /// Sent.
    Sent,
}

/// What is kept of our INVITE after its 2xx, while more of them may come.
#[derive(Debug)]
pub(in crate::sip) struct Answers {
    /// The INVITE.
    pub invite: Request,
    /// Its transaction.
    pub tx: u64,
    /// For each To tag that answered: the ACK, for a 2xx that comes again. One is the call's own, the others are
    /// forks that were ended at once.
    pub acks: BTreeMap<String, Vec<u8>>,
}

/// A request of ours within the dialog, for another try with credentials.
#[derive(Debug)]
pub(in crate::sip) struct Ours {
    /// As it was sent, without Via.
    pub request: Request,
    /// It is another try already.
    pub is_second: bool,
}

/// The peer's re-INVITE or UPDATE while the application makes up its mind.
#[derive(Debug)]
pub(in crate::sip) struct Pending {
    /// Its transaction.
    pub tx: u64,
    /// The request, for its response and its new target.
    pub request: Box<Request>,
    /// The way that it came by.
    pub flow: Flow,
}

impl Call {
    /// When the call wants to be looked at.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let unacked = self.unacked.as_ref().map(Unacked::poll_timeout);
        match self.state {
            State::Challenged { until, .. } => Some(unacked.map_or(until, |at| at.min(until))),
            _ => unacked,
        }
    }
}
