//! Several hubs on one PostgreSQL and one Redis, each a process of its own, and what may be done to them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use crowd::drive::{Endpoint, Ways};
use tokio::process::Command;

use super::postgres::PostgresServer;
use super::record::{self, DATABASE};
use super::redis::RedisServer;
use crate::load::stage::Cast;
use crate::load::{Hub, Installation, files, people};
use crate::scene::DISTRICT;

/// Far above what anything here takes: a limit, not a measure.
pub const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

pub struct Hubs {
    pub postgres: PostgresServer,
    pub redis: RedisServer,
    /// Where they are met; changes when one goes or comes.
    pub ways: Ways,
    places: Vec<Place>,
    /// Removed when the hubs are.
    folder: tempfile::TempDir,
}

struct Place {
    installation: Installation,
    hub: Option<Hub>,
}

impl Hubs {
    /// Starts the servers and `count` hubs; the first brings the district in, so that all know it.
    ///
    /// # Errors
    /// A program is missing, or a hub does not become ready.
    pub async fn start(program: Option<&Path>, count: usize, cast: &Cast) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (postgres, redis) = tokio::task::spawn_blocking(servers).await?;
        let keys = folder.path().join("keys");
        draw_keys(program, &keys).await?;
        let mut hubs = Hubs { postgres, redis, ways: Ways::default(), places: Vec::new(), folder };
        for index in 0..count {
            let data = hubs.folder.path().join(format!("hub-{index}"));
            std::fs::create_dir_all(&data)?;
            restrict(&data)?;
            std::fs::write(data.join("hub.toml"), hubs.settings(cast, &keys))?;
            if index > 0 {
                let first = hubs.folder.path().join("hub-0/caller.key");
                std::fs::copy(first, data.join("caller.key"))?;
            }
            hubs.places.push(Place { installation: Installation::new(program, &data)?, hub: None });
            hubs.serve(index).await?;
            if index == 0 {
                hubs.bring_in(cast).await?;
            }
        }
        Ok(hubs)
    }

    fn settings(&self, cast: &Cast, keys: &Path) -> String {
        let (lat, lng) = (cast.scene.centre.lat(), cast.scene.centre.lng());
        let mut text = format!(
            "[district]\nnumber = {DISTRICT}\nname = {:?}\nlat = {lat:.7}\nlng = {lng:.7}\n[log]\nlevel = \"warn\"\n",
            cast.scene.name
        );
        let (url, redis) = (self.postgres.url(DATABASE), self.redis.url());
        write!(text, "[store]\nurl = {url:?}\nprofile = \"one_server\"\n[cluster]\nredis_url = {redis:?}\n")
            .and_then(|()| write!(text, "listen = \"127.0.0.1:0\"\ncertificate = {:?}\n", keys.join("hub.pem")))
            .and_then(|()| {
                write!(text, "key = {:?}\nauthority = {:?}\n", keys.join("hub.key"), keys.join("hubs-ca.pem"))
            })
            .expect("to a string");
        text
    }

    /// The skills that a new district begins with come a moment after its first leader: until then files name unknown ones.
    async fn bring_in(&self, cast: &Cast) -> Result<()> {
        let everybody: Vec<_> = cast.residents.iter().map(|resident| &resident.volunteer).collect();
        let files = files::write(&self.folder.path().join("files"), &cast.scene, &everybody)?;
        let began = Instant::now();
        while let Err(error) = people::import(&self.places[0].installation, &files).await {
            ensure!(began.elapsed() < PATIENCE, "{error:#}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// An operator's token, and those of the first `phones` people.
    ///
    /// # Errors
    /// A hub refuses an account or an invitation.
    pub async fn sign_in(&self, phones: usize) -> Result<(String, Vec<String>)> {
        let (first, met) = (&self.places[0].installation, Endpoint::among(&self.ways, 0)?);
        let desk = people::operator(first, &met).await?;
        Ok((desk, people::sign_in(first, &met, self.folder.path(), phones).await?))
    }

    /// Clients of hub `favourite` first.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn way(&self, favourite: usize) -> Result<Endpoint> {
        Endpoint::among(&self.ways, favourite)
    }

    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Starts hub `index` on its folder; where it is met is known from then on.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn serve(&mut self, index: usize) -> Result<()> {
        let hub = self.places[index].installation.serve().await?;
        self.places[index].hub = Some(hub);
        self.show(index)
    }

    /// It is met again.
    ///
    /// # Errors
    /// It does not run.
    pub fn show(&self, index: usize) -> Result<()> {
        let hub = self.places[index].hub.as_ref().context("the hub does not run")?;
        self.ways.put(index, Some(hub.endpoint.authority()));
        Ok(())
    }

    /// Hub `index` alone.
    ///
    /// # Errors
    /// It does not run.
    pub fn alone(&self, index: usize) -> Result<Endpoint> {
        Ok(self.places[index].hub.as_ref().context("the hub does not run")?.endpoint.clone())
    }

    /// No new connection reaches it, as when whatever stands before the hubs finds it unwell.
    pub fn hide(&self, index: usize) {
        self.ways.put(index, None);
    }

    /// Takes hub `index` out to end it; whoever holds it decides how.
    ///
    /// # Errors
    /// It does not run.
    pub fn take(&mut self, index: usize) -> Result<Hub> {
        self.places[index].hub.take().context("the hub does not run")
    }

    /// Sends a signal by its name.
    ///
    /// # Errors
    /// The hub does not run.
    pub async fn signal(&self, index: usize, name: &str) -> Result<()> {
        let pid = self.places[index].hub.as_ref().and_then(Hub::pid).context("the hub does not run")?;
        let done = Command::new("kill").args([name, &pid.to_string()]).status().await?;
        ensure!(done.success(), "cannot signal the hub");
        Ok(())
    }

    /// Which hub leads, once one says so.
    ///
    /// # Errors
    /// None does in [`PATIENCE`].
    pub async fn leader(&self) -> Result<usize> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            for (index, place) in self.places.iter().enumerate() {
                if let Some(hub) = &place.hub
                    && leads(&hub.endpoint).await
                {
                    return Ok(index);
                }
            }
            tokio::time::sleep(POLL).await;
        }
        anyhow::bail!("nobody leads after {} s", PATIENCE.as_secs())
    }

    /// Waits until a later term than `term` stands in the head.
    ///
    /// # Errors
    /// None does in [`PATIENCE`].
    pub async fn led_after(&self, term: u64) -> Result<()> {
        let began = Instant::now();
        while record::term(&self.postgres)? <= term {
            ensure!(began.elapsed() < PATIENCE, "no other hub takes the term");
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

async fn leads(hub: &Endpoint) -> bool {
    let text = tokio::time::timeout(Duration::from_secs(1), hub.text("/metrics")).await;
    let text = text.ok().and_then(Result::ok).unwrap_or_default();
    text.lines().any(|line| line.starts_with("baiying_leads") && line.ends_with(" 1"))
}

fn servers() -> (PostgresServer, RedisServer) {
    let postgres = PostgresServer::start(&["max_connections = 200"]);
    postgres.create_database(DATABASE);
    (postgres, RedisServer::start())
}

async fn draw_keys(program: Option<&Path>, keys: &Path) -> Result<()> {
    let hub: PathBuf = program.map_or(std::env::current_exe()?.with_file_name("hub"), Path::to_owned);
    let drawn = Command::new(&hub).args(["cluster-keys", "--out"]).arg(keys).output().await;
    let drawn = drawn.with_context(|| format!("cannot run {}", hub.display()))?;
    ensure!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    Ok(())
}

/// A hub takes no folder into which others may write.
fn restrict(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?)
}
