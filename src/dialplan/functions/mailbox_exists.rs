use super::{Function, Manual, Run};

/// MAILBOX_EXISTS
pub struct MailboxExists;

static MANUAL: Manual = Manual {
    name: "MAILBOX_EXISTS",
    syntax: "MAILBOX_EXISTS(mailbox[@context])",
    synopsis: "1 where there is such a mailbox, else 0.",
    text: "Mailboxes have no contexts here: what follows the `@` does not count.",
    ..Manual::EMPTY
};

impl Function for MailboxExists {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let name = arguments.split('@').next().unwrap_or("").trim();
        Ok(u8::from(run.channel.mailbox(name).is_some()).to_string())
    }
}
