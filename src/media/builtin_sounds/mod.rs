//! The built-in sounds, compiled in, so that a switch without a sounds folder still speaks.
//!
//! Written by `contrib/sounds` from `sounds/en/table.tsv`: change that table, not this file.

#[cfg(test)]
mod tests;

/// A spoken message of some seconds, a WAV file of 8 kHz: what the demo's caller says.
pub static DEMO_SPEECH: &[u8] = include_bytes!("../../../tests/audio/speech.wav");

/// Every built-in sound: its name without extension, as dialplans write it, and its WAV file.
pub static SOUNDS: &[(&str, &[u8])] = &[
    ("beep", include_bytes!("../../../sounds/en/beep.wav")),
    ("closed", include_bytes!("../../../sounds/en/closed.wav")),
    ("digits/0", include_bytes!("../../../sounds/en/digits/0.wav")),
    ("digits/1", include_bytes!("../../../sounds/en/digits/1.wav")),
    ("digits/10", include_bytes!("../../../sounds/en/digits/10.wav")),
    ("digits/11", include_bytes!("../../../sounds/en/digits/11.wav")),
    ("digits/12", include_bytes!("../../../sounds/en/digits/12.wav")),
    ("digits/13", include_bytes!("../../../sounds/en/digits/13.wav")),
    ("digits/14", include_bytes!("../../../sounds/en/digits/14.wav")),
    ("digits/15", include_bytes!("../../../sounds/en/digits/15.wav")),
    ("digits/16", include_bytes!("../../../sounds/en/digits/16.wav")),
    ("digits/17", include_bytes!("../../../sounds/en/digits/17.wav")),
    ("digits/18", include_bytes!("../../../sounds/en/digits/18.wav")),
    ("digits/19", include_bytes!("../../../sounds/en/digits/19.wav")),
    ("digits/2", include_bytes!("../../../sounds/en/digits/2.wav")),
    ("digits/20", include_bytes!("../../../sounds/en/digits/20.wav")),
    ("digits/3", include_bytes!("../../../sounds/en/digits/3.wav")),
    ("digits/30", include_bytes!("../../../sounds/en/digits/30.wav")),
    ("digits/4", include_bytes!("../../../sounds/en/digits/4.wav")),
    ("digits/40", include_bytes!("../../../sounds/en/digits/40.wav")),
    ("digits/5", include_bytes!("../../../sounds/en/digits/5.wav")),
    ("digits/50", include_bytes!("../../../sounds/en/digits/50.wav")),
    ("digits/6", include_bytes!("../../../sounds/en/digits/6.wav")),
    ("digits/60", include_bytes!("../../../sounds/en/digits/60.wav")),
    ("digits/7", include_bytes!("../../../sounds/en/digits/7.wav")),
    ("digits/70", include_bytes!("../../../sounds/en/digits/70.wav")),
    ("digits/8", include_bytes!("../../../sounds/en/digits/8.wav")),
    ("digits/80", include_bytes!("../../../sounds/en/digits/80.wav")),
    ("digits/9", include_bytes!("../../../sounds/en/digits/9.wav")),
    ("digits/90", include_bytes!("../../../sounds/en/digits/90.wav")),
    (
        "digits/billion",
        include_bytes!("../../../sounds/en/digits/billion.wav"),
    ),
    (
        "digits/hundred",
        include_bytes!("../../../sounds/en/digits/hundred.wav"),
    ),
    (
        "digits/million",
        include_bytes!("../../../sounds/en/digits/million.wav"),
    ),
    (
        "digits/minus",
        include_bytes!("../../../sounds/en/digits/minus.wav"),
    ),
    ("digits/oh", include_bytes!("../../../sounds/en/digits/oh.wav")),
    (
        "digits/pound",
        include_bytes!("../../../sounds/en/digits/pound.wav"),
    ),
    (
        "digits/star",
        include_bytes!("../../../sounds/en/digits/star.wav"),
    ),
    (
        "digits/thousand",
        include_bytes!("../../../sounds/en/digits/thousand.wav"),
    ),
    ("goodbye", include_bytes!("../../../sounds/en/goodbye.wav")),
    ("greeting", include_bytes!("../../../sounds/en/greeting.wav")),
    ("invalid", include_bytes!("../../../sounds/en/invalid.wav")),
    ("letters/a", include_bytes!("../../../sounds/en/letters/a.wav")),
    (
        "letters/ascii123",
        include_bytes!("../../../sounds/en/letters/ascii123.wav"),
    ),
    (
        "letters/ascii124",
        include_bytes!("../../../sounds/en/letters/ascii124.wav"),
    ),
    (
        "letters/ascii125",
        include_bytes!("../../../sounds/en/letters/ascii125.wav"),
    ),
    (
        "letters/ascii126",
        include_bytes!("../../../sounds/en/letters/ascii126.wav"),
    ),
    (
        "letters/ascii34",
        include_bytes!("../../../sounds/en/letters/ascii34.wav"),
    ),
    (
        "letters/ascii37",
        include_bytes!("../../../sounds/en/letters/ascii37.wav"),
    ),
    (
        "letters/ascii38",
        include_bytes!("../../../sounds/en/letters/ascii38.wav"),
    ),
    (
        "letters/ascii39",
        include_bytes!("../../../sounds/en/letters/ascii39.wav"),
    ),
    (
        "letters/ascii40",
        include_bytes!("../../../sounds/en/letters/ascii40.wav"),
    ),
    (
        "letters/ascii41",
        include_bytes!("../../../sounds/en/letters/ascii41.wav"),
    ),
    (
        "letters/ascii44",
        include_bytes!("../../../sounds/en/letters/ascii44.wav"),
    ),
    (
        "letters/ascii58",
        include_bytes!("../../../sounds/en/letters/ascii58.wav"),
    ),
    (
        "letters/ascii59",
        include_bytes!("../../../sounds/en/letters/ascii59.wav"),
    ),
    (
        "letters/ascii60",
        include_bytes!("../../../sounds/en/letters/ascii60.wav"),
    ),
    (
        "letters/ascii62",
        include_bytes!("../../../sounds/en/letters/ascii62.wav"),
    ),
    (
        "letters/ascii63",
        include_bytes!("../../../sounds/en/letters/ascii63.wav"),
    ),
    (
        "letters/ascii91",
        include_bytes!("../../../sounds/en/letters/ascii91.wav"),
    ),
    (
        "letters/ascii92",
        include_bytes!("../../../sounds/en/letters/ascii92.wav"),
    ),
    (
        "letters/ascii93",
        include_bytes!("../../../sounds/en/letters/ascii93.wav"),
    ),
    (
        "letters/ascii94",
        include_bytes!("../../../sounds/en/letters/ascii94.wav"),
    ),
    (
        "letters/ascii95",
        include_bytes!("../../../sounds/en/letters/ascii95.wav"),
    ),
    (
        "letters/ascii96",
        include_bytes!("../../../sounds/en/letters/ascii96.wav"),
    ),
    (
        "letters/asterisk",
        include_bytes!("../../../sounds/en/letters/asterisk.wav"),
    ),
    ("letters/at", include_bytes!("../../../sounds/en/letters/at.wav")),
    ("letters/b", include_bytes!("../../../sounds/en/letters/b.wav")),
    ("letters/c", include_bytes!("../../../sounds/en/letters/c.wav")),
    ("letters/d", include_bytes!("../../../sounds/en/letters/d.wav")),
    (
        "letters/dash",
        include_bytes!("../../../sounds/en/letters/dash.wav"),
    ),
    (
        "letters/dollar",
        include_bytes!("../../../sounds/en/letters/dollar.wav"),
    ),
    (
        "letters/dot",
        include_bytes!("../../../sounds/en/letters/dot.wav"),
    ),
    ("letters/e", include_bytes!("../../../sounds/en/letters/e.wav")),
    (
        "letters/equals",
        include_bytes!("../../../sounds/en/letters/equals.wav"),
    ),
    (
        "letters/exclaimation-point",
        include_bytes!("../../../sounds/en/letters/exclaimation-point.wav"),
    ),
    ("letters/f", include_bytes!("../../../sounds/en/letters/f.wav")),
    ("letters/g", include_bytes!("../../../sounds/en/letters/g.wav")),
    ("letters/h", include_bytes!("../../../sounds/en/letters/h.wav")),
    ("letters/i", include_bytes!("../../../sounds/en/letters/i.wav")),
    ("letters/j", include_bytes!("../../../sounds/en/letters/j.wav")),
    ("letters/k", include_bytes!("../../../sounds/en/letters/k.wav")),
    ("letters/l", include_bytes!("../../../sounds/en/letters/l.wav")),
    ("letters/m", include_bytes!("../../../sounds/en/letters/m.wav")),
    ("letters/n", include_bytes!("../../../sounds/en/letters/n.wav")),
    ("letters/o", include_bytes!("../../../sounds/en/letters/o.wav")),
    ("letters/p", include_bytes!("../../../sounds/en/letters/p.wav")),
    (
        "letters/plus",
        include_bytes!("../../../sounds/en/letters/plus.wav"),
    ),
    ("letters/q", include_bytes!("../../../sounds/en/letters/q.wav")),
    ("letters/r", include_bytes!("../../../sounds/en/letters/r.wav")),
    ("letters/s", include_bytes!("../../../sounds/en/letters/s.wav")),
    (
        "letters/slash",
        include_bytes!("../../../sounds/en/letters/slash.wav"),
    ),
    (
        "letters/space",
        include_bytes!("../../../sounds/en/letters/space.wav"),
    ),
    ("letters/t", include_bytes!("../../../sounds/en/letters/t.wav")),
    ("letters/u", include_bytes!("../../../sounds/en/letters/u.wav")),
    ("letters/v", include_bytes!("../../../sounds/en/letters/v.wav")),
    ("letters/w", include_bytes!("../../../sounds/en/letters/w.wav")),
    ("letters/x", include_bytes!("../../../sounds/en/letters/x.wav")),
    ("letters/y", include_bytes!("../../../sounds/en/letters/y.wav")),
    ("letters/z", include_bytes!("../../../sounds/en/letters/z.wav")),
    (
        "mailbox-intro",
        include_bytes!("../../../sounds/en/mailbox-intro.wav"),
    ),
    (
        "memo-failed",
        include_bytes!("../../../sounds/en/memo-failed.wav"),
    ),
    ("memo-saved", include_bytes!("../../../sounds/en/memo-saved.wav")),
    (
        "memo-too-short",
        include_bytes!("../../../sounds/en/memo-too-short.wav"),
    ),
    ("menu-intro", include_bytes!("../../../sounds/en/menu-intro.wav")),
    ("open-hours", include_bytes!("../../../sounds/en/open-hours.wav")),
    (
        "please-try-again",
        include_bytes!("../../../sounds/en/please-try-again.wav"),
    ),
    ("thank-you", include_bytes!("../../../sounds/en/thank-you.wav")),
    (
        "you-entered",
        include_bytes!("../../../sounds/en/you-entered.wav"),
    ),
];

/// The WAV file of a built-in sound.
pub fn find(name: &str) -> Option<&'static [u8]> {
    let index = SOUNDS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(SOUNDS[index].1)
}
