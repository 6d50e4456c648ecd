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

/// After so long without a message the browser counts as hung; no test waits for this while all is well.
const PATIENCE: Duration = Duration::from_secs(60);

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
    session: String,
    requests: RefCell<Vec<String>>,
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
            session,
            requests: RefCell::default(),
            errors: RefCell::default(),
        };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
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

    fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
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
            let message = self.messages.recv_timeout(PATIENCE).expect("the browser answers");
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {}", message["error"]);
                return message["result"].clone();
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

impl Page<'_> {
    fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// Goes to an address. What it shows may come later: wait for it with [`Page::evaluate`].
    pub fn open(&self, address: &str) {
        let result = self.call("Page.navigate", json!({"url": address}));
        assert!(result.get("errorText").is_none(), "{address}: {result}");
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

    /// Presses a key, as a keyboard does. `key` as in JavaScript's `KeyboardEvent.key`.
    pub fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({"type": kind, "key": key, "code": key});
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
