use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::tones::{self, ToneList};
use async_trait::async_trait;

/// PlayTones
pub struct PlayTones;

static MANUAL: Manual = Manual {
    name: "PlayTones",
    syntax: "PlayTones(tone)",
    synopsis: "Begins to play a tone, and goes on at once.",
    text: "The tone is a name: `dial`, `busy`, `ring`, `congestion`, `callwaiting`, `dialrecall`, `record`, `info`, \
           `stutter`, as they are in the country that `CHANNEL(tonezone)` names: `us` (where none is set), `gb` or `uk`, \
           `fr`, `de`. Or it is a list: `480+620/500,0/500` plays two frequencies for 500 ms, then is silent for as \
           long, over and over. An element with `!` before it is heard once; one without a time goes on for ever; \
           `400*25` beats; `M69` is a note of MIDI. The tone ends where something else plays, or with StopPlayTones. \
           After elements that are heard once, a list is repeated for at most 1,024 tones.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for PlayTones {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        if !text.contains('$') && tones::named("", text.trim()).is_none() && ToneList::parse(text).is_err() {
            check.expected(
                0..text.len(),
                "the name of a tone, or a list such as 480+620/500,0/500",
            );
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let name = arguments.trim();
        if name.is_empty() {
            return Err(Stop::Failed("PlayTones needs a tone".to_string()));
        }
        play(run, name).await
    }
}

/// Begins the tone of that name, or the list.
pub(super) async fn play(run: &mut Run<'_>, name: &str) -> Outcome {
    let list = tones::named(&run.tone_zone, name).unwrap_or(name);
    let (row, repeat) = ToneList::parse(list).map_err(Stop::Failed)?.row();
    run.channel.play_tones(&row, repeat).await?;
    Ok(Flow::Next)
}
