//! Several real hubs on one real PostgreSQL and one real Redis, with people's phones and callers before them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use crowd::drive::Endpoint;
use tests::harness::postgres::PostgresServer;
use tests::harness::proxy::Proxy;
use tests::harness::redis::RedisServer;
use tests::harness::{Hub, HubOptions, verb};
use tokio::time::sleep;

use super::front::{self, Hubs};

pub const DISTRICT: u32 = 7;
pub const DATABASE: &str = "baiying";
pub const PEOPLE: usize = 12;

/// Far above what anything here takes: a limit, not a measure.
pub const PATIENCE: Duration = Duration::from_secs(90);

const GRID: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"一网格"},
    "geometry":{"type":"Polygon","coordinates":[[[126.60,45.75],[126.64,45.75],[126.64,45.77],[126.60,45.77]]]}}]}"#;

/// A place in the grid.
pub fn place(number: usize) -> (f64, f64) {
    (45.752 + 0.001 * (number % 16) as f64, 126.605 + 0.001 * (number % 29) as f64)
}

/// The lines of one hub to what it stands on: each can be cut by itself.
pub struct Line {
    pub redis: Proxy,
    /// To the database, or to each server of it.
    pub postgres: Vec<Proxy>,
}

pub struct Stage {
    pub postgres: PostgresServer,
    /// Takes over when it is promoted.
    pub standby: Option<PostgresServer>,
    pub redis: RedisServer,
    pub hubs: Vec<Option<Hub>>,
    pub lines: Vec<Line>,
    /// Of volunteers, in the order of the file.
    pub volunteers: Vec<String>,
    /// Of an operator.
    pub desk: String,
    /// More lines of `[store]`.
    pub store: &'static str,
    addresses: Hubs,
    keys: tempfile::TempDir,
}

impl Stage {
    /// `count` hubs that are ready, one of which leads.
    pub async fn set(count: usize, postgres: PostgresServer) -> Result<Self> {
        postgres.create_database(DATABASE);
        Self::set_on(count, postgres, None, "").await
    }

    /// The same where `standby`, if there is one, confirms every commit. The database is there.
    pub async fn set_on(
        count: usize,
        postgres: PostgresServer,
        standby: Option<PostgresServer>,
        store: &'static str,
    ) -> Result<Self> {
        let (redis, keys) = (RedisServer::start(), tempfile::tempdir()?);
        let out = keys.path().join("hubs").display().to_string();
        let drawn = verb(&["cluster-keys", "--out", &out]).await?;
        ensure!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
        let (addresses, hubs, lines) = (Hubs::default(), Vec::new(), Vec::new());
        let (volunteers, desk) = (Vec::new(), String::new());
        let mut stage = Stage { postgres, standby, redis, hubs, lines, volunteers, desk, store, addresses, keys };
        stage.add_hub(tempfile::tempdir()?).await?;
        stage.leader().await?;
        stage.bring_in().await?;
        let first = stage.take_out(0).terminate().await?;
        for _ in 1..count {
            let folder = tempfile::tempdir()?;
            // The keys of hubs that share an office are the same.
            std::fs::copy(first.path().join("caller.key"), folder.path().join("caller.key"))?;
            stage.add_hub(folder).await?;
        }
        stage.start(0, first).await?;
        Ok(stage)
    }

    pub fn hub(&self, index: usize) -> &Hub {
        self.hubs[index].as_ref().expect("it runs")
    }

    async fn add_hub(&mut self, folder: tempfile::TempDir) -> Result<()> {
        let servers = [Some(&self.postgres), self.standby.as_ref()].into_iter().flatten();
        let postgres = servers.map(|server| Proxy::to(server.port())).collect();
        self.lines.push(Line { redis: Proxy::to(self.redis.port()), postgres });
        std::fs::write(folder.path().join("hub.toml"), self.settings(self.lines.len() - 1))?;
        self.hubs.push(None);
        self.addresses.lock().expect("nobody panics").push(None);
        self.start(self.hubs.len() - 1, folder).await
    }

    /// What stands in the settings of hub `index`.
    pub fn settings(&self, index: usize) -> String {
        let (keys, line) = (self.keys.path().join("hubs"), &self.lines[index]);
        let servers: Vec<String> = line.postgres.iter().map(|it| format!("127.0.0.1:{}", it.port())).collect();
        let profile = if self.standby.is_some() { "ha" } else { "one_server" };
        format!(
            "[district]\nnumber = {DISTRICT}\nname = \"道里\"\nlat = 45.76\nlng = 126.62\n\
             [log]\nlevel = \"info\"\n\
             [store]\nurl = \"postgres://hub@{}/{DATABASE}\"\nprofile = {profile:?}\n{}\
             [cluster]\nredis_url = \"redis://127.0.0.1:{}/\"\nlisten = \"127.0.0.1:0\"\n\
             certificate = {:?}\nkey = {:?}\nauthority = {:?}\n",
            servers.join(","),
            self.store,
            line.redis.port(),
            keys.join("hub.pem"),
            keys.join("hub.key"),
            keys.join("hubs-ca.pem"),
        )
    }

    /// Writes the settings of hub `index` anew, before it is started again.
    pub fn write_settings(&self, index: usize, folder: &Path) -> Result<()> {
        Ok(std::fs::write(folder.join("hub.toml"), self.settings(index))?)
    }

    /// Starts a hub on a folder that was one's before.
    pub async fn start(&mut self, index: usize, folder: tempfile::TempDir) -> Result<()> {
        let hub = Hub::start_in(HubOptions::serve(), folder).await?;
        self.put(index, Some(hub.base.trim_start_matches("http://").parse()?));
        self.hubs[index] = Some(hub);
        Ok(())
    }

    /// From now on clients meet `hub` and no other.
    pub fn meet_only(&self, hub: &Hub) -> Result<()> {
        let address = hub.base.trim_start_matches("http://").parse()?;
        self.addresses.lock().expect("nobody panics").fill(Some(address));
        Ok(())
    }

    fn put(&self, index: usize, address: Option<SocketAddr>) {
        self.addresses.lock().expect("nobody panics")[index] = address;
    }

    /// Takes a hub from before the clients, as whoever watches its health would.
    pub fn take_out(&mut self, index: usize) -> Hub {
        self.put(index, None);
        self.hubs[index].take().expect("it runs")
    }

    /// Takes a hub that clients no longer meet.
    pub fn take_out_quietly(&mut self, index: usize) -> Hub {
        self.hubs[index].take().expect("it runs")
    }

    /// No new connection reaches it; it goes on running.
    pub fn hide(&self, index: usize) {
        self.put(index, None);
    }

    /// Undoes [`Stage::hide`].
    pub fn show(&self, index: usize) -> Result<()> {
        self.put(index, Some(self.hub(index).base.trim_start_matches("http://").parse()?));
        Ok(())
    }

    /// A way in for a group of clients.
    pub async fn way_in(&self, favourite: usize) -> Result<Endpoint> {
        Endpoint::new(&front::open(self.addresses.clone(), favourite).await?)
    }

    /// Which hub leads, once one does.
    pub async fn leader(&self) -> Result<usize> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            for (index, hub) in self.hubs.iter().enumerate() {
                if let Some(hub) = hub
                    && leads(hub).await
                {
                    return Ok(index);
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("nobody leads after {PATIENCE:?}: {}", self.logs())
    }

    /// What all hubs have logged.
    pub fn logs(&self) -> String {
        self.hubs.iter().flatten().map(Hub::log).collect::<Vec<_>>().join("\n---\n")
    }

    /// The office's files, by the command line of the first hub; everybody is signed in.
    async fn bring_in(&mut self) -> Result<()> {
        let folder = self.hub(0).data().to_owned();
        let rows = (0..PEOPLE).map(|number| {
            let (lat, lng) = place(number);
            format!("志愿 {number},A{number},138000000{number:02},急救,{lat},{lng}\n")
        });
        let table = format!("姓名,编号,电话,技能,纬度,经度\n{}", rows.collect::<String>());
        for (kind, name, text) in [("grids", "g.geojson", GRID), ("volunteers", "v.csv", table.as_str())] {
            let file = self.keys.path().join(name);
            std::fs::write(&file, text)?;
            import(&folder, kind, &file.display().to_string()).await?;
        }
        let way_in = Endpoint::new(&self.hub(0).base)?;
        let said = run(&folder, &["user", "add", "desk", "--role", "operator"]).await?;
        self.desk = way_in.sign_in_by_link(&code(&said)?).await?.token;
        let out = self.keys.path().join("invitations.csv");
        run(&folder, &["invite", "--out", &out.display().to_string()]).await?;
        for line in std::fs::read_to_string(&out)?.lines().skip(1) {
            self.volunteers.push(way_in.sign_in_by_link(&code(line)?).await?.token);
        }
        ensure!(self.volunteers.len() == PEOPLE, "everybody is invited");
        Ok(())
    }
}

async fn leads(hub: &Hub) -> bool {
    let asked = tests::harness::http().get(format!("{}/metrics", hub.base)).timeout(Duration::from_secs(1)).send();
    let Ok(answer) = asked.await else { return false };
    let text = answer.text().await.unwrap_or_default();
    text.lines().any(|line| line.starts_with("baiying_leads{") && line.ends_with(" 1"))
}

/// The skills that a new district begins with come a moment after its first leader: until then the file names unknown ones.
async fn import(folder: &Path, kind: &str, file: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        match run(folder, &["import", kind, file, "--crs", "wgs84"]).await {
            Ok(_) => return Ok(()),
            Err(error) => ensure!(began.elapsed() < PATIENCE, "{error:#}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// A verb of the command line on the folder of a hub; what it printed.
pub async fn run(folder: &Path, words: &[&str]) -> Result<String> {
    let output = verb(&[words, &["--data", &folder.display().to_string()]].concat()).await?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{words:?}: {text}");
    Ok(text)
}

fn code(text: &str) -> Result<String> {
    let code = text.split_once('#').context("no link")?.1.split([',', ' ', '\n', '"']).next();
    Ok(code.context("no code")?.trim().to_owned())
}
