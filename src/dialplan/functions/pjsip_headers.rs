use super::{Function, Manual, Run};

/// PJSIP_HEADERS
pub struct PjsipHeaders;

static MANUAL: Manual = Manual {
    name: "PJSIP_HEADERS",
    syntax: "PJSIP_HEADERS([beginning])",
    synopsis: "The names of the header fields of the INVITE that begin so, joined with commas.",
    text: "Each name once, in the order of the INVITE: `${PJSIP_HEADERS(X-)}`. Without a beginning, all.",
    ..Manual::EMPTY
};

impl Function for PjsipHeaders {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let start = arguments.trim().trim_end_matches('*');
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in &run.channel.facts().headers {
            let begins = name
                .get(..start.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(start));
            if begins && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        Ok(names.join(","))
    }
}
