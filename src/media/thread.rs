//! The thread that drives a worker: commands at once, a tick every 20 ms.

use super::io::MediaIo;
use super::worker::Worker;
use super::{AudioChunk, Command, Event};
use crate::limits;
use crate::rng::Rng;
use crate::secret::wipe_stack;
use crate::time::{Duration, Instant};
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;

/// The tick of media: one frame.
pub const TICK: Duration = Duration::from_millis(20);

/// A worker's thread. Dropping the handle closes every leg, each with its last audio and its RTCP BYE, and
/// waits for the thread to end.
pub struct MediaThread {
    commands: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

/// What a thread is made of.
pub struct Parts {
    /// The thread's name in a debugger.
    pub name: String,
    /// Its sockets.
    pub io: Box<dyn MediaIo>,
    /// Its randomness.
    pub rng: Rng,
    /// The clock of the switch.
    pub clock: Box<dyn Fn() -> Instant + Send>,
    /// Takes events. Must not block.
    pub on_event: Box<dyn FnMut(Event) + Send>,
    /// Takes audio, before the event that says that a recording has ended. `false` where there is no room: that
    /// recording then ends with `RecordEnd::Overrun`. Must not block.
    pub on_audio: Box<dyn FnMut(AudioChunk) -> bool + Send>,
}

impl MediaThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the operating system refuses a thread.
    pub fn spawn(parts: Parts) -> io::Result<Self> {
        let (commands, receiver) = mpsc::sync_channel(limits::MEDIA_COMMANDS);
        let thread = std::thread::Builder::new()
            .name(parts.name.clone())
            .spawn(move || run(parts, &receiver))?;
        Ok(MediaThread {
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    /// Hands over a command. `false` where the worker is too far behind to take it, or has ended.
    pub fn send(&self, command: Command) -> bool {
        self.commands
            .as_ref()
            .is_some_and(|commands| commands.try_send(command).is_ok())
    }
}

impl Drop for MediaThread {
    fn drop(&mut self) {
        // The thread ends when nobody can send to it any more.
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                tracing::error!("a media thread panicked");
            }
        }
    }
}

fn run(parts: Parts, commands: &mpsc::Receiver<Command>) {
    let Parts {
        io,
        rng,
        clock,
        mut on_event,
        mut on_audio,
        ..
    } = parts;
    let mut worker = Worker::new(io, rng);
    let mut next_tick = clock() + TICK;
    let mut is_to_wipe = false;
    loop {
        let wait = next_tick.since(clock());
        let open = match commands.recv_timeout(wait) {
            Ok(command) => {
                worker.command(clock(), command);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => {
                worker.close_all(clock());
                false
            }
        };
        // Commands that keep coming do not hold up the tick: the time is looked at after each.
        let now = clock();
        if open && now >= next_tick {
            worker.tick(now);
            next_tick = next_tick_after(next_tick, now);
            // Once a tick at most, however many calls end in it.
            if std::mem::take(&mut is_to_wipe) {
                wipe_stack();
            }
        }
        is_to_wipe |= drain(&mut worker, now, &mut on_event, &mut on_audio);
        if !open {
            return;
        }
    }
}

/// The grid of ticks keeps its phase, so that lateness does not add up; ticks that were missed are left out,
/// since the legs catch up by themselves.
fn next_tick_after(last: Instant, now: Instant) -> Instant {
    let tick_us = TICK.as_micros() as u64;
    let missed = now.since(last).as_micros() as u64 / tick_us;
    last + Duration::from_micros((missed + 1) * tick_us)
}

/// Whether a leg is gone: what its audio left on the stack may be wiped.
fn drain(
    worker: &mut Worker,
    now: Instant,
    on_event: &mut dyn FnMut(Event),
    on_audio: &mut dyn FnMut(AudioChunk) -> bool,
) -> bool {
    let mut is_closed = false;
    while let Some(chunk) = worker.poll_audio() {
        let recording = chunk.recording;
        if !on_audio(chunk) {
            worker.overrun(now, recording);
        }
    }
    while let Some(event) = worker.poll_event() {
        is_closed |= matches!(event, Event::Closed { .. });
        on_event(event);
    }
    is_closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_their_phase() {
        let at = Instant::from_millis;
        assert_eq!(next_tick_after(at(20), at(20)), at(40));
        assert_eq!(next_tick_after(at(20), at(39)), at(40));
        assert_eq!(next_tick_after(at(20), at(40)), at(60));
        assert_eq!(next_tick_after(at(20), at(95)), at(100));
    }
}
