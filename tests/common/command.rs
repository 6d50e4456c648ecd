//! Our own subcommands as another program runs them, on a store of the test's, and memos that are left there.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use obelus::memo::envelope::{self, Contents};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::owner::OwnerPublicKey;
use obelus::memo::record::{Facts, Source};
use obelus::memo::store::{NewMemo, Store};
use obelus::memo::{key::MemoId, seal, wav};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, UNIX_EPOCH};
use zeroize::Zeroizing;

/// A folder with a configuration, and a store beside it that no switch runs on.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With the mailboxes `main` and `sales`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("obelus.toml"),
            "[http]\ndomain = \"memo.example.org\"\npublic_url = \"https://memo.example.org\"\ntrusted_proxies = [\"127.0.0.1\"]\n[store]\npath = \"data\"\n\
             [[mailbox]]\nname = \"main\"\n[[mailbox]]\nname = \"sales\"\n",
        )
        .unwrap();
        Place { folder }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The store's folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The store, which must be dropped before the next command.
    pub fn store(&self) -> Store {
        Store::open(&self.data()).unwrap()
    }

    /// Runs a subcommand here.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(self.path(), arguments, "")
    }

    /// The same with something on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        run(self.path(), arguments, input)
    }

    /// Leaves a memo, sealed to that owner where there is one; its id and its link.
    pub fn leave(&self, mailbox: &str, samples: &[i16], owner: Option<&OwnerPublicKey>) -> (MemoId, String) {
        self.leave_share(mailbox, samples, owner, None)
    }

    /// The same, as a share of another memo where one is named.
    pub fn leave_share(
        &self,
        mailbox: &str,
        samples: &[i16],
        owner: Option<&OwnerPublicKey>,
        share_of: Option<MemoId>,
    ) -> (MemoId, String) {
        let (sealed, key) = seal::seal(wav::encode(vec![samples.to_vec().into()]));
        let id = sealed.id();
        let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
        let text = link.expose().to_owned();
        let envelope = owner.map(|owner| {
            let mut contents = Contents::new(key, &link);
            contents.from = Zeroizing::new("+15550100".to_owned());
            envelope::seal(owner, &id, &contents).unwrap()
        });
        let facts = Facts {
            mailbox: Some(mailbox.to_owned()),
            source: share_of.map_or(Source::SipCall, |_| Source::Share),
            share_of,
            envelope,
            ..Facts::at(
                "memo.example.org",
                UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            )
        };
        let stored = self.store().insert(vec![NewMemo { sealed, facts }]);
        assert!(stored.iter().all(Result::is_ok));
        (id, text)
    }
}

/// Runs a subcommand with the configuration of a folder.
pub fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(arguments)
        .arg("--config")
        .arg(folder.join("obelus.toml"))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a command that succeeded printed.
///
/// # Panics
/// Where it failed.
pub fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The same as JSON.
pub fn json(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).unwrap()
}

/// What a command that failed said.
///
/// # Panics
/// Where it succeeded.
pub fn complained(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The files below a folder in which a secret is: as it is, in hex, or in base64 of either alphabet.
pub fn files_with(folder: &Path, secret: &[u8]) -> Vec<PathBuf> {
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    use base64::Engine as _;
    let mut writings = vec![
        secret.to_vec(),
        hex::encode(secret).into_bytes(),
        hex::encode_upper(secret).into_bytes(),
    ];
    for alignment in 0..3.min(secret.len()) {
        let part = &secret[alignment..];
        let part = &part[..part.len() / 3 * 3];
        writings.push(STANDARD_NO_PAD.encode(part).into_bytes());
        writings.push(URL_SAFE_NO_PAD.encode(part).into_bytes());
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // A socket, say.
            let Ok(content) = std::fs::read(&path) else {
                continue;
            };
            let holds = |writing: &Vec<u8>| {
                writing.len() >= 6
                    && content
                        .windows(writing.len())
                        .any(|window| window == &writing[..])
            };
            if writings.iter().any(holds) {
                found.push(path);
            }
        }
    }
    found
}
