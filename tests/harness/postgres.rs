//! A real PostgreSQL, started on a free loopback port with its data in a temporary folder, stopped by its own process id.
//! Standard library only: the hub's own tests use this file too.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where Debian keeps the programs, newest first, and where others do.
const FOLDERS: [&str; 5] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/local/bin",
    "/usr/bin",
];

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// `nobody`, on Debian: the server refuses to run as root.
const NOBODY: u32 = 65_534;

/// One server. Its user is `hub`, without a password, and the superuser of its own data.
pub struct PostgresServer {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl PostgresServer {
    /// Makes a data folder and starts a server on it. `settings` are lines of postgresql.conf.
    pub fn start(settings: &[&str]) -> Self {
        let folder = new_folder();
        let mut initdb = program("initdb");
        initdb.args(["--username=hub", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run(initdb.arg("-D").arg(folder.join("data")));
        Self::start_in(folder, settings)
    }

    /// A standby of this server, streaming from it under `name`.
    pub fn standby(&self, name: &str, settings: &[&str]) -> Self {
        let folder = new_folder();
        let mut copy = program("pg_basebackup");
        // -R writes this down for the standby: the name under which the primary waits for it.
        let from = format!("host=127.0.0.1 port={} user=hub application_name={name} tcp_user_timeout=3000", self.port);
        run(copy.args(["-X", "stream", "-R", "-d", &from, "-D"]).arg(folder.join("data")));
        Self::start_in(folder, settings)
    }

    fn start_in(folder: PathBuf, settings: &[&str]) -> Self {
        let port = free_port();
        let fixed = format!(
            "\nport = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nshared_buffers = 32MB\n{}\n",
            settings.join("\n")
        );
        let file = folder.join("data/postgresql.conf");
        let conf = fs::read_to_string(&file).expect("initdb made the settings") + &fixed;
        fs::write(&file, conf).expect("the settings can be written");
        let process = serve(&folder);
        let server = PostgresServer { process, folder, port };
        server.wait_until_ready();
        server
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://hub@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) {
        run(program("createdb").args(["-h", "127.0.0.1", "-U", "hub", "-p", &self.port.to_string(), name]));
    }

    /// Runs SQL and gives what it printed.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let port = self.port.to_string();
        let mut psql = program("psql");
        psql.args([
            "-h",
            "127.0.0.1",
            "-U",
            "hub",
            "-p",
            &port,
            "-d",
            database,
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        run(&mut psql)
    }

    /// Makes a standby the server that writes.
    pub fn promote(&self) {
        run(program("pg_ctl").args(["promote", "-w", "-D"]).arg(self.folder.join("data")));
    }

    /// Ends it as a power cut would: every process of it at once, with nothing written.
    pub fn kill(&mut self) {
        // The first process dies; the others see that and end by themselves.
        self.process.kill().expect("it was running");
        self.process.wait().expect("it can be waited for");
    }

    /// Starts it again after [`PostgresServer::kill`], on the same port.
    pub fn start_again(&mut self) {
        // The old one's children may hold its shared memory for a moment.
        let until = Instant::now() + PATIENCE;
        loop {
            self.process = serve(&self.folder);
            if self.is_ready_before(until) {
                return;
            }
            assert!(Instant::now() < until, "PostgreSQL does not start again; see {}", self.log().display());
        }
    }

    fn wait_until_ready(&self) {
        let until = Instant::now() + PATIENCE;
        while !self.answers() {
            let log = || fs::read_to_string(self.log()).unwrap_or_default();
            assert!(Instant::now() < until, "PostgreSQL does not answer:\n{}", log());
            sleep(Duration::from_millis(50));
        }
    }

    fn is_ready_before(&mut self, until: Instant) -> bool {
        while Instant::now() < until {
            if self.process.try_wait().expect("it can be asked").is_some() {
                sleep(Duration::from_millis(100));
                return false;
            }
            if self.answers() {
                return true;
            }
            sleep(Duration::from_millis(50));
        }
        false
    }

    fn answers(&self) -> bool {
        let mut ask = program("pg_isready");
        ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).status().is_ok_and(|it| it.success())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // SIGQUIT: at once, and its children with it.
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-QUIT", &pid]).stderr(Stdio::null()).status().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn serve(folder: &Path) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log");
    let mut command = program("postgres");
    command.arg("-D").arg(folder.join("data")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("postgres starts")
}

/// A program of PostgreSQL; as root, told to become another first.
fn program(name: &str) -> Command {
    let path = FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    let path = path.unwrap_or_else(|| panic!("{name} is not installed (on Debian: apt-get install postgresql)"));
    let mut command = if is_root() {
        let mut as_nobody = Command::new("setpriv");
        let id = NOBODY.to_string();
        as_nobody.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(path);
        as_nobody
    } else {
        Command::new(path)
    };
    // Of whoever started the tests: it would change what the programs do.
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGOPTIONS", "PGDATA"] {
        command.env_remove(name);
    }
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn new_folder() -> PathBuf {
    let name = format!("baiying-postgres-{}-{}", std::process::id(), free_port());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).expect("a temporary folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its mode");
    if is_root() {
        chown(&folder, Some(NOBODY), Some(NOBODY)).expect("its owner");
    }
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn run(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|err| panic!("{command:?} cannot run: {err}"));
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {told}");
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}
