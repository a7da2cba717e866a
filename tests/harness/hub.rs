//! Start, kill, restart.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

/// How long a hub may take until `/readyz` says yes. Far above what it needs: a limit, not a measure.
const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// How to start a hub.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// `serve` or `demo`, and more arguments.
    pub args: Vec<String>,
}

impl HubOptions {
    pub fn serve() -> Self {
        Self { args: vec!["serve".into()] }
    }

    pub fn demo() -> Self {
        Self { args: vec!["demo".into()] }
    }

    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }
}

/// A running hub. Dropping it kills it; its data folder lives as long as the value.
pub struct Hub {
    child: Child,
    options: HubOptions,
    data: tempfile::TempDir,
    /// Beside the data folder, not in it: `hub demo` takes no folder that holds anything else.
    log: NamedTempFile,
    /// `http://127.0.0.1:PORT`
    pub base: String,
}

impl Hub {
    /// Starts a hub on an empty data folder and waits until it is ready.
    pub async fn start(options: HubOptions) -> Result<Self> {
        Self::start_in(options, tempfile::tempdir()?).await
    }

    /// Starts a hub on the given data folder.
    pub async fn start_in(options: HubOptions, data: tempfile::TempDir) -> Result<Self> {
        let log = NamedTempFile::new()?;
        let mut child = spawn(&options, data.path(), &log)?;
        let base =
            wait_until_ready(&mut child, data.path()).await.with_context(|| format!("its log:\n{}", read(&log)))?;
        Ok(Self { child, options, data, log, base })
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("the hub runs as long as this value lives")
    }

    /// Address of the WebSocket.
    pub fn ws(&self) -> String {
        format!("{}/v1/ws", self.base.replacen("http", "ws", 1))
    }

    /// What the hub has logged so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// The one-time link printed for a role, once it is: a demo's hub is ready before its people are.
    pub async fn printed_link(&self, role: &str) -> Result<String> {
        let started = std::time::Instant::now();
        while started.elapsed() < READY_WITHIN {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(role) && line.contains("/sign-in#"));
            if let Some(link) = line.and_then(|line| line.split_whitespace().last()) {
                return Ok(link.to_owned());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("no link for {role} is printed:\n{}", self.log())
    }

    /// kill -9, and nothing else: the data folder stays as it was at that moment.
    pub async fn kill9(mut self) -> Result<tempfile::TempDir> {
        self.child.kill().await?;
        Ok(self.data)
    }

    /// SIGTERM, and waits for the end; fails when the hub does not end cleanly.
    pub async fn terminate(mut self) -> Result<tempfile::TempDir> {
        let pid = self.pid().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status().await?.success(), "could not signal the hub");
        let status = tokio::time::timeout(READY_WITHIN, self.child.wait()).await.context("the hub does not stop")??;
        ensure!(status.success(), "the hub ended with {status}; its log:\n{}", self.log());
        Ok(self.data)
    }

    /// Starts again what [`Hub::kill9`] or [`Hub::terminate`] left.
    pub async fn restart(self) -> Result<Self> {
        let options = self.options.clone();
        let data = self.kill9().await?;
        Self::start_in(options, data).await
    }
}

fn read(log: &NamedTempFile) -> String {
    std::fs::read_to_string(log.path()).unwrap_or_default()
}

/// The hub that this build made, beside the test binary.
pub fn hub_binary() -> Result<PathBuf> {
    binary("hub")
}

/// A program that this build made.
pub fn binary(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.ancestors().nth(2).context("a test binary lies in target/PROFILE/deps")?;
    let path = folder.join(name);
    ensure!(
        path.is_file(),
        "there is no {name} at {}: run `cargo build -p {name}` in the same profile first",
        path.display()
    );
    Ok(path)
}

/// An HTTP client. It speaks TLS by whichever provider the process has; a second installation changes nothing.
pub fn http() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

/// Runs a verb of the hub to its end.
pub async fn verb(args: &[&str]) -> Result<std::process::Output> {
    Ok(Command::new(hub_binary()?).args(args).stdin(Stdio::null()).output().await?)
}

fn spawn(options: &HubOptions, data: &Path, log: &NamedTempFile) -> Result<Child> {
    let (verb, rest) = options.args.split_first().context("a verb")?;
    let _ = std::fs::remove_file(data.join("address"));
    Command::new(hub_binary()?)
        .arg(verb)
        .args(["--data", &data.display().to_string(), "--port", "0"])
        .args(rest)
        .stdin(Stdio::null())
        .stdout(appending(log)?)
        .stderr(appending(log)?)
        .kill_on_drop(true)
        .spawn()
        .context("could not start the hub")
}

/// Two of these share a file without writing over each other.
fn appending(log: &NamedTempFile) -> Result<std::fs::File> {
    Ok(std::fs::File::options().append(true).open(log.path())?)
}

/// The hub writes where it listens to `address` in its data folder, once it does.
async fn wait_until_ready(child: &mut Child, data: &Path) -> Result<String> {
    let client = http();
    let started = std::time::Instant::now();
    while started.elapsed() < READY_WITHIN {
        if let Some(status) = child.try_wait()? {
            bail!("the hub ended with {status}");
        }
        if let Ok(base) = std::fs::read_to_string(data.join("address")) {
            let base = base.trim().to_owned();
            let ready = client.get(format!("{base}/readyz")).send().await;
            if ready.is_ok_and(|r| r.status().is_success()) {
                return Ok(base);
            }
        }
        tokio::time::sleep(POLL).await;
    }
    bail!("the hub is not ready after {READY_WITHIN:?}")
}
