//! The drill: a backup beside a working hub, restored elsewhere, into either store; and files that must be refused.

use std::path::PathBuf;

use matcher::{Actor, BodyHash, Command, CommandId, Request};
use uuid::Uuid;

use super::*;
use crate::boot::{self, Rooms, Settings};
use crate::cli::verify;
use crate::cli::verify::tests::{alarm, folder};
use crate::store::postgres::tests::Database;
use crate::store::{Journal, SealedRow};

/// A hub that works while it is backed up; where the backup lies, and the digest it said.
async fn backed_up(home: &std::path::Path) -> (PathBuf, String) {
    let rooms = boot::open(&home.join("data"), &Settings::default()).await.unwrap();
    words(&rooms).await;
    let file = home.join("backup");
    let verbs = rooms.verbs(None);
    let (reply, ()) = tokio::join!(verbs.run(Verb::Backup { file: file.clone() }, Vec::new()), work(&rooms));
    let said = reply.unwrap();
    // The journal is closed when its last handle is gone.
    drop(verbs);
    assert!(said.good, "{}", said.text);
    rooms.close().await.unwrap();
    let digest = said.text.split("digest ").nth(1).and_then(|rest| rest.get(..16)).expect("it says the digest");
    (file, digest.to_owned())
}

async fn work(rooms: &Rooms) {
    for place in 10..40 {
        alarm(rooms, place).await;
    }
}

/// A command with something sealed beside it.
async fn words(rooms: &Rooms) {
    let id = CommandId(Uuid::now_v7().as_u128());
    let command = Command::SetDrill { on: true };
    let request = Request { id, body_hash: BodyHash(1), actor: Actor::System, command };
    let sealed = SealedRow { reference: Uuid::new_v4(), body: bytes::Bytes::from("{\"words\":\"灶台冒烟\"}") };
    rooms.home().submit(request, [sealed]).await.unwrap();
}

fn folder_named(home: &std::path::Path, name: &str) -> PathBuf {
    let folder = home.join(name);
    DataFolder::open(&folder).expect("a new folder");
    folder
}

/// Everything that was in the first hub, and no commit more than the backup says.
async fn holds(restored: &std::path::Path, settings: &Settings, home: &std::path::Path) {
    let before = boot::open(&home.join("data"), &Settings::default()).await.unwrap();
    let after = boot::open(restored, settings).await.unwrap();
    assert_eq!(after.office.accounts().await.unwrap(), before.office.accounts().await.unwrap());
    let people = |rooms: &Rooms| {
        let office = rooms.office.clone();
        async move { office.people(matcher::DistrictId(1)).await.unwrap() }
    };
    assert_eq!(people(&after).await, people(&before).await);
    let (head, was) = (after.journal.head(1).await.unwrap().unwrap(), before.journal.head(1).await.unwrap().unwrap());
    assert_ne!(head.history, was.history, "clients that know more are given a snapshot");
    let seq = head.last_seq.min(was.last_seq);
    let rows = |rooms: &Rooms| {
        let journal = rooms.journal.clone();
        async move { journal.read(1, 0, usize::try_from(seq).unwrap()).await.unwrap() }
    };
    // The hub that was opened on it may have added a commit of its own (service was resumed), not changed one.
    let sealed = sealed(&after).await;
    assert!(!sealed.is_empty(), "the callers' words came too");
    let (kept, all) = (rows(&after).await, rows(&before).await);
    let same = kept.iter().zip(&all).take_while(|(kept, all)| kept == all).count();
    assert!(same + 2 >= kept.len() && same >= 5, "{same} of {} commits are the same", kept.len());
    alarm(&after, 99).await;
    after.close().await.unwrap();
    before.close().await.unwrap();
}

async fn sealed(rooms: &Rooms) -> Vec<SealedRow> {
    rooms.journal.sealed(1, u64::MAX, Uuid::nil()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_working_hub_is_restored_elsewhere() {
    let home = folder().await;
    let (file, digest) = backed_up(home.path()).await;
    let elsewhere = folder_named(home.path(), "elsewhere");
    let restored = into(&file, &elsewhere, &Settings::default()).await.unwrap();
    assert_eq!(format!("{:016x}", restored[0].digest), digest);
    let verified = verify::of_folder(&elsewhere, None).await.unwrap();
    assert!(verified.good && verified.text.contains(&digest), "{}", verified.text);
    holds(&elsewhere, &Settings::default(), home.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_file_is_restored_into_a_shared_database() {
    let home = folder().await;
    let (file, digest) = backed_up(home.path()).await;
    let elsewhere = folder_named(home.path(), "elsewhere");
    let database = tokio::task::spawn_blocking(Database::new).await.unwrap();
    let store = database.settings();
    let mut settings = Settings::default();
    settings.store.url = Some(store.url);
    settings.store.profile = store.durability;
    let restored = into(&file, &elsewhere, &settings).await.unwrap();
    assert_eq!(format!("{:016x}", restored[0].digest), digest);
    holds(&elsewhere, &settings, home.path()).await;
    let again = into(&file, &folder_named(home.path(), "again"), &settings).await.expect_err("it is not empty");
    assert!(format!("{again:#}").contains("not empty"), "{again:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_cut_off_or_altered_touches_nothing() {
    let home = folder().await;
    let (file, _) = backed_up(home.path()).await;
    let whole = std::fs::read_to_string(&file).unwrap();
    let cut = &whole[..whole.trim_end().rfind('\n').unwrap() + 1];
    let altered = whole.replacen("王建国", "王建军", 1);
    assert_ne!(altered, whole, "the registry is in it");
    for (text, words) in [(cut, "cut off"), (altered.as_str(), "altered"), ("{}\n", "no backup")] {
        let bad = home.path().join("bad");
        std::fs::write(&bad, text).unwrap();
        let elsewhere = folder_named(home.path(), &format!("for {words}"));
        let refused = into(&bad, &elsewhere, &Settings::default()).await.expect_err(words);
        assert!(format!("{refused:#}").contains(words), "{refused:#}");
        assert!(!elsewhere.join("journal.db").exists() && !elsewhere.join("caller.key").exists());
    }
}
