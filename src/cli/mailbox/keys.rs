//! Making an owner's key, here or in the owner's browser, and changing it.

use crate::cli::door::{base, declared, Door};
use crate::cli::secret_argument::inbox_link;
use crate::config::Config;
use crate::io::control::Request;
use crate::memo::envelope::{self, Contents, Envelope};
use crate::memo::key::MemoId;
use crate::memo::link::{InboxLink, ParsedInboxLink};
use crate::memo::owner::{Kem, OwnerSeed};
use crate::memo::record::Record;
use crate::memo::store::mailboxes::InviteToken;
use serde_json::{json, Value};
use std::io::Write as _;
use zeroize::Zeroizing;

/// `mailbox key`
pub(super) fn make(config: &Config, name: &str, kem: Kem, json: bool) -> Result<(), String> {
    declared(config, name)?;
    let door = Door::open_or_make(config)?;
    if has_key(&door, name)? {
        return Err(format!(
            "the mailbox {name} has a key already; `obelus mailbox rotate {name}` makes another in its place"
        ));
    }
    let seed = OwnerSeed::generate();
    show(config, name, &seed, kem, json)?;
    set(&door, name, &seed, kem, false)
}

/// `mailbox key --in-browser`
pub(super) fn invite(config: &Config, name: &str, json: bool) -> Result<(), String> {
    declared(config, name)?;
    let door = Door::open_or_make(config)?;
    let token = InviteToken::generate();
    let request = Request::MailboxInvite {
        name: name.to_owned(),
        token_hash: hex::encode(token.verifier().as_bytes()),
    };
    door.ask(&request)?;
    let text = token.to_text();
    let link = Zeroizing::new(format!(
        "{}/inbox/{name}#setup={}",
        base(config).as_str(),
        text.as_str()
    ));
    if json {
        return print(&json!({"mailbox": name, "setup_link": link.as_str()}).to_string());
    }
    print(&format!(
        "Opened within a day, this link makes the key of {name} in the browser, once:\n\n  {}\n\n{}",
        link.as_str(),
        picture(&link)
    ))
}

/// `mailbox rotate`
pub(super) fn rotate(
    config: &Config,
    name: &str,
    kem: Kem,
    old: Option<String>,
    json: bool,
) -> Result<(), String> {
    declared(config, name)?;
    let door = Door::open(config)?;
    if !has_key(&door, name)? {
        return Err(format!(
            "the mailbox {name} has no key yet; `obelus mailbox key {name}` makes one"
        ));
    }
    let old = old.map(inbox_link).transpose()?;
    // First of all, and while nothing has changed yet: with a wrong link nothing does.
    if let Some(old) = &old {
        check(&door, name, old)?;
    }
    let seed = OwnerSeed::generate();
    show(config, name, &seed, kem, json)?;
    set(&door, name, &seed, kem, true)?;
    match &old {
        Some(old) => reseal(&door, name, old, &seed, kem),
        None => {
            eprintln!(
                "What was recorded before is sealed to the old key still. The inbox opens both: append a comma and the part \
                 behind # of the old link to the new one."
            );
            Ok(())
        }
    }
}

/// What the old link opens of an envelope.
fn opened(old: &ParsedInboxLink, id: &MemoId, sealed: &Envelope) -> Option<Contents> {
    old.seeds
        .iter()
        .find_map(|seed| envelope::open(seed, id, sealed).ok())
}

/// Fails where there are envelopes and the old link opens none.
fn check(door: &Door, name: &str, old: &ParsedInboxLink) -> Result<(), String> {
    let mut any = false;
    for record in door.records(Some(name.to_owned()))? {
        let record = record?;
        if let Some(sealed) = &record.sealed_envelope {
            if opened(old, &record.id, sealed).is_some() {
                return Ok(());
            }
            any = true;
        }
    }
    match any {
        true => Err(format!(
            "this old link opens no memo of {name}: nothing was changed"
        )),
        false => Ok(()),
    }
}

/// Seals the envelopes of a mailbox and of its shares anew. After the key was changed, so that what arrives meanwhile is
/// either sealed to the new one or among these.
fn reseal(door: &Door, name: &str, old: &ParsedInboxLink, seed: &OwnerSeed, kem: Kem) -> Result<(), String> {
    let public = seed.public_key(kem);
    let (mut resealed, mut left) = (0_usize, 0_usize);
    for record in door.records(Some(name.to_owned()))? {
        let Record {
            id, sealed_envelope, ..
        } = record?;
        let Some(sealed) = &sealed_envelope else {
            continue;
        };
        let Some(contents) = opened(old, &id, sealed) else {
            // Sealed to the new key already, or to another than this link's.
            left += usize::from(envelope::open(seed, &id, sealed).is_err());
            continue;
        };
        let envelope = envelope::seal(&public, &id, &contents).map_err(|error| error.to_string())?;
        match door.ask(&Request::MemoReseal { id, envelope }) {
            Ok(_) => resealed += 1,
            Err(reason) => eprintln!("the memo {id} is sealed to the old key still: {reason}"),
        }
    }
    eprintln!("{resealed} memos were sealed to the new key");
    if left > 0 {
        eprintln!("{left} memos are sealed to another key than this old link's and were left so");
    }
    Ok(())
}

fn has_key(door: &Door, name: &str) -> Result<bool, String> {
    let owner = door.ask(&Request::MailboxOwner {
        name: name.to_owned(),
    })?;
    Ok(owner.first().is_some_and(|owner| *owner != Value::Null))
}

fn set(door: &Door, name: &str, seed: &OwnerSeed, kem: Kem, replace: bool) -> Result<(), String> {
    let request = Request::MailboxKey {
        name: name.to_owned(),
        kem,
        public_key: seed.public_key(kem).to_text(),
        listing_token_hash: hex::encode(seed.listing_token().verifier().as_bytes()),
        replace,
    };
    door.ask(&request)
        .map(drop)
        .map_err(|reason| format!("{reason}; the link above opens nothing"))
}

/// Shows the link of the inbox. Before the server has the key: a link that opens nothing does no harm, while a key whose
/// link nobody saw would seal memos to nobody.
fn show(config: &Config, name: &str, seed: &OwnerSeed, kem: Kem, json: bool) -> Result<(), String> {
    let link = InboxLink::new(&base(config), name, seed);
    if json {
        let line = json!({
            "mailbox": name,
            "inbox_link": link.expose(),
            "public_key": seed.public_key(kem).to_text(),
            "kem": kem,
        });
        return print(&line.to_string());
    }
    print(&format!(
        "The inbox of {name}, and all that opens it. It is shown this once; keep it as you keep a key:\n\n  {}\n\n{}",
        link.expose(),
        picture(link.expose())
    ))
}

/// Onto standard output, and out of this process: nothing is done on the strength of a link that nobody saw.
fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("standard output: {error}"))
}

/// A link as a QR code for a terminal; nothing where it is too long for one.
fn picture(link: &str) -> String {
    let Ok(code) = qrcode::QrCode::new(link.as_bytes()) else {
        return String::new();
    };
    code.render::<qrcode::render::unicode::Dense1x2>()
        .quiet_zone(true)
        .build()
}
