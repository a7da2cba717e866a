//! A sound log is verified; a damaged one is not, and the words say where.

use std::io::Write;

use matcher::{Actor, BodyHash, CallSource, Command, CommandId, NewIncident, Position, Request};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use uuid::Uuid;

use super::*;
use crate::boot::{self, Rooms, Settings, starter};
use crate::cli::import::{Kind, Reading};

/// A data folder with the starter's plans, one grid, two volunteers and three alarms, closed in order.
pub(crate) async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let rooms = boot::open(&data, &Settings::default()).await.unwrap();
    starter::begin(rooms.home()).await.unwrap();
    bring_in(&rooms, Kind::Grids, "g.geojson", GRID).await;
    bring_in(&rooms, Kind::Volunteers, "v.csv", "姓名,网格,技能\n王建国,一网格,急救\n李明,一网格,\n").await;
    for place in 0..3 {
        alarm(&rooms, place).await;
    }
    rooms.close().await.unwrap();
    folder
}

const GRID: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"一网格"},
    "geometry":{"type":"Polygon","coordinates":[[[126.60,45.75],[126.64,45.75],[126.64,45.77],[126.60,45.77]]]}}]}"#;

async fn bring_in(rooms: &Rooms, kind: Kind, name: &str, text: &str) {
    let reading = Reading { kind, name: name.into(), crs: Some(wire::client::Crs::Wgs84), skip_bad: false };
    let reply = rooms
        .verbs(None)
        .run(Verb::Import { district: None, reading, try_only: false }, text.as_bytes().to_vec())
        .await
        .unwrap();
    assert!(reply.good, "{}", reply.text);
}

pub(crate) async fn alarm(rooms: &Rooms, place: i32) {
    let new = NewIncident {
        kind: "fall".into(),
        source: CallSource::Button,
        position: Some(Position { lat_e7: 457_550_000 + place * 50_000, lng_e7: 1_266_100_000 }),
        fallback: None,
        caller: None,
        raised_by: None,
        sealed: None,
        drill: false,
        roles: None,
    };
    let id = CommandId(Uuid::now_v7().as_u128());
    let command = Command::RaiseAlarm(new);
    let request = Request { id, body_hash: BodyHash(1), actor: Actor::System, command };
    rooms.home().submit(request, []).await.unwrap();
}

async fn damage(data: &Path, file: &str, sql: &'static str) {
    let mut conn = SqliteConnectOptions::new().filename(data.join(file)).connect().await.unwrap();
    assert!(sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected() > 0, "{sql}");
    sqlx::Connection::close(conn).await.unwrap();
}

#[tokio::test]
async fn a_sound_folder_and_its_exported_journal_are_verified() {
    let folder = folder().await;
    let data = folder.path().join("data");
    let reply = of_folder(&data, None).await.unwrap();
    assert!(reply.good, "{}", reply.text);
    let rooms = boot::open(&data, &Settings::default()).await.unwrap();
    let journal =
        rooms.verbs(None).run(Verb::ExportJournal { district: None, after_seq: 0 }, Vec::new()).await.unwrap();
    let live = rooms.home().read(matcher::District::digest);
    rooms.close().await.unwrap();
    let verdict = of_file(&written(&journal.file)).unwrap();
    assert_eq!((verdict.faults.as_slice(), verdict.digest), (&[][..], live), "replay = live");
    assert!(verdict.commits >= 7, "{verdict}");
}

fn written(bytes: &[u8]) -> PathBuf {
    let (mut file, path) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
    file.write_all(bytes).unwrap();
    path
}

#[tokio::test]
async fn a_damaged_row_is_found() {
    for (sql, words) in [
        ("UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'fall', 'fell') AS BLOB) WHERE seq = 7", "seq 7"),
        ("DELETE FROM event WHERE seq = 6", "seq 6"),
        ("UPDATE event SET term = term + 1 WHERE seq = 6", "I4 term"),
        ("UPDATE snapshot_part SET body = x'7b7d'", "snapshot"),
    ] {
        let folder = folder().await;
        let data = folder.path().join("data");
        damage(&data, "journal.db", sql).await;
        let reply = of_folder(&data, None).await.unwrap();
        assert!(!reply.good && reply.text.contains(words), "{sql}: {}", reply.text);
    }
}

#[tokio::test]
async fn what_an_import_owes_is_sent_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let rooms = boot::open(&data, &Settings::default()).await.unwrap();
    // The hub dies after the office's transaction, before the first command.
    let owed = crate::records::OfficeChange { commands: vec![Command::SetDrill { on: true }], ..Default::default() };
    rooms.office.import(rooms.district, owed).await.unwrap();
    assert!(!rooms.home().read(matcher::District::drill));
    rooms.close().await.unwrap();
    let again = boot::open(&data, &Settings::default()).await.unwrap();
    assert!(again.home().read(matcher::District::drill));
    assert_eq!(again.office.owed(again.district, 10).await.unwrap(), []);
    again.close().await.unwrap();
}

#[tokio::test]
async fn a_changed_audit_row_is_found() {
    let folder = folder().await;
    let data = folder.path().join("data");
    damage(&data, "office.db", "UPDATE audit SET actor = 'account/9' WHERE id = 1").await;
    let reply = of_folder(&data, None).await.unwrap();
    assert!(!reply.good && reply.text.contains("row 1"), "{}", reply.text);
}

#[tokio::test]
async fn a_journal_file_that_was_tampered_with_is_found() {
    let folder = folder().await;
    let rooms = boot::open(&folder.path().join("data"), &Settings::default()).await.unwrap();
    let journal =
        rooms.verbs(None).run(Verb::ExportJournal { district: None, after_seq: 0 }, Vec::new()).await.unwrap();
    rooms.close().await.unwrap();
    let lines: Vec<&str> = std::str::from_utf8(&journal.file).unwrap().lines().collect();
    let without = |left_out: usize| {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != left_out);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let twice = format!("{}{}\n", String::from_utf8(journal.file.clone()).unwrap(), lines[lines.len() - 1]);
    let cases = [
        (without(2), "a commit left out"),
        (twice, "a commit that stands twice"),
        (lines[1..].join("\n"), "the first commit left out"),
        (format!("{}\nnot a commit\n", lines[0]), "a line that is none"),
        (lines.join("\n").replacen("\"format\":1", "\"format\":99", 1), "a format of tomorrow"),
    ];
    for (text, what) in cases {
        let verdict = of_file(&written(text.as_bytes())).unwrap();
        assert!(!verdict.faults.is_empty(), "{what}: {verdict}");
    }
    assert!(of_file(&written(b"")).is_err());
}
