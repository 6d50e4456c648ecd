//! Messages to octets (RFC 3261 7).

use super::{octets, scan, Headers, Message, Request, Response};
use std::io::Write as _;

impl Message {
    /// The message as it goes on the wire; Content-Length is always printed, and right.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// The request as it goes on the wire; Content-Length is always printed, and right.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = buffer(&self.headers, &self.body);
        // A method of the program's own making could hold anything; on the wire it is a token.
        out.extend(self.method.as_str().bytes().filter(|&b| scan::is_token_byte(b)));
        // Writing into a Vec cannot fail.
        let _ = write!(out, " {} SIP/2.0\r\n", self.uri);
        finish(out, &self.headers, &self.body)
    }
}

impl Response {
    /// The response as it goes on the wire; Content-Length is always printed, and right.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = buffer(&self.headers, &self.body);
        let _ = write!(out, "SIP/2.0 {:03} ", self.status);
        let reason = out.len();
        octets::encode(&self.reason, &mut out);
        for byte in out.iter_mut().skip(reason) {
            if matches!(byte, b'\r' | b'\n' | 0) {
                *byte = b' ';
            }
        }
        out.extend_from_slice(b"\r\n");
        finish(out, &self.headers, &self.body)
    }
}

fn buffer(headers: &Headers, body: &[u8]) -> Vec<u8> {
    let fields: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    Vec::with_capacity(fields + body.len() + 256)
}

fn finish(mut out: Vec<u8>, headers: &Headers, body: &[u8]) -> Vec<u8> {
    for (name, value) in headers.iter().filter(|(name, _)| *name != "Content-Length") {
        out.extend(name.bytes().filter(|&b| scan::is_token_byte(b)));
        out.extend_from_slice(b": ");
        octets::encode(value, &mut out);
        out.extend_from_slice(b"\r\n");
    }
    let _ = write!(out, "Content-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
    out
}
