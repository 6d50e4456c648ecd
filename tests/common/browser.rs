//! A headless Chromium driven by its DevTools protocol over a pipe: JSON messages, each ended by a zero byte.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use base64::Engine as _;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// After so long without what is waited for, a test fails; none waits for this while all is well.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so long without a message the browser counts as hung. Longer than what a page itself waits for.
const SILENCE: Duration = Duration::from_secs(120);

/// A running browser. Ends when dropped.
pub struct Browser {
    process: Child,
    pipe: RefCell<ChildStdin>,
    messages: Receiver<Value>,
    next_id: RefCell<u64>,
    /// Events not yet looked at.
    events: RefCell<Vec<Value>>,
    _profile: tempfile::TempDir,
}

/// One page of it.
pub struct Page<'a> {
    browser: &'a Browser,
    target: Value,
    session: String,
    requests: RefCell<Vec<String>>,
    sent: RefCell<Vec<String>>,
    errors: RefCell<Vec<String>>,
}

impl Browser {
    /// Starts the program with a fresh profile, and these arguments beside the usual ones.
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The protocol is spoken over descriptors 3 and 4, which the shell makes of standard input and output.
        let mut process = Command::new("/bin/sh")
            .args([
                "-c",
                r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null"#,
            ])
            .arg(program)
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--mute-audio",
                "--lang=en-GB",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, messages) = mpsc::channel();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || loop {
            let mut message = Vec::new();
            match output.read_until(0, &mut message) {
                Ok(1..) => {}
                _ => return,
            }
            message.pop();
            let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
            if sender.send(message).is_err() {
                return;
            }
        });
        Browser {
            pipe: RefCell::new(process.stdin.take().unwrap()),
            process,
            messages,
            next_id: RefCell::new(0),
            events: RefCell::default(),
            _profile: profile,
        }
    }

    /// A new page of that size in pixels, light or dark.
    pub fn page(&self, width: u32, height: u32, dark: bool) -> Page<'_> {
        let target = self.call(None, "Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call(None, "Target.attachToTarget", attach)["sessionId"]
            .as_str()
            .unwrap()
            .to_owned();
        let page = Page {
            browser: self,
            target: target["targetId"].clone(),
            session,
            requests: RefCell::default(),
            sent: RefCell::default(),
            errors: RefCell::default(),
        };
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.call("Network.enable", json!({"maxPostDataSize": 32 * 1024 * 1024}));
        let mobile = width < 600;
        let scale = if mobile { 2 } else { 1 };
        page.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile}),
        );
        let scheme = if dark { "dark" } else { "light" };
        page.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
        page
    }

    /// Lets the pages of an origin do this, as a person would in the browser's settings.
    pub fn grant(&self, origin: &str, permissions: &[&str]) {
        let params = json!({"origin": origin, "permissions": permissions});
        self.call(None, "Browser.grantPermissions", params);
    }

    fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.try_call(session, method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same, with the browser's refusal as an error.
    fn try_call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, Value> {
        let id = {
            let mut next = self.next_id.borrow_mut();
            *next += 1;
            *next
        };
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.pipe
            .borrow_mut()
            .write_all(&bytes)
            .expect("the browser lives");
        loop {
            let message = self.messages.recv_timeout(SILENCE).expect("the browser answers");
            if message["id"] == id {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
            }
            if message.get("method").is_some() {
                self.events.borrow_mut().push(message);
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Page<'_> {
    /// Closes it, so that what it waits for takes no connection from the next one.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let target = json!({"targetId": self.target});
            let _ = self.browser.try_call(None, "Target.closeTarget", target);
        }
    }
}

/// What a keyboard calls some keys by number; headless Chromium does little for a key without.
fn key_code(key: &str) -> u32 {
    match key {
        "Tab" => 9,
        "Enter" => 13,
        "Escape" => 27,
        " " => 32,
        "End" => 35,
        "Home" => 36,
        "ArrowUp" => 38,
        "ArrowDown" => 40,
        "Delete" => 46,
        _ => 0,
    }
}

impl Page<'_> {
    fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// Goes to an address. What it shows may come later: wait for it with [`Page::evaluate`].
    pub fn open(&self, address: &str) {
        let result = self.call("Page.navigate", json!({"url": address}));
        assert!(result.get("errorText").is_none(), "{address}: {result}");
    }

    /// Runs this before each page's own scripts, from the next one on.
    pub fn before_scripts(&self, source: &str) {
        let params = json!({"source": source});
        self.call("Page.addScriptToEvaluateOnNewDocument", params);
    }

    /// The value of a JavaScript expression; a promise is waited for. Counts as a person's act.
    pub fn evaluate(&self, expression: &str) -> Value {
        let params = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let result = self.call("Runtime.evaluate", params);
        assert!(
            result.get("exceptionDetails").is_none(),
            "{expression}: {}",
            result["exceptionDetails"]
        );
        result["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true, over reloads of the page too. Looks in the page itself, again and
    /// again.
    pub fn until(&self, expression: &str) {
        let patience_ms = PATIENCE.as_millis();
        let looking = format!(
            "new Promise((resolve) => {{
               const end = Date.now() + {patience_ms};
               const look = () => {{
                 let is = false;
                 try {{ is = Boolean({expression}); }} catch {{}}
                 is || Date.now() > end ? resolve(is) : setTimeout(look, 10);
               }};
               look();
             }})"
        );
        let begun = std::time::Instant::now();
        let params = json!({"expression": looking, "awaitPromise": true, "returnByValue": true});
        let session = Some(self.session.as_str());
        // A page that is left takes the question with it: the next one is asked anew.
        while self
            .browser
            .try_call(session, "Runtime.evaluate", params.clone())
            .map_or(true, |result| result["result"]["value"] != true)
        {
            assert!(begun.elapsed() < PATIENCE, "in vain: {expression}");
        }
    }

    /// Loads it anew.
    pub fn reload(&self) {
        self.evaluate("window.isLeft = true");
        self.call("Page.reload", json!({}));
        self.until("!window.isLeft && document.body");
    }

    /// Brings it before the other pages: one behind them takes no keys and loads no sound.
    pub fn to_front(&self) {
        self.call("Page.bringToFront", json!({}));
    }

    /// Waits until nothing moves on the page any more, and it has been painted.
    pub fn settle(&self) {
        self.evaluate(
            "Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations < 2)
               .map((one) => one.finished.catch(() => {})))
             .then(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))))",
        );
    }

    /// Clicks on the first element of this selector that says this, or on the first of all where `says` is empty.
    pub fn click(&self, selector: &str, says: &str) {
        let found = format!(
            "[...document.querySelectorAll({})].filter((one) => one.checkVisibility() && one.textContent.includes({}))",
            json!(selector),
            json!(says)
        );
        // Between two looks the page may draw it anew.
        let click = format!("((one) => Boolean(one && (one.click(), true)))({found}[0])");
        loop {
            self.until(&format!("{found}.length"));
            if self.evaluate(&click) == true {
                return;
            }
        }
    }

    /// From the next page on, what it says for a while stays, and what can be undone for a while can be for as long as
    /// the test takes.
    pub fn without_haste(&self) {
        self.before_scripts(
            "const later = window.setTimeout;
             window.setTimeout = (act, ms, ...rest) => later(act, ms === 5000 || ms === 8000 ? 2 ** 31 - 1 : ms, ...rest);",
        );
    }

    /// Writes into a field, as somebody types.
    pub fn write(&self, selector: &str, text: &str) {
        let field = format!("document.querySelector({})", json!(selector));
        self.until(&field);
        self.evaluate(&format!("{field}.focus(); {field}.select?.()"));
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Chooses a file in the field of this selector.
    pub fn choose_file(&self, selector: &str, file: &Path) {
        let expression = format!("document.querySelector({})", json!(selector));
        let found = self.call("Runtime.evaluate", json!({"expression": expression}));
        let params = json!({"files": [file], "objectId": found["result"]["objectId"]});
        self.call("DOM.setFileInputFiles", params);
    }

    /// Drags a file over the page, calls `over`, and drops it there.
    pub fn drop_file(&self, file: &Path, over: impl FnOnce(&Self)) {
        let drag = |kind| {
            let data = json!({"items": [], "files": [file], "dragOperationsMask": 1});
            let params = json!({"type": kind, "x": 200, "y": 300, "data": data});
            self.call("Input.dispatchDragEvent", params);
        };
        self.to_front();
        drag("dragEnter");
        drag("dragOver");
        over(self);
        drag("drop");
    }

    /// Presses a key, as a keyboard does. `key` as in JavaScript's `KeyboardEvent.key`.
    pub fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut params =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": key_code(key)});
            if key == "Enter" && kind == "keyDown" {
                params["text"] = json!("\r");
            }
            if key.chars().count() == 1 && kind == "keyDown" {
                params["text"] = json!(key);
            }
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// Writes what the page looks like as a PNG file.
    pub fn screenshot(&self, path: &Path) {
        let image = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(image["data"].as_str().unwrap())
            .unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The addresses that the page asked for so far.
    pub fn requests(&self) -> Vec<String> {
        self.sort_events();
        self.requests.borrow().clone()
    }

    /// Everything that its requests said so far: addresses, header fields and bodies.
    pub fn sent(&self) -> String {
        self.sort_events();
        self.sent.borrow().join("\n")
    }

    /// What the console showed as errors so far, and exceptions that nobody caught.
    pub fn errors(&self) -> Vec<String> {
        self.sort_events();
        self.errors.borrow().clone()
    }

    fn sort_events(&self) {
        // A call to the page and back: events that happened before it have come.
        self.call("Runtime.evaluate", json!({"expression": "0"}));
        self.browser.events.borrow_mut().retain(|event| {
            if event["sessionId"] != self.session {
                return true;
            }
            let params = &event["params"];
            match event["method"].as_str() {
                Some("Network.requestWillBeSent") => {
                    let mut request = params["request"]["url"].as_str().unwrap_or_default().to_owned();
                    if let Some(fragment) = params["request"]["urlFragment"].as_str() {
                        // Never sent: the protocol tells it apart from the address.
                        request = request.trim_end_matches(fragment).to_owned();
                    }
                    let body = &params["request"]["postData"];
                    let said = format!("{request} {} {body}", params["request"]["headers"]);
                    self.sent.borrow_mut().push(said);
                    self.requests.borrow_mut().push(request);
                }
                Some("Runtime.exceptionThrown") => self.errors.borrow_mut().push(params.to_string()),
                Some("Runtime.consoleAPICalled") if params["type"] == "error" => {
                    self.errors.borrow_mut().push(params.to_string());
                }
                Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                    self.errors.borrow_mut().push(params["entry"].to_string());
                }
                _ => {}
            }
            false
        });
    }
}
