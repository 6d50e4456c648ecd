//! The inbox in a real browser: what an owner does with it, by mouse, by keyboard and without a network.

#[path = "common/axe.rs"]
mod axe;
#[path = "common/browser.rs"]
mod browser;
#[path = "common/owned.rs"]
mod owned;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;
#[path = "common/switch.rs"]
mod switch;

use browser::{Browser, Page};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::Facts;
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::{NewMemo, Store};
use obelus::memo::token::AccessToken;
use obelus::memo::{seal, wav};
use owned::{
    assert_calm, opened, rows, screenshots, text, time, tone, until_kept_in, Owned, LISTED, PLAYABLE,
};
use served::Served;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;
use switch::Switch;
use zeroize::Zeroizing;

fn focused(page: &Page<'_>) -> String {
    let who = "document.activeElement.closest('.row')?.querySelector('.who').textContent ?? document.activeElement.id";
    page.evaluate(who).as_str().unwrap().to_owned()
}

fn unread(page: &Page<'_>) -> serde_json::Value {
    page.evaluate("document.querySelectorAll('.memo.unread').length")
}

/// What a finger does not hit well: everything that can be pressed is at least 44 pixels wide and high, by itself or by its
/// label.
const SMALL: &str = "[...document.querySelectorAll('button, a[href], input, select, textarea, [role=slider]')]
    .filter((one) => one.checkVisibility() && !one.closest('[inert]'))
    .map((one) => one.closest('label') ?? one)
    .filter((one) => { const { width, height } = one.getBoundingClientRect(); return width < 43.9 || height < 43.9; })
    .map((one) => one.outerHTML.slice(0, 120))";

/// A size with its name, and whether it is dark.
type Shot = (&'static str, u32, u32, bool);
const ALL_SHOTS: &[Shot] = &[
    ("narrow", 360, 640, false),
    ("phone", 390, 844, false),
    ("phone", 390, 844, true),
    ("desktop", 1280, 800, false),
    ("desktop", 1280, 800, true),
];
const FEW_SHOTS: &[Shot] = &[("narrow", 360, 640, false), ("desktop", 1280, 800, true)];

/// Takes pictures of a state of a page, and demands of each what axe does.
fn photograph_in(
    browser: &Browser,
    axe: Option<&str>,
    shots: &[Shot],
    link: &str,
    name: &str,
    prepare: impl Fn(&Page<'_>),
) {
    for &(size, width, height, dark) in shots {
        let scheme = if dark { "dark" } else { "light" };
        let page = browser.page(width, height, dark);
        page.open(link);
        prepare(&page);
        page.settle();
        page.screenshot(&screenshots(&format!("{name}-{size}-{scheme}.png")));
        let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(
            page.evaluate(fits),
            true,
            "nothing sticks out of {name} at {size}"
        );
        if width < 600 {
            assert_eq!(page.evaluate(SMALL), serde_json::json!([]), "{name} at {size}");
        }
        axe::assert_none(axe, &page, &format!("{name}-{size}-{scheme}"));
    }
}

const DIALPLAN: &str = "
[from-trunk]
exten => _X.,1,Answer()
 same => n,Memo(main)
 same => n,Hangup()
";

/// A call that leaves a memo: the telephone that comes with the program speaks a sample.
fn call(switch: &Switch) {
    let status = Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args([
            "call",
            &format!("sip:5550100@{}", switch.udp),
            "--user",
            "15550100123",
            "--at-once",
            "--wav",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio/speech.wav"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn an_inbox_from_its_set_up_to_the_last_deletion() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let axe = axe::script();
    let folder = tempfile::tempdir().unwrap();
    let token = {
        let store = Store::open(&folder.path().join("data")).unwrap();
        let token = store.mailboxes().invite("main", SystemTime::now()).unwrap();
        token.to_text().to_string()
    };
    let switch = Switch::start_in(folder, DIALPLAN);
    let port = switch.http.port();
    let base = format!("http://localhost:{port}");
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(1280, 800, false);
    page.without_haste();

    // The key is made in the browser, and kept before the server knows its public half.
    page.open(&format!("{base}/inbox/main#setup={token}"));
    page.click("button", "Make my key");
    page.until("document.querySelector('.keep .qr-code path')");
    axe::assert_none(axe.as_deref(), &page, "the step at which the link is kept");
    assert_eq!(
        page.evaluate("document.querySelector('.keep .wide').disabled"),
        true
    );
    let link = page
        .evaluate("document.querySelector('.keep .link').value")
        .as_str()
        .unwrap()
        .to_owned();
    let (address, seed) = link.split_once('#').unwrap();
    assert_eq!(address, format!("{base}/inbox/main"));
    page.click(".keep label", "I have kept");
    page.click(".keep button", "Open my inbox");
    page.until(&rows(0));
    assert_eq!(page.evaluate("location.href"), link.as_str());
    page.until("!document.getElementById('empty').hidden");

    // A call comes, and its memo shows by itself, with what only the owner can read.
    call(&switch);
    page.until(&rows(1));
    page.until("document.querySelector('.who').textContent === '15550100123'");
    assert_eq!(unread(&page), 1);
    page.click(".row", "15550100123");
    page.until(PLAYABLE);
    axe::assert_none(axe.as_deref(), &page, "an unfolded memo");
    page.evaluate("document.querySelector('.play').click()");
    page.until("document.querySelector('audio').currentTime > 0.2");
    page.until("!document.querySelector('.memo.unread')");
    let length = page
        .evaluate("document.querySelector('audio').duration")
        .as_f64()
        .unwrap();
    assert!(length > 1.0, "{length}");

    // A share for one listening: heard once, and then no more.
    page.click(".actions button", "Share");
    page.click("dialog label", "For one listening");
    axe::assert_none(axe.as_deref(), &page, "the dialog of shares");
    page.click("dialog button", "Make a link");
    page.until("document.querySelector('.made .link')");
    let share = page
        .evaluate("document.querySelector('.made .link').value")
        .as_str()
        .unwrap()
        .to_owned();
    page.until("document.querySelector('.share')");
    let listener = browser.page(390, 844, false);
    listener.open(&share);
    listener.until("document.body.dataset.state === 'ready'");
    let share_key = share.split_once('#').unwrap().1;
    assert_calm(&listener, port, &[share_key]);
    listener.open("about:blank");
    listener.open(&share);
    listener.until("document.body.dataset.problem === 'expired'");
    page.to_front();
    page.press("Escape");
    page.until("!document.querySelector('dialog')");

    // Deleted, brought back, deleted for good when the page is left.
    page.click(".actions button", "Delete");
    page.until(&rows(0));
    page.click(".toast button", "Undo");
    page.until(&rows(1));
    page.press("Delete");
    page.until(&rows(0));
    assert_calm(&page, port, &[seed, share_key]);
    page.open("about:blank");
    let again = browser.page(1280, 800, false);
    again.open(&link);
    again.until(&rows(0));
    again.until("document.getElementById('summary').textContent === 'No memos'");
}

#[test]
fn a_memo_from_a_file_reaches_the_owner_with_its_note() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let port = owned.served.address.port();
    let browser = Browser::start(&chromium, &[]);
    let inbox = opened(&browser, &owned.link());
    let page = browser.page(390, 844, false);
    page.open(&format!("{}/record/main", owned.base()));
    page.until("document.getElementById('file')");
    page.choose_file(
        "#file",
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio/speech.wav")),
    );
    page.until(PLAYABLE);
    page.write("#name", "Jo");
    page.write("#note", "Second take of the jingle <b>loud</b>");
    page.click("button", "Encrypt and send");
    page.until("document.body.dataset.state === 'sent'");
    assert_calm(&page, port, &[&owned.seed.to_text()]);
    assert!(!page.sent().contains("jingle"), "the note went in clear");
    inbox.to_front();
    inbox.until(&rows(1));
    inbox.until("document.querySelector('.who').textContent === 'Jo'");
    inbox.click(".row", "Jo");
    inbox.until(PLAYABLE);
    assert_eq!(
        inbox.evaluate("document.querySelector('.words p').textContent"),
        "Second take of the jingle <b>loud</b>"
    );
    inbox.until("document.querySelector('audio').duration > 0");
    let seconds = inbox
        .evaluate("document.querySelector('audio').duration")
        .as_f64()
        .unwrap();
    let reader =
        hound::WavReader::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio/speech.wav")).unwrap();
    let expected = f64::from(reader.duration()) / f64::from(reader.spec().sample_rate);
    assert!((seconds - expected).abs() < 0.05, "{seconds} of {expected}");
}

#[test]
fn a_recording_becomes_a_link_that_opens() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let port = owned.served.address.port();
    let microphone = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
    ];
    let browser = Browser::start(&chromium, &microphone);
    let page = browser.page(390, 844, false);
    page.open(&format!("{}/record", owned.base()));
    page.click("#record", "");
    page.until("document.querySelector('.time[role]').textContent >= '0:01'");
    page.screenshot(&screenshots("recording-phone-light.png"));
    page.click("#stop", "");
    page.until(PLAYABLE);
    page.screenshot(&screenshots("review-phone-light.png"));
    // The test's clock is not the browser's: no end of the link's own.
    page.evaluate("document.querySelector('select').value = ''");
    page.click("button", "Encrypt and make a link");
    page.until("document.querySelector('.link')");
    page.screenshot(&screenshots("link-phone-light.png"));
    let link = page
        .evaluate("document.querySelector('.link').value")
        .as_str()
        .unwrap()
        .to_owned();
    assert_calm(&page, port, &[link.split_once('#').unwrap().1]);
    let listener = browser.page(390, 844, false);
    listener.open(&format!("{}/open#{link}", owned.base()));
    listener.until("document.body.dataset.state === 'ready'");
    assert_calm(&listener, port, &[link.split_once('#').unwrap().1]);
}

#[test]
fn the_low_pass_keeps_speech_and_nothing_above() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(390, 844, false);
    page.open(&format!("http://localhost:{}/open", served.address.port()));
    for rate in [16_000, 44_100, 48_000] {
        let loudness = page.evaluate(&format!(
            "import('/assets/resample.js').then(({{ Resampler, joined }}) => [300, 1000, 3300, 4300, 5000, 7000].map((hertz) => {{
               const sine = Float32Array.from({{ length: {rate} }}, (_, n) => 0.5 * Math.sin(2 * Math.PI * hertz * n / {rate}));
               const resampler = new Resampler({rate});
               const pieces = [];
               for (let at = 0; at < sine.length; at += 1000) pieces.push(resampler.push(sine.slice(at, at + 1000)));
               const out = joined([...pieces, resampler.finish()]);
               if (Math.abs(out.length - 8000) > 8) throw new Error(`${{out.length}} samples`);
               const middle = out.slice(1000, 7000);
               return Math.sqrt(middle.reduce((sum, one) => sum + one * one, 0) / middle.length) / (16384 * Math.SQRT1_2);
             }}))"
        ));
        let loudness: Vec<f64> = serde_json::from_value(loudness).unwrap();
        assert!(
            loudness[..3].iter().all(|&loud| (loud - 1.0).abs() < 0.02),
            "{rate}: {loudness:?}"
        );
        assert!(
            loudness[3..].iter().all(|&loud| loud < 0.001),
            "{rate}: {loudness:?}"
        );
    }
}

#[test]
fn the_inbox_works_by_keyboard_alone() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(1280, 800, false);
    page.without_haste();
    page.open(&owned.link());
    page.until(LISTED);
    page.press("j");
    assert_eq!(focused(&page), "+33155501999");
    page.press("j");
    assert_eq!(focused(&page), "Harbour Office");
    page.press("ArrowDown");
    assert_eq!(focused(&page), "+15550100123");
    page.press("k");
    page.press("Enter");
    page.until(PLAYABLE);
    page.press(" ");
    page.until("document.querySelector('.player').classList.contains('playing')");
    page.press(" ");
    page.until("!document.querySelector('.player').classList.contains('playing')");
    page.until("document.querySelectorAll('.memo.unread').length === 2");
    page.press("u");
    page.until("document.querySelectorAll('.memo.unread').length === 3");
    page.press("Escape");
    assert_eq!(
        page.evaluate("document.querySelector('.memo.open')"),
        serde_json::Value::Null
    );
    page.press("Delete");
    page.until(&rows(2));
    assert_eq!(focused(&page), "+15550100123");
    page.press("z");
    page.until(&rows(3));
    assert_eq!(focused(&page), "Harbour Office");
    page.press("?");
    page.until("document.querySelector('dialog kbd')");
    page.press("Escape");
    page.until("!document.querySelector('dialog')");
    // The search covers what was decrypted: names, words, numbers, days.
    for (words, found) in [
        ("projector", 1),
        ("harbour thurs", 1),
        ("555", 3),
        ("january", 3),
        ("nobody", 0),
    ] {
        page.press("/");
        assert_eq!(focused(&page), "search");
        page.write("#search", words);
        page.until(&rows(found));
        page.press("Escape");
        page.until(&rows(3));
    }
    // One stop of the tab key for the list, and every control has a name.
    let stops =
        page.evaluate("[...document.querySelectorAll('.row')].filter((row) => row.tabIndex === 0).length");
    assert_eq!(stops, 1);
    assert_eq!(page.errors(), Vec::<String>::new());
}

#[test]
fn what_was_opened_is_heard_without_the_server() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let mut owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    page.click(".row", "Harbour Office");
    page.until(PLAYABLE);
    page.until("navigator.serviceWorker.controller");
    until_kept_in(&page, &["lists", "bodies"]);
    // Nothing that is kept on the device says who called, and no key is among it.
    let kept = page.evaluate(
        "new Promise((resolve) => {
           const opening = indexedDB.open('obelus-inbox-main');
           opening.onsuccess = () => {
             const all = opening.result.transaction(['lists', 'bodies']);
             const lists = all.objectStore('lists').getAll();
             const bodies = all.objectStore('bodies').getAll();
             all.oncomplete = () => {
               opening.result.close();
               resolve(JSON.stringify([lists.result, bodies.result.map(({ ciphertext, ...rest }) => rest)]));
             };
           };
         })",
    );
    let kept = kept.as_str().unwrap();
    assert!(
        kept.contains("sealed_envelope") && kept.contains("aes-256-gcm"),
        "{kept}"
    );
    for secret in [
        "Harbour",
        "0104960",
        "projector",
        owned.seed.to_text().trim_end_matches('='),
    ] {
        assert!(!kept.contains(secret), "{secret} is kept in clear");
    }
    owned.served.stop();
    page.reload();
    page.until(&format!(
        "{} && document.querySelector('[data-name=offline]')
            && document.getElementById('summary').textContent.endsWith(', offline')",
        rows(3)
    ));
    page.click(".row", "Harbour Office");
    page.until(PLAYABLE);
    page.screenshot(&screenshots("offline-desktop-light.png"));
    page.click(".row", "+33155501999");
    page.until("document.querySelector('.panel .problem-line[data-kind=unreachable]')");
}

#[test]
fn a_secret_that_is_wrong_or_missing_is_told_apart_from_a_server_that_is_gone() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let mut owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &["--host-resolver-rules=MAP memo.test 127.0.0.1"]);
    let page = browser.page(390, 844, false);
    let problem = |kind: &str| format!("document.body.dataset.problem === '{kind}'");
    page.open(&format!("{}/inbox/main", owned.base()));
    page.until(&problem("no-secret"));
    let other = OwnerSeed::generate().to_text().to_string();
    page.write(".paste input", &format!("{}/inbox/main#{other}", owned.base()));
    page.click("button", "Open");
    page.until(&problem("wrong-secret"));
    page.write(".paste input", "not a link");
    page.click("button", "Open");
    page.until("document.getElementById('paste-error').textContent");
    page.write(".paste input", &owned.link());
    page.click("button", "Open");
    page.until(&rows(3));
    let page = browser.page(390, 844, false);
    page.open(&owned.link().replace("localhost", "memo.test"));
    page.until(&problem("no-https"));
    // A browser that has kept nothing yet.
    let page = browser.page(390, 844, false);
    page.open(&format!("{}/inbox/main", owned.base()));
    page.until(&problem("no-secret"));
    page.evaluate(
        "Promise.all(['obelus-inbox-main'].map((name) => new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = resolve;
        request.onblocked = resolve;
    }))).then(() => true)",
    );
    owned.served.stop();
    page.evaluate(&format!("location.hash = '{}'; 0", *owned.seed.to_text()));
    page.until(&problem("unreachable"));
}

#[test]
fn a_new_key_opens_everything_and_the_old_one_nothing() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let older = OwnerSeed::generate();
    owned.leave_for(&older, 180, |contents| contents.from = text("+4930123456"));
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    // One memo is sealed to a key from before.
    page.click("[data-name=closed] button", "Add an older link");
    page.write("dialog input", &older.to_text());
    page.click("dialog button", "Open");
    page.until("!document.querySelector('[data-name=closed]')");
    page.until("[...document.querySelectorAll('.who')].some((who) => who.textContent === '+4930123456')");
    let both = format!("#{},{}", *owned.seed.to_text(), *older.to_text());
    page.until(&format!("location.hash === '{both}'"));
    page.click("#settings", "");
    page.click("dialog button", "Change the key");
    page.click("dialog button", "Make a new key");
    page.until("document.querySelector('.keep .link')");
    let link = page
        .evaluate("document.querySelector('.keep .link').value")
        .as_str()
        .unwrap()
        .to_owned();
    page.click(".keep label", "I have kept");
    page.click(".keep button", "Change the key now");
    page.until(&format!(
        "location.href === {} && {}",
        serde_json::json!(link),
        rows(4)
    ));
    assert_eq!(page.evaluate("document.querySelectorAll('.banner').length"), 0);
    let new = link.split_once('#').unwrap().1.to_owned();
    assert_calm(
        &page,
        owned.served.address.port(),
        &[&new, &owned.seed.to_text(), &older.to_text()],
    );
    let page = browser.page(390, 844, false);
    page.open(&owned.link());
    page.until("document.body.dataset.problem === 'wrong-secret'");
}

#[test]
fn a_key_of_the_servers_that_is_not_the_owners_is_told() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    // The token is the owner's, the public key another's: a server that wants to read along.
    let owner = OwnerKey::new(
        &OwnerSeed::generate().public_key(Kem::XWing),
        owned.seed.listing_token().verifier(),
        time(0),
    );
    owned.served.store.mailboxes().set_owner("main", owner).unwrap();
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    page.until("document.querySelector('[data-name=other-key]')");
}

#[test]
fn the_device_remembers_only_when_asked() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::with_kem(Kem::X25519).with_three();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(1280, 800, false);
    page.without_haste();
    page.open(&owned.link());
    page.until(LISTED);
    page.click("#settings", "");
    page.click("dialog label", "Remember on this device");
    page.until("location.hash === ''");
    page.reload();
    page.until(&rows(3));
    page.click("#settings", "");
    page.until("document.querySelector('dialog label input').checked");
    page.click("dialog label", "Remember on this device");
    page.until("location.hash.length > 40");
    page.until("document.body.textContent.includes('does not remember the inbox any more')");
    page.open("about:blank");
    page.open(&format!("{}/inbox/main", owned.base()));
    page.until("document.body.dataset.problem === 'no-secret'");
}

#[test]
fn a_device_can_be_made_to_forget_the_inbox_in_all_its_tabs() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let other = opened(&browser, &owned.link());
    other.until("navigator.serviceWorker.controller");
    let page = opened(&browser, &owned.link());
    page.click("#settings", "");
    page.click("dialog label", "Remember on this device");
    page.until("location.hash === ''");
    page.press("Escape");
    page.click(".row", "Harbour Office");
    page.until(PLAYABLE);
    page.until("navigator.serviceWorker.controller");
    page.evaluate(
        "window.kept = async () => {
           const rows = (name, table) => new Promise((resolve, reject) => {
             const opening = indexedDB.open(name);
             opening.onerror = reject;
             opening.onsuccess = () => {
               const all = opening.result.transaction(table).objectStore(table).getAllKeys();
               all.onsuccess = () => { opening.result.close(); resolve(all.result); };
             };
           });
           const names = (await indexedDB.databases()).map((one) => one.name);
           return {
             memos: names.includes('obelus-inbox-main') ? await rows('obelus-inbox-main', 'bodies') : null,
             secrets: await rows('obelus-secret', 'secrets'),
             caches: await caches.keys(),
             workers: (await navigator.serviceWorker.getRegistrations()).length,
           };
         }; 0",
    );
    page.evaluate(
        "new Promise((resolve) => {
           const look = async () => {
             const { memos, secrets, caches: names } = await window.kept();
             memos?.length && secrets.length && names.length ? resolve(0) : setTimeout(look, 10);
           };
           look();
         })",
    );
    page.click("#settings", "");
    page.click("dialog button", "Forget this device");
    page.until("document.querySelector('dialog .price')");
    page.settle();
    page.screenshot(&screenshots("forget-desktop-light.png"));
    page.click("dialog button", "Forget now");
    for page in [&page, &other] {
        page.until("document.body.dataset.problem === 'forgotten'");
        let shown = page.evaluate("document.documentElement.innerHTML").to_string();
        for gone in ["Harbour", "projector", "+33155501999"] {
            assert!(!shown.contains(gone), "{gone} is still there");
        }
        assert_eq!(page.evaluate("location.hash"), "");
    }
    page.until("document.activeElement.id === 'what'");
    page.screenshot(&screenshots("forgotten-desktop-light.png"));
    let kept = page.evaluate("window.kept()");
    let nothing = serde_json::json!({"memos": null, "secrets": [], "caches": [], "workers": 0});
    assert_eq!(kept, nothing);
    assert_eq!(page.errors(), Vec::<String>::new());
    assert_eq!(other.errors(), Vec::<String>::new());
    // The link opens it as on any device.
    page.open("about:blank");
    page.open(&format!("{}/inbox/main", owned.base()));
    page.until("document.body.dataset.problem === 'no-secret'");
    page.write(".paste input", &owned.link());
    page.click("button", "Open");
    page.until(&rows(3));
}

#[test]
fn a_domain_of_the_older_protocol_sees_the_key_only_when_the_person_agrees() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(tone())]));
    let (id, token) = (sealed.id(), AccessToken::derive(&key).to_text());
    let facts = Facts::at("localhost", time(0));
    let memo = NewMemo { sealed, facts };
    owned.served.store.insert(vec![memo]).remove(0).unwrap();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(390, 844, false);
    // In the other domain's place: it lets no page ask, and our server gets the memo from it for the key alone.
    page.before_scripts(&format!(
        "window.asked = [];
         const real = window.fetch;
         window.fetch = (address, init) => {{
           const url = new URL(address, location.href);
           window.asked.push(`${{url.host}}${{url.pathname}} ${{init?.body ?? ''}}`);
           if (url.host === 'old.example.org') return Promise.reject(new TypeError('no CORS'));
           if (url.pathname !== '/api/open') return real(address, init);
           if (!JSON.parse(init.body).access_key)
             return Promise.resolve(new Response('{{\"needs_key\":true}}', {{ status: 409 }}));
           return real('/voice/{id}/audio', {{ headers: {{ authorization: 'Bearer {}' }} }});
         }};",
        *token
    ));
    let key = key.to_text();
    page.open(&format!(
        "{}/open#https://old.example.org/voice/{id}#{}",
        owned.base(),
        *key
    ));
    page.until("document.body.dataset.state === 'needs-key'");
    page.screenshot(&screenshots("needs-key-phone-light.png"));
    let asked = page.evaluate("window.asked.join(' ')");
    assert!(
        !asked.as_str().unwrap().contains(key.trim_end_matches('=')),
        "{asked}"
    );
    page.click("button", "Show it the key");
    page.until("document.body.dataset.state === 'ready'");
    let asked = page.evaluate("window.asked.filter((one) => one.includes('access_key')).length");
    assert_eq!(asked, 1, "our server, since the other one lets no page ask");
}

#[test]
fn the_pages_are_photographed_in_each_state() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let axe = axe::script();
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let photograph = |link: &str, name: &str, prepare: &dyn Fn(&Page<'_>)| {
        photograph_in(&browser, axe.as_deref(), ALL_SHOTS, link, name, prepare);
    };
    let unfolded = |page: &Page<'_>| {
        page.until(&rows(3));
        page.click(".row", "Harbour Office");
        page.until(PLAYABLE);
    };
    let link = owned.link();
    photograph(&link, "inbox", &|page| page.until(&rows(3)));
    photograph(&link, "memo", &unfolded);
    photograph(&link, "share", &|page| {
        unfolded(page);
        page.click(".actions button", "Share");
        page.until("document.querySelector('.shares h3')");
    });
    photograph(&link, "qr", &|page| {
        unfolded(page);
        page.click(".actions button", "QR code");
    });
    photograph(&link, "settings", &|page| {
        page.until(&rows(3));
        page.click("#settings", "");
        page.until("document.querySelector('dialog')");
    });
    let setup = format!("{}/inbox/main#setup={}", owned.base(), *owned.seed.to_text());
    photograph(&setup, "setup", &|page| {
        page.until("document.body.dataset.state === 'setup'")
    });
    photograph(&format!("{}/inbox/main", owned.base()), "no-secret", &|page| {
        page.until("document.body.dataset.state === 'problem'");
    });
    for (path, name) in [
        ("/record/main", "record"),
        ("/record/nobody", "no-mailbox"),
        ("/open", "open"),
    ] {
        photograph(&format!("{}{path}", owned.base()), name, &|page| {
            page.until("['start', 'problem', 'asking'].includes(document.body.dataset.state)");
        });
    }
}

#[test]
fn the_rarer_states_are_photographed_too() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let axe = axe::script();
    let empty = Owned::new();
    let owned = Owned::new();
    let older = OwnerSeed::generate();
    owned.leave_for(&older, 180, |contents| contents.from = text("+4930123456"));
    let owned = owned.with_three();
    let lost = owned.served.store.list(Some("main"), None, 10).unwrap();
    let lost = lost.records.last().expect("there is one").id;
    let browser = Browser::start(&chromium, &[]);
    let photograph = |link: &str, name: &str, prepare: &dyn Fn(&Page<'_>)| {
        photograph_in(&browser, axe.as_deref(), FEW_SHOTS, link, name, prepare);
    };
    let link = owned.link();
    let unfolded = |page: &Page<'_>| {
        page.until(&rows(4));
        page.click(".row", "Harbour Office");
        page.until(PLAYABLE);
    };
    photograph(&empty.link(), "empty", &|page| {
        page.until(&rows(0));
        page.until("!document.getElementById('record-hint').hidden");
    });
    photograph(&link, "closed", &|page| {
        page.until(&rows(4));
        page.click(".row", "Locked memo");
        page.until("document.querySelector('.panel .problem-line')");
    });
    photograph(&link, "older-link", &|page| {
        page.until(&rows(4));
        page.click("[data-name=closed] button", "Add an older link");
        page.write("dialog input", "nonsense");
        page.click("dialog button", "Open");
        page.until("document.querySelector('#paste-error').textContent");
    });
    photograph(&link, "more", &|page| {
        unfolded(page);
        page.click(".actions button", "More");
    });
    photograph(&link, "telephone", &|page| {
        unfolded(page);
        page.click(".actions button", "More");
        page.click("dialog button", "telephone code");
        page.click("dialog .wide", "Make a");
        page.until("document.querySelector('dialog .code')");
    });
    photograph(&link, "kept-until", &|page| {
        unfolded(page);
        page.click(".actions button", "More");
        page.click("dialog button", "Keep only for a while");
    });
    photograph(&link, "keyboard", &|page| {
        page.until(&rows(4));
        page.press("?");
        page.until("document.querySelector('dialog kbd')");
    });
    photograph(&link, "opening", &|page| {
        page.before_scripts("window.fetch = () => new Promise(() => {});");
        page.open("about:blank");
        page.open(&link);
        page.until("document.readyState === 'complete' && document.querySelector('.skeleton').checkVisibility({ opacityProperty: true })");
    });
    let setup = format!("{}/inbox/main#setup={}", owned.base(), *owned.seed.to_text());
    photograph(&setup, "keep", &|page| {
        page.click("button", "Make my key");
        page.until("document.querySelector('.keep .qr-code path')");
    });
    // A memo that is gone from the server while the list still shows it.
    photograph(&link, "not-opened", &|page| {
        page.until(&rows(4));
        page.evaluate("window.fetch = () => Promise.resolve(new Response('{}', { status: 404 })); 0");
        page.evaluate(&format!(
            "document.querySelector('.row[data-id=\"{lost}\"]').click()"
        ));
        page.until("document.querySelector('.panel .problem-line[data-kind=false-key]')");
    });
    // The last one: what is deleted is gone when the page is left.
    let shots = &FEW_SHOTS[..1];
    photograph_in(&browser, axe.as_deref(), shots, &link, "deleted", |page| {
        page.until(&rows(4));
        page.press("j");
        page.press("Delete");
        page.until("document.querySelector('.toast')");
    });
}
