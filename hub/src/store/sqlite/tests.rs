//! What only the embedded journal promises: it survives, it excludes, it notices rot, it keeps room for alarms.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::task::Poll;

use bytes::Bytes;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

use super::{SqliteJournal, SqliteSettings, ballast, desk};
use crate::store::error::JournalError;
use crate::store::journal::Journal;
use crate::store::rows::{Append, CommitRow, Head, SealedRow, Snapshot};

const DISTRICT: u32 = 230_102;

fn settings(folder: &Path) -> SqliteSettings {
    SqliteSettings { folder: folder.to_path_buf(), ballast_bytes: 256 * 1024, bytes_max: None }
}

async fn open_in(folder: &Path) -> SqliteJournal {
    SqliteJournal::open(settings(folder)).await.expect("the journal opens")
}

async fn open() -> (SqliteJournal, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    (open_in(folder.path()).await, folder)
}

crate::store::conformance::journal_suite!(open());

fn batch(head: &mut Head, count: u64, bytes: usize) -> Append {
    let row = |seq| CommitRow { seq, at_ms: 1, body: vec![b'x'; bytes].into() };
    let commits = (head.last_seq + 1..=head.last_seq + count).map(row).collect();
    let batch = Append { fence: head.fence(), last_seq: head.last_seq, commits, sealed: Vec::new(), about: Vec::new() };
    head.last_seq += count;
    batch
}

/// A second connection, as an operator's tool would open it once the hub is gone.
async fn raw(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join(desk::JOURNAL_FILE)).connect().await.expect("the file opens")
}

#[tokio::test]
async fn what_was_appended_is_there_after_reopening() {
    let (journal, folder) = open().await;
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    let sealed = SealedRow { reference: Uuid::new_v4(), body: Bytes::from_static(b"{}") };
    journal.append(Append { sealed: vec![sealed.clone()], ..batch(&mut head, 5, 300) }).await.unwrap();
    journal.close().await;
    let journal = open_in(folder.path()).await;
    let again = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    assert_eq!((again.last_seq, again.term, again.history), (5, 2, head.history));
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap().len(), 5);
    assert_eq!(journal.unseal(vec![sealed.reference]).await.unwrap(), vec![sealed]);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_undo_its_append() {
    let (journal, _folder) = open().await;
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    {
        let append = journal.append(batch(&mut head, 1, 300));
        tokio::pin!(append);
        // One poll hands the job over; then the caller goes away.
        let polled = std::future::poll_fn(|cx| Poll::Ready(append.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    journal.append(batch(&mut head, 1, 300)).await.expect("the abandoned append is in the log, so this one follows it");
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_folder_belongs_to_one_hub() {
    let (journal, folder) = open().await;
    let second = SqliteJournal::open(settings(folder.path())).await.err().expect("the folder is taken");
    assert!(matches!(&second, JournalError::InUse { .. }), "{second:?}");
    assert!(second.to_string().contains(&format!("process {}", std::process::id())), "{second}");
    journal.close().await;
    open_in(folder.path()).await;
}

#[tokio::test]
async fn the_folder_is_its_owners_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let _journal = open_in(&folder).await;
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn the_durability_settings_are_in_force() {
    let (journal, _folder) = open().await;
    let read = |pragma: &'static str| {
        journal.thread.ask::<String>(super::Lane::Rest, move |desk| {
            Box::pin(async move { sqlx::query_scalar(pragma).fetch_one(desk.conn()).await.map_err(desk::failure) })
        })
    };
    assert_eq!(read("SELECT journal_mode FROM pragma_journal_mode").await.unwrap(), "wal".to_owned());
    assert_eq!(read("SELECT locking_mode FROM pragma_locking_mode").await.unwrap(), "exclusive".to_owned());
    assert_eq!(read("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous").await.unwrap(), "2".to_owned());
}

async fn spoil(folder: &Path, sql: &'static str) {
    let mut conn = raw(folder).await;
    let touched = sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected();
    assert_eq!(touched, 1, "{sql}");
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_spoilt_or_missing_commit_stops_the_reader_with_advice() {
    for (sql, words) in [
        ("UPDATE event SET body = X'7b7d' WHERE seq = 3", "sum does not match at seq 3"),
        ("UPDATE event SET term = 9 WHERE seq = 4", "sum does not match at seq 4"),
        ("DELETE FROM event WHERE seq = 2", "a missing commit (the next is 3) at seq 2"),
    ] {
        let (journal, folder) = open().await;
        let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
        journal.append(batch(&mut head, 5, 50)).await.unwrap();
        journal.close().await;
        spoil(folder.path(), sql).await;
        let journal = open_in(folder.path()).await;
        let told = journal.read(DISTRICT, 0, 10).await.expect_err(sql).to_string();
        assert!(told.contains(words) && told.contains("hub verify") && told.contains("backup"), "{told}");
    }
}

#[tokio::test]
async fn a_torn_snapshot_is_told_and_the_one_before_it_is_sound() {
    let (journal, folder) = open().await;
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    for seq in [4, 9] {
        let snapshot = Snapshot { seq, at_ms: 1, body: vec![1_u8; 300_000].into() };
        journal.put_snapshot(head.fence(), snapshot).await.unwrap();
    }
    journal.close().await;
    spoil(folder.path(), "UPDATE snapshot_part SET body = X'00' WHERE seq = 9 AND part = 1").await;
    let journal = open_in(folder.path()).await;
    let torn = journal.snapshot(DISTRICT, u64::MAX).await.expect_err("part 1 was spoilt");
    assert!(matches!(torn, JournalError::Corrupt { seq: 9, .. }), "{torn:?}");
    assert_eq!(journal.snapshot(DISTRICT, 8).await.unwrap().map(|s| (s.seq, s.body.len())), Some((4, 300_000)));
}

#[tokio::test]
async fn a_log_of_a_newer_hub_is_not_opened() {
    let (journal, folder) = open().await;
    journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    journal.close().await;
    spoil(folder.path(), "UPDATE head SET format = 99").await;
    let refused = open_in(folder.path()).await.claim(DISTRICT, Uuid::new_v4()).await.expect_err("format 99");
    assert!(matches!(refused, JournalError::Format { found: 99, .. }), "{refused:?}");
}

/// Set for the copy of this test that runs on a small volume; names the volume's folder.
const FOLDER_VARIABLE: &str = "BAIYING_TEST_SMALL_VOLUME";

/// MiB of that volume.
const VOLUME_MIB: u32 = 4;

/// The test starts itself again in a mount namespace of its own, where a small volume lies on the folder.
#[test]
fn a_full_disk_frees_the_ballast_and_appends_go_on() {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(fill_the_volume(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size={VOLUME_MIB}m tmpfs {folder} && exec {exe} --exact {name} --nocapture",
        folder = folder.path().display(),
        exe = std::env::current_exe().unwrap().display(),
        name = "store::sqlite::tests::a_full_disk_frees_the_ballast_and_appends_go_on",
    );
    let mut command = Command::new("unshare");
    let ran = command.args(["-rm", "sh", "-c", &script]).env(FOLDER_VARIABLE, folder.path()).output();
    let ran = ran.expect("`unshare` (util-linux) is needed to make a small volume");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    if told.contains("unshare failed") {
        eprintln!("no mount namespace here, so no small volume to fill; the quota's test goes the same way: {told}");
        return;
    }
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
}

/// The same way, on any machine: the operator's quota is full, the ballast is its last part, and more is given.
#[tokio::test]
async fn a_full_quota_frees_the_ballast_and_appends_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let within = |bytes| SqliteSettings { bytes_max: Some(bytes), ..settings(folder.path()) };
    let journal = SqliteJournal::open(within(QUOTA_BYTES)).await.unwrap();
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    while !journal.is_low_on_space() {
        journal.append(batch(&mut head, 1, 3_000)).await.expect("the ballast is there for this");
    }
    assert!(!folder.path().join(ballast::BALLAST_FILE).exists());
    let (appended, refused) = append_until_refused(&journal, &mut head).await;
    assert!(appended >= 10, "only {appended} alarms fitted into the ballast");
    assert!(matches!(refused, JournalError::DiskFull { .. }), "{refused:?}");
    journal.close().await;
    let journal = SqliteJournal::open(within(2 * QUOTA_BYTES)).await.unwrap();
    let mut again = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    assert_eq!(again.last_seq, head.last_seq, "every acknowledged commit is there, and none besides");
    journal.append(batch(&mut again, 1, 3_000)).await.expect("room again");
    assert!(!journal.is_low_on_space() && folder.path().join(ballast::BALLAST_FILE).exists());
}

const QUOTA_BYTES: u64 = 1024 * 1024;

async fn fill_the_volume(folder: &Path) {
    let journal = open_in(folder).await;
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    let stuffing = folder.join("somebody-elses-file");
    fill(&stuffing);
    // The log keeps its free pages for a while; then the volume is full, and the ballast pays for the next.
    while !journal.is_low_on_space() {
        journal.append(batch(&mut head, 1, 3_000)).await.expect("the ballast is there for this");
    }
    assert!(!folder.join(ballast::BALLAST_FILE).exists());
    let (appended, refused) = append_until_refused(&journal, &mut head).await;
    assert!(appended >= 10, "only {appended} alarms fitted into the ballast");
    assert!(matches!(refused, JournalError::DiskFull { .. }), "{refused:?}");
    std::fs::remove_file(&stuffing).unwrap();
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.expect("room again");
    journal.beat(head.fence(), 1).await.unwrap();
    assert!(!journal.is_low_on_space() && folder.join(ballast::BALLAST_FILE).exists());
    let read = journal.read(DISTRICT, 0, 1_000).await.unwrap().len() as u64;
    assert_eq!(read, head.last_seq, "every acknowledged commit is there, and none besides");
}

async fn append_until_refused(journal: &SqliteJournal, head: &mut Head) -> (u32, JournalError) {
    for appended in 0..10_000 {
        let before = head.last_seq;
        if let Err(err) = journal.append(batch(head, 1, 3_000)).await {
            head.last_seq = before;
            return (appended, err);
        }
    }
    panic!("a volume of 4 MiB took 30 MB");
}

fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    let block = [0_u8; 4096];
    while file.write_all(&block).is_ok() {}
}
