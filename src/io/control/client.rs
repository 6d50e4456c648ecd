//! The side of the other subcommands; blocking, since they do nothing else.

use super::{socket, End, Request};
use crate::limits;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use thiserror::Error;

/// Why a request was not answered.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The switch says why not.
    #[error("{0}")]
    Refused(String),
    /// The connection broke, or carried something else.
    #[error("the running switch did not answer: {0}")]
    Broken(#[from] io::Error),
}

/// A connection to a running switch; carries one request.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the switch that runs with this store; none where none runs.
    ///
    /// # Errors
    /// Where the socket is there, but may not be opened by this user, say.
    pub fn connect(store: &Path) -> io::Result<Option<Self>> {
        let Some(stream) = socket::connect(&super::path(store))? else {
            return Ok(None);
        };
        stream.set_read_timeout(Some(limits::CONTROL_TIME))?;
        stream.set_write_timeout(Some(limits::CONTROL_TIME))?;
        Ok(Some(Client { stream }))
    }

    /// Sends the request and gives each line of the answer to `each`.
    ///
    /// # Errors
    /// Where the switch refuses, or the answer breaks off.
    pub fn ask(mut self, request: &Request, mut each: impl FnMut(Value)) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
        line.push(b'\n');
        self.stream.write_all(&line)?;
        let mut answer = BufReader::new(self.stream);
        loop {
            let mut line = Vec::new();
            let bound = limits::CONTROL_ANSWER_BYTES as u64;
            answer.by_ref().take(bound).read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return Err(ClientError::Broken(io::ErrorKind::UnexpectedEof.into()));
            }
            let value: Value = serde_json::from_slice(&line).map_err(io::Error::from)?;
            match serde_json::from_value::<End>(value.clone()) {
                Ok(End { done: true, .. }) => return Ok(()),
                Ok(End { error, .. }) => return Err(ClientError::Refused(error.unwrap_or_default())),
                Err(_) => each(value),
            }
        }
    }
}
