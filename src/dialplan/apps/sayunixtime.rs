use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::say::Moment;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;
use jiff::tz::TimeZone;
use jiff::Timestamp;

/// SayUnixTime
pub struct SayUnixTime;

static MANUAL: Manual = Manual {
    name: "SayUnixTime",
    syntax: "SayUnixTime([seconds][,[time zone][,[format][,options]]])",
    synopsis: "Says a date and a time.",
    text: "The seconds are since 1970, now where none are given; the zone is one of the tz database, that of the dialplan \
           where none is given. Answers the call. The format is letters, white space, and names of sounds in single \
           quotes; without one it is `ABdY 'digits/at' IMp` in English, `AdBY 'digits/at' HM` in French. In Asterisk `Q` \
           says \"today\" of every day to come; here it says \"tomorrow\", or the date.\n\n\
           | letter | says |\n|---|---|\n\
           | `A`, `a` | the day of the week |\n\
           | `B`, `b`, `h` | the month by name |\n\
           | `m` | the month by number |\n\
           | `d`, `e` | the day of the month |\n\
           | `Y` | the year |\n\
           | `I`, `l` | the hour, of twelve |\n\
           | `H`, `k` | the hour, of twenty-four; in English `H` says \"oh\" before one digit |\n\
           | `M`, `N` | the minute; of a full hour `M` says \"o'clock\", `N` \"hundred\" |\n\
           | `P`, `p` | before or after noon |\n\
           | `S` | the second |\n\
           | `R`, `T` | `HM`, `HMS` |\n\
           | `Q` | today, yesterday, or less and less of the date the longer ago it is |\n\
           | `q` | the same, and nothing for today |",
    options: &[("j", "A key interrupts and begins an extension.")],
    variables: saying::VARIABLES,
};

#[async_trait]
impl Application for SayUnixTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check_moment(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        say_moment(run, arguments).await
    }
}

/// Looks at seconds, zone, format and options.
pub(super) fn check_moment(check: &mut Check<'_>) {
    check.seconds(0);
    check.option_letters(3, "j");
    let parts = check.parts();
    if let Some((range, zone)) = parts.get(1) {
        let zone = zone.trim();
        if !zone.is_empty() && !zone.contains('$') && TimeZone::get(zone).is_err() {
            check.expected(range.clone(), "a time zone of the tz database");
        }
    }
    if let Some((range, format)) = parts.get(2) {
        // The sounds in quotes: every second piece.
        let mut from = range.start;
        for (number, piece) in format.split('\'').enumerate() {
            if number % 2 == 1 {
                check.sounds(from..from + piece.len(), piece);
            }
            from += piece.len() + 1;
        }
    }
}

/// Says a moment, as the arguments have it.
pub(super) async fn say_moment(run: &mut Run<'_>, arguments: &str) -> Outcome {
    let arguments = Arguments::parse(arguments);
    let keys = arguments.options(3).has('j') || saying::interruptible(run);
    let now = Timestamp::try_from(run.channel.wall_clock()).unwrap_or(Timestamp::UNIX_EPOCH);
    let then = match arguments.get(0).trim() {
        "" => Some(now),
        text => time(text),
    };
    let then = then.unwrap_or_else(|| {
        run.complain(format!("{} is not a number of seconds since 1970: now is said", arguments.get(0)));
        now
    });
    let zone = match arguments.get(1).trim() {
        "" => Some(run.plan.zone.0.clone()),
        name => TimeZone::get(name).ok(),
    };
    let zone = zone.unwrap_or_else(|| {
        run.complain(format!("there is no time zone called {}", arguments.get(1)));
        run.plan.zone.0.clone()
    });
    let moment = Moment::new(then, now, zone);
    let (sounds, unknown) = run.grammar().moment(arguments.get(2), &moment);
    if let Some(letter) = unknown.first() {
        run.complain(format!("{letter} says nothing of a time"));
    }
    run.channel.answer().await?;
    saying::speak(run, sounds, keys).await
}

/// Seconds since 1970, perhaps with a fraction, which is left out.
fn time(text: &str) -> Option<Timestamp> {
    let whole = text.split('.').next().unwrap_or(text);
    Timestamp::from_second(whole.parse().ok()?).ok()
}
