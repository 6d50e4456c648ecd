//! The player page in a real browser: it opens what it should, says what is wrong where it cannot, and tells the server
//! nothing of the key.

#[path = "common/browser.rs"]
mod browser;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use browser::{Browser, Page};
use obelus::memo::key::MemoKey;
use obelus::memo::store::receipts::Reason;
use obelus::memo::vault::StoredMemo;
use serde_json::json;
use served::{key_of, self_signed, Served};
use std::path::{Path, PathBuf};

/// Three seconds that look like speech: bursts of a tone that come and go.
fn speech() -> Vec<i16> {
    (0..24_000)
        .map(|n| {
            let secs = f64::from(n) / 8_000.0;
            let syllable =
                (secs * std::f64::consts::TAU * 1.7).sin().max(0.0) * (0.4 + (secs * 2.3).sin().abs());
            ((secs * std::f64::consts::TAU * 220.0).sin() * 9_000.0 * syllable) as i16
        })
        .collect()
}

fn screens(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens").join(name)
}

/// Waits until the page has opened the memo or says why not, and gives what it says: `ready`, or the problem's kind.
fn outcome(page: &Page<'_>) -> String {
    let state = page.evaluate(
        "new Promise((resolve) => {
           const tell = () => {
             const { state, problem } = document.body?.dataset ?? {};
             if (state === 'ready' || state === 'problem') resolve(problem ?? state);
           };
           new MutationObserver(tell).observe(document, { attributes: true, childList: true, subtree: true });
           tell();
         })",
    );
    state.as_str().unwrap().to_owned()
}

fn heading(page: &Page<'_>) -> String {
    page.evaluate("document.getElementById('what').textContent")
        .as_str()
        .unwrap()
        .to_owned()
}

/// Opens a link in a fresh page, and gives the page with what it came to.
fn opened<'a>(browser: &'a Browser, link: &str) -> (Page<'a>, String) {
    let page = browser.page(1280, 800, false);
    page.open(link);
    let outcome = outcome(&page);
    (page, outcome)
}

/// Plays until the position has moved, and checks it.
fn assert_plays(page: &Page<'_>) {
    let played = page.evaluate(
        "new Promise((resolve, reject) => {
           const audio = document.querySelector('audio');
           audio.addEventListener('error', () => reject(audio.error));
           audio.addEventListener('timeupdate', () => {
             if (audio.currentTime > 0.3) resolve([audio.currentTime, audio.duration]);
           });
           document.querySelector('.play').click();
         })",
    );
    let (position, duration) = (played[0].as_f64().unwrap(), played[1].as_f64().unwrap());
    assert!((0.3..=3.0).contains(&position), "{position}");
    assert!((duration - 3.0).abs() < 0.01, "{duration}");
}

fn assert_nothing_told(served: &Served, pages: &[&Page<'_>], memo: &StoredMemo) {
    let key = key_of(memo);
    let seen = served.seen();
    assert!(
        seen.contains("GET /voice/") && seen.contains("authorization"),
        "the requests were seen"
    );
    assert!(
        !seen.contains(key.trim_end_matches('=')),
        "the server saw the key:\n{seen}"
    );
    for page in pages {
        for request in page.requests() {
            let own = request.contains(&format!(":{}/", served.address.port()));
            assert!(
                own || request.starts_with("blob:") || request.starts_with("about:"),
                "{request}"
            );
            assert!(!request.contains(key.trim_end_matches('=')), "{request}");
        }
    }
}

#[test]
fn a_link_opens_and_plays_and_the_server_learns_no_key() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &[]);
    let (page, outcome) = opened(&browser, memo.link.expose());
    assert_eq!(outcome, "ready");
    assert_plays(&page);
    let shown = page.evaluate(
        "[document.querySelector('.length').textContent, document.querySelector('.save').download]",
    );
    assert_eq!(shown, json!(["0:03", "voice-memo-2027-01-15-08-00.wav"]));
    let size = page.evaluate("fetch === undefined || document.querySelector('.wave canvas').width > 300");
    assert_eq!(size, true, "the waveform is drawn");
    let drawn = page.evaluate(
        "(() => { const c = document.querySelector('.wave canvas');
           const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
           return d.some((value) => value > 0); })()",
    );
    assert_eq!(drawn, true);
    assert_eq!(page.errors(), Vec::<String>::new());
    assert_eq!(served.store.get(&memo.id).unwrap().unwrap().access_count, 1);
    assert_nothing_told(&served, &[&page], &memo);
}

#[test]
fn the_player_works_by_keyboard() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &[]);
    let (page, outcome) = opened(&browser, memo.link.expose());
    assert_eq!(outcome, "ready");
    let position = || {
        page.evaluate("document.querySelector('audio').currentTime")
            .as_f64()
            .unwrap()
    };
    page.evaluate(
        "new Promise((resolve) => {
           const audio = document.querySelector('audio');
           audio.readyState > 0 ? resolve() : audio.addEventListener('loadedmetadata', () => resolve());
         })",
    );
    page.evaluate("document.querySelector('.wave').focus()");
    page.press("End");
    assert!((position() - 3.0).abs() < 0.01, "{}", position());
    page.press("Home");
    assert_eq!(position(), 0.0);
    // It goes on playing, however long a look at it takes.
    page.evaluate("document.querySelector('audio').loop = true; 0");
    page.evaluate("window.playing = new Promise((resolve) => document.querySelector('audio').addEventListener('playing', () => resolve(true))); 0");
    page.press("k");
    assert_eq!(page.evaluate("window.playing"), true);
    assert_eq!(
        page.evaluate("document.querySelector('.play').getAttribute('aria-label')"),
        "Pause"
    );
    page.press("k");
    assert_eq!(page.evaluate("document.querySelector('audio').paused"), true);
    let named = page.evaluate(
        "[...document.querySelectorAll('button, a, [role=slider]')]
           .filter((control) => !control.closest('[hidden]'))
           .filter((control) => !(control.getAttribute('aria-label') || control.textContent.trim())).length",
    );
    assert_eq!(named, 0, "every control has a name");
}

#[test]
fn a_key_with_its_first_or_last_character_changed_is_said_to_be_wrong() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &[]);
    let key = key_of(&memo);
    let address = memo.link.expose().trim_end_matches(&key);
    let other = |c: u8| if c == b'A' { 'B' } else { 'A' };
    let bare = key.trim_end_matches('=');
    let (first, rest) = key.split_at(1);
    let (start, last) = bare.split_at(bare.len() - 1);
    for changed in [
        format!("{}{rest}", other(first.as_bytes()[0])),
        format!("{start}{}=", other(last.as_bytes()[0])),
        format!("{start}{}", other(last.as_bytes()[0])),
        format!("{bare}A"),
        start.to_owned(),
        MemoKey::generate().to_text().to_string(),
    ] {
        let (page, outcome) = opened(&browser, &format!("{address}{changed}"));
        assert_eq!(outcome, "wrong-key", "{changed}");
        assert_eq!(heading(&page), "The key is wrong");
    }
    // A last character whose spare bits alone differ decodes to the same bytes in a lenient reader; not here.
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = ALPHABET.chars().nth(ALPHABET.find(last).unwrap() + 1).unwrap();
    let (_, outcome) = opened(&browser, &format!("{address}{start}{next}="));
    assert_eq!(outcome, "wrong-key");
}

#[test]
fn a_page_that_cannot_open_its_memo_says_why() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let expiring = served.leave_until(speech(), Some(60));
    let deleted = served.leave(speech());
    let now = std::time::SystemTime::now();
    served.store.delete(&deleted.id, Reason::Owner, now).unwrap();
    served.clock.advance(60);
    let browser = Browser::start(&chromium, &[]);
    let link = expiring.link.expose();
    let (page, outcome) = opened(&browser, link);
    assert_eq!(
        (outcome.as_str(), heading(&page).as_str()),
        ("expired", "This memo has expired")
    );
    let (page, outcome) = opened(&browser, deleted.link.expose());
    assert_eq!(
        (outcome.as_str(), heading(&page).as_str()),
        ("wrong-key", "The key is wrong")
    );
    let (page, outcome) = opened(&browser, link.split('#').next().unwrap());
    assert_eq!(
        (outcome.as_str(), heading(&page).as_str()),
        ("no-key", "The key is missing")
    );
}

#[test]
fn a_server_that_is_gone_can_be_asked_again() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &[]);
    let (page, outcome_) = opened(&browser, memo.link.expose());
    assert_eq!(outcome_, "ready");
    let offline = |on: bool| {
        page.evaluate(&format!(
            "window.realFetch ??= window.fetch;
             window.fetch = {on} ? () => Promise.reject(new TypeError('offline')) : window.realFetch;"
        ));
    };
    offline(true);
    page.evaluate("window.dispatchEvent(new HashChangeEvent('hashchange'))");
    page.evaluate("new Promise((resolve) => requestAnimationFrame(resolve))");
    assert_eq!(outcome(&page), "unreachable");
    offline(false);
    page.evaluate("document.getElementById('again').click()");
    assert_eq!(outcome(&page), "ready");
}

#[test]
fn plain_http_from_another_host_is_told_that_https_is_needed() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &["--host-resolver-rules=MAP memo.test 127.0.0.1"]);
    let link = memo.link.expose().replace("localhost", "memo.test");
    let (page, outcome) = opened(&browser, &link);
    assert_eq!(
        (outcome.as_str(), heading(&page).as_str()),
        ("no-https", "HTTPS is needed")
    );
    assert!(!served.seen().contains("/audio"), "nothing was fetched");
    page.screenshot(&screens("no-https-desktop-light.png"));
}

#[test]
fn over_https_a_link_plays_on_any_host() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = self_signed(folder.path(), &["memo.test"]);
    let served = Served::start(|config| {
        config.http.domain = config.http.domain.replace("localhost", "memo.test");
        config.http.tls_cert = Some(cert);
        config.http.tls_key = Some(key);
    });
    let memo = served.leave(speech());
    assert!(memo.link.expose().starts_with("https://memo.test:"));
    let browser = Browser::start(
        &chromium,
        &[
            "--host-resolver-rules=MAP memo.test 127.0.0.1",
            "--ignore-certificate-errors",
        ],
    );
    let (page, outcome) = opened(&browser, memo.link.expose());
    assert_eq!(outcome, "ready");
    assert_plays(&page);
    assert_eq!(page.errors(), Vec::<String>::new());
    assert_nothing_told(&served, &[&page], &memo);
}

#[test]
fn a_key_in_the_query_of_an_old_link_moves_into_the_fragment() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &[]);
    let key = key_of(&memo);
    for old in ["?key=", "%23"] {
        let link = memo.link.expose().replace('#', old);
        let (page, outcome) = opened(&browser, &link);
        assert_eq!(outcome, "ready", "{old}");
        assert_eq!(page.evaluate("location.href"), memo.link.expose());
        // The page itself was asked for with the key, which nobody can help; nothing after it is.
        let seen = served.seen.lock().unwrap().clone();
        let told = seen
            .iter()
            .filter(|request| request.contains(key.trim_end_matches('=')))
            .count();
        assert_eq!(told, 1, "{seen:?}");
        served.seen.lock().unwrap().clear();
    }
}

/// What a person sees, kept beside the build's other output to be looked at.
#[test]
fn the_page_is_photographed_in_each_state() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(speech());
    let browser = Browser::start(&chromium, &[]);
    for (size, width, height) in [("narrow", 320, 568), ("phone", 390, 844), ("desktop", 1280, 800)] {
        for (scheme, dark) in [("light", false), ("dark", true)] {
            let page = browser.page(width, height, dark);
            let name = |state: &str| screens(&format!("{state}-{size}-{scheme}.png"));
            page.open(memo.link.expose());
            assert_eq!(outcome(&page), "ready");
            page.evaluate(
                "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))",
            );
            page.screenshot(&name("idle"));
            assert_plays(&page);
            page.screenshot(&name("playing"));
            let fits =
                page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth");
            assert_eq!(fits, true, "nothing sticks out at {size}");
            // Another one than the memo's, whatever that is.
            page.evaluate(
                "location.hash = location.hash.slice(0, -3) + (location.hash.endsWith('AA=') ? 'BA=' : 'AA='); 0",
            );
            page.evaluate(
                "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))",
            );
            assert_eq!(outcome(&page), "wrong-key");
            page.screenshot(&name("wrong-key"));
        }
    }
    let page = browser.page(390, 844, false);
    page.open(&served.url("/nothing"));
    page.evaluate(
        "document.readyState === 'complete' || new Promise((resolve) => addEventListener('load', resolve))",
    );
    page.screenshot(&screens("nothing-phone-light.png"));
}
