//! The inbox in a real browser where it is strained: a large mailbox, many tabs, messages of the operating system's, and
//! files.

#[path = "common/browser.rs"]
mod browser;
#[path = "common/owned.rs"]
mod owned;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use browser::{Browser, Page};
use obelus::memo::key::MemoId;
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::store::receipts::Reason;
use owned::{
    assert_calm, opened, rows, screenshots, text, time, tone, until_kept_in, Owned, LISTED, PLAYABLE,
};
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// How many memos a large mailbox has: several pages, and several long pages.
const MANY: u64 = 430;

fn count(page: &Page<'_>, selector: &str) -> u64 {
    let found = page.evaluate(&format!("document.querySelectorAll({}).length", json!(selector)));
    found.as_u64().unwrap()
}

fn large() -> Owned {
    let owned = Owned::new();
    owned.leave_many(MANY, |n, contents| {
        contents.from = text(&format!("+155502{n:05}"));
        if n == 0 {
            contents.transcript = text("The very first: a heron on the canal.");
        }
    });
    owned
}

#[test]
fn a_large_mailbox_shows_its_newest_memos_and_older_ones_as_one_scrolls() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = large();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(390, 844, false);
    // How often the page gets its turn while envelopes are opened; the slower way of it, as in most browsers.
    page.before_scripts(
        "delete SubtleCrypto.prototype.decapsulateBits;
         window.turns = 0;
         setInterval(() => (window.turns += document.querySelector('.waiting') ? 1 : 0), 1);",
    );
    page.open(&owned.link());
    page.until(&rows(50));
    assert_eq!(
        page.evaluate("document.getElementById('summary').textContent"),
        format!("{MANY} memos, {MANY} new")
    );
    let asked = |page: &Page<'_>| {
        let asked = page.requests();
        asked.iter().filter(|url| url.contains("/memos?")).count()
    };
    assert_eq!(asked(&page), 1, "one page is enough to begin with");
    // Scrolled to the end again and again, as a person does.
    let newest = "document.querySelector('.who').textContent";
    assert_eq!(page.evaluate(newest), "+15550200429");
    while count(&page, ".row") < MANY {
        let before = count(&page, ".row");
        page.evaluate("scrollTo(0, document.body.scrollHeight)");
        page.until(&format!("document.querySelectorAll('.row').length > {before}"));
    }
    page.until(LISTED);
    assert!(asked(&page) >= 9, "page by page");
    let last = "[...document.querySelectorAll('.who')].at(-1).textContent";
    assert_eq!(page.evaluate(last), "+15550200000");
    page.until("document.getElementById('more').hidden");
    // What is out of sight costs no layout, and nothing keeps the page from answering.
    let unseen = "[...document.querySelectorAll('.memo')]
        .filter((memo) => getComputedStyle(memo).contentVisibility === 'auto').length";
    assert_eq!(page.evaluate(unseen), MANY);
    let turns = page.evaluate("window.turns").as_u64().unwrap();
    assert!(
        turns >= 18,
        "the page had {turns} turns while {MANY} envelopes were opened"
    );
    assert_calm(&page, owned.served.address.port(), &[&owned.seed.to_text()]);
}

#[test]
fn older_memos_come_by_the_button_too_and_the_focus_goes_on_with_them() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = large();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(1280, 800, false);
    // As in a browser without it.
    page.before_scripts(
        "window.IntersectionObserver = class { observe() {} unobserve() {} disconnect() {} };",
    );
    page.open(&owned.link());
    page.until(&rows(50));
    page.evaluate("document.getElementById('more').focus()");
    page.press("Enter");
    page.until(&rows(100));
    page.until("document.activeElement.closest('.memo') === document.querySelectorAll('.memo')[50]");
    // A memo that comes meanwhile is shown above, and nothing below is lost.
    owned.leave(60 * MANY, |contents| contents.from = text("+33155501999"));
    page.until("document.querySelector('.who').textContent === '+33155501999'");
    page.evaluate("document.getElementById('more').click()");
    page.until(&format!(
        "{LISTED} && document.querySelectorAll('.row').length >= 150"
    ));
    let who = page.evaluate("[...document.querySelectorAll('.who')].map((who) => who.textContent)");
    let who: Vec<String> = serde_json::from_value(who).unwrap();
    for (at, who) in who[1..].iter().enumerate() {
        assert_eq!(who, &format!("+155502{:05}", MANY - 1 - at as u64));
    }
}

#[test]
fn a_search_reads_the_whole_mailbox_and_says_how_far_it_is() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = large();
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    page.evaluate(
        "window.told = [];
         new MutationObserver(() => window.told.push(document.getElementById('progress').textContent))
           .observe(document.getElementById('progress'), { childList: true, subtree: true, characterData: true }); 0",
    );
    page.write("#search", "heron");
    page.until(&format!(
        "document.getElementById('progress').hidden && {}",
        rows(1)
    ));
    assert_eq!(
        page.evaluate("document.querySelector('.gist').textContent"),
        "The very first: a heron on the canal."
    );
    assert_eq!(
        page.evaluate("document.getElementById('status').textContent"),
        "1 memo found"
    );
    let told = page.evaluate("window.told").to_string();
    assert!(
        told.contains(&format!("Searching older memos: 250 of {MANY}")),
        "{told}"
    );
    // What all of them have is shown bounded, and more of it on demand.
    page.write("#search", "155502");
    page.until(&rows(50));
    page.write("#search", "nothing like it");
    page.until("!document.getElementById('nothing').hidden");
    page.screenshot(&screenshots("nothing-found-desktop-light.png"));
    page.press("Escape");
    page.until(&rows(50));
    assert_eq!(page.errors(), Vec::<String>::new());
}

/// The polls that a page has begun.
fn polls(page: &Page<'_>) -> usize {
    let asked = page.requests();
    asked.iter().filter(|url| url.contains("/changes?")).count()
}

#[test]
fn many_tabs_of_a_mailbox_wait_for_changes_with_one_request() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let first = opened(&browser, &owned.link());
    // It has its turn before any other tab can.
    first.until(
        "navigator.locks.query().then(({ held }) => window.leads = held.length) && window.leads === 1",
    );
    let mut tabs = vec![first];
    tabs.extend((1..8).map(|_| opened(&browser, &owned.link())));
    owned.leave(180, |contents| contents.from = text("+4930123456"));
    for tab in &tabs {
        tab.until(&rows(4));
    }
    let asking =
        |tabs: &[Page<'_>]| -> Vec<usize> { (0..tabs.len()).filter(|&at| polls(&tabs[at]) > 0).collect() };
    assert_eq!(asking(&tabs), [0], "the first tab asks for all");
    // The tab that asked is closed: another goes on.
    drop(tabs.remove(0));
    owned.leave(240, |contents| contents.from = text("+4930123457"));
    for tab in &tabs {
        tab.until(&rows(5));
    }
    assert_eq!(asking(&tabs), [0], "the one that has waited longest");
    // What one tab changes, all show; what is further down than a page as well.
    tabs[6].to_front();
    tabs[6].click(".row", "Harbour Office");
    tabs[6].until(PLAYABLE);
    tabs[6].press("u");
    for tab in &tabs {
        tab.until("document.querySelectorAll('.memo.unread').length === 4");
    }
    // An owner of another key is another matter: the token is not shared.
    assert_eq!(asking(&tabs), [0]);
    for tab in &tabs {
        assert_eq!(tab.errors(), Vec::<String>::new());
    }
}

#[test]
fn a_key_that_was_changed_elsewhere_is_told_and_the_old_one_asks_no_more() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let tabs: Vec<Page<'_>> = (0..3).map(|_| opened(&browser, &owned.link())).collect();
    let newer = OwnerSeed::generate();
    owned.own(&newer, Kem::XWing);
    owned.leave_for(&newer, 180, |contents| contents.from = text("+4930123456"));
    for tab in &tabs {
        tab.until("document.querySelector('[data-name=key-changed] button')");
        assert_eq!(count(tab, ".row"), 3, "what was read stays");
    }
    // What would hurry one that waits hurries nobody.
    let asked = || tabs.iter().map(polls).sum::<usize>();
    let before = asked();
    for tab in &tabs {
        tab.evaluate(
            "window.dispatchEvent(new Event('online'));
             document.dispatchEvent(new Event('visibilitychange'));
             fetch('/assets/icon.svg', { cache: 'no-store' }).then(() => true)",
        );
    }
    assert_eq!(asked(), before, "nobody asks any more");
    // The new link opens it from there.
    tabs[1].to_front();
    tabs[1].screenshot(&screenshots("key-changed-desktop-light.png"));
    tabs[1].click("[data-name=key-changed] button", "Open the new link");
    tabs[1].write("dialog input", &newer.to_text());
    tabs[1].click("dialog button", "Open");
    tabs[1].until(&rows(4));
    tabs[1].until("!document.querySelector('[data-name=key-changed]')");
    // Another tab that keeps the old one is not mistaken for it.
    assert_eq!(count(&tabs[0], "[data-name=key-changed]"), 1);
}

#[test]
fn an_inbox_that_began_without_the_server_learns_that_its_key_is_another() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    page.until("navigator.serviceWorker.controller");
    until_kept_in(&page, &["lists"]);
    page.before_scripts(
        "window.realFetch = window.fetch;
         window.fetch = (...asked) =>
           sessionStorage.isBack ? window.realFetch(...asked) : Promise.reject(new TypeError('offline'));",
    );
    page.reload();
    page.until(&format!(
        "{} && document.querySelector('[data-name=offline]')",
        rows(3)
    ));
    owned.own(&OwnerSeed::generate(), Kem::XWing);
    page.evaluate("sessionStorage.isBack = '1'; window.dispatchEvent(new Event('online')); 0");
    page.until("document.body.dataset.problem === 'wrong-secret'");
}

#[test]
fn a_tab_that_asks_and_falls_asleep_is_replaced() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    // The first tab's polls never end, and it says nothing more.
    let sleeper = browser.page(1280, 800, false);
    sleeper.before_scripts(
        "const real = window.fetch;
         window.fetch = (address, init) => String(address).includes('/changes?') ? new Promise(() => {}) : real(address, init);",
    );
    sleeper.open(&owned.link());
    sleeper.until(&rows(3));
    sleeper.until(
        "navigator.locks.query().then(({ held }) => window.leads = held.length) && window.leads === 1",
    );
    let page = browser.page(1280, 800, false);
    // Half a minute in an instant.
    page.before_scripts(
        "const later = window.setInterval;
         window.setInterval = (act, ms) => later(act, ms / 1000);
         const now = Date.now;
         const begun = now();
         Date.now = () => begun + (now() - begun) * 1000;",
    );
    page.open(&owned.link());
    page.until(&rows(3));
    owned.leave(180, |contents| contents.from = text("+4930123456"));
    page.to_front();
    page.until(&rows(4));
    assert!(polls(&page) > 0);
}

#[test]
fn a_browser_without_locks_lets_each_tab_ask() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let tabs: Vec<Page<'_>> = (0..2).map(|_| browser.page(1280, 800, false)).collect();
    for tab in &tabs {
        tab.before_scripts("Object.defineProperty(navigator, 'locks', { value: undefined });");
        tab.open(&owned.link());
        tab.until(&rows(3));
    }
    owned.leave(180, |contents| contents.from = text("+4930123456"));
    for tab in &tabs {
        tab.until(&rows(4));
        assert!(polls(tab) > 0);
    }
}

#[test]
fn an_inbox_that_began_without_the_server_goes_on_with_it() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(1280, 800, false);
    page.before_scripts(
        "const real = window.fetch;
         window.fetch = (address, init) =>
           localStorage.getItem('away') ? Promise.reject(new TypeError('away')) : real(address, init);",
    );
    page.open(&owned.link());
    page.until(&rows(3));
    until_kept_in(&page, &["lists"]);
    page.evaluate("localStorage.setItem('away', '1')");
    page.reload();
    page.until(&format!(
        "{} && document.querySelector('[data-name=offline]')",
        rows(3)
    ));
    owned.leave(180, |contents| contents.from = text("+4930123456"));
    page.evaluate("localStorage.removeItem('away'); window.dispatchEvent(new Event('online')); 0");
    page.until(&format!(
        "{} && !document.querySelector('[data-name=offline]')",
        rows(4)
    ));
    assert_eq!(page.errors(), Vec::<String>::new());
}

#[test]
fn a_hidden_inbox_tells_of_a_new_memo_and_its_message_holds_no_secret() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &[]);
    browser.grant(&owned.base(), &["notifications"]);
    let page = browser.page(1280, 800, false);
    page.without_haste();
    // What the browser was asked to show, noted on its way.
    page.before_scripts(
        "window.shown = [];
         const real = ServiceWorkerRegistration.prototype.showNotification;
         ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
           window.shown.push({ title, ...options });
           return real.call(this, title, options);
         };
         Object.defineProperty(document, 'visibilityState', { get: () => window.isHidden ? 'hidden' : 'visible' });",
    );
    page.open(&owned.link());
    page.until(&rows(3));
    page.until("navigator.serviceWorker.controller");
    // Nothing where nobody asked for it.
    page.evaluate("window.isHidden = true");
    owned.leave(180, |contents| contents.from = text("+4930123456"));
    page.until(&rows(4));
    page.until("document.querySelector('.toast')");
    assert_eq!(page.evaluate("window.shown"), json!([]));
    page.click("#settings", "");
    page.click("dialog label", "Notify me");
    page.until("localStorage.getItem('obelus-notify') === '1'");
    page.press("Escape");
    page.until("!document.querySelector('dialog')");
    // Seen, it says so on the page alone.
    page.evaluate("window.isHidden = false; 0");
    owned.leave(240, |contents| contents.from = text("+4930123457"));
    page.until(&rows(5));
    page.until("document.querySelector('.toast:last-child')?.textContent.includes('+4930123457')");
    assert_eq!(page.evaluate("window.shown"), json!([]));
    page.evaluate("window.isHidden = true");
    owned.leave(300, |contents| {
        contents.from = text("+4930123458");
        contents.caller_name = text(&format!("Ines {}", "M".repeat(500)));
        contents.transcript = text("The code of the gate is 4711.");
    });
    page.until(&rows(6));
    page.until("window.shown.length === 1");
    let shown = page.evaluate("window.shown[0]");
    // The caller's name, as the settings say, and nothing else of the memo.
    let title = shown["title"].as_str().unwrap();
    assert!(
        title.starts_with("New memo from Ines M") && title.chars().count() < 80,
        "{title}"
    );
    assert_eq!(shown["data"], json!({"page": "/inbox/main"}));
    for secret in ["4711", "4930123458", owned.seed.to_text().trim_end_matches('=')] {
        assert!(!shown.to_string().contains(secret), "{shown}");
    }
    // The browser has it, under the mailbox's tag, so that the next one takes its place.
    owned.leave(360, |contents| contents.from = text("+4930123459"));
    page.until("window.shown.length === 2");
    page.until(
        "(navigator.serviceWorker.getRegistration().then((one) => one.getNotifications())
           .then((all) => window.all = all.map(({ tag, title }) => `${tag} ${title}`).join()),
          window.all === 'inbox-main New memo from +4930123459')",
    );
    assert_calm(&page, owned.served.address.port(), &[&owned.seed.to_text()]);
    // Where it was forbidden meanwhile, nothing breaks.
    browser.grant(&owned.base(), &[]);
    owned.leave(420, |contents| contents.from = text("+4930123460"));
    page.until(&rows(8));
    assert_eq!(page.errors(), Vec::<String>::new());
}

/// The file that comes with an e-mail, of the oldest memo.
fn mailed(owned: &Owned, folder: &std::path::Path) -> std::path::PathBuf {
    let all = owned.served.store.list(Some("main"), None, 1_000).unwrap();
    let record = all.records.last().expect("there is one");
    let file = folder.join(format!("memo-{}.envelope.json", record.id));
    let said = json!({
        "event": "memo", "mailbox": "main", "memo_id": record.id.to_string(),
        "inbox": format!("{}/inbox/main", owned.base()),
        "sealed_envelope": record.sealed_envelope, "created_at": "2027-01-15T08:09:00.000Z",
    });
    std::fs::write(&file, said.to_string()).unwrap();
    file
}

#[test]
fn the_file_of_an_e_mail_is_opened_where_it_is_dropped() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let folder = tempfile::tempdir().unwrap();
    owned.leave_many(120, |n, contents| contents.from = text(&format!("+155502{n:05}")));
    let file = mailed(&owned, folder.path());
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    page.drop_file(&file, |page| {
        page.until("document.body.classList.contains('dropping')");
        page.screenshot(&screenshots("dropping-desktop-light.png"));
    });
    page.until(PLAYABLE);
    assert_eq!(page.evaluate("location.pathname"), "/inbox/main");
    assert_eq!(
        page.evaluate("document.querySelector('.memo.open .who').textContent"),
        "+15550200000",
        "the oldest one, which the list had not read"
    );
    page.until("!document.body.classList.contains('dropping')");
    // By the menu as well, and what is no envelope is said to be none.
    let other = folder.path().join("holiday.txt");
    std::fs::write(&other, "{\"memo_id\": 3}").unwrap();
    page.choose_file("#envelope-file", &other);
    page.until("document.querySelector('.toast')?.textContent.includes('no memo’s envelope')");
    // An envelope of another owner's.
    let stranger = Owned::new().with_three();
    let foreign = mailed(&stranger, folder.path());
    page.drop_file(&foreign, |_| ());
    page.until(
        "[...document.querySelectorAll('.toast')].some((one) => one.textContent.includes('another key'))",
    );
    assert_calm(&page, owned.served.address.port(), &[&owned.seed.to_text()]);
    // The page for links says where such a file belongs, and stays.
    let page = browser.page(1280, 800, false);
    page.open(&format!("{}/open", owned.base()));
    page.until("document.readyState === 'complete' && document.getElementById('ask')");
    page.drop_file(&file, |_| ());
    page.until("document.body.dataset.problem === 'envelope'");
    page.settle();
    page.screenshot(&screenshots("open-envelope-desktop-light.png"));
    page.drop_file(&other, |_| ());
    page.until("document.body.dataset.problem === 'not-a-link'");
    assert_eq!(page.evaluate("location.pathname"), "/open");
}

/// A demo that stays up; ends when dropped.
struct Demo(std::process::Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_demos_memo_is_in_the_inbox_that_it_names() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let process = Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(["demo", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut demo = Demo(process);
    let mut line = String::new();
    let mut output = BufReader::new(demo.0.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&line).unwrap();
    for name in ["memo_id", "link", "http", "inbox_link"] {
        assert!(outcome[name].is_string(), "{name} in {line}");
    }
    assert!(outcome["snr_db"].as_f64().unwrap() >= 30.0, "{line}");
    assert!(outcome["seconds"].as_f64().unwrap() > 1.0, "{line}");
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, outcome["inbox_link"].as_str().unwrap());
    page.until(&rows(1));
    page.click(".row", "5550199");
    page.until(PLAYABLE);
    assert_eq!(page.errors(), Vec::<String>::new());
    let listener = browser.page(390, 844, false);
    listener.open(outcome["link"].as_str().unwrap());
    listener.until("document.body.dataset.state === 'ready'");
}

/// The memos that the device keeps, by their ids.
const KEPT: &str = "new Promise((resolve) => {
  const opening = indexedDB.open('obelus-inbox-main');
  opening.onsuccess = () => {
    const keys = opening.result.transaction('bodies').objectStore('bodies').getAllKeys();
    keys.onsuccess = () => { opening.result.close(); resolve(keys.result); };
  };
})";

/// Waits until the device keeps these memos and no others.
fn until_kept(page: &Page<'_>, ids: &[&MemoId]) {
    let mut ids: Vec<String> = ids.iter().map(|id| id.to_string()).collect();
    ids.sort();
    page.evaluate(&format!(
        "new Promise((resolve) => {{
           const look = async () =>
             (await {KEPT}).sort().join() === {} ? resolve(0) : setTimeout(look, 10);
           look();
         }})",
        json!(ids.join(","))
    ));
}

#[test]
fn a_memo_that_was_deleted_elsewhere_leaves_the_device_too() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    owned.leave_many(120, |n, contents| contents.from = text(&format!("+155502{n:05}")));
    let browser = Browser::start(&chromium, &[]);
    let page = opened(&browser, &owned.link());
    let all = |page: &Page<'_>, number: usize| {
        while count(page, ".row") < number as u64 {
            let before = count(page, ".row");
            page.evaluate("scrollTo(0, document.body.scrollHeight)");
            page.until(&format!("document.querySelectorAll('.row').length > {before}"));
        }
        page.until(&rows(number));
    };
    all(&page, 120);
    // The newest, one further down than is read at first, and the two oldest.
    let kept: Vec<MemoId> = [119, 30, 1, 0]
        .iter()
        .map(|n| {
            page.click(".row", &format!("+155502{n:05}"));
            page.until(&format!(
                "document.querySelector('.row[aria-expanded=true] .who').textContent === '+155502{n:05}' && {PLAYABLE}"
            ));
            let id = page.evaluate("document.querySelector('.row[aria-expanded=true]').dataset.id");
            id.as_str().unwrap().parse().unwrap()
        })
        .collect();
    let [newest, further, second, oldest] = &kept[..] else {
        panic!("four were opened");
    };
    until_kept(&page, &[newest, further, second, oldest]);
    page.open("about:blank");
    for id in [newest, second] {
        owned.served.store.delete(id, Reason::Owner, time(7_200)).unwrap();
    }
    // What lies where the list was read is missed at once, the rest when all of it was read.
    page.open(&owned.link());
    page.until(&rows(50));
    until_kept(&page, &[further, second, oldest]);
    all(&page, 118);
    until_kept(&page, &[further, oldest]);
    // A deletion while the page is open.
    owned
        .served
        .store
        .delete(oldest, Reason::Owner, time(7_200))
        .unwrap();
    until_kept(&page, &[further]);
    // And one's own.
    page.click(".row", "+15550200030");
    page.until(PLAYABLE);
    page.press("Delete");
    page.evaluate("window.dispatchEvent(new Event('pagehide')); 0");
    until_kept(&page, &[]);
    assert_eq!(page.errors(), Vec::<String>::new());
}

/// What the device keeps for opening without the server, by its addresses.
const CACHED: &str = "(async () => {
  const names = await caches.keys();
  const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return kept.flat().map((request) => request.url).join(' ');
})()";

#[test]
fn a_link_that_a_mail_program_mangled_leaves_its_secret_nowhere() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let mut owned = Owned::new().with_three();
    let secret = owned.seed.to_text().trim_end_matches('=').to_owned();
    let told = |owned: &Owned| {
        let mut seen = owned.served.seen.lock().unwrap();
        std::mem::take(&mut *seen)
            .iter()
            .filter(|request| request.contains(&secret))
            .count()
    };
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(1280, 800, false);
    // At first there is no service worker, then there is one.
    for mangled in ["%23", "%23", "%2523"] {
        page.open("about:blank");
        page.open(&owned.link().replace('#', mangled));
        page.until(&rows(3));
        assert_eq!(page.evaluate("location.href"), owned.link());
        assert_eq!(
            page.evaluate("document.getElementById('title').textContent"),
            "main"
        );
        page.until("navigator.serviceWorker.controller");
        until_kept_in(&page, &["lists"]);
        let cached = page.evaluate(CACHED).to_string();
        assert!(
            cached.contains("/inbox/main") && !cached.contains(&secret),
            "{cached}"
        );
        assert!(!cached.contains("%23"), "{cached}");
        // The page itself was asked for with the secret, which nobody can help; nothing after it is.
        assert_eq!(told(&owned), 1, "{mangled}");
    }
    // What is no mailbox's name is none, whatever else stands in the address.
    for strange in ["ma%20in", "main%3D", "%E2%98%83"] {
        page.open(&format!("{}/inbox/{strange}", owned.base()));
        page.until("document.body.dataset.problem === 'not-an-inbox'");
        assert_eq!(
            page.evaluate("document.querySelector('link[rel=manifest]')"),
            json!(null)
        );
        assert!(!page.evaluate(CACHED).to_string().contains(strange));
    }
    assert!(
        !owned.served.seen().contains("manifest"),
        "{}",
        owned.served.seen()
    );
    page.open(&format!("{}/record/main%23{secret}", owned.base()));
    page.until("document.body.dataset.state === 'start'");
    let address = page.evaluate("location.href");
    assert_eq!(address, format!("{}/record/main#{secret}", owned.base()));
    assert_eq!(told(&owned), 1);
    // A link behind /open has slashes of its own, and a # of its own: whatever became of them, it opens, and the rest of the
    // page and of its requests know nothing of the key.
    let memo = owned.served.leave(tone());
    let key = served::key_of(&memo);
    let link = memo.link.expose();
    let escaped = |text: &str| {
        text.replace('%', "%25")
            .replace(':', "%3A")
            .replace('/', "%2F")
            .replace('#', "%23")
    };
    for mangled in [
        format!("%23{}", link.replace('#', "%23")),
        format!("%23{}", escaped(link)),
        format!("%2523{}", escaped(&escaped(link))),
        format!("%23{}", link.replace('#', "%23").replace("//", "/")),
    ] {
        owned.served.seen.lock().unwrap().clear();
        page.open("about:blank");
        page.open(&format!("{}/open{mangled}", owned.base()));
        page.until("document.body.dataset.state === 'ready'");
        let path = page.evaluate("location.pathname + location.hash.slice(0, 5)");
        assert_eq!(path, "/open#http", "{mangled}");
        let seen = std::mem::take(&mut *owned.served.seen.lock().unwrap());
        let told = seen
            .iter()
            .filter(|request| request.contains(key.trim_end_matches('=')));
        assert_eq!(told.count(), 1, "{mangled}: {seen:?}");
    }
    // What was opened by a mangled link opens without the server as well.
    owned.served.stop();
    page.open(&owned.link());
    page.until(&rows(3));
}

#[test]
fn a_memo_says_whom_it_is_from_however_long_the_name_or_if_there_is_none() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let name = "Wilhelmina-Charlotte of the Harbour Office and all its Branches";
    owned.leave(0, |contents| contents.from = text("anonymous"));
    owned.leave(60, |contents| {
        contents.from = text("sip:anonymous@anonymous.invalid");
        contents.caller_name = text("Jo");
    });
    owned.leave(120, |contents| {
        contents.from = text("+15550100123");
        contents.caller_name = text(name);
        contents.transcript = text(&"The workshop moves to Thursday. ".repeat(100));
    });
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(390, 844, false);
    page.open(&owned.link());
    page.until(&rows(3));
    let names = "[...document.querySelectorAll('.first')].map((one) => one.textContent)";
    let lines = page.evaluate(names);
    assert_eq!(lines[1], "New: Jo");
    assert_eq!(lines[2], "New: Number withheld");
    assert!(!page
        .evaluate("document.querySelector('main').textContent")
        .to_string()
        .contains("invalid"));
    page.click(".row", "Wilhelmina");
    page.until(PLAYABLE);
    let whole = "(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
        scrollWidth <= clientWidth && scrollHeight <= clientHeight)(document.querySelector('.open .who'))";
    assert_eq!(page.evaluate(whole), true, "the name is cut");
    // What can be done with it is not behind what was said at length.
    let before = "document.querySelector('.actions').getBoundingClientRect().bottom
        <= document.querySelector('.words').getBoundingClientRect().top";
    assert_eq!(page.evaluate(before), true);
    page.screenshot(&screenshots("long-name-phone-light.png"));
    // Faster by steps, then slower, then as it was said; what a screen reader is told goes with it.
    for rate in [1.25, 1.5, 2.0, 0.75, 1.0] {
        page.click(".speed", "");
        assert_eq!(
            page.evaluate("document.querySelector('audio').playbackRate"),
            rate
        );
        let said = page.evaluate("document.getElementById('status').textContent");
        assert_eq!(said, format!("Speed {rate} times"));
    }
}

#[test]
fn who_chose_large_letters_gets_all_of_them_large_and_nothing_sticks_out() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new().with_three();
    let browser = Browser::start(&chromium, &["--blink-settings=defaultFontSize=32"]);
    let page = browser.page(390, 844, false);
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth
        && [...document.querySelectorAll('button, a, input, p, dd')].filter((one) => one.checkVisibility())
          .every((one) => one.getBoundingClientRect().right <= innerWidth)";
    for (path, ready) in [
        ("/open", "document.getElementById('link')"),
        ("/record/main", "document.getElementById('file')"),
        ("", LISTED),
    ] {
        let address = match path {
            "" => owned.link(),
            path => format!("{}{path}", owned.base()),
        };
        page.open(&address);
        page.until(ready);
        assert_eq!(page.evaluate("getComputedStyle(document.body).fontSize"), "32px");
        assert_eq!(page.evaluate(fits), true, "{path}");
    }
    page.screenshot(&screenshots("large-letters-phone-light.png"));
    page.click(".row", "Harbour Office");
    page.until(PLAYABLE);
    assert_eq!(page.evaluate(fits), true);
    page.click(".actions button", "Share");
    page.until("document.querySelector('dialog select')");
    assert_eq!(page.evaluate(fits), true);
}
