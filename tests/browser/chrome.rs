//! Just enough of the Chrome DevTools Protocol: open a page, look, click, hold, take a picture.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Far above what anything here needs on a loaded machine: a limit, not a measure.
const WITHIN: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(100);
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A browser of its own, on an empty profile; dropping it ends it.
pub struct Chrome {
    _child: Child,
    _profile: tempfile::TempDir,
    wire: Arc<Mutex<Wire>>,
}

/// One page of it.
pub struct Page {
    wire: Arc<Mutex<Wire>>,
    session: String,
}

struct Wire {
    socket: Socket,
    next_id: u64,
}

impl Chrome {
    /// # Errors
    /// When there is no Chromium, with the line that installs it.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let child = spawn(profile.path())?;
        let address = devtools(profile.path()).await?;
        let (socket, _) = connect_async(address).await.context("Chromium's DevTools socket")?;
        let wire = Arc::new(Mutex::new(Wire { socket, next_id: 0 }));
        Ok(Self { _child: child, _profile: profile, wire })
    }

    /// Opens an address in a window of the given size, in CSS pixels.
    pub async fn open(&self, url: &str, width: u32, height: u32) -> Result<Page> {
        let mut wire = self.wire.lock().await;
        let made = wire.ask(None, "Target.createTarget", json!({ "url": "about:blank", "newWindow": true })).await?;
        let target = &made["targetId"];
        let attached = wire.ask(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await?;
        let session = attached["sessionId"].as_str().context("a session")?.to_owned();
        drop(wire);
        let page = Page { wire: self.wire.clone(), session };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 800 });
        page.ask("Emulation.setDeviceMetricsOverride", metrics).await?;
        // Both pages are looked at, as on two screens; the window behind would otherwise sleep.
        page.ask("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        page.ask("Page.enable", json!({})).await?;
        page.ask("Page.addScriptToEvaluateOnNewDocument", json!({ "source": COUNTS_POSITIONS })).await?;
        page.ask("Page.navigate", json!({ "url": url })).await?;
        Ok(page)
    }
}

/// Before anything of the page runs: counts how often it asks for where the device is.
const COUNTS_POSITIONS: &str = "window.positionsAsked = 0; \
    for (const ask of ['watchPosition', 'getCurrentPosition']) \
        Geolocation.prototype[ask] = () => { window.positionsAsked++; return 1; };";

/// More controls than any page here has.
const TABS_MAX: usize = 40;

/// What DevTools wants beside a key's name (Windows virtual key codes).
fn virtual_key(key: &str) -> u32 {
    match key {
        "Tab" => 9,
        "Enter" => 13,
        _ => key.to_ascii_uppercase().bytes().next().map_or(0, u32::from),
    }
}

fn spawn(profile: &Path) -> Result<Child> {
    let folder = format!("--user-data-dir={}", profile.display());
    let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"];
    for name in NAMES {
        let mut command = Command::new(name);
        command.args(arguments).arg(&folder).arg("about:blank").kill_on_drop(true);
        match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context(name),
        }
    }
    bail!("no Chromium here. On Debian: apt-get install chromium fonts-noto-cjk")
}

/// Chromium writes its port and path into its profile once it listens.
async fn devtools(profile: &Path) -> Result<String> {
    let until = tokio::time::Instant::now() + WITHIN;
    while tokio::time::Instant::now() < until {
        let text = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        if let Some((port, path)) = text.split_once('\n') {
            return Ok(format!("ws://127.0.0.1:{port}{}", path.trim()));
        }
        tokio::time::sleep(POLL).await;
    }
    bail!("Chromium does not open its DevTools port")
}

impl Wire {
    /// One command and its answer; events in between are not needed.
    async fn ask(&mut self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        self.next_id += 1;
        let mut frame = json!({ "id": self.next_id, "method": method, "params": params });
        if let Some(session) = session {
            frame["sessionId"] = session.into();
        }
        self.socket.send(Message::text(frame.to_string())).await?;
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else { continue };
            let mut answer: Value = serde_json::from_str(&text)?;
            if answer["id"] == self.next_id {
                ensure!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return Ok(answer["result"].take());
            }
        }
        bail!("Chromium has closed its DevTools socket")
    }
}

impl Page {
    async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        self.wire.lock().await.ask(Some(&self.session), method, params).await
    }

    /// The value of a JavaScript expression.
    pub async fn value(&self, expression: &str) -> Result<Value> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.ask("Runtime.evaluate", params).await?;
        ensure!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        Ok(answer["result"]["value"].take())
    }

    /// Waits until an expression is true, and returns its value. While a page loads there may be nothing to ask.
    pub async fn until(&self, expression: &str) -> Result<Value> {
        let end = tokio::time::Instant::now() + WITHIN;
        while tokio::time::Instant::now() < end {
            let value = self.value(expression).await.unwrap_or_default();
            if !matches!(value, Value::Null | Value::Bool(false)) && value != json!("") && value != json!(0) {
                return Ok(value);
            }
            tokio::time::sleep(POLL).await;
        }
        let shown = self.value("document.body.innerText").await.unwrap_or_default();
        bail!("never true: {expression}\nthe page shows:\n{}", shown.as_str().unwrap_or_default())
    }

    /// Waits for an element and presses it.
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.hold(selector, Duration::ZERO).await
    }

    /// Presses an element unless it has just gone.
    pub async fn click_if_there(&self, selector: &str) -> Result<()> {
        self.value(&format!("document.querySelector({selector:?})?.click()")).await.map(|_| ())
    }

    /// Waits for an element, presses it, and lets go after a while.
    pub async fn hold(&self, selector: &str, held: Duration) -> Result<()> {
        let middle = format!(
            "(() => {{ const e = document.querySelector({selector:?}); if (!e || e.disabled) return null; \
             e.scrollIntoView({{ block: 'center' }}); const b = e.getBoundingClientRect(); \
             return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        );
        let at = self.until(&middle).await?;
        self.mouse("mousePressed", &at).await?;
        tokio::time::sleep(held).await;
        self.mouse("mouseReleased", &at).await
    }

    async fn mouse(&self, kind: &str, at: &Value) -> Result<()> {
        let params = json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
        self.ask("Input.dispatchMouseEvent", params).await.map(|_| ())
    }

    /// Presses a key with nothing held, and lets go after a while. `code` is the key's name on the board: `KeyL`.
    pub async fn key(&self, key: &str, code: &str, held: Duration) -> Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": virtual_key(key) });
            self.ask("Input.dispatchKeyEvent", params).await?;
            if kind == "rawKeyDown" {
                tokio::time::sleep(held).await;
            }
        }
        Ok(())
    }

    /// Moves to an element by Tab alone; fails when that never gets there.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        for _ in 0..TABS_MAX {
            self.key("Tab", "Tab", Duration::ZERO).await?;
            if self.value(&format!("document.activeElement.matches({selector:?})")).await? == json!(true) {
                return Ok(());
            }
        }
        bail!("Tab does not reach {selector}")
    }

    /// Drags from the middle of an element.
    pub async fn drag(&self, selector: &str, by_px: f64) -> Result<()> {
        let middle = format!(
            "(() => {{ const b = document.querySelector({selector:?}).getBoundingClientRect(); \
             return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        );
        let at = self.until(&middle).await?;
        let there = json!([at[0].as_f64().unwrap_or_default() + by_px, at[1]]);
        self.mouse("mousePressed", &at).await?;
        let params = json!({ "type": "mouseMoved", "x": there[0], "y": there[1], "button": "left", "buttons": 1 });
        self.ask("Input.dispatchMouseEvent", params).await?;
        self.mouse("mouseReleased", &there).await
    }

    /// A picture for people to look at, into the folder that BAIYING_SCREENSHOTS names, when it does.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let Some(folder) = std::env::var_os("BAIYING_SCREENSHOTS") else { return Ok(()) };
        // What has just changed is drawn with the next frame, and a picture is of the last.
        self.value("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))").await?;
        let answer = self.ask("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let data = answer["data"].as_str().context("a picture")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(data)?;
        std::fs::create_dir_all(&folder)?;
        Ok(std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes)?)
    }
}
