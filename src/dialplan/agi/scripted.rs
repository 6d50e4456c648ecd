//! A program that says what a script says: for the author's test runner and for our tests.

use crate::dialplan::services::AgiPeer;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// A program, as text: each line is a command that it sends. A line `!call ends` waits for that, `!exit N` is its exit
/// status, and `#` begins a comment. At its end the program closes.
#[derive(Clone, Debug, Default)]
pub struct Program {
    lines: VecDeque<String>,
    status: i32,
    /// The call is over.
    over: bool,
    /// What was said, by both.
    dialogue: Arc<Mutex<String>>,
}

impl Program {
    /// Reads the text.
    pub fn new(text: &str) -> Self {
        let mut program = Program::default();
        for line in text.lines() {
            match line.strip_prefix("!exit ") {
                Some(status) => program.status = status.trim().parse().unwrap_or(-1),
                None if line.starts_with('#') => {}
                None => program.lines.push_back(line.to_string()),
            }
        }
        program
    }

    /// What was said so far: `<` begins the program's lines, `>` what it was told.
    pub fn dialogue(&self) -> String {
        self.written().clone()
    }

    fn written(&self) -> MutexGuard<'_, String> {
        // A panic elsewhere leaves whole lines.
        self.dialogue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self, mark: &str, text: &str) {
        let mut dialogue = self.written();
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            dialogue.push_str(mark);
            dialogue.push_str(line);
            dialogue.push('\n');
        }
    }
}

#[async_trait]
impl AgiPeer for Program {
    async fn send(&mut self, text: &str) -> bool {
        self.write("> ", text);
        true
    }

    async fn line(&mut self) -> Option<String> {
        while self.lines.front().is_some_and(|line| line == "!call ends") {
            if !self.over {
                std::future::pending::<()>().await;
            }
            self.lines.pop_front();
        }
        let line = self.lines.pop_front();
        match &line {
            Some(line) => self.write("< ", line),
            None => self.write("", "closed"),
        }
        line
    }

    async fn hang_up(&mut self, signal: bool) {
        self.over = true;
        self.write(
            "",
            if signal {
                "told of the hang-up"
            } else {
                "the call is over"
            },
        );
    }

    async fn finish(&mut self) -> i32 {
        self.status
    }
}
