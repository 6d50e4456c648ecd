//! Programs that are started: a process group each, so that what they start can be ended with them.

use nix::sys::signal::{killpg, Signal};
use nix::unistd::Pid;
use tokio::process::Child;

/// The process group of a program that was started in one of its own. Dropped, the group is killed, unless it was let
/// go before.
pub(super) struct Group(Option<Pid>);

impl Group {
    /// Of a child that was started with `process_group(0)`.
    pub fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Group(id.map(Pid::from_raw))
    }

    /// Ends all of it.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Sends a signal to all of it.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Fails where the whole group is gone already: what was wanted.
            let _ = killpg(group, signal);
        }
    }

    /// Lets what the program left behind go on: it ended by itself, and was waited for, so that its number may soon be
    /// another's.
    pub fn let_go(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
