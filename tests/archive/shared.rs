//! A real hub on a real PostgreSQL.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use hub::store::postgres::{Durability, PostgresSettings};
use hub::store::rows::FORMAT;
use hub::store::{Journal, PostgresJournal};
use tests::harness::postgres::PostgresServer;

use super::hub::{archive, digest, files_in, good, verify};
use super::old::{self, DISTRICT};
use crate::edge::village::Village;

/// A server with one database.
pub struct Database {
    server: PostgresServer,
}

impl Database {
    pub fn new() -> Self {
        let server = PostgresServer::start(&[]);
        server.create_database("hub");
        Database { server }
    }

    fn url(&self) -> String {
        self.server.url("hub")
    }

    pub async fn open(&self) -> Result<PostgresJournal> {
        let durability = Durability::OneServer;
        let settings = PostgresSettings { url: self.url(), password_file: None, durability, format_max: FORMAT };
        Ok(PostgresJournal::open(settings).await?)
    }

    fn settings(&self) -> String {
        format!("[store]\nurl = \"{}\"\nprofile = \"one_server\"\n", self.url())
    }
}

fn folder(settings: &str) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("hub.toml"), settings)?;
    Ok(folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_log_is_archived_by_the_hub_that_leads_it() -> Result<()> {
    let database = tokio::task::spawn_blocking(Database::new).await?;
    let journal = database.open().await?;
    let rows = old::log().await?.rows;
    old::put(&journal, &rows).await?;
    let files = tempfile::tempdir()?;
    let data = folder(&database.settings())?;
    let by_none = archive(data.path(), 70, files.path()).await?;
    ensure!(!by_none.0 && by_none.1.contains("no hub runs"), "{}", by_none.1);

    let village = Village::on(data).await?;
    let said = good(village.hub.data(), 70, files.path()).await?;
    let last = old::last_older_than(&rows, 70);
    ensure!(said.contains(&format!("begins at {}", last + 1)), "{said}");
    ensure!(journal.first_seq(DISTRICT).await? == Some(last + 1), "{said}");
    let again = good(village.hub.data(), 70, files.path()).await?;
    ensure!(again.contains("nothing older than 70 days") && files_in(files.path())?.len() == 1, "{again}");

    let killed = village.hub.kill9().await?;
    let (alone, whole) = (verify(killed.path(), None).await?, verify(killed.path(), Some(files.path())).await?);
    ensure!(alone.0 && whole.0 && digest(&alone.1)? == digest(&whole.1)?, "{}\n{}", alone.1, whole.1);
    let village = Village::on(killed).await?;
    restored_into_a_file(village.hub.data(), files.path()).await?;
    village.hub.terminate().await?;
    Ok(())
}

/// A backup of the shared log becomes a log in a file that begins where the other does.
async fn restored_into_a_file(data: &Path, files: &Path) -> Result<()> {
    let elsewhere = tempfile::tempdir()?;
    let file = elsewhere.path().join("backup").display().to_string();
    let said = super::hub::run(&["backup", &file, "--data", &data.display().to_string()]).await?;
    ensure!(said.0, "{}", said.1);
    let new = folder("[district]\nnumber = 1\n")?;
    let restored = super::hub::run(&["restore", &file, "--data", &new.path().display().to_string()]).await?;
    ensure!(restored.0 && digest(&restored.1)? == digest(&said.1)?, "{} became {}", said.1, restored.1);
    let (good, text) = verify(new.path(), Some(files)).await?;
    ensure!(good && digest(&text)? == digest(&said.1)?, "{text}");
    digest(&text).map(drop).context("a digest")
}
