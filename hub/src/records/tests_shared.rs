//! An office that several hubs share: what one does, the others know.

use std::path::Path;

use matcher::{Actor, DistrictId, Position, VolunteerId};
use tempfile::TempDir;
use wire::http::SignIn;
use wire::server::Role;

use super::*;
use crate::store::postgres::tests::Database;

const DISTRICT: DistrictId = DistrictId(7);

/// Two hubs with one office: their folders hold the same key.
struct Hubs {
    one: Office,
    two: Office,
    database: Database,
    folders: [TempDir; 2],
}

async fn hubs() -> Hubs {
    let database = tokio::task::spawn_blocking(Database::new).await.unwrap();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = Office::open_shared(&database.settings(), own_key(folders[0].path()).unwrap()).await.unwrap();
    copy_key(folders[0].path(), folders[1].path());
    let two = Office::open_shared(&database.settings(), own_key(folders[1].path()).unwrap()).await.unwrap();
    Hubs { one, two, database, folders }
}

fn copy_key(from: &Path, to: &Path) {
    std::fs::copy(from.join("caller.key"), to.join("caller.key")).expect("the key, with its mode");
}

fn operator() -> NewAccount {
    NewAccount {
        name: "wang".into(),
        display: "王值班".into(),
        role: Role::Operator,
        districts: vec![DISTRICT],
        team: None,
        password: Some("long enough 1".into()),
    }
}

async fn signed_in(office: &Office) -> Issued {
    let by = SignIn::Password { account: "wang".into(), password: "long enough 1".into() };
    office.sign_in(by, None).await.expect("the password is right")
}

#[tokio::test]
async fn who_signs_in_at_one_hub_is_known_at_the_other() {
    let Hubs { one, two, .. } = &hubs().await;
    let id = one.add_account(operator()).await.unwrap();
    let issued = signed_in(two).await;
    let identity = one.session(&issued.token).await.unwrap();
    assert_eq!((identity.actor, identity.name.as_str()), (Actor::Desk(id), "王值班"));
    let again = two.add_account(operator()).await;
    assert!(matches!(again, Err(OfficeError::Invalid { field: "account", .. })), "{again:?}");
}

#[tokio::test]
async fn a_ticket_of_one_hub_is_good_once_at_any() {
    let Hubs { one, two, .. } = &hubs().await;
    one.add_account(operator()).await.unwrap();
    let issued = signed_in(one).await;
    let ticket = one.issue_ticket(issued.identity.clone()).await.unwrap();
    assert_eq!(two.redeem_ticket(&ticket).await.unwrap(), issued.identity);
    assert!(matches!(one.redeem_ticket(&ticket).await, Err(OfficeError::TicketOver)));
}

#[tokio::test]
async fn a_revocation_is_heard_at_the_other_hub() {
    let Hubs { one, two, .. } = &hubs().await;
    one.add_account(operator()).await.unwrap();
    let issued = signed_in(two).await;
    let ticket = two.issue_ticket(issued.identity.clone()).await.unwrap();
    let mut revoked = two.revocations();
    one.disable_account("wang").await.unwrap();
    assert!(matches!(two.session(&issued.token).await, Err(OfficeError::Unauthenticated)), "at once");
    assert!(matches!(two.redeem_ticket(&ticket).await, Err(OfficeError::TicketOver)));
    assert_eq!(revoked.recv().await.unwrap(), issued.identity.session, "whoever holds its socket is told");
}

#[tokio::test]
async fn a_name_that_one_hub_learns_is_shown_by_the_other() {
    let Hubs { one, two, .. } = &hubs().await;
    let volunteer = VolunteerId::new(DISTRICT, 1);
    let person = Person {
        volunteer,
        number: None,
        name: "王建国".into(),
        phone: None,
        address: None,
        home: Position::from_degrees(45.77, 126.6).unwrap(),
        class: matcher::ProviderClass::GeneralVolunteer,
    };
    one.import(DISTRICT, OfficeChange { people: vec![person], ..OfficeChange::default() }).await.unwrap();
    while two.names().name(volunteer) != "王建国" {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn hubs_that_write_at_once_make_one_audit_chain() {
    let hubs = hubs().await;
    let acts =
        (0..40).map(|number| {
            let office = if number % 2 == 0 { hubs.one.clone() } else { hubs.two.clone() };
            let resource = format!("volunteer/{number}");
            async move {
                office.audit(AuditEntry { actor: Actor::System, verb: "look", resource, detail: String::new() }).await
            }
        });
    let done = futures_util::future::join_all(acts).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(hubs.two.check_audit().await.unwrap(), Ok(40));
}

#[tokio::test]
async fn numbers_are_given_out_by_one_hub_at_a_time() {
    let Hubs { one, two, .. } = &hubs().await;
    let turn = one.registering().await.unwrap();
    let waiting = tokio::spawn({
        let two = two.clone();
        async move { two.registering().await.map(drop) }
    });
    let meanwhile = two.accounts().await.unwrap();
    assert!(meanwhile.is_empty() && !waiting.is_finished(), "others read and write meanwhile");
    drop(turn);
    waiting.await.unwrap().expect("its turn came");
}

#[tokio::test]
async fn a_hub_with_another_key_is_refused() {
    let hubs = hubs().await;
    let stranger = tempfile::tempdir().unwrap();
    let refused = Office::open_shared(&hubs.database.settings(), own_key(stranger.path()).unwrap())
        .await
        .err()
        .expect("another key");
    assert!(format!("{refused:#}").contains("caller.key"), "{refused:#}");
    let again = Office::open_shared(&hubs.database.settings(), own_key(hubs.folders[1].path()).unwrap()).await;
    assert!(again.is_ok());
}
