//! Loading the dialplan anew while calls go on: `obelus reload`, SIGHUP, or a file that changed.
//!
//! A call keeps the dialplan that it began with; the next call gets the new one. A load with an error changes nothing.

use super::server::DialplanHandle;
use crate::diagnostic::{Diagnostic, Severity, Summary};
use crate::dialplan::reader::Watched;
use crate::dialplan::Dialplan;
use crate::limits;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What came of reading the files.
pub struct Loaded {
    /// The dialplan, unless there was an error.
    pub dialplan: Option<Dialplan>,
    /// What was found, in file order.
    pub findings: Vec<Diagnostic>,
    /// What was read.
    pub watched: Watched,
}

/// Reads the files; blocking.
pub type Load = Arc<dyn Fn() -> Loaded + Send + Sync>;

/// What became of a reload.
#[derive(Debug)]
pub struct Report {
    /// What was found, in file order.
    pub findings: Vec<Diagnostic>,
    /// How many calls go on with the dialplan that they began with; `None` where the old one stays in force.
    pub calls: Option<usize>,
}

/// Loads the dialplan anew, one load at a time.
pub struct Reloader {
    load: Load,
    switch: DialplanHandle,
    /// What the last load read, whether or not it succeeded.
    watched: Mutex<Watched>,
}

impl Reloader {
    /// For a switch that was started with what `watched` tells.
    pub fn new(load: Load, switch: DialplanHandle, watched: Watched) -> Arc<Self> {
        Arc::new(Reloader {
            load,
            switch,
            watched: Mutex::new(watched),
        })
    }

    /// Loads; `why` is for the log.
    pub async fn reload(&self, why: &str) -> Report {
        // Held until the switch has taken it, so that of two loads the later one counts.
        let mut watched = self.watched.lock().await;
        let load = self.load.clone();
        let Ok(loaded) = tokio::task::spawn_blocking(move || load()).await else {
            tracing::error!(
                "{why}: the dialplan could not be loaded, by a mistake of ours: the old one stays in force"
            );
            return Report {
                findings: Vec::new(),
                calls: None,
            };
        };
        *watched = loaded.watched;
        for finding in &loaded.findings {
            say(finding);
        }
        let calls = match loaded.dialplan {
            Some(dialplan) => self.switch.set(Arc::new(dialplan)).await,
            None => None,
        };
        let summary = Summary::of(&loaded.findings);
        match calls {
            Some(calls) => tracing::info!(
                calls,
                "{why}: the dialplan was loaded anew ({summary}); calls in progress keep theirs"
            ),
            None => {
                tracing::error!("{why}: the dialplan was not loaded ({summary}): the old one stays in force")
            }
        }
        Report {
            findings: loaded.findings,
            calls,
        }
    }

    /// Loads whenever a file that the dialplan consists of has changed and then stayed as it is from one look to the next,
    /// so that a file that is being written is not read half-way. Never ends.
    pub async fn watch(&self) {
        let mut before = None;
        loop {
            tokio::time::sleep(limits::DIALPLAN_WATCH_TIME).await;
            let loaded = self.watched.lock().await.clone();
            let look = loaded.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || look.now()).await else {
                continue;
            };
            if now != loaded && before.as_ref() == Some(&now) {
                self.reload("a file of the dialplan changed").await;
            }
            before = Some(now);
        }
    }
}

fn say(finding: &Diagnostic) {
    let place = finding.span.as_ref().map_or(String::new(), |span| {
        let (line, column) = span.source.position(span.range.start);
        format!("{}:{line}:{column}: ", span.source.name)
    });
    let text = format!("{place}{}", finding.message);
    match finding.severity {
        Severity::Error => tracing::error!(code = finding.code, "{}", text.escape_debug()),
        Severity::Warning => tracing::warn!(code = finding.code, "{}", text.escape_debug()),
    }
}
