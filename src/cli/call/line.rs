//! What the telephone shows: one line that is rewritten on a terminal, plain lines elsewhere.

use crate::media::LegStats;
use crate::phone::Progress;
use std::io::{self, Write};
use std::time::Duration;

/// Where it is not rewritten, figures are a line of their own, so often.
const PLAIN_FIGURES: Duration = Duration::from_secs(5);
/// Cells of a level bar, and the level at which it is empty.
const BAR: usize = 10;
const EMPTY_DB: f32 = -50.0;

/// The line.
pub struct Line {
    terminal: bool,
    /// The state in a word, for the line of figures.
    state: &'static str,
    next_figures: Duration,
}

impl Line {
    /// For a terminal, or for a file or pipe.
    pub fn new(terminal: bool) -> Self {
        Line {
            terminal,
            state: "",
            next_figures: Duration::ZERO,
        }
    }

    /// Shows what the call is doing.
    pub fn show(&mut self, progress: &Progress, out: &mut impl Write) -> io::Result<()> {
        if let Progress::Figures { elapsed, stats } = progress {
            return self.figures(*elapsed, stats, out);
        }
        self.state = state(progress).unwrap_or(self.state);
        let news = news(progress);
        if self.terminal {
            // To the line's start, the text, and nothing of the old line behind it.
            write!(out, "\r{news}\x1b[K")?;
            if *progress == Progress::HungUp {
                write!(out, "\r\x1b[K")?;
            }
        } else {
            writeln!(out, "{news}")?;
        }
        out.flush()
    }

    fn figures(&mut self, elapsed: Duration, stats: &LegStats, out: &mut impl Write) -> io::Result<()> {
        let figures = format!(
            "{} {:<9} in {} out {}  loss {:.1} %{}  jitter {:.1} ms",
            clock(elapsed),
            self.state,
            bar(stats.level_in),
            bar(stats.level_out),
            100.0 * loss(stats),
            remote_loss(stats),
            stats.jitter_ms
        );
        if self.terminal {
            write!(out, "\r{figures}\x1b[K")?;
        } else if elapsed >= self.next_figures {
            self.next_figures = elapsed + PLAIN_FIGURES;
            writeln!(out, "{figures}")?;
        }
        out.flush()
    }
}

/// What has just happened.
fn news(progress: &Progress) -> String {
    match progress {
        Progress::Calling(address) => format!("calling {address}"),
        Progress::Answered(codec) => format!("answered, {}", codec.name()),
        Progress::NoKeys => "the far end takes no keys".into(),
        _ => state(progress).unwrap_or_default().into(),
    }
}

/// What the call is doing from now on, where that is told.
fn state(progress: &Progress) -> Option<&'static str> {
    Some(match progress {
        Progress::Calling(_) => "calling",
        Progress::Ringing => "ringing",
        Progress::Answered(_) => "answered",
        Progress::Listening => "listening",
        Progress::Speaking => "speaking",
        Progress::Dialling => "dialling",
        Progress::Staying => "staying",
        Progress::Changed { held: true } => "on hold",
        Progress::Changed { held: false } => "resumed",
        Progress::HungUp => "hung up",
        Progress::NoKeys | Progress::Figures { .. } => return None,
    })
}

fn clock(elapsed: Duration) -> String {
    let secs = elapsed.as_secs();
    format!("{:02}:{:02}", secs / 60, secs % 60)
}

/// Of the packets that should have come.
fn loss(stats: &LegStats) -> f64 {
    let expected = stats.received + stats.lost;
    if expected == 0 {
        return 0.0;
    }
    stats.lost as f64 / expected as f64
}

/// What the far end lost of ours, where it says so and did.
fn remote_loss(stats: &LegStats) -> String {
    match stats.remote_loss {
        Some(loss) if loss > 0.0 => format!(" (far {:.1} %)", 100.0 * loss),
        _ => String::new(),
    }
}

fn bar(level: f32) -> String {
    let db = 20.0 * level.max(1e-6).log10();
    let full = (BAR as f32 * (1.0 - db / EMPTY_DB))
        .round()
        .clamp(0.0, BAR as f32) as usize;
    "█".repeat(full) + &"·".repeat(BAR - full)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(terminal: bool, progress: &[Progress]) -> String {
        let mut line = Line::new(terminal);
        let mut out = Vec::new();
        for step in progress {
            line.show(step, &mut out).expect("memory takes all");
        }
        String::from_utf8(out).expect("UTF-8")
    }

    fn figures(secs: u64) -> Progress {
        let stats = LegStats {
            received: 99,
            lost: 1,
            level_in: 1.0,
            level_out: 0.1,
            jitter_ms: 0.44,
            ..LegStats::default()
        };
        let elapsed = Duration::from_secs(secs);
        Progress::Figures { elapsed, stats }
    }

    #[test]
    fn on_a_terminal_one_line_is_rewritten_and_fits() {
        let text = shown(true, &[Progress::Speaking, figures(67)]);
        assert!(!text.contains('\n'));
        let last = text.rsplit('\r').next().expect("a line");
        assert_eq!(
            last,
            "01:07 speaking  in ██████████ out ██████····  loss 1.0 %  jitter 0.4 ms\x1b[K"
        );
        assert!(last.chars().count() <= 80);
        assert!(shown(true, &[Progress::HungUp]).ends_with("\r\x1b[K"));
    }

    #[test]
    fn elsewhere_figures_come_every_five_seconds() {
        let text = shown(
            false,
            &[Progress::Ringing, figures(0), figures(1), figures(4), figures(5)],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0], "ringing");
        assert!(!text.contains(['\r', '\x1b']));
    }

    #[test]
    fn a_bar_shows_decibels() {
        assert_eq!(bar(0.0), "··········");
        assert_eq!(bar(1.0), "██████████");
        assert_eq!(bar(2.0), "██████████");
    }
}
