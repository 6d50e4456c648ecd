//! Ways to ask a running switch something from elsewhere: each question goes to its control task, which answers.

use crate::dialplan::services::TextMessage;
use crate::dialplan::Dialplan;
use crate::switch::Status;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What the control task is asked from outside.
pub(super) enum Ask {
    Status(oneshot::Sender<Status>),
    Shutdown(oneshot::Sender<()>),
    /// With how many calls are in progress as the answer.
    Dialplan(Arc<Dialplan>, oneshot::Sender<usize>),
    /// A text outside any call, with whether it was accepted as the answer.
    Message(TextMessage, oneshot::Sender<bool>),
    Abandon,
}

/// Asks a running switch what is alive.
#[derive(Clone)]
pub struct StatusHandle(pub(super) mpsc::Sender<Ask>);

impl StatusHandle {
    /// The status; `None` where the switch is gone.
    pub async fn get(&self) -> Option<Status> {
        let (answer, status) = oneshot::channel();
        self.0.send(Ask::Status(answer)).await.ok()?;
        status.await.ok()
    }
}

/// Changes the dialplan of a running switch.
#[derive(Clone)]
pub struct DialplanHandle(pub(super) mpsc::Sender<Ask>);

impl DialplanHandle {
    /// New calls run this dialplan from now on. Gives how many calls are in progress, which keep theirs; `None` where the
    /// switch is gone.
    pub async fn set(&self, dialplan: Arc<Dialplan>) -> Option<usize> {
        let (answer, calls) = oneshot::channel();
        self.0.send(Ask::Dialplan(dialplan, answer)).await.ok()?;
        calls.await.ok()
    }
}

/// Sends texts outside any call by a running switch.
#[derive(Clone)]
pub struct MessageHandle(pub(super) mpsc::Sender<Ask>);

impl MessageHandle {
    /// Whether the text was accepted. It was not where the switch is gone.
    pub async fn send(&self, message: TextMessage) -> bool {
        let (answer, accepted) = oneshot::channel();
        let asked = self.0.send(Ask::Message(message, answer)).await.is_ok();
        asked && accepted.await.unwrap_or(false)
    }
}
