//! The whole way with a real hub on its own file: alarms, archive, kill -9, verify, resume, backup, restore, and the state that
//! is lost and made again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hub::store::SqliteJournal;
use hub::store::sqlite::SqliteSettings;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tests::harness::{Hub, HubOptions, verb};
use wire::server::Role;

use super::old::{self, LEFT_OPEN_DAYS_AGO};
use crate::edge::person::{Person, Socket};
use crate::edge::stream::Proof;
use crate::edge::town::WEST;
use crate::edge::village::Village;

/// A verb; whether it went well, and what it said.
pub async fn run(args: &[&str]) -> Result<(bool, String)> {
    let output = verb(args).await?;
    Ok((output.status.success(), String::from_utf8([output.stdout, output.stderr].concat())?))
}

pub async fn archive(data: &Path, days: i64, to: &Path) -> Result<(bool, String)> {
    let (days, to, data) = (days.to_string(), to.display().to_string(), data.display().to_string());
    run(&["archive", "--older-than-days", &days, "--to", &to, "--data", &data]).await
}

pub async fn good(data: &Path, days: i64, to: &Path) -> Result<String> {
    let (good, said) = archive(data, days, to).await?;
    ensure!(good, "{said}");
    Ok(said)
}

pub async fn verify(data: &Path, archive: Option<&Path>) -> Result<(bool, String)> {
    let (data, archive) = (data.display().to_string(), archive.map(|folder| folder.display().to_string()));
    let mut args = vec!["verify", &data];
    args.extend(archive.as_deref().iter().flat_map(|folder| ["--archive", folder]));
    run(&args).await
}

/// The digest that a verb printed.
pub fn digest(said: &str) -> Result<&str> {
    said.split_once("digest ").and_then(|(_, rest)| rest.get(..16)).with_context(|| format!("no digest: {said}"))
}

pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// A hub on a log of a hundred days.
async fn village(rows: &[hub::store::CommitRow]) -> Result<Village> {
    let folder = tempfile::tempdir()?;
    let journal = SqliteJournal::open(SqliteSettings::new(folder.path())).await?;
    old::put(&journal, rows).await?;
    journal.close().await;
    Village::on(folder).await
}

async fn alarm(person: &Person, step: u32) -> Result<()> {
    let place = json!({ "lat": WEST.0 + f64::from(step) * 0.002, "lng": WEST.1 });
    person.post("/v1/alarms", None, json!({ "kind": "fall", "place": place })).await?.ok::<Value>().map(drop)
}

async fn top(person: &Person) -> Result<u64> {
    person.get("/readyz").await?.json()["districts"]["1"].as_u64().context("a seq")
}

async fn follow(socket: &mut Socket, proof: &mut Proof, to_seq: u64) -> Result<()> {
    let mut read = 0;
    while proof.seq < to_seq {
        socket.until(|frame| ["delta", "snapshot"].iter().any(|op| frame["op"] == *op)).await?;
        socket.seen[read..].iter().for_each(|frame| proof.take(frame));
        read = socket.seen.len();
    }
    Ok(())
}

/// Who was away comes back to where he stood, and is sent what he missed.
async fn resumes(person: &Person, device: &str, proof: &mut Proof) -> Result<Socket> {
    let (point, applied) = (proof.point()?, proof.applied);
    let mut socket = person.connect(device, BTreeMap::from([("1".to_owned(), Some(point))])).await?;
    let welcome = socket.op("welcome").await?;
    ensure!(welcome["districts"]["1"]["mode"] == "replay", "{device}: {welcome}");
    ensure!(welcome["districts"]["1"]["history"] == json!(point.history), "the log is the same one: {welcome}");
    let mut read = 0;
    while proof.applied == applied {
        socket.op("delta").await?;
        socket.seen[read..].iter().for_each(|frame| proof.take(frame));
        read = socket.seen.len();
    }
    Ok(socket)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_records_leave_and_everything_goes_on() -> Result<()> {
    let old = old::log().await?;
    let mut village = village(&old.rows).await?;
    let files = tempfile::tempdir()?;
    let operator = village.account("wang", Role::Operator).await?;
    let mut proof = Proof::default();
    let mut desk = operator.connect("desk", BTreeMap::new()).await?;
    alarm(&operator, 0).await?;
    follow(&mut desk, &mut proof, top(&operator).await?).await?;
    drop(desk);
    let (_, helper) = village.volunteer("周敏").await?;
    let (mut phone, mut his) = (helper.connect("phone", BTreeMap::new()).await?, Proof::default());
    phone.go_on_duty().await?;
    alarm(&operator, 1).await?;
    let offer = phone.offer().await?;
    phone.seen.iter().for_each(|frame| his.take(frame));
    drop(phone);

    nothing_bad_is_taken(village.hub.data(), files.path()).await?;
    let before = verify(village.hub.data(), None).await?;
    ensure!(before.0 && !before.1.contains("--archive"), "{}", before.1);
    let said = good(village.hub.data(), 70, files.path()).await?;
    let last = old::last_older_than(&old.rows, 70);
    ensure!(said.contains(&format!("begins at {}", last + 1)) && said.contains("已归档"), "{said}");
    let (again, written) = (good(village.hub.data(), 70, files.path()).await?, files_in(files.path())?);
    ensure!(again.contains("nothing older than 70 days") && written.len() == 1, "{again}: {written:?}");

    drop(resumes(&operator, "desk", &mut proof).await?);
    let cancel = format!("/v1/incidents/{}/cancel", offer["incident"].as_str().context("an incident")?);
    operator.post(&cancel, None, json!({})).await?.ok::<Value>()?;
    village = Village::on(village.hub.kill9().await?).await?;
    let (operator, helper) = (operator.at(&village.hub.base), helper.at(&village.hub.base));
    // What he was asked was withdrawn while he was away and the hub was killed.
    drop(resumes(&helper, "phone", &mut his).await?);

    the_open_one_keeps_its_timeline(&village, &operator, files.path(), &old).await?;
    verified_with_and_without(village.hub.data(), files.path()).await?;
    let folder = village.hub.terminate().await?;
    verified_with_and_without(folder.path(), files.path()).await?;
    backed_up_and_restored(folder.path(), files.path()).await?;
    lost_and_made_again(folder, files.path()).await
}

async fn nothing_bad_is_taken(data: &Path, files: &Path) -> Result<()> {
    let nowhere = files.join("nowhere");
    for (days, to, words) in [(0, files, "1 到"), (-3, files, "1 to"), (70, &nowhere, "没有这个文件夹")] {
        let (taken, said) = archive(data, days, to).await?;
        ensure!(!taken && said.contains(words), "{days} days to {}: {said}", to.display());
    }
    let text = files.display().to_string();
    let missing = run(&["archive", "--to", &text, "--data", &data.display().to_string()]).await?;
    ensure!(!missing.0 && missing.1.contains("--older-than-days"), "{}", missing.1);
    ensure!(files_in(files)?.is_empty(), "nothing is written");
    Ok(())
}

/// It was opened fifty days ago and nobody has closed it: what is younger stays with it, and the operator is told why.
async fn the_open_one_keeps_its_timeline(
    village: &Village,
    operator: &Person,
    files: &Path,
    old: &old::Old,
) -> Result<()> {
    let said = good(village.hub.data(), 30, files).await?;
    ensure!(said.contains(&format!("incident {}", old.open)) && said.contains("留在日志中"), "{said}");
    let kept = old::last_older_than(&old.rows, LEFT_OPEN_DAYS_AGO - 1);
    ensure!(old::last_older_than(&old.rows, 30) > kept, "it holds something back");
    let timeline: Value = operator.get(&format!("/v1/incidents/{}/timeline", old.open)).await?.ok()?;
    let kinds: Vec<&str> = timeline.as_array().context("a list")?.iter().filter_map(|e| e["type"].as_str()).collect();
    ensure!(kinds.first() == Some(&"incident_opened"), "{kinds:?}");
    ensure!(kinds.len() > 2, "{kinds:?}");
    Ok(())
}

async fn verified_with_and_without(data: &Path, files: &Path) -> Result<()> {
    let alone = verify(data, None).await?;
    ensure!(alone.0 && alone.1.contains("--archive FOLDER"), "it says where it began: {}", alone.1);
    let whole = verify(data, Some(files)).await?;
    ensure!(whole.0 && !whole.1.contains("--archive"), "{}", whole.1);
    ensure!(digest(&alone.1)? == digest(&whole.1)?, "{}\n{}", alone.1, whole.1);
    let first = files_in(files)?.into_iter().next().context("a file")?;
    let (sound, said) = run(&["verify", &first.display().to_string()]).await?;
    ensure!(sound && said.contains("verified"), "the first file alone: {said}");
    let later = files_in(files)?.into_iter().nth(1).context("a second file")?;
    let (sound, said) = run(&["verify", &later.display().to_string()]).await?;
    ensure!(!sound && said.contains("--archive FOLDER"), "the second follows on the first: {said}");
    // A file that is missing is named by what it holds.
    let aside = tempfile::tempdir()?;
    std::fs::copy(&later, aside.path().join(later.file_name().context("a name")?))?;
    let (sound, said) = verify(data, Some(aside.path())).await?;
    ensure!(!sound && said.contains("commit 1 of district 1 is in no file"), "{said}");
    Ok(())
}

async fn backed_up_and_restored(data: &Path, files: &Path) -> Result<()> {
    let elsewhere = tempfile::tempdir()?;
    let by_none = good(data, 70, files).await?;
    ensure!(by_none.contains("nothing older"), "the verb works on the files too: {by_none}");
    let (file, journal) = (elsewhere.path().join("backup"), elsewhere.path().join("journal.jsonl"));
    let (data, file, journal) = (data.display().to_string(), file.display().to_string(), journal.display().to_string());
    let said = run(&["export", "journal", "--out", &journal, "--data", &data]).await?;
    ensure!(said.0 && said.1.contains("更早的已归档"), "{}", said.1);
    let written = run(&["backup", &file, "--data", &data]).await?;
    ensure!(written.0, "{}", written.1);
    let new = tempfile::tempdir()?;
    let restored = run(&["restore", &file, "--data", &new.path().display().to_string()]).await?;
    ensure!(restored.0 && digest(&restored.1)? == digest(&written.1)?, "{} became {}", written.1, restored.1);
    for with in [None, Some(files)] {
        let (good, said) = verify(new.path(), with).await?;
        ensure!(good && digest(&said)? == digest(&written.1)?, "{said}");
    }
    let village = Village::on(new).await?;
    let operator = village.account("liu", Role::Operator).await?;
    alarm(&operator, 3).await?;
    let archived = good(village.hub.data(), 70, files).await?;
    ensure!(archived.contains("nothing older"), "{archived}");
    village.hub.terminate().await?;
    Ok(())
}

/// Every snapshot is lost: the hub does not start and says what to bring, and with it starts again.
async fn lost_and_made_again(folder: tempfile::TempDir, files: &Path) -> Result<()> {
    let data = folder.path().display().to_string();
    let wanted = verify(folder.path(), Some(files)).await?;
    let mut conn = SqliteConnectOptions::new().filename(folder.path().join("journal.db")).connect().await?;
    sqlx::query("UPDATE snapshot_part SET body = x'7b'").execute(&mut conn).await?;
    conn.close().await?;
    let (started, said) = run(&["serve", "--port", "0", "--data", &data]).await?;
    ensure!(!started && said.contains("hub archive --from FOLDER") && said.contains("归档文件"), "{said}");
    let (sound, said) = verify(folder.path(), None).await?;
    ensure!(!sound && said.contains("hub archive --from FOLDER"), "{said}");

    let text = files.display().to_string();
    let aside = tempfile::tempdir()?;
    let bare = run(&["archive", "--from", &aside.path().display().to_string(), "--data", &data]).await?;
    ensure!(!bare.0 && bare.1.contains("in no file") && bare.1.contains("什么都没有改动"), "{}", bare.1);
    let mended = run(&["archive", "--from", &text, "--data", &data]).await?;
    ensure!(mended.0 && mended.1.contains("made again"), "{}", mended.1);
    let again = verify(folder.path(), Some(files)).await?;
    ensure!(again.0 && digest(&again.1)? == digest(&wanted.1)?, "{}", again.1);
    let hub = Hub::start_in(HubOptions::serve(), folder).await?;
    let running = run(&["archive", "--from", &text, "--data", &hub.data().display().to_string()]).await?;
    ensure!(!running.0 && running.1.contains("请先停止"), "{}", running.1);
    hub.terminate().await?;
    Ok(())
}
