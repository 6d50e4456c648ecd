//! What became of a call.

use crate::media::LegStats;
use crate::sip::message::reason;
use crate::time::Duration;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// We hung up.
    Us,
    /// The far end hung up; the Reason field of its BYE where it had one.
    Peer(Option<String>),
    /// It was never answered: refused, given up, or nobody there.
    NotAnswered,
    /// It was answered in a way that gives no call (an unusable description of its media).
    Unusable(String),
    /// The far end no longer answered, or the connection broke.
    Broken,
}

/// What became of a call that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReport {
    /// Whether somebody answered.
    pub answered: bool,
    /// The final response to our INVITE; 408 where none came, 487 where we gave up.
    pub status: u16,
    /// Its reason phrase.
    pub reason: String,
    /// From the answer to the end.
    pub duration: Duration,
    /// How it ended.
    pub end: CallEnd,
    /// What the media leg did.
    pub stats: LegStats,
    /// Samples of the recording that were spoken.
    pub spoken: u64,
    /// What was heard since the answer, 8 kHz, where that was asked for.
    pub heard: Vec<i16>,
    /// SIP Call-ID, to find the call in the far end's log.
    pub call_id: String,
}

impl CallReport {
    /// A failure in words; `None` for a call that was answered and ended in order.
    pub fn failure(&self) -> Option<String> {
        match &self.end {
            CallEnd::Us | CallEnd::Peer(_) => None,
            CallEnd::NotAnswered => Some(format!(
                "{} {}: {}",
                self.status,
                self.reason,
                explain(self.status)
            )),
            CallEnd::Unusable(why) => Some(format!("the call was answered, but {why}")),
            CallEnd::Broken => Some("the far end stopped answering during the call".into()),
        }
    }
}

/// What a refusal means to the person who called.
pub fn explain(status: u16) -> &'static str {
    match status {
        300..=399 => "the number has moved, and this telephone follows no redirections",
        401 | 407 => "the far end wants a password, and this telephone has none",
        403 => "the far end does not take calls from here; its log says what would admit it",
        404 | 604 => "there is no such number",
        406 | 415 | 488 | 606 => "no codec in common; this telephone speaks PCMU and PCMA over plain RTP",
        408 => "nobody answered in time",
        410 => "the number is no longer in service",
        480 => "nobody is there to answer",
        484 => "the number is incomplete",
        486 | 600 => "the line is busy",
        487 => "the call was given up",
        500..=502 | 504..=599 => "the far end has a fault; its log says more",
        503 => "the far end is full or not ready; try again later",
        603 => "the call was declined",
        _ => reason(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_words() {
        for status in 300..700 {
            assert!(!explain(status).is_empty(), "{status}");
        }
        assert!(explain(404).contains("no such number"));
    }
}
