use super::{Application, Check, Manual, Outcome, Run, KEYS};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::{Arguments, Options};
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::{Flow, Stop, NORMAL_CLEARING};
use crate::dialplan::substitute::Values;
use crate::limits;
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

/// Authenticate
pub struct Authenticate;

static MANUAL: Manual = Manual {
    name: "Authenticate",
    syntax: "Authenticate(password[,options[,maxdigits[,sound]]])",
    synopsis: "Lets only those past who enter a password.",
    text: "Answers the call, plays the sound, `agent-pass` where none is given, and reads digits until `#`, or until \
           there are as many as asked for. Whoever enters something else hears `auth-incorrect`, and after three times \
           `vm-goodbye`; then the call ends.\n\nUnlike in Asterisk, a password that is empty is never right: a variable \
           that was not set lets nobody in. A file of passwords, `/path`, is refused: put them into the database, and \
           use the option `d`.",
    options: &[
        ("a", "What was entered becomes `CHANNEL(accountcode)`."),
        ("d", "The password is `/family`: each key of that family of the database is a password."),
        ("r", "With `d`: a password that was used is taken out of the database."),
    ],
    ..Manual::EMPTY
};

/// How often a caller may try.
const ATTEMPTS: usize = 3;

#[async_trait]
impl Application for Authenticate {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let parts = check.parts();
        let options = Options::parse(parts.get(1).map_or("", |(_, text)| text));
        match parts.first() {
            Some((range, password)) if !password.trim().is_empty() => {
                if password.trim().starts_with('/') && !options.has('d') {
                    let finding =
                        Diagnostic::error("password-file", "a file of passwords in plain is refused");
                    check.report(
                        range.clone(),
                        finding.hint("put them into the database, and use the option d"),
                    );
                }
            }
            _ => check.expected(0..0, "a password, or /family with the option d"),
        }
        check.option_letters(1, "adr");
        check.milliseconds(2);
        check.sound_list(3);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(1);
        let wanted = Wanted::parse(arguments.get(0), &options)?;
        let most = match arguments.get(2).trim().parse() {
            Ok(most @ 1..=limits::DIGITS) => most,
            _ => limits::DIGITS,
        };
        let mut sound = match arguments.get(3).trim() {
            "" => "agent-pass".to_string(),
            sound => sound.to_string(),
        };
        run.channel.answer().await?;
        for _ in 0..ATTEMPTS {
            let entered = read(run, &sound, most).await?;
            if wanted.is(run, &entered) {
                if options.has('r') {
                    wanted.forget(run, &entered);
                }
                if options.has('a') {
                    run.record.account = entered;
                }
                run.play(&[Audio::File("auth-thankyou".to_string())], "").await?;
                return Ok(Flow::Next);
            }
            sound = "auth-incorrect".to_string();
        }
        run.play(&[Audio::File("vm-goodbye".to_string())], "").await?;
        Ok(Flow::Hangup(NORMAL_CLEARING))
    }
}

/// What lets a caller past.
enum Wanted {
    /// This.
    Password(String),
    /// A key of this family of the database.
    KeyOf(String),
}

impl Wanted {
    fn parse(password: &str, options: &Options) -> Result<Self, Stop> {
        match (password.strip_prefix('/'), options.has('d')) {
            (Some(family), true) => Ok(Wanted::KeyOf(family.trim_end_matches('/').to_string())),
            (Some(_), false) => Err(Stop::Failed(
                "Authenticate reads no file of passwords".to_string(),
            )),
            (None, _) => Ok(Wanted::Password(password.to_string())),
        }
    }

    fn is(&self, run: &Run<'_>, entered: &str) -> bool {
        match self {
            _ if entered.is_empty() => false,
            // How long it takes must not tell how much of it is right: where digests differ tells nothing.
            Wanted::Password(password) => Sha256::digest(password) == Sha256::digest(entered),
            Wanted::KeyOf(family) => !family.is_empty() && run.services.db_get(family, entered).is_some(),
        }
    }

    fn forget(&self, run: &mut Run<'_>, entered: &str) {
        if let Wanted::KeyOf(family) = self {
            if let Err(message) = run.services.db_delete(family, entered) {
                run.complain(format!("Authenticate: {message}"));
            }
        }
    }
}

/// What the caller enters after the sound, which a key interrupts.
async fn read(run: &mut Run<'_>, sound: &str, most: usize) -> Result<String, Gone> {
    let mut entered = String::new();
    let mut next = match run.play(&[Audio::File(sound.to_string())], KEYS).await? {
        Played::Digit(digit) => Some(digit),
        _ => run.read_digit(run.timeouts.response).await?,
    };
    while let Some(digit) = next.filter(|digit| *digit != '#') {
        entered.push(digit);
        if entered.len() >= most {
            break;
        }
        next = run.read_digit(run.timeouts.digit).await?;
    }
    Ok(entered)
}
