//! A hub as a process of its own, as anybody would start it, and its command line.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use crowd::drive::Endpoint;
use tokio::process::{Child, Command};

/// How long a hub may take until `/readyz` says yes.
const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);
/// How long it may take to stop after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// The hub's program and its data folder.
#[derive(Clone, Debug)]
pub struct Installation {
    program: PathBuf,
    data: PathBuf,
    /// Of `hub serve`, beside its folder and its port.
    more: &'static [&'static str],
}

impl Installation {
    /// `program`: as given, else the hub that lies beside this bench.
    ///
    /// # Errors
    /// There is none.
    pub fn new(program: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let beside = std::env::current_exe()?.with_file_name("hub");
        let program = program.map_or(beside, Path::to_owned);
        ensure!(
            program.is_file(),
            "there is no hub at {}: build it (`cargo build --release -p hub`) or name it with --hub-bin",
            program.display()
        );
        Ok(Self { program, data: data.to_owned(), more: &[] })
    }

    /// With a certificate of its own; programs of this machine still have a plain door.
    pub fn with_tls(self) -> Self {
        Self { more: &["--tls", "self"], ..self }
    }

    /// Where it keeps everything.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Runs a verb to its end on the data folder and gives what it printed.
    ///
    /// # Errors
    /// It fails; its words are in the message.
    pub async fn verb(&self, words: &[&str]) -> anyhow::Result<String> {
        let (verb, rest) = words.split_first().context("a verb")?;
        let mut command = Command::new(&self.program);
        self.run(command.arg(verb).arg("--data").arg(&self.data).args(rest)).await
    }

    /// `hub verify` on the data folder as it lies there: replay from zero, invariants, digest.
    ///
    /// # Errors
    /// It finds something; its words are in the message.
    pub async fn verify(&self) -> anyhow::Result<String> {
        self.run(Command::new(&self.program).arg("verify").arg(&self.data)).await
    }

    async fn run(&self, command: &mut Command) -> anyhow::Result<String> {
        let said = command.stdin(Stdio::null()).output().await;
        let said = said.with_context(|| format!("cannot run {}", self.program.display()))?;
        let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        ensure!(said.status.success(), "{:?}: {out}{err}", command.as_std());
        Ok(out.into_owned())
    }

    /// Adds an account and signs it in by its link: the token of its session.
    ///
    /// # Errors
    /// The hub refuses the account or its link.
    pub async fn sign_in(&self, hub: &Endpoint, account: &str, role: &str) -> anyhow::Result<String> {
        let (_, code) = self.link(account, role).await?;
        Ok(hub.sign_in_by_link(&code).await?.token)
    }

    /// Adds an account: the address of its one-time link, and the code behind it.
    ///
    /// # Errors
    /// The hub refuses the account.
    pub async fn link(&self, account: &str, role: &str) -> anyhow::Result<(String, String)> {
        let said = self.verb(&["user", "add", account, "--role", role]).await?;
        let link = said.split_whitespace().find_map(|word| word.split_once('#'));
        let (address, code) = link.with_context(|| format!("`hub user add` printed no link: {said}"))?;
        Ok((address.to_owned(), code.to_owned()))
    }

    /// Starts the hub on any free port and waits until it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in [`READY_WITHIN`]; its log is in the message.
    pub async fn serve(&self) -> anyhow::Result<Hub> {
        std::fs::create_dir_all(&self.data)?;
        let started = Instant::now();
        let log = self.data.with_extension("log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        drop(std::fs::remove_file(self.data.join("address")));
        let mut child = Command::new(&self.program)
            .args(["serve", "--port", "0", "--data"])
            .arg(&self.data)
            .args(self.more)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let endpoint = ready(&mut child, &self.data, &log).await?;
        Ok(Hub { child, endpoint, ready_after: started.elapsed() })
    }
}

async fn ready(child: &mut Child, data: &Path, log: &Path) -> anyhow::Result<Endpoint> {
    let words = || std::fs::read_to_string(log).unwrap_or_default();
    let started = Instant::now();
    while started.elapsed() < READY_WITHIN {
        if let Some(status) = child.try_wait()? {
            bail!("the hub ended with {status}:\n{}", words());
        }
        if let Ok(base) = std::fs::read_to_string(data.join("address")) {
            let endpoint = Endpoint::new(base.trim())?;
            if endpoint.get::<serde_json::Value>("/readyz", None).await.is_ok() {
                return Ok(endpoint);
            }
        }
        tokio::time::sleep(POLL).await;
    }
    bail!("the hub is not ready after {} s:\n{}", READY_WITHIN.as_secs(), words())
}

/// A running hub; dropping it kills it.
pub struct Hub {
    child: Child,
    pub endpoint: Endpoint,
    /// From the start of the process to `/readyz`.
    pub ready_after: Duration,
}

impl Hub {
    /// Its process, for whoever watches its memory.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// kill -9, and nothing else.
    ///
    /// # Errors
    /// It was not running any more.
    pub async fn kill9(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("the hub was gone before it was killed")
    }

    /// SIGTERM, and waits for a clean end.
    ///
    /// # Errors
    /// It does not end in [`STOP_WITHIN`], or not cleanly.
    pub async fn terminate(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().context("the hub has ended by itself")?.to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status().await?.success(), "cannot signal the hub");
        let status = tokio::time::timeout(STOP_WITHIN, self.child.wait()).await.context("the hub does not stop")??;
        ensure!(status.success(), "the hub ended with {status}");
        Ok(())
    }
}

/// Resident memory of a process in KiB, as the kernel counts it; `None` when it has ended.
pub fn rss_kib(pid: u32) -> Option<u64> {
    status_kib(pid, "VmRSS:")
}

/// Of it, what the process has made itself: neither its program nor files.
pub fn rss_anon_kib(pid: u32) -> Option<u64> {
    status_kib(pid, "RssAnon:")
}

fn status_kib(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
