//! `obelus memo import-sqlite` and `export-sqlite`.

use super::door::{base, declared, declared_or_used, Door};
use super::mailbox::take_over;
use crate::config::Config;
use crate::io::control::Request;
use crate::io::transfer::archive::Owner;
use crate::io::transfer::sqlite::{self, SqliteError, Target, Writer};
use crate::memo::store::staging::{read_body, Staging};
use serde_json::Value;
use std::path::Path;

/// Reads the table whole before anything of it comes into the store.
pub(super) fn import(
    config: &Config,
    file: &Path,
    mailbox: &str,
    table: &str,
    drop_secrets: bool,
) -> Result<(), String> {
    declared(config, mailbox)?;
    let door = Door::open_or_make(config)?;
    let entry = door
        .ask(&Request::MailboxOwner {
            name: mailbox.to_owned(),
        })?
        .pop();
    let owner: Option<Owner> = entry
        .filter(|entry| *entry != Value::Null && !drop_secrets)
        .map(|entry| serde_json::from_value(entry).map_err(|error| error.to_string()))
        .transpose()?;
    let public = owner
        .map(|owner| owner.public_key())
        .transpose()
        .map_err(|error| error.to_string())?;
    let target = Target {
        mailbox,
        domain: &config.http.domain,
        base: &base(config),
        owner: public.as_ref(),
    };
    let mut staging = Staging::new(door.folder()).map_err(|error| error.to_string())?;
    let report = sqlite::import(file, table, &target, &mut staging).map_err(|error| in_file(file, &error))?;
    take_over(&door, &staging, mailbox)?;
    for (row, reason) in &report.skipped {
        eprintln!("{row} was left out: {reason}");
    }
    let say = |count: usize, what: &str| {
        if count > 0 {
            eprintln!("{count} memos {what}");
        }
    };
    say(
        report.sealed,
        "had their key in clear: it is sealed to the owner now, with what was known of the call",
    );
    say(
        report.left_out,
        "had a key or a caller in clear, which is left out",
    );
    say(
        report.renamed,
        "had an id of another form: links that name it do not lead here",
    );
    match report.skipped.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{} of {} rows were left out",
            report.skipped.len(),
            report.rows
        )),
    }
}

/// Writes a new database.
pub(super) fn export(config: &Config, file: &Path, mailbox: Option<String>) -> Result<(), String> {
    let door = Door::open(config)?;
    let writer = Writer::new(file).map_err(|error| in_file(file, &error))?;
    let written = write(&door, &writer, mailbox.clone()).and_then(|count| {
        if let Some(name) = &mailbox {
            declared_or_used(config, name, count > 0)?;
        }
        writer.finish().map_err(|error| error.to_string())?;
        Ok(count)
    });
    match written {
        Ok(count) => {
            println!("{count} memos are in {}", file.display());
            Ok(())
        }
        Err(reason) => {
            // Half of a database is worth nothing to anybody.
            let _ = std::fs::remove_file(file);
            Err(reason)
        }
    }
}

fn write(door: &Door, writer: &Writer, mailbox: Option<String>) -> Result<usize, String> {
    let mut count = 0;
    for record in door.records(mailbox)? {
        let record = record?;
        match read_body(door.folder(), &record.id) {
            Ok((_, ciphertext)) => writer
                .add(&record, &ciphertext)
                .map_err(|error| error.to_string())?,
            // Deleted meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("the memo {}: {error}", record.id)),
        }
        count += 1;
    }
    Ok(count)
}

fn in_file(file: &Path, error: &SqliteError) -> String {
    format!("{}: {error}", file.display())
}
