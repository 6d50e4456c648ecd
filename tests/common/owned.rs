//! A mailbox with an owner, served, and its inbox in a browser.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use crate::browser::{Browser, Page};
use crate::served::{Served, RECORDED};
use obelus::config::Mailbox;
use obelus::memo::envelope::{self, Contents};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::Facts;
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::NewMemo;
use obelus::memo::{seal, wav};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// The list is there, and everything in it was opened as far as it opens.
pub const LISTED: &str = "document.body.dataset.state === 'inbox' && !document.querySelector('.waiting') \
     && (document.querySelector('.row') || !document.getElementById('empty').hidden \
       || !document.getElementById('nothing').hidden)";
pub const PLAYABLE: &str = "document.querySelector('.player')?.dataset.state === 'ready'";

/// Where the pictures of the pages go.
pub fn screenshots(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("../screenshots")
        .join(name)
}

/// The list has so many rows.
pub fn rows(number: usize) -> String {
    format!("{LISTED} && document.querySelectorAll('.row').length === {number}")
}

/// A served store whose mailbox `main` has an owner.
pub struct Owned {
    pub served: Served,
    pub seed: OwnerSeed,
}

impl Owned {
    pub fn new() -> Self {
        Self::with_kem(Kem::XWing)
    }

    pub fn with_kem(kem: Kem) -> Self {
        let served = Served::start(|config| {
            config.http.record = true;
            config.mailboxes = vec![Mailbox {
                telephone: true,
                ..Mailbox::named("main")
            }];
        });
        let owned = Owned {
            served,
            seed: OwnerSeed::generate(),
        };
        owned.own(&owned.seed, kem);
        owned
    }

    pub fn own(&self, seed: &OwnerSeed, kem: Kem) {
        let owner = OwnerKey::new(&seed.public_key(kem), seed.listing_token().verifier(), time(0));
        self.served.store.mailboxes().set_owner("main", owner).unwrap();
    }

    pub fn base(&self) -> String {
        format!("http://localhost:{}", self.served.address.port())
    }

    pub fn link(&self) -> String {
        format!("{}/inbox/main#{}", self.base(), *self.seed.to_text())
    }

    /// Leaves a memo, so many seconds after the test's day began, with this in its envelope.
    pub fn leave(&self, secs: u64, fill: impl FnOnce(&mut Contents)) {
        self.leave_for(&self.seed, secs, fill);
    }

    pub fn leave_for(&self, seed: &OwnerSeed, secs: u64, fill: impl FnOnce(&mut Contents)) {
        let memo = self.memo(seed, tone(), secs, fill);
        self.served.store.insert(vec![memo]).remove(0).unwrap();
    }

    /// Leaves so many short memos at once, a minute apart; `fill` gets the number of each, from the oldest on.
    pub fn leave_many(&self, number: u64, fill: impl Fn(u64, &mut Contents)) {
        let memo = |n| self.memo(&self.seed, vec![0; 800], 60 * n, |contents| fill(n, contents));
        for stored in self.served.store.insert((0..number).map(memo).collect()) {
            stored.unwrap();
        }
    }

    fn memo(
        &self,
        seed: &OwnerSeed,
        samples: Vec<i16>,
        secs: u64,
        fill: impl FnOnce(&mut Contents),
    ) -> NewMemo {
        let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(samples)]));
        let base = LinkBase::new(&format!("localhost:{}", self.served.address.port()), None, false);
        let link = Link::new(&base, &sealed.id(), &key);
        let mut contents = Contents::new(key, &link);
        contents.duration_seconds = Some(3.0);
        fill(&mut contents);
        let envelope = envelope::seal(&seed.public_key(Kem::XWing), &sealed.id(), &contents).unwrap();
        let facts = Facts {
            mailbox: Some("main".into()),
            envelope: Some(envelope),
            ..Facts::at("localhost", time(secs))
        };
        NewMemo { sealed, facts }
    }

    /// Three memos of two callers.
    pub fn with_three(self) -> Self {
        self.leave(0, |contents| contents.from = text("+15550100123"));
        self.leave(60, |contents| {
            contents.from = text("+15550104960");
            contents.caller_name = text("Harbour Office");
            contents.transcript = text("The workshop moves to Thursday. Bring the projector, please.");
        });
        self.leave(120, |contents| contents.from = text("+33155501999"));
        self
    }
}

pub fn time(secs: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(RECORDED + secs)
}

pub fn text(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// Three seconds that come and go.
pub fn tone() -> Vec<i16> {
    let sample = |n: i32| (n % 40 - 20) * 300 * (n / 2_000 % 3) / 2;
    (0..24_000).map(|n| sample(n) as i16).collect()
}

/// Opens an inbox in a fresh page, and waits for its memos.
pub fn opened<'a>(browser: &'a Browser, link: &str) -> Page<'a> {
    let page = browser.page(1280, 800, false);
    page.open(link);
    page.until(LISTED);
    page
}

/// Waits until the device keeps the page itself and something in each of these tables of the mailbox `main`.
pub fn until_kept_in(page: &Page<'_>, tables: &[&str]) {
    page.evaluate(&format!(
        "new Promise((resolve) => {{
           const count = (table) => new Promise((resolve, reject) => {{
             const opening = indexedDB.open('obelus-inbox-main');
             opening.onerror = reject;
             opening.onsuccess = () => {{
               const counting = opening.result.transaction(table).objectStore(table).count();
               counting.onsuccess = () => {{ opening.result.close(); resolve(counting.result); }};
             }};
           }});
           const look = async () => {{
             // Opened before the page has made it, it would be another one.
             const made = (await indexedDB.databases()).some(({{ name }}) => name === 'obelus-inbox-main');
             const page = await caches.match('/inbox/main');
             const counts = made && page ? await Promise.all({}.map(count)) : [0];
             counts.every((one) => one > 0) ? resolve(true) : setTimeout(look, 10);
           }};
           look();
         }})",
        serde_json::json!(tables)
    ));
}

/// What a page did that it must not: errors, and requests to others or with a secret in them.
pub fn assert_calm(page: &Page<'_>, port: u16, secrets: &[&str]) {
    assert_eq!(page.errors(), Vec::<String>::new());
    for request in page.requests() {
        let own = request.starts_with(&format!("http://localhost:{port}/"));
        assert!(
            own || request.starts_with("blob:") || request.starts_with("about:"),
            "{request}"
        );
    }
    let sent = page.sent();
    for secret in secrets {
        let bare = secret.trim_end_matches('=');
        assert!(bare.len() >= 43 && !sent.contains(bare), "a secret was sent");
    }
}
