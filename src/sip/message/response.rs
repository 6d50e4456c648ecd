//! Requests and responses of our own making.

use super::{reason, Headers, Method, Request, Response, Uri};

impl Request {
    /// A request without header fields or body.
    pub fn new(method: Method, uri: Uri) -> Self {
        Request {
            method,
            uri,
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// The response with this status and its default phrase. It has what RFC 3261 8.2.6.2 wants copied: all
    /// Vias, From, To, Call-ID, CSeq; Timestamp in a 100; and Record-Route where it makes a dialog (12.1.1).
    /// The To tag is the caller's to add: it belongs to the dialog.
    pub fn response(&self, status: u16) -> Response {
        let mut response = Response::new(status);
        let in_dialog = self.method.makes_dialog() && (101..300).contains(&status);
        for (name, value) in self.headers.iter() {
            let copied = match name {
                "Via" | "From" | "To" | "Call-ID" | "CSeq" => true,
                "Record-Route" => in_dialog,
                "Timestamp" => status == 100,
                _ => false,
            };
            if copied {
                response.headers.push(name, value);
            }
        }
        response
    }
}

impl Response {
    /// A response without header fields or body, with the default phrase.
    pub fn new(status: u16) -> Self {
        Response {
            status,
            reason: reason(status).to_owned(),
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// 1xx.
    pub fn is_provisional(&self) -> bool {
        self.status < 200
    }

    /// 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
