//! Strangers who leave memos, and servers of strangers: whatever they write, nothing of it runs, nobody else is asked, and
//! the pages stay of use.

#[path = "common/browser.rs"]
mod browser;
#[path = "common/owned.rs"]
mod owned;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use browser::{Browser, Page};
use owned::{assert_calm, screenshots, text, Owned, LISTED, PLAYABLE};
use serde_json::json;

/// Leaves memos as a stranger's script may: sealed to the owner with the contents of these, and handed to the server.
/// `false` in the place of a key stands for the memo's own.
const LEAVE: &str = r#"(async () => {
  const memo = await import("/assets/voice-memo.js");
  const about = await (await fetch("/api/mailboxes/main")).json();
  const audio = memo.wavOf(Int16Array.from({ length: 24000 }, (_, n) => 3000 * Math.sin(n / 9)));
  const markup = `<img src="https://evil.test/x.png" onerror="window.pwned = 1"><script>window.pwned = 1</script>
    <svg onload="window.pwned = 1"><a href="javascript:window.pwned = 1">x</a></svg>`;
  const code = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="window.pwned = 1">
    <script>window.pwned = 1</script><image xlink:href="https://evil.test/x.png" href="https://evil.test/y.png"/>
    <foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.test/"></iframe></foreignObject></svg>`;
  const bidi = "\u202egro.elpmaxe@nimda\u202c \u2066Bank\u2069 \u0007\u001b[31m";
  const long = "W".repeat(60000);
  const deep = "[".repeat(20000) + "]".repeat(20000);
  const written = [
    { caller_name: markup, from: markup, to: markup, diversion: markup, transcript: markup, summary: markup, note: markup, qr_svg: code },
    { caller_name: bidi, note: `${bidi}\n${"é".normalize("NFD").repeat(100)}${"\u0301".repeat(2000)}` },
    { caller_name: long, note: long },
    { caller_name: long.replaceAll("W", "\u{1f300}").slice(0, 30000), duration_seconds: -5 },
    { link: "javascript:window.pwned=1", note: "A link of another kind", duration_seconds: "NaN" },
    { link: "https://evil.test/voice/x#y", caller_name: 7, note: { toString: 1 }, transcript: ["x"], duration_seconds: 1e300 },
    { caller_name: "Pretender", from: "+15550100999", transcript: "What was never said", duration_seconds: null },
    { caller_name: "No key", key: 12 },
    { caller_name: "No key at all", key: "" },
    { caller_name: "Another key", key: memo.secretText(memo.randomBytes(32)) },
    { __proto__: { x: 1 }, constructor: "x", caller_name: "Ordinary", note: "https://evil.test/ as a text" },
  ];
  const leave = async (contents, plain = null) => {
    const sealed = await memo.sealMemo(audio);
    const inside = { key: memo.secretText(sealed.key), ...contents };
    const envelope = { kem: about.kem, publicKey: about.public_key, memoId: sealed.id, contents: plain ?? inside };
    const body = {
      id: sealed.id, encryption_iv: sealed.iv, access_key_hash: sealed.access_key_hash,
      access_token_hash: sealed.access_token_hash, audio_format: "audio/wav",
      encrypted_audio_b64: memo.base64(sealed.ciphertext), mailbox: "main",
      sealed_envelope: await memo.sealEnvelope(envelope),
    };
    const answer = await fetch("/api/memos", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  };
  for (const contents of written) await leave(contents);
  for (const plain of [[], "text", 5, { deep }]) await leave({}, plain);
  return written.length + 4;
})()"#;

/// Nothing ran, nothing sticks out, and no element came from a text.
fn assert_harmless(page: &Page<'_>) {
    assert_eq!(page.evaluate("window.pwned ?? null"), json!(null));
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    assert_eq!(page.evaluate(fits), true, "it sticks out");
    let foreign = page.evaluate(
        "[...document.querySelectorAll('img, iframe, object, embed, script, image, foreignObject, a')]
           .map((one) => one.href?.baseVal ?? one.href ?? one.src ?? one.localName)
           .filter((address) => address !== '' && !address.startsWith(location.origin) && !address.startsWith('blob:' + location.origin))",
    );
    assert_eq!(foreign, json!([]));
}

/// Unfolds the one row that was found, unless it is already: what was left at once stands in any order, so that it may be
/// the one that was unfolded last.
fn unfold(page: &Page<'_>) {
    page.evaluate("document.querySelector('.row:not([aria-expanded=true])')?.click()");
}

#[test]
fn a_strangers_envelopes_do_nothing_in_the_inbox() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let port = owned.served.address.port();
    owned.leave(0, |contents| contents.from = text("+15550104960"));
    let browser = Browser::start(&chromium, &[]);
    let stranger = browser.page(1280, 800, false);
    stranger.open(&format!("{}/record/main", owned.base()));
    let left = stranger.evaluate(LEAVE).as_u64().unwrap();
    let page = browser.page(360, 740, false);
    page.open(&owned.link());
    page.until(&format!(
        "{LISTED} && document.querySelectorAll('.row').length === {}",
        left + 1
    ));
    assert_harmless(&page);
    page.screenshot(&screenshots("hostile-narrow-light.png"));
    // Each unfolds, plays or says why not, shows its code where it has one, and folds.
    for at in 0..=left {
        page.evaluate(&format!("document.querySelectorAll('.row')[{at}].click()"));
        page.until(&format!(
            "{PLAYABLE} || document.querySelector('.panel .problem-line')"
        ));
        assert_harmless(&page);
        page.evaluate(
            "[...document.querySelectorAll('.actions .chip')].find((one) => one.textContent.includes('QR'))?.click()",
        );
        assert_harmless(&page);
        let link = page.evaluate("document.querySelector('dialog .link')?.value ?? null");
        if let Some(link) = link.as_str() {
            assert!(link.starts_with(&format!("{}/voice/", owned.base())), "{link}");
            page.press("Escape");
            page.until("!document.querySelector('dialog')");
        }
        page.screenshot(&screenshots(&format!("hostile-{at}-narrow-light.png")));
    }
    let shown = page.evaluate("document.body.innerText").to_string();
    for hidden in [
        "\u{202e}",
        "\\u202e",
        "\\u001b",
        "What was never said",
        "+15550100999",
    ] {
        assert!(!shown.contains(hidden), "{hidden}");
    }
    // What a stranger wrote is found like anything else, and deleted like anything else.
    page.write("#search", "pretender");
    page.until("document.querySelectorAll('.row').length === 1");
    unfold(&page);
    page.click(".actions button", "Delete");
    page.until("!document.getElementById('nothing').hidden");
    page.write("#search", "no key at all");
    page.until("document.querySelectorAll('.row').length === 1");
    unfold(&page);
    page.until("document.querySelector('.panel .problem-line[data-kind=false-key]')");
    page.click(".actions button", "Delete");
    page.until("!document.getElementById('nothing').hidden");
    // A share of a memo does not carry on what was none of its sender's to say.
    page.write("#search", "ordinary");
    page.until("document.querySelectorAll('.row').length === 1");
    unfold(&page);
    page.until(PLAYABLE);
    page.click(".actions button", "Share");
    // The test's clock is not the browser's.
    page.evaluate("document.querySelector('dialog select').value = ''");
    page.click("dialog button", "Make a link");
    page.until("document.querySelector('.made .link')");
    assert_harmless(&page);
    assert_calm_but_refused(&page, port, &owned.seed.to_text());
}

/// The browser's console notes an answer of 404, which a false key is meant to get.
fn assert_calm_but_refused(page: &Page<'_>, port: u16, seed: &str) {
    let errors = page.errors();
    let others: Vec<&String> = errors
        .iter()
        .filter(|error| !error.contains("status of 404"))
        .collect();
    assert_eq!(others, Vec::<&String>::new());
    for request in page.requests() {
        let own = request.starts_with(&format!("http://localhost:{port}/"));
        assert!(
            own || request.starts_with("blob:") || request.starts_with("about:"),
            "{request}"
        );
    }
    assert!(!page.sent().contains(seed.trim_end_matches('=')));
}

/// A server of another domain, in the place of the network: it knows the memo, and answers what `window.answers` says.
const HOSTILE_SERVER: &str = r#"
  window.asked = [];
  window.answers = {};
  const address_ = URL.createObjectURL;
  URL.createObjectURL = (blob) => ((window.kind = blob.type), address_.call(URL, blob));
  const real = window.fetch;
  window.fetch = async (address, init) => {
    const url = new URL(address, location.href);
    if (url.origin === location.origin && url.pathname !== "/api/open") return real(address, init);
    window.asked.push(`${url.host}${url.pathname}`);
    const shown = init?.body && JSON.parse(init.body).access_key ? " with key" : "";
    const answer = window.answers[`${url.host}${url.pathname}${shown}`] ?? window.answers[url.pathname + shown];
    if (!answer) throw new TypeError("no answer");
    return new Response(answer.body, { status: answer.status ?? 200, headers: answer.headers ?? {} });
  };
"#;

/// Seals something as audio under a fresh key; leaves the ciphertext in `window.sealed`, and gives the link's fragment.
const SEAL: &str = r#"(async () => {
  const memo = await import("/assets/voice-memo.js");
  const page = new TextEncoder().encode("<script>window.pwned = 1; opener && (opener.pwned = 1)</script>");
  const wav = memo.wavOf(new Int16Array(8000));
  // It says that it is longer than any memory, at no samples a second, in no channels.
  const odd = wav.slice();
  new DataView(odd.buffer).setUint32(40, 0xffffffff, true);
  new DataView(odd.buffer).setUint32(24, 0, true);
  new DataView(odd.buffer).setUint16(22, 0, true);
  window.sealed = {};
  for (const [name, audio] of Object.entries({ page, wav, odd })) window.sealed[name] = await memo.sealMemo(audio);
  window.link = (name) => `https://evil.test/voice/${window.sealed[name].id}#${memo.secretText(window.sealed[name].key)}`;
  window.memoFields = (name, more = {}) => ({ "memo-iv": window.sealed[name].iv, ...more });
  return true;
})()"#;

#[test]
fn a_hostile_server_of_another_domain_does_nothing_in_the_page_for_links() {
    let Some(chromium) = peer::peer("chromium") else {
        return;
    };
    let owned = Owned::new();
    let browser = Browser::start(&chromium, &[]);
    let page = browser.page(360, 740, false);
    page.before_scripts(HOSTILE_SERVER);
    page.open(&format!("{}/open", owned.base()));
    page.until("document.readyState === 'complete' && document.getElementById('link')");
    page.evaluate(SEAL);
    let open = |name: &str| {
        page.evaluate(&format!(
            "document.body.dataset.state = 'asking';
             document.getElementById('link').value = window.link('{name}');
             document.getElementById('ask').requestSubmit(); 0"
        ));
        page.until("['ready', 'problem', 'needs-key'].includes(document.body.dataset.state)");
        assert_harmless(&page);
        page.evaluate("document.body.dataset.problem ?? document.body.dataset.state")
            .as_str()
            .unwrap()
            .to_owned()
    };
    let answer = |script: &str| {
        page.evaluate(&format!("window.answers = {{ '/api/open': {script} }}; 0"));
    };

    // A page in the place of the sound: what is saved or opened from here is sound by name, never a page of ours.
    for format in [
        "text/html",
        "audio/x; <script>",
        "image/svg+xml",
        "audio/x+xml",
        "audio/unheard-of",
        "audio/mpeg, text/html",
        "audio/mpeg; codecs=<b>",
    ] {
        let fields = json!({"memo-audio-format": format, "memo-created-at": "<b>today</b>"});
        answer(&format!(
            "{{ body: window.sealed.page.ciphertext, headers: window.memoFields('page', {fields}) }}"
        ));
        assert_eq!(open("page"), "ready", "{format}");
        let kind = page.evaluate("window.kind");
        assert_eq!(kind, "audio/wav", "{format}");
        assert_eq!(
            page.evaluate("document.getElementById('from').textContent"),
            "From evil.test"
        );
    }
    // Every kind of sound that a server of ours takes is saved as what it is.
    for (format, ending) in [
        ("audio/wav", "wav"),
        ("audio/ogg; codecs=opus", "ogg"),
        ("audio/webm; codecs=opus", "webm"),
        ("audio/mp4; codecs=mp4a.40.2", "m4a"),
        ("audio/x-m4a", "m4a"),
        ("audio/mpeg", "mp3"),
        ("audio/aac", "aac"),
        ("audio/flac", "flac"),
        ("audio/3gpp", "3gp"),
        ("audio/amr", "amr"),
    ] {
        let fields = json!({"memo-audio-format": format});
        answer(&format!(
            "{{ body: window.sealed.wav.ciphertext, headers: window.memoFields('wav', {fields}) }}"
        ));
        assert_eq!(open("wav"), "ready", "{format}");
        assert_eq!(page.evaluate("window.kind"), format);
        let name = page.evaluate("document.querySelector('.save').download");
        assert!(name.as_str().unwrap().ends_with(&format!(".{ending}")), "{name}");
    }
    // Headers and bodies that are not what they should be.
    answer("{ body: window.sealed.odd.ciphertext, headers: window.memoFields('odd') }");
    assert_eq!(open("odd"), "ready");
    for (script, outcome) in [
        ("{ body: window.sealed.wav.ciphertext, headers: { 'memo-iv': 'x' } }", "damaged"),
        ("{ body: window.sealed.wav.ciphertext, headers: window.memoFields('wav', { 'memo-encryption': 'none' }) }", "damaged"),
        ("{ body: window.sealed.page.ciphertext, headers: window.memoFields('wav') }", "damaged"),
        ("{ body: '' }", "damaged"),
        ("{ status: 429, headers: { 'retry-after': '1e999' }, body: '{}' }", "too-many"),
        ("{ status: 429, headers: { 'retry-after': '-1' }, body: '{}' }", "too-many"),
        ("{ status: 500, body: '{\"error\": \"<img src=https://evil.test/ onerror=window.pwned=1>\"}' }", "server"),
        ("{ status: 502, body: '<script>window.pwned = 1</script>' }", "unreachable"),
    ] {
        answer(script);
        assert_eq!(open("wav"), outcome, "{script}");
    }
    page.screenshot(&screenshots("hostile-server-narrow-light.png"));

    // A domain of the older protocol that names another host: the person agreed to show the key to that domain alone.
    page.evaluate(
        "window.asked = [];
         const needs = { status: 409, body: '{\"needs_key\": true}' };
         const document_ = { version: '1.0', endpoints: { fetch: 'https://third.test/fetch', verify: 'https://third.test/v' },
           extensions: { '1.1': { audio: 'https://third.test/{id}' } } };
         window.answers = {
           '/api/open': needs, '/.well-known/voice-federation': { body: JSON.stringify(document_) },
           '/api/open with key': { body: window.sealed.wav.ciphertext, headers: window.memoFields('wav') },
           ['evil.test/voice/' + window.sealed.wav.id + '/audio']: { status: 404, body: '{}' },
         }; 0",
    );
    assert_eq!(open("wav"), "needs-key");
    page.click("button", "Show it the key");
    page.until("document.body.dataset.state === 'ready'");
    let asked = page.evaluate("window.asked.join(' ')");
    assert!(!asked.as_str().unwrap().contains("third.test"), "{asked}");
    assert_harmless(&page);

    // Links of other kinds are no links.
    let key = page.evaluate("window.link('wav').split('#')[1]");
    for link in [
        "javascript://evil.test/voice/AAAAAAAAAAAAAAAAAAAAAA",
        "data:text/html,<script>window.pwned=1</script>/voice/AAAAAAAAAAAAAAAAAAAAAA",
        "file:///voice/AAAAAAAAAAAAAAAAAAAAAA",
        "https://localhost@evil.test/voice/AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        page.evaluate(
            "window.asked = []; document.body.dataset.state = 'asking'; delete document.body.dataset.problem",
        );
        page.evaluate(&format!(
            "document.getElementById('link').value = {} + '#' + {key};
             document.getElementById('ask').requestSubmit(); 0",
            json!(link)
        ));
        page.until("document.body.dataset.problem === 'not-a-link'");
        assert_eq!(page.evaluate("window.asked"), json!([]), "{link}");
        assert_harmless(&page);
    }
    assert_calm(&page, owned.served.address.port(), &[]);
}
