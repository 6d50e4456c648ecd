//! `obelus mailbox export` and `import`.

use crate::cli::door::{declared, declared_or_used, Door};
use crate::config::Config;
use crate::io::control::Request;
use crate::io::transfer::archive::{self, Owner, Writer};
use crate::memo::record::Millis;
use crate::memo::store::staging::{read_body, Adopted, Staging};
use crate::memo::telephone::lock::TelephoneLock;
use serde_json::Value;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Write as _};
use std::path::Path;
use std::time::SystemTime;

/// Writes the archive beside where it is to be, and gives it its name when it is whole. What has the name already stays as
/// it is: it may be the only archive of what was deleted since.
pub(super) fn export(config: &Config, name: &str, output: &Path) -> Result<(), String> {
    let in_file = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} exists already", output.display()),
        _ => format!("{}: {error}", output.display()),
    };
    if output.try_exists().map_err(in_file)? {
        return Err(in_file(ErrorKind::AlreadyExists.into()));
    }
    let door = Door::open(config)?;
    let folder = match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // For this user alone: it says when somebody was called, and how long for.
    let temporary = tempfile::Builder::new()
        .prefix(".obelus-")
        .tempfile_in(folder)
        .map_err(in_file)?;
    let owner = owner(&door, name)?;
    let has_owner = owner.is_some();
    let now = Millis::from_time(SystemTime::now()).to_rfc3339();
    let out = BufWriter::new(temporary);
    let mut writer = Writer::new(out, name.to_owned(), config.http.domain.clone(), owner, now);
    let (mut written, mut shares) = (HashSet::new(), 0);
    for record in door.records(Some(name.to_owned()))? {
        let record = record?;
        match record.metadata.share_of {
            None => drop(written.insert(record.id)),
            Some(original) if written.contains(&original) => shares += 1,
            // Of a memo that was deleted meanwhile.
            Some(_) => continue,
        }
        match read_body(door.folder(), &record.id) {
            Ok((_, ciphertext)) => writer
                .add(&record, &ciphertext)
                .map_err(|error| error.to_string())?,
            // Deleted meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => match record.metadata.share_of {
                None => drop(written.remove(&record.id)),
                Some(_) => shares -= 1,
            },
            Err(error) => return Err(format!("the memo {}: {error}", record.id)),
        }
    }
    declared_or_used(config, name, !written.is_empty() || has_owner)?;
    let (mut out, count) = writer.finish().map_err(|error| error.to_string())?;
    out.flush().map_err(in_file)?;
    let temporary = out.into_inner().map_err(|error| in_file(error.into_error()))?;
    temporary.as_file().sync_all().map_err(in_file)?;
    temporary
        .persist_noclobber(output)
        .map_err(|error| in_file(error.error))?;
    let memos = described(count - shares, shares);
    println!("{memos} of {name} are in {}", output.display());
    Ok(())
}

fn owner(door: &Door, name: &str) -> Result<Option<Owner>, String> {
    let entry = door
        .ask(&Request::MailboxOwner {
            name: name.to_owned(),
        })?
        .pop();
    let entry = entry.filter(|entry| *entry != Value::Null);
    entry
        .map(|entry| serde_json::from_value(entry).map_err(|error| error.to_string()))
        .transpose()
}

/// Reads the archive whole before anything of it comes into the store.
pub(super) fn import(
    config: &Config,
    file: &Path,
    mailbox: Option<String>,
    with_owner: bool,
) -> Result<(), String> {
    if let Some(name) = &mailbox {
        declared(config, name)?;
    }
    let in_file = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let source = File::open(file).map_err(|error| in_file(&error))?;
    let door = Door::open_or_make(config)?;
    let mut staging = Staging::new(door.folder()).map_err(|error| error.to_string())?;
    let manifest = archive::read(BufReader::new(source), &mut staging, mailbox.as_deref());
    let manifest = manifest.map_err(|error| in_file(&error))?;
    let name = mailbox.as_ref().unwrap_or(&manifest.mailbox);
    declared(config, name)?;
    take_over(&door, &staging, name)?;
    let Some(theirs) = manifest.owner else {
        return Ok(());
    };
    let has_code = match owner(&door, name)? {
        Some(ours) if ours.public_key == theirs.public_key => ours.telephone.is_some(),
        Some(_) => {
            eprintln!(
                "They are sealed to another key than {name} has. The inbox opens both: append a comma and the part behind # \
                 of the other inbox link."
            );
            return Ok(());
        }
        None if with_owner => {
            let public = theirs.public_key().map_err(|error| in_file(&error))?;
            door.ask(&Request::MailboxKey {
                name: name.clone(),
                kem: public.kem(),
                public_key: public.to_text(),
                listing_token_hash: hex::encode(theirs.listing_token_hash.as_bytes()),
                replace: false,
            })?;
            eprintln!("{name} has the owner's key of the archive now");
            false
        }
        None => {
            eprintln!(
                "They are sealed to an owner's key, and {name} has none: with --with-owner it gets that one, where you trust \
                 the archive"
            );
            return Ok(());
        }
    };
    match theirs.telephone {
        Some(lock) if with_owner && !has_code => take_code(&door, name, &manifest.mailbox, &lock),
        _ => Ok(()),
    }
}

/// The telephone code of a mailbox goes where its key goes, unless the mailbox has another name by now: that is part of
/// what the code was made for.
fn take_code(door: &Door, name: &str, was: &str, lock: &TelephoneLock) -> Result<(), String> {
    if name != was {
        eprintln!(
            "The telephone code of {was} opens nothing under another name: `obelus mailbox telephone {name}` makes one"
        );
        return Ok(());
    }
    door.ask(&Request::MailboxTelephone {
        name: name.to_owned(),
        lock: Some(serde_json::to_value(lock).map_err(|error| error.to_string())?),
    })?;
    eprintln!("{name} has the telephone code of the archive now");
    Ok(())
}

/// Lets the store take over what is staged, and says what became of it.
pub(crate) fn take_over(door: &Door, staging: &Staging, name: &str) -> Result<(), String> {
    let request = Request::MemosAdopt {
        folder: staging.path().to_owned(),
    };
    let adopted = door.ask(&request)?.pop().unwrap_or_default();
    let adopted: Adopted = serde_json::from_value(adopted).map_err(|error| error.to_string())?;
    let memos = described(adopted.stored, adopted.shares);
    println!("{memos} were taken into {name}");
    for id in adopted.known {
        eprintln!("the memo {id} is or was there already and is left as it is");
    }
    for id in adopted.strays {
        eprintln!("the share {id} is left out: the memo that it is of is not there");
    }
    for id in adopted.without_code {
        eprintln!(
            "the memo {id} has no telephone code any more: another memo there has its first six digits"
        );
    }
    Ok(())
}

fn described(memos: usize, shares: usize) -> String {
    match shares {
        0 => format!("{memos} memos"),
        _ => format!("{memos} memos and {shares} shares"),
    }
}
