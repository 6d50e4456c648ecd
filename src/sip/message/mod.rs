//! SIP messages: bytes to values and back (RFC 3261 section 7 and 25).
//!
//! Ours: framing, splitting, URIs, Via and all printing. rsip's types serve where they are sound, and as an
//! oracle in differential tests.

mod check;
mod cseq;
mod error;
pub mod frame;
mod headers;
mod method;
mod name;
mod name_addr;
mod octets;
mod params;
mod parse;
mod print;
mod reason;
mod response;
mod scan;
#[cfg(test)]
mod tests;
mod typed;
mod uri;
mod via;
mod vocabulary;

pub use cseq::{CSeq, CSeqError};
pub use error::{Fault, ParseError, ParseErrorKind};
pub use headers::Headers;
pub use method::MethodError;
pub use name_addr::{NameAddr, NameAddrError};
pub use params::Params;
pub use reason::reason;
pub(super) use scan::{is_token_text as is_token, split_quoted, unquote, write_quoted};
pub use typed::{HeaderError, HeaderFault};
pub use uri::UriError;
pub use via::{Via, ViaError, BRANCH_COOKIE};
pub use vocabulary::NotInRsip;

/// A method; case-sensitive (RFC 3261 7.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// INVITE
    Invite,
    /// ACK
    Ack,
    /// BYE
    Bye,
    /// CANCEL
    Cancel,
    /// OPTIONS
    Options,
    /// REGISTER
    Register,
    /// INFO
    Info,
    /// PRACK
    Prack,
    /// UPDATE
    Update,
    /// SUBSCRIBE
    Subscribe,
    /// NOTIFY
    Notify,
    /// REFER
    Refer,
    /// MESSAGE
    Message,
    /// PUBLISH
    Publish,
    /// Any other token.
    Other(String),
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The Request-URI.
    pub uri: Uri,
    /// All header fields.
    pub headers: Headers,
    /// The body, Content-Length bytes.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// 100 to 699.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// All header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

/// A SIP, SIPS, tel or other URI.
#[derive(Clone, Debug, PartialEq)]
pub struct Uri {
    /// Lower case: `sip`, `sips`, `tel`, …
    pub scheme: String,
    /// The user part, unescaped; for `tel` the number; of an unknown scheme all that follows its colon, as it
    /// stands. Empty where there is none.
    pub user: String,
    /// What stands after a colon in the user part, unescaped: deprecated, and kept only to be sent back.
    pub password: Option<String>,
    /// Host name or address; IPv6 without brackets.
    pub host: String,
    /// The port where given.
    pub port: Option<u16>,
    /// `;name=value`, in order.
    pub params: Params,
    /// What stands after `?`, unparsed.
    pub query: Option<String>,
}
