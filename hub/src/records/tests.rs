//! The office as its callers see it.

use matcher::{Actor, Command, DistrictId, Position, ProviderClass, VolunteerId};
use wire::http::SignIn;
use wire::server::Role;

use super::*;

const DISTRICT: DistrictId = DistrictId(7);

async fn office() -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path()).await.unwrap();
    (folder, office)
}

fn operator(password: Option<&str>) -> NewAccount {
    NewAccount {
        name: "wang".into(),
        display: "王值班".into(),
        role: Role::Operator,
        districts: vec![DISTRICT],
        team: None,
        password: password.map(str::to_owned),
    }
}

fn by_password(account: &str, password: &str) -> SignIn {
    SignIn::Password { account: account.into(), password: password.into() }
}

fn person(number: u64, name: &str) -> Person {
    Person {
        volunteer: VolunteerId::new(DISTRICT, number),
        number: Some(format!("V{number}")),
        name: name.into(),
        phone: Some("138 0000 0000".into()),
        address: Some("抚顺街 1 号".into()),
        home: Position::from_degrees(45.77, 126.6).unwrap(),
        class: ProviderClass::GeneralVolunteer,
    }
}

fn people(people: Vec<Person>) -> OfficeChange {
    OfficeChange { people, ..OfficeChange::default() }
}

#[tokio::test]
async fn a_password_signs_in_and_nothing_else_does() {
    let (_folder, office) = office().await;
    let id = office.add_account(operator(Some("long enough 1"))).await.unwrap();
    let issued = office.sign_in(by_password("wang", "long enough 1"), None).await.unwrap();
    let identity = office.session(&issued.token).await.unwrap();
    assert_eq!((identity.actor, identity.role, identity.name.as_str()), (Actor::Desk(id), Role::Operator, "王值班"));
    assert_eq!(identity.districts, [DISTRICT]);
    for (account, password) in [("wang", "long enough 2"), ("li", "long enough 1"), ("wang", "")] {
        let answer = office.sign_in(by_password(account, password), None).await;
        assert!(matches!(answer, Err(OfficeError::WrongCredentials)), "{account} with {password:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_is_refused_by_field() {
    let (_folder, office) = office().await;
    let cases = [
        (NewAccount { name: "Wang".into(), ..operator(None) }, "account"),
        (NewAccount { role: Role::Volunteer, ..operator(None) }, "role"),
        (NewAccount { districts: vec![], ..operator(None) }, "districts"),
        (operator(Some("short")), "password"),
        (operator(Some("aaaaaaaaaaaaaa")), "password"),
    ];
    for (account, expected) in cases {
        match office.add_account(account).await {
            Err(OfficeError::Invalid { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    office.add_account(operator(None)).await.unwrap();
    let again = office.add_account(operator(None)).await;
    assert!(matches!(again, Err(OfficeError::Invalid { field: "account", .. })), "{again:?}");
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let (_folder, office) = office().await;
    let id = office.add_account(operator(None)).await.unwrap();
    let codes = office.issue_links(vec![LinkFor::Account(id), LinkFor::Account(id)], 60_000).await.unwrap();
    let link = |code: &str| SignIn::Link { code: code.to_owned() };
    office.sign_in(link(&codes[0]), None).await.unwrap();
    assert!(matches!(office.sign_in(link(&codes[0]), None).await, Err(OfficeError::LinkOver)));
    office.sign_in(link(&codes[1]), None).await.unwrap();
    let late = office.issue_links(vec![LinkFor::Account(id)], 0).await.unwrap();
    assert!(matches!(office.sign_in(link(&late[0]), None).await, Err(OfficeError::LinkOver)));
    assert!(matches!(office.sign_in(link("not a code"), None).await, Err(OfficeError::LinkOver)));
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let (_folder, office) = office().await;
    let device =
        office.register_device(Device { district: DISTRICT, name: String::new(), home: None }, None).await.unwrap();
    let ticket = office.issue_ticket(device.identity.clone()).await.unwrap();
    assert_eq!(office.redeem_ticket(&ticket).await.unwrap(), device.identity);
    assert!(matches!(office.redeem_ticket(&ticket).await, Err(OfficeError::TicketOver)));
}

#[tokio::test]
async fn disabling_an_account_ends_its_sessions_and_tickets_at_once() {
    let (_folder, office) = office().await;
    office.add_account(operator(Some("long enough 1"))).await.unwrap();
    let issued = office.sign_in(by_password("wang", "long enough 1"), None).await.unwrap();
    let ticket = office.issue_ticket(issued.identity.clone()).await.unwrap();
    let mut revoked = office.revocations();
    office.disable_account("wang").await.unwrap();
    assert_eq!(revoked.recv().await.unwrap(), issued.identity.session);
    assert!(matches!(office.session(&issued.token).await, Err(OfficeError::Unauthenticated)));
    assert!(matches!(office.redeem_ticket(&ticket).await, Err(OfficeError::TicketOver)));
    let again = office.sign_in(by_password("wang", "long enough 1"), None).await;
    assert!(matches!(again, Err(OfficeError::WrongCredentials)), "{again:?}");
}

#[tokio::test]
async fn a_token_rotates_and_a_copied_one_ends_the_session() {
    let (_folder, office) = office().await;
    let home = Position::from_degrees(45.7, 126.6);
    let first = office.register_device(Device { district: DISTRICT, name: "李奶奶".into(), home }, None).await.unwrap();
    assert_eq!(first.identity.home, home);
    let second = office.rotate(&first.token, None).await.unwrap();
    office.session(&first.token).await.expect("good until the new one is used");
    office.session(&second.token).await.expect("the new one");
    office.session(&second.token).await.expect("the new one is now the token");
    assert!(matches!(office.session(&first.token).await, Err(OfficeError::Unauthenticated)));
    let after = office.session(&second.token).await;
    assert!(matches!(after, Err(OfficeError::Unauthenticated)), "the session of a copied token is over: {after:?}");
}

#[tokio::test]
async fn people_are_found_by_number_and_masked_on_walls() {
    let (folder, office) = office().await;
    office.import(DISTRICT, people(vec![person(1, "王建国"), person(2, "欧阳明")])).await.unwrap();
    let (one, two) = (VolunteerId::new(DISTRICT, 1), VolunteerId::new(DISTRICT, 2));
    assert_eq!(office.names().name(one), "王建国");
    assert_eq!(office.names().masked(one), "王师傅");
    assert_eq!(office.names().masked(two), "欧阳师傅");
    assert_eq!(office.names().masked(VolunteerId::new(DISTRICT, 3)), "—");
    assert_eq!(office.person(one).await.unwrap().phone.as_deref(), Some("138 0000 0000"));
    office.close().await.unwrap();
    let again = Office::open(folder.path()).await.unwrap();
    assert_eq!(again.names().name(two), "欧阳明");
    assert_eq!(again.people(DISTRICT).await.unwrap(), [person(1, "王建国"), person(2, "欧阳明")]);
}

#[tokio::test]
async fn an_import_owes_its_commands_until_they_are_settled() {
    let (_folder, office) = office().await;
    let commands = vec![Command::SetDrill { on: true }, Command::SetDrill { on: false }];
    let change = OfficeChange { commands: commands.clone(), ..OfficeChange::default() };
    office.import(DISTRICT, change).await.unwrap();
    let owed = office.owed(DISTRICT, 10).await.unwrap();
    assert_eq!(owed.iter().map(|owed| owed.command.clone()).collect::<Vec<_>>(), commands);
    assert_eq!(owed, office.owed(DISTRICT, 10).await.unwrap(), "the same ids when asked again");
    office.settled(owed[0].id, None, Vec::new()).await.unwrap();
    assert_eq!(office.owed(DISTRICT, 10).await.unwrap(), owed[1..]);
}

#[tokio::test]
async fn a_caller_is_one_however_the_number_is_written() {
    let (folder, office) = office().await;
    let key = office.caller_key("13800000000");
    for same in ["138-0000-0000", "+86 138 0000 0000", "0086 13800000000"] {
        assert_eq!(office.caller_key(same), key, "{same}");
    }
    assert_ne!(office.caller_key("13800000001"), key);
    let (_other, elsewhere) = self::office().await;
    assert_ne!(elsewhere.caller_key("13800000000"), key, "another hub has another key");
    let again = Office::open(folder.path()).await.unwrap();
    assert_eq!(again.caller_key("13800000000"), key, "the key stays");
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, office) = office().await;
    drop(office);
    let key = folder.path().join("caller.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = Office::open(folder.path()).await.err().expect("refused");
    assert!(format!("{refused:#}").contains("chmod 600"), "{refused:#}");
    assert!(mounted_key(&key).is_err(), "nor is it taken from a mount");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o440)).unwrap();
    assert!(mounted_key(&key).is_ok(), "a mounted secret belongs to a group");
    assert!(mounted_key(&folder.path().join("nothing")).is_err(), "and is never drawn");
}

#[tokio::test]
async fn the_audit_chain_tells_of_a_changed_and_of_a_missing_row() {
    let (folder, office) = office().await;
    for number in 0..5 {
        let resource = format!("volunteer/{number}");
        office
            .audit(AuditEntry { actor: Actor::System, verb: "show_phone", resource, detail: String::new() })
            .await
            .unwrap();
    }
    assert_eq!(Office::verify_audit(folder.path()).await.unwrap(), Ok(5));
    for (damage, row) in
        [("UPDATE audit SET resource = 'volunteer/9' WHERE id = 4", 4), ("DELETE FROM audit WHERE id = 2", 3)]
    {
        office.damage(damage).await;
        assert_eq!(Office::verify_audit(folder.path()).await.unwrap(), Err(AuditFault { row }), "{damage}");
    }
}

impl Office {
    async fn damage(&self, sql: &'static str) {
        use futures_util::FutureExt;
        let done = self.write(move |conn| async move { Ok(sqlx::query(sql).execute(conn).await?) }.boxed()).await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    }
}

/// What the live half is told of one volunteer: whether he is a guest.
async fn told_guest(office: &Office, person: Person) -> bool {
    let volunteer = matcher::Volunteer {
        id: person.volunteer,
        class: person.class,
        skills: Vec::new(),
        home_grid: matcher::GridId::new(person.volunteer.district(), 1),
        home: person.home,
        travel: matcher::TravelMode::Walk,
        team: None,
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    };
    let (district, commands) =
        (person.volunteer.district(), vec![Command::EnrolVolunteers { volunteers: vec![volunteer] }]);
    let change = OfficeChange { people: vec![person], commands, ..OfficeChange::default() };
    office.import(district, change).await.unwrap();
    let owed = office.owed(district, 1).await.unwrap();
    office.settled(owed[0].id, None, Vec::new()).await.unwrap();
    let Command::EnrolVolunteers { volunteers } = &owed[0].command else { panic!("{owed:?}") };
    volunteers[0].guest
}

#[tokio::test]
async fn one_person_known_to_two_districts_is_at_home_in_the_first() {
    let (_folder, office) = office().await;
    let here = person(1, "王建国");
    let there = Person { volunteer: VolunteerId::new(DistrictId(8), 5), number: None, ..here.clone() };
    let another = Person { volunteer: VolunteerId::new(DistrictId(8), 6), name: "王建军".into(), ..there.clone() };
    assert!(!told_guest(&office, here.clone()).await);
    assert!(told_guest(&office, there.clone()).await, "the same name and telephone: the same person");
    assert!(!told_guest(&office, another).await, "a family shares a telephone");
    assert!(!told_guest(&office, here.clone()).await, "brought in again, he is still at home");
    assert!(told_guest(&office, there.clone()).await);
    let retired = OfficeChange { retired: vec![here.volunteer], ..OfficeChange::default() };
    office.import(DISTRICT, retired).await.unwrap();
    assert!(!told_guest(&office, there).await, "nobody else has him now");
    assert!(told_guest(&office, here).await, "who comes back finds his home elsewhere");
}
