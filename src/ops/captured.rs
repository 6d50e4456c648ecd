//! The log as tests read it: what one thread, and the tasks on it, say from a moment on.
//!
//! All tests of the program share one subscriber that is there for good, and a thread tells it where its lines go. With a
//! subscriber for each test, another test's thread that comes by a line of the log first, and has none, would have it
//! left out for all: tracing asks once and remembers the answer.

use super::logging::Logger;
use crate::config::LogFormat;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, Once};
use tracing::Level;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

thread_local! {
    static LINES: RefCell<Option<Arc<Mutex<String>>>> = const { RefCell::new(None) };
}

/// While this lives, its thread's lines are kept.
pub(crate) struct Capturing(());

impl Drop for Capturing {
    fn drop(&mut self) {
        LINES.with_borrow_mut(|lines| *lines = None);
    }
}

/// Begins to keep what this thread logs, at every level, as text.
pub(crate) fn capture() -> (Arc<Mutex<String>>, Capturing) {
    static SHARED: Once = Once::new();
    SHARED.call_once(|| {
        let logger = Logger::new(Level::TRACE, LogFormat::Text, |line: &str| {
            LINES.with_borrow(|lines| {
                if let Some(lines) = lines {
                    lines.lock().expect("no test panics while it logs").push_str(line);
                }
            });
        });
        let is_kept = dynamic_filter_fn(|_, _| LINES.with_borrow(Option::is_some));
        let subscriber = tracing_subscriber::registry().with(logger.with_filter(is_kept));
        tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    });
    // For what another thread asked just before there was a subscriber.
    tracing::callsite::rebuild_interest_cache();
    let lines = Arc::new(Mutex::new(String::new()));
    LINES.with_borrow_mut(|kept| *kept = Some(lines.clone()));
    (lines, Capturing(()))
}
