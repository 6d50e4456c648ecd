//! `obelus mailbox telephone`: a code of sixteen digits, under which the owner's seed is wrapped here. The switch gets the
//! lock, and neither the code nor the seed.

use crate::cli::door::{declared, Door};
use crate::cli::secret_argument::inbox_link;
use crate::config::Config;
use crate::io::control::Request;
use crate::io::transfer::archive::Owner;
use crate::memo::telephone::code::CodeSecret;
use crate::memo::telephone::lock::TelephoneLock;
use serde_json::{json, Value};
use zeroize::Zeroizing;

/// Makes a code in the place of the one before, and shows it once.
pub(super) fn make(config: &Config, name: &str, link: String, json: bool) -> Result<(), String> {
    declared(config, name)?;
    let door = Door::open(config)?;
    let entry = door
        .ask(&Request::MailboxOwner {
            name: name.to_owned(),
        })?
        .pop();
    let owner = entry
        .filter(|entry| *entry != Value::Null)
        .ok_or_else(|| format!("the mailbox {name} has no key yet; `obelus mailbox key {name}` makes one"))?;
    let owner: Owner = serde_json::from_value(owner).map_err(|error| error.to_string())?;
    let link = inbox_link(link)?;
    let seed = link
        .seeds
        .iter()
        .find(|seed| seed.public_key(owner.kem).to_text() == owner.public_key)
        .ok_or_else(|| format!("this is not the link of the key that {name} has"))?;
    let code = CodeSecret::generate();
    let lock = TelephoneLock::of_mailbox(name, seed, &code);
    door.ask(&Request::MailboxTelephone {
        name: name.to_owned(),
        lock: Some(serde_json::to_value(&lock).map_err(|error| error.to_string())?),
    })?;
    if json {
        let line = Zeroizing::new(json!({"mailbox": name, "code": code.expose()}).to_string());
        println!("{}", line.as_str());
    } else {
        let groups: Vec<&str> = (0..code.expose().len())
            .step_by(4)
            .filter_map(|at| code.expose().get(at..at + 4))
            .collect();
        println!(
            "The telephone code of {name}, shown this once:\n\n  {}\n",
            groups.join(" ")
        );
        println!("Whoever keys it hears every memo of {name}, and while they do, so can the server.");
    }
    if !config
        .mailboxes
        .iter()
        .any(|mailbox| mailbox.name == name && mailbox.telephone)
    {
        eprintln!("It opens nothing until the configuration has `telephone = true` in this [[mailbox]].");
    }
    Ok(())
}

/// Takes the code away.
pub(super) fn remove(config: &Config, name: &str) -> Result<(), String> {
    let request = Request::MailboxTelephone {
        name: name.to_owned(),
        lock: None,
    };
    Door::open(config)?.ask(&request)?;
    println!("{name} has no telephone code");
    Ok(())
}
