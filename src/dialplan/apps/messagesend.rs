use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Flow;
use crate::dialplan::services::TextMessage;
use async_trait::async_trait;
use std::borrow::Cow;

/// MessageSend
pub struct MessageSend;

static MANUAL: Manual = Manual {
    name: "MessageSend",
    syntax: "MessageSend(destination[,from[,to]])",
    synopsis: "Sends a text outside any call.",
    text: "The text is what `Set(MESSAGE(body)=…)` made it. The destination is a SIP URI, with `pjsip:` or an endpoint \
           and a slash before it or not: `sip:100@example.org`, `pjsip:trunk/sip:100@example.org`. Whom it is from is the \
           second argument, else `MESSAGE(from)`. A text for the host of a trunk's registrar goes through that trunk, \
           with its account; any other goes to where its URI leads. The third, another text for the header field To, has \
           no effect.",
    variables: &[(
        "MESSAGE_SEND_STATUS",
        "SUCCESS; FAILURE where it was not accepted; INVALID_PROTOCOL; INVALID_URI",
    )],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for MessageSend {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let parts = check.parts();
        match parts.first() {
            Some((range, text)) if !text.contains('$') && uri(text).is_err() => {
                check.expected(range.clone(), "a SIP URI");
            }
            Some(_) => {}
            None => check.expected(0..0, "a SIP URI"),
        }
        if let Some((range, to)) = parts.get(2).filter(|(_, to)| !to.trim().is_empty()) {
            let message = format!("To is the destination; {} has no effect", to.trim());
            check.report(range.clone(), Diagnostic::warning("no-effect", message));
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let from = match arguments.get(1).trim() {
            "" => run.message.from.clone(),
            from => from.to_string(),
        };
        let status = match (uri(arguments.get(0)), from.chars().any(char::is_control)) {
            (Err(status), _) => status,
            (Ok(_), true) => "INVALID_URI",
            (Ok(to), false) => {
                let message = TextMessage {
                    to: to.to_string(),
                    from,
                    ..run.message.clone()
                };
                match run.services.clone().send_message(message).await {
                    true => "SUCCESS",
                    false => "FAILURE",
                }
            }
        };
        run.set("MESSAGE_SEND_STATUS", status);
        Ok(Flow::Next)
    }
}

/// The SIP URI of a destination, else the status that says what is wrong.
fn uri(destination: &str) -> Result<Cow<'_, str>, &'static str> {
    let text = destination.trim();
    let starts = |text: &str, with: &str| {
        text.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let is_pjsip = starts(text, "pjsip:");
    let text = match is_pjsip {
        // pjsip:endpoint/sip:user@host
        true => text
            .split_once('/')
            .map_or(&text["pjsip:".len()..], |(_, uri)| uri),
        false => text,
    };
    // "A name" <sip:user@host>
    let text = text
        .split_once('<')
        .and_then(|(_, rest)| Some(rest.split_once('>')?.0))
        .unwrap_or(text);
    let text = match text.contains(':') {
        // pjsip:user@host
        false if is_pjsip && text.contains('@') => Cow::Owned(format!("sip:{text}")),
        _ => Cow::Borrowed(text),
    };
    let Some((_, rest)) = text.split_once(':') else {
        return Err("INVALID_URI");
    };
    if !starts(&text, "sip:") && !starts(&text, "sips:") {
        return Err("INVALID_PROTOCOL");
    }
    let wrong = |c: char| c.is_control() || c.is_whitespace() || "<>\"".contains(c);
    match rest.is_empty() || text.contains(wrong) {
        true => Err("INVALID_URI"),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_destination_is_a_sip_uri() {
        for (text, expected) in [
            ("sip:100@example.org", Ok("sip:100@example.org")),
            ("pjsip:trunk/sip:100@example.org", Ok("sip:100@example.org")),
            ("pjsip:sip:100@example.org", Ok("sip:100@example.org")),
            ("SIPS:100@example.org", Ok("SIPS:100@example.org")),
            ("\"Ann\" <sip:100@example.org>", Ok("sip:100@example.org")),
            ("xmpp:100@example.org", Err("INVALID_PROTOCOL")),
            ("pjsip:100@example.org", Ok("sip:100@example.org")),
            ("100@example.org", Err("INVALID_URI")),
            ("pjsip:100", Err("INVALID_URI")),
            ("sip:", Err("INVALID_URI")),
            ("sip:a@b\r\nX: y", Err("INVALID_URI")),
            ("sïp", Err("INVALID_URI")),
            ("", Err("INVALID_URI")),
        ] {
            assert_eq!(uri(text).as_deref(), expected.as_deref(), "{text}");
        }
    }
}
