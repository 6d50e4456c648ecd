//! The log: one line per event on standard error, as text for people or as JSON.
//!
//! A layer of our own, so that both forms carry the same: the time, the level, the message, the event's fields and those
//! of the spans around it. A call's span (`call{call_id}`) shows as `call=` and the beginning of its Call-ID. Nothing
//! that a stranger sent can begin a line: line ends in a message are followed by a margin, those in a field are
//! escaped.

use crate::config::{Log, LogFormat};
use crate::secret;
use serde_json::{Map, Value};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Characters of a Call-ID in a text line: enough to tell the calls of a day apart, and to search by.
const CALL_ID_SHOWN: usize = 12;

/// Starts the log of this process. A second start has no effect.
pub fn init(log: &Log) {
    secret::show_full_numbers(log.full_numbers);
    let logger = Logger::new(log.level, log.format, |line| {
        // Where standard error is gone there is nobody left to tell.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    });
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(logger));
}

/// The layer. Public so that a test can have its lines.
pub struct Logger<W> {
    level: Level,
    format: LogFormat,
    write: W,
}

impl<W: Fn(&str) + 'static> Logger<W> {
    /// A log of that level and form; `write` is given each line whole, with its line end.
    pub fn new(level: Level, format: LogFormat, write: W) -> Self {
        Logger { level, format, write }
    }

    /// Our own events by the level that was configured; those of libraries where something is wrong, or where everything
    /// is asked for: at debug, an HTTP client would print addresses that hold tokens.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target() == "obelus" || metadata.target().starts_with("obelus::");
        let level = if ours {
            self.level
        } else {
            self.level.min(Level::WARN)
        };
        *metadata.level() <= level
    }
}

impl<S, W> Layer<S> for Logger<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // Spans are kept at any level: a warning inside a debug span carries the span's fields.
        metadata.is_span() || self.wants(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        };
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut around = Vec::new();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                around.extend(fields.0.iter().cloned());
            }
        }
        let time = now();
        let line = match self.format {
            LogFormat::Text => text(&time, *event.metadata().level(), fields, around),
            LogFormat::Json => json(&time, event.metadata(), fields, around),
        };
        (self.write)(&line);
    }
}

/// The time in UTC with milliseconds, as RFC 3339 has it.
fn now() -> String {
    let now = jiff::Timestamp::now();
    format!("{now:.3}")
}

/// Fields in the order in which they were recorded.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        match self.0.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, old)) => *old = value,
            None => self.0.push((field.name(), value)),
        }
    }

    fn take_message(&mut self) -> String {
        let place = self.0.iter().position(|(name, _)| *name == "message");
        match place.map(|place| self.0.remove(place).1) {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }
}

/// `2026-01-31T12:00:00.123Z INFO  call=3848276298 call answered after_ms=12`
fn text(time: &str, level: Level, mut fields: Fields, around: Vec<(&'static str, Value)>) -> String {
    let mut line = format!("{time} {level:<5}");
    // Writing to a String cannot fail.
    for (name, value) in around {
        match (name, &value) {
            ("call_id", Value::String(id)) => {
                let short: String = id
                    .split('@')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(CALL_ID_SHOWN)
                    .collect();
                let _ = write!(line, " call={}", field_text(&short.into()));
            }
            _ => {
                let _ = write!(line, " {name}={}", field_text(&value));
            }
        }
    }
    let message = fields.take_message();
    let mut lines = message.trim_end().lines();
    let _ = write!(line, " {}", printable(lines.next().unwrap_or_default()));
    for (name, value) in fields.0 {
        let _ = write!(line, " {name}={}", field_text(&value));
    }
    line.push('\n');
    for more in lines {
        let _ = writeln!(line, "    | {}", printable(more));
    }
    line
}

fn field_text(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    if text.is_empty() || (!quoted && text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')) {
        format!("\"{}\"", text.escape_debug())
    } else {
        printable(text)
    }
}

fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_debug());
        } else {
            out.push(c);
        }
    }
    out
}

/// One flat object: `time`, `level`, `target`, `message`, then the fields of the spans and of the event.
fn json(
    time: &str,
    metadata: &Metadata<'_>,
    mut fields: Fields,
    around: Vec<(&'static str, Value)>,
) -> String {
    let mut object = Map::new();
    // The event's own fields come last: they stand where a span has one of the same name. What is always there comes
    // after them all, so that no field can stand in for it.
    let message = fields.take_message();
    for (name, value) in around.into_iter().chain(fields.0) {
        object.insert(name.to_owned(), value);
    }
    object.insert("time".into(), time.into());
    object.insert("level".into(), metadata.level().as_str().to_lowercase().into());
    object.insert("target".into(), metadata.target().into());
    object.insert("message".into(), message.into());
    let mut line = Value::Object(object).to_string();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Private, Secret};
    use std::sync::{Arc, Mutex};

    /// What is logged while `body` runs, without the times.
    fn logged(level: Level, format: LogFormat, body: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(String::new()));
        let sink = lines.clone();
        let logger = Logger::new(level, format, move |line: &str| {
            sink.lock().expect("no test panics while it logs").push_str(line);
        });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(logger), body);
        let lines = lines.lock().expect("no test panics while it logs");
        match format {
            LogFormat::Text => {
                let cut = |line: &str| {
                    if line.starts_with(' ') {
                        line.to_owned()
                    } else {
                        line[25..].to_owned()
                    }
                };
                lines.lines().map(cut).collect::<Vec<_>>().join("\n")
            }
            LogFormat::Json => lines.clone(),
        }
    }

    #[test]
    fn a_line_has_level_call_message_and_fields() {
        let shown = logged(Level::INFO, LogFormat::Text, || {
            let span = tracing::info_span!(
                "call",
                call_id = "a84b4c76e66710@192.0.2.1",
                leg = tracing::field::Empty
            );
            let _entered = span.enter();
            tracing::info!(trunk = "voip-ms", after_ms = 12, "call answered");
            span.record("leg", 3);
            tracing::warn!(reason = "no RTP for 5 s", ratio = 0.5, "one-way audio");
            tracing::debug!("not at this level");
        });
        assert_eq!(
            shown,
            "INFO  call=a84b4c76e667 call answered trunk=voip-ms after_ms=12\n\
             WARN  call=a84b4c76e667 leg=3 one-way audio reason=\"no RTP for 5 s\" ratio=0.5"
        );
    }

    #[test]
    fn json_is_one_flat_object_a_line() {
        let shown = logged(Level::INFO, LogFormat::Json, || {
            let span = tracing::info_span!("call", call_id = "a84b4c76e66710@192.0.2.1");
            let _entered = span.enter();
            tracing::info!(level = "forged", trunk = "voip-ms", seconds = 3, "two\nlines");
        });
        assert_eq!(shown.matches('\n').count(), 1);
        let object: Value = serde_json::from_str(&shown).expect("the line is JSON");
        assert_eq!(object["level"], "info");
        assert_eq!(object["target"], "obelus::ops::logging::tests");
        assert_eq!(object["message"], "two\nlines");
        assert_eq!(object["call_id"], "a84b4c76e66710@192.0.2.1");
        assert_eq!(
            (&object["trunk"], &object["seconds"]),
            (&"voip-ms".into(), &3.into())
        );
        assert!(
            object["time"]
                .as_str()
                .is_some_and(|time| time.ends_with('Z') && time.len() == 24),
            "{shown}"
        );
    }

    #[test]
    fn no_stranger_can_begin_a_line() {
        let shown = logged(Level::INFO, LogFormat::Text, || {
            tracing::info!(name = "x\n2026 ERROR forged", "a\r\n2026 ERROR forged\x1b[2J");
        });
        assert_eq!(
            shown,
            "INFO  a name=\"x\\n2026 ERROR forged\"\n    | 2026 ERROR forged\\u{1b}[2J"
        );
    }

    #[test]
    fn neither_secrets_nor_whole_numbers_are_shown() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let shown = logged(Level::TRACE, format, || {
                let password = Secret::new("hunter2".into());
                tracing::info!(?password, from = %Private("+15550100123"), "call begun");
            });
            assert!(
                !shown.contains("hunter2") && !shown.contains("5550100"),
                "{shown}"
            );
            assert!(shown.contains("…0123"), "{shown}");
        }
    }

    #[test]
    fn libraries_are_heard_from_a_warning_up() {
        let shown = logged(Level::TRACE, LogFormat::Text, || {
            tracing::debug!(target: "hyper::client", "GET https://hooks.example.org/token");
            tracing::warn!(target: "hyper::client", "broken");
            tracing::error!(target: "obelusque", "a name that only begins like ours");
        });
        assert_eq!(shown, "WARN  broken\nERROR a name that only begins like ours");
        let shown = logged(
            Level::ERROR,
            LogFormat::Text,
            || tracing::warn!(target: "hyper::client", "broken"),
        );
        assert_eq!(shown, "");
    }
}
