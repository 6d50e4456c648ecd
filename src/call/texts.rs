//! Texts within a call, in both directions (RFC 3428).

use super::channel::Reply;
use super::{Action, Call, Pending, Signalling};
use crate::limits;
use crate::time::{Duration, Instant};

impl Call {
    /// A text has come: for whoever waits for one, else for the queue. Gives the status that it is answered with.
    pub fn text(&mut self, text: String) -> u16 {
        match self.pending {
            _ if self.signalling == Signalling::Over => 481,
            Some((number, Pending::ReceiveText)) => {
                self.reply(number, Reply::Text(Some(text)));
                200
            }
            _ if self.texts.len() < limits::TEXTS => {
                self.texts.push_back(text);
                200
            }
            // The dialplan does not read them; a later one may find room.
            _ => 480,
        }
    }

    pub(super) fn send_text(&mut self, number: u64, text: String) {
        // Before the answer the dialog is the caller's to fill, and many would refuse a request in it.
        if !matches!(self.signalling, Signalling::Answered { .. }) {
            return self.reply(number, Reply::TextSent(false));
        }
        self.pending = Some((number, Pending::SendText));
        self.act(Action::SendText(number, text));
    }

    /// What became of the text of that request.
    pub(super) fn text_sent(&mut self, number: u64, taken: bool) {
        if matches!(self.pending, Some((awaited, Pending::SendText)) if awaited == number) {
            self.reply(number, Reply::TextSent(taken));
        }
    }

    pub(super) fn receive_text(&mut self, now: Instant, number: u64, timeout: Duration) {
        match self.texts.pop_front() {
            Some(text) => self.reply(number, Reply::Text(Some(text))),
            None => {
                self.pending = Some((number, Pending::ReceiveText));
                self.deadline = Some(now + timeout);
            }
        }
    }
}
