//! A real Redis (or a Sentinel), started on a free loopback port, stopped by its own process id. Standard library only: the
//! hub's own tests use this file too.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to start. Far above what it needs: a limit, not a measure.
const PATIENCE: Duration = Duration::from_secs(60);

/// PEM files of a server that speaks TLS.
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub authority: PathBuf,
}

impl TlsFiles {
    /// Whoever comes needs no certificate of his own.
    fn settings(&self, port: u16) -> Vec<String> {
        let file = |path: &PathBuf| path.display().to_string();
        let words = [
            ("--port", "0".to_owned()),
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", file(&self.certificate)),
            ("--tls-key-file", file(&self.key)),
            ("--tls-ca-cert-file", file(&self.authority)),
            ("--tls-auth-clients", "no".to_owned()),
            ("--tls-replication", "yes".to_owned()),
        ];
        words.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

/// A running server that keeps nothing on disk. Dropping it kills it.
pub struct RedisServer {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl RedisServer {
    /// Starts one on a port of its own.
    pub fn start() -> Self {
        let (folder, port) = fresh();
        let process = serve(port, &folder);
        let server = RedisServer { process, folder, port };
        server.wait_until_ready();
        server
    }

    /// The same over TLS alone.
    pub fn start_with(tls: &TlsFiles) -> Self {
        let (folder, port) = fresh();
        let mut command = Command::new("redis-server");
        command.args(tls.settings(port)).args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(&folder);
        let server = RedisServer { process: begin(command), folder, port };
        server.wait_until_ready();
        server
    }

    /// A Sentinel that watches this server under `name`.
    pub fn sentinel(&self, name: &str) -> Self {
        self.watched(name, |port| vec!["--port".to_owned(), port.to_string()])
    }

    /// The same over TLS alone.
    pub fn sentinel_with(&self, name: &str, tls: &TlsFiles) -> Self {
        self.watched(name, |port| tls.settings(port))
    }

    fn watched(&self, name: &str, settings: impl Fn(u16) -> Vec<String>) -> Self {
        let (folder, port) = fresh();
        let config = folder.join("sentinel.conf");
        fs::write(&config, format!("sentinel monitor {name} 127.0.0.1 {} 1\n", self.port)).expect("its settings");
        let mut command = Command::new("redis-server");
        command.arg(&config).arg("--sentinel").args(settings(port)).args(["--bind", "127.0.0.1"]);
        let server = RedisServer { process: begin(command), folder, port };
        server.wait_until_ready();
        server
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it at once; everything it knew is gone.
    pub fn kill(&mut self) {
        self.process.kill().expect("it was running");
        self.process.wait().expect("it can be waited for");
    }

    /// Starts it again after [`RedisServer::kill`], empty, on the same port.
    pub fn start_again(&mut self) {
        self.process = serve(self.port, &self.folder);
        self.wait_until_ready();
    }

    /// Stops it from answering without closing anything.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`RedisServer::freeze`].
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill").success());
    }

    /// One command; what it answered, as it came.
    pub fn order(&self, words: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.write_all(format!("{words}\r\n").as_bytes()).expect("it takes a command");
        let mut answer = [0; 4_096];
        let length = stream.read(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    fn wait_until_ready(&self) {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "redis-server does not answer on port {}", self.port);
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have been killed already.
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn fresh() -> (PathBuf, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let folder = std::env::temp_dir().join(format!("baiying-redis-{}-{port}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    (folder, port)
}

fn serve(port: u16, folder: &PathBuf) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder);
    begin(command)
}

fn begin(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server is not installed (on Debian: apt-get install redis-server)")
}
