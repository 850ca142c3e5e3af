//! As much of the Chrome DevTools Protocol as the tests of the page need, over the pipe that Chromium offers for it:
//! requests on its file descriptor 3, answers and events on 4, each ended by a zero byte.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A running Chromium; it ends with this value.
pub struct Browser {
    process: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    /// Not yet asked for.
    events: Vec<Value>,
    last_id: u64,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.requests.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.process.wait();
    }
}

impl Browser {
    /// A new browser with an empty profile; `None` where none is installed.
    pub fn start() -> Option<Browser> {
        let name = NAMES.into_iter().find(|name| {
            let found =
                Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            found.is_ok_and(|status| status.success())
        })?;
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null", name])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            // No page waits because another, or none, is in front.
            .args(["--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"])
            .args(["--disable-background-timer-throttling"])
            .args(["--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let (sender, messages) = channel();
        thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let parsed = serde_json::from_slice(&message);
                if parsed.is_ok_and(|value: Value| sender.send(value).is_err()) {
                    break;
                }
            }
        });
        Some(Browser { process, requests, messages, events: Vec::new(), last_id: 0, _profile: profile })
    }

    /// Calls a method of the protocol.
    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut request = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            request["sessionId"] = session.into();
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self.next(until).unwrap_or_else(|| panic!("no answer to {request}"));
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self, until: Instant) -> Option<Value> {
        match self.messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the browser has gone"),
        }
    }

    /// A new tab.
    pub fn tab(&mut self) -> Tab<'_> {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let target = target["targetId"].as_str().unwrap().to_owned();
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = self.call(None, "Target.attachToTarget", attach);
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let mut tab = Tab { browser: self, session, target, size: (0, 0) };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.resize(1280, 900);
        tab
    }

    /// Saves downloads in a folder, without a question.
    pub fn downloads_to(&mut self, folder: &Path) {
        let folder = folder.canonicalize().unwrap();
        self.call(
            None,
            "Browser.setDownloadBehavior",
            json!({ "behavior": "allow", "downloadPath": folder }),
        );
    }

    /// Lets pages read and write the clipboard.
    pub fn allow_clipboard(&mut self) {
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.call(None, "Browser.grantPermissions", permissions);
    }
}

/// One page; it is closed with this value.
pub struct Tab<'a> {
    browser: &'a mut Browser,
    session: String,
    target: String,
    size: (u32, u32),
}

impl Drop for Tab<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.browser.call(None, "Target.closeTarget", json!({ "targetId": self.target }));
        }
    }
}

impl Tab<'_> {
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.browser.call(Some(&session), method, parameters)
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, file: &Path) {
        self.open_at(file, "");
    }

    /// Opens a file at a fragment of its address.
    pub fn open_at(&mut self, file: &Path, fragment: &str) {
        self.browser.events.clear();
        let mark = if fragment.is_empty() { "" } else { "#" };
        let url = format!("{}{mark}{fragment}", url_of(file));
        let answer = self.call("Page.navigate", json!({ "url": url }));
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
        let until = Instant::now() + PATIENCE;
        while !self.browser.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.browser.next(until).unwrap_or_else(|| panic!("{url} does not load"));
            self.browser.events.push(event);
        }
    }

    /// What a page that loads nothing and has no mistake does not do: errors on the console, refusals of the content
    /// policy, exceptions, requests for anything but the page itself.
    pub fn problems(&mut self, file: &Path) -> Vec<String> {
        // What was under way has been reported when this is answered.
        self.eval("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))");
        let url = url_of(file);
        let problem = |event: &Value| {
            let parameters = &event["params"];
            let text = match event["method"].as_str()? {
                "Log.entryAdded" => parameters["entry"]["text"].to_string(),
                "Runtime.exceptionThrown" => parameters["exceptionDetails"].to_string(),
                "Runtime.consoleAPICalled" => parameters["args"].to_string(),
                "Network.requestWillBeSent" => {
                    let asked = parameters["request"]["url"].as_str()?;
                    let own = asked == url
                        || asked.starts_with("data:")
                        || asked.starts_with("blob:")
                        || asked == "about:blank";
                    return (!own).then(|| format!("request for {asked}"));
                }
                _ => return None,
            };
            Some(text)
        };
        self.browser.events.iter().filter_map(problem).collect()
    }

    /// Hears the requests of the page's workers from now on, of which there are so many.
    pub fn workers_heard(&mut self) -> usize {
        let attached = |event: &Value| match event["method"].as_str() {
            Some("Target.attachedToTarget") => event["params"]["sessionId"].as_str().map(str::to_owned),
            _ => None,
        };
        let sessions: Vec<String> = self.browser.events.iter().filter_map(attached).collect();
        for session in &sessions {
            self.browser.call(Some(session), "Network.enable", json!({}));
        }
        sessions.len()
    }

    /// The value of an expression of JavaScript; a promise is waited for.
    pub fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    pub fn text(&mut self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// The size of the window, in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        self.size = (width, height);
        let parameters =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", parameters);
    }

    /// `screen` or `print`, light or dark.
    pub fn media(&mut self, media: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }));
    }

    pub fn without_scripts(&mut self) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    }

    /// Scrolls an element to the middle of the window and gives its box: left, top, width, height.
    pub fn show(&mut self, selector: &str) -> [f64; 4] {
        let script = format!(
            "(() => {{ const element = document.querySelector('{selector}'); element.scrollIntoView({{ block: 'center' }}); \
             return new Promise((done) => requestAnimationFrame(() => setTimeout(() => {{ \
             const box = element.getBoundingClientRect(); done([box.left, box.top, box.width, box.height]); }}, 80))); }})()"
        );
        let found = self.eval(&script);
        std::array::from_fn(|index| found[index].as_f64().unwrap_or_else(|| panic!("no {selector}")))
    }

    /// `mousePressed`, `mouseMoved` or `mouseReleased`, with the left button down or not.
    pub fn mouse(&mut self, what: &str, x: f64, y: f64, down: bool, clicks: u32) {
        let (button, buttons) = if down { ("left", 1) } else { ("none", 0) };
        let button = if what == "mouseMoved" { button } else { "left" };
        let parameters = json!({ "type": what, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": clicks });
        self.call("Input.dispatchMouseEvent", parameters);
    }

    pub fn hover(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, false, 0);
    }

    pub fn click(&mut self, x: f64, y: f64, times: u32) {
        self.hover(x, y);
        for time in 1..=times {
            self.mouse("mousePressed", x, y, true, time);
            self.mouse("mouseReleased", x, y, false, time);
        }
    }

    /// Presses in one place and lets go in another.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.hover(from.0, from.1);
        self.mouse("mousePressed", from.0, from.1, true, 1);
        self.mouse("mouseMoved", f64::midpoint(from.0, to.0), to.1, true, 0);
        self.mouse("mouseMoved", to.0, to.1, true, 0);
        self.mouse("mouseReleased", to.0, to.1, false, 1);
    }

    pub fn key(&mut self, key: &str) {
        self.key_with(key, 0);
    }

    /// With modifiers: 1 is Alt, 2 Ctrl, 4 Meta, 8 Shift, and their sums.
    pub fn key_with(&mut self, key: &str, modifiers: u32) {
        // Controls of the browser itself go by the number of the key.
        let number = match key {
            "Tab" => 9,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        for what in ["keyDown", "keyUp"] {
            let event = json!({ "type": what, "key": key, "code": key, "windowsVirtualKeyCode": number, "modifiers": modifiers });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// What the window shows, as PNG.
    pub fn window(&mut self) -> Vec<u8> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// The whole page as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let height = self.eval("document.documentElement.scrollHeight").as_f64().unwrap();
        let (width, before) = self.size;
        // Charts are drawn where somebody looks.
        self.resize(width, height as u32 + 50);
        self.eval("new Promise((done) => setTimeout(done, 200))");
        let picture = self.window();
        self.resize(width, before);
        picture
    }

    /// The page on A4 paper as the style sheet asks for it.
    pub fn pdf(&mut self) -> Vec<u8> {
        let parameters = json!({ "preferCSSPageSize": true, "printBackground": true });
        let answer = self.call("Page.printToPDF", parameters);
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }
}

fn url_of(file: &Path) -> String {
    format!("file://{}", file.canonicalize().unwrap().display())
}
