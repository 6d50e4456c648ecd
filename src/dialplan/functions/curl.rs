use super::curlopt::HashCompat;
use super::{Function, Manual, Run, Waiting};
use crate::dialplan::arguments::split_at;
use crate::dialplan::uri::{decode, Place};
use async_trait::async_trait;

/// CURL
pub struct Curl;

static MANUAL: Manual = Manual {
    name: "CURL",
    syntax: "CURL(URL[,body])",
    synopsis: "What a web server answers, to a POST where there is a body.",
    text: "Only servers that `[dialplan] curl` names are asked; each address that a name leads to is looked at, also \
           after a redirection, and one of this machine or of a private network is refused unless it is named itself. \
           At most 64 KB of the answer are read, within 30 seconds; line ends behind it are taken off. CURLOPT says how \
           it asks. It cannot write to a file.",
    variables: &[("~ODBCFIELDS~", "with `hashcompat`, the names in the answer, for HASH")],
    ..Manual::EMPTY
};

impl Function for Curl {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn waits(&self) -> Option<&'static dyn Waiting> {
        Some(&Curl)
    }
}

#[async_trait]
impl Waiting for Curl {
    async fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let mut arguments = split_at(arguments, ',', 2).into_iter();
        let url = arguments.next().unwrap_or_default();
        if url.trim().is_empty() {
            return Err("the URL is missing".to_string());
        }
        let request = run.curl.request(url.trim(), arguments.next());
        let services = run.services.clone();
        let answer = services.fetch(request).await?;
        let answer = answer.trim_end();
        let place = match run.curl.hash {
            HashCompat::No => return Ok(answer.to_string()),
            HashCompat::Yes => Place::Anywhere,
            HashCompat::Legacy => Place::Form,
        };
        let (names, values) = form(answer, place);
        run.assign("~ODBCFIELDS~", &names)?;
        Ok(values)
    }
}

/// The names and the values of a form, each joined with commas; commas and backslashes within are escaped.
fn form(answer: &str, place: Place) -> (String, String) {
    let text = |text: &str| {
        let text = String::from_utf8_lossy(&decode(text, place)).into_owned();
        text.replace('\\', "\\\\").replace(',', "\\,")
    };
    let fields = answer.split('&').filter(|field| !field.is_empty());
    let fields = fields.map(|field| field.split_once('=').unwrap_or((field, "")));
    let (names, values): (Vec<_>, Vec<_>) = fields.map(|(name, value)| (text(name), text(value))).unzip();
    (names.join(","), values.join(","))
}
