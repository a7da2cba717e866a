//! What the doctor says of a sick folder.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use super::*;
use crate::boot::{Settings, TlsMode, TlsSettings};

fn worst(findings: &[Finding], words: &str) -> Health {
    let found = findings.iter().find(|finding| finding.words.contains(words));
    found.unwrap_or_else(|| panic!("nothing about {words}: {findings:?}")).health
}

#[test]
fn a_clock_that_was_set_back_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("journal.db"), "x").unwrap();
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    assert_eq!(clock::set_back(folder.path(), SystemTime::now()).health, Health::Good);
    assert_eq!(clock::set_back(folder.path(), hour_ago).health, Health::Bad);
}

#[test]
fn a_key_that_others_can_read_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("caller.key");
    std::fs::write(&key, "x").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(worst(&disk::look(folder.path()), "chmod 600"), Health::Bad);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(disk::look(folder.path()).iter().all(|finding| !finding.words.contains("chmod 600")));
}

#[test]
fn the_end_of_a_certificate_is_read() {
    let folder = tempfile::tempdir().unwrap();
    crate::edge::tls::self_made(folder.path(), &[], &[]).unwrap();
    let own = TlsSettings { mode: TlsMode::SelfMade, ..TlsSettings::default() };
    let found = certificate::look(folder.path(), &own);
    assert_eq!(worst(&found, "good for"), Health::Good);
    let days: i64 = found[0].words.rsplit_once("good for ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    assert!((3_640..=3_650).contains(&days), "an authority lasts ten years: {found:?}");
    std::fs::write(folder.path().join("a.pem"), "no certificate").unwrap();
    let wrong = TlsSettings {
        mode: TlsMode::Files,
        certificate: Some(folder.path().join("a.pem")),
        key: Some(folder.path().join("a.pem")),
    };
    assert!(certificate::look(folder.path(), &wrong).iter().all(|finding| finding.health == Health::Bad));
}

#[tokio::test]
async fn a_page_that_a_phone_opens_is_noticed_once_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let rooms = crate::boot::open(&folder.path().join("data"), &Settings::default()).await.unwrap();
    let code = rooms.office.begin_probe();
    assert!(!rooms.office.probe_opened(&code));
    assert!(!rooms.office.open_probe("another code"));
    assert!(rooms.office.open_probe(&code) && rooms.office.probe_opened(&code));
    rooms.close().await.unwrap();
}
