//! What an operator asks when he doubts: is the store sound, is the machine.

use anyhow::{Result, ensure};
use tests::harness::{Hub, HubOptions};

use super::{GRIDS, good, run, verified, written};

async fn stored() -> Result<tempfile::TempDir> {
    let hub = Hub::start(HubOptions::serve()).await?;
    let files = tempfile::tempdir()?;
    let grids = written(files.path(), "g.geojson", GRIDS)?;
    good(hub.data(), &["import", "grids", &grids, "--crs", "wgs84"]).await?;
    hub.terminate().await
}

/// Changed, taken out, or the audit rewritten: each is found, and said with where.
#[tokio::test]
async fn a_store_that_was_tampered_with_does_not_verify() -> Result<()> {
    let cases: [(&str, &'static str, &str); 3] = [
        ("journal.db", "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), '一网格', '二网格') AS BLOB)", "seq"),
        ("journal.db", "DELETE FROM event WHERE seq = 2", "seq"),
        ("office.db", "UPDATE audit SET resource = 'district/9' WHERE id = 1", "row 1"),
    ];
    for (file, sql, words) in cases {
        let folder = stored().await?;
        verified(folder.path()).await?;
        ensure!(crate::edge::village::tamper(folder.path(), file, sql).await? > 0, "{sql} changed nothing");
        let data = folder.path().display().to_string();
        let output = tests::harness::verb(&["verify", &data]).await?;
        let text = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(!output.status.success() && text.contains(words), "{sql}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = stored().await?;
    let (_, healthy) = run(folder.path(), &["doctor", "--no-phone"]).await?;
    for looked_at in ["a durable write", "free on the disk"] {
        ensure!(healthy.contains(looked_at), "{looked_at}: {healthy}");
    }
    let key = folder.path().join("caller.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644))?;
    let (well, words) = run(folder.path(), &["doctor", "--no-phone"]).await?;
    ensure!(!well && words.contains("caller.key") && words.contains('✗'), "{words}");
    Ok(())
}
