//! Header fields as values of their types. Each is read when asked for: most messages are never asked for most.

use super::{scan, CSeq, Headers, NameAddr, Via};
use std::str::FromStr;

/// A header that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{header} {fault}")]
pub struct HeaderError {
    /// Its long name.
    pub header: &'static str,
    /// What is wrong with it.
    pub fault: HeaderFault,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// It must stand there and does not.
    #[error("is missing")]
    Missing,
    /// It does not follow its grammar, or a number in it is beyond its range.
    #[error("is malformed")]
    Malformed,
    /// It may stand there once.
    #[error("stands more than once")]
    Repeated,
}

impl HeaderError {
    pub(super) fn new(header: &'static str, fault: HeaderFault) -> Self {
        HeaderError { header, fault }
    }

    fn malformed(header: &'static str) -> Self {
        HeaderError::new(header, HeaderFault::Malformed)
    }
}

impl Headers {
    /// The topmost Via.
    pub fn via(&self) -> Result<Via, HeaderError> {
        let top = self.values("Via").next();
        let top = top.ok_or(HeaderError::new("Via", HeaderFault::Missing))?;
        top.parse().map_err(|_| HeaderError::malformed("Via"))
    }

    /// All Vias, topmost first.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.list("Via")
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.one("From")
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.one("To")
    }

    /// All Contacts; none where the only one is `*`, which `contact_is_star` tells.
    pub fn contacts(&self) -> Result<Vec<NameAddr>, HeaderError> {
        if self.contact_is_star() {
            return Ok(Vec::new());
        }
        self.list("Contact")
    }

    /// Whether the Contact is `*`: remove all bindings (RFC 3261 10.2.2).
    pub fn contact_is_star(&self) -> bool {
        let mut contacts = self.values("Contact");
        contacts.next() == Some("*") && contacts.next().is_none()
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.one("CSeq")
    }

    /// Call-ID: compared byte by byte (RFC 3261 20.8).
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let id = self.single("Call-ID")?;
        if id.is_empty() || id.contains(scan::is_lws) {
            return Err(HeaderError::malformed("Call-ID"));
        }
        Ok(id)
    }

    /// Max-Forwards, 0 to 255 (RFC 3261 20.22); None where an RFC 2543 peer sends none.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        self.number("Max-Forwards")
    }

    /// Expires, seconds (RFC 3261 20.19).
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.number("Expires")
    }

    /// The addresses of `Route`, `Record-Route`, `Path`, `Service-Route`, or any other list of addresses that
    /// is named (`P-Asserted-Identity`, `Diversion`), in order; empty where there is none.
    pub fn routes(&self, name: &'static str) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(name)
    }

    /// A header that stands once, as text.
    pub(super) fn single(&self, header: &'static str) -> Result<&str, HeaderError> {
        let mut all = self.all(header);
        let value = all.next().ok_or(HeaderError::new(header, HeaderFault::Missing))?;
        if all.next().is_some() {
            return Err(HeaderError::new(header, HeaderFault::Repeated));
        }
        Ok(value)
    }

    fn one<T: FromStr>(&self, header: &'static str) -> Result<T, HeaderError> {
        self.single(header)?
            .parse()
            .map_err(|_| HeaderError::malformed(header))
    }

    fn list<T: FromStr>(&self, header: &'static str) -> Result<Vec<T>, HeaderError> {
        self.values(header)
            .map(|value| value.parse().map_err(|_| HeaderError::malformed(header)))
            .collect()
    }

    fn number<T: FromStr>(&self, header: &'static str) -> Result<Option<T>, HeaderError> {
        if !self.contains(header) {
            return Ok(None);
        }
        match scan::number(self.single(header)?) {
            Some(number) => Ok(Some(number)),
            None => Err(HeaderError::malformed(header)),
        }
    }
}
