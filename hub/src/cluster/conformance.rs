//! One suite for every implementation of the room. Each case is a function over [`Room`]; [`cluster_suite!`] makes tests.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::doorbell::{Doorbell, Ring};
use super::election::{Bid, Election, LEASE_MS, Leader, Present, Standing};
use super::presence::{Presence, Report, Seen, SeenFix};

/// Everything that a hub asks of the room.
pub trait Room: Election + Presence + Doorbell {}
impl<R: Election + Presence + Doorbell> Room for R {}

/// Makes a test of every case; `$open` is an async expression that gives a room and what keeps it alive.
macro_rules! cluster_suite {
    ($open:expr) => {
        crate::cluster::conformance::cluster_suite!(@cases $open,
            a_lease_is_held_by_one,
            a_lease_that_is_not_renewed_runs_out,
            a_renewed_lease_does_not_run_out,
            only_the_holder_gives_back,
            a_lease_says_where_its_holder_is,
            districts_have_leases_of_their_own,
            hubs_know_who_is_here_and_how_much_each_leads,
            a_hub_that_left_or_fell_silent_does_not_count,
            what_is_reported_is_seen_by_all,
            only_what_changed_is_read_again,
            an_older_fix_is_passed_over,
            whoever_came_elsewhere_is_not_gone,
            a_ring_is_heard_everywhere,
        );
    };
    (@cases $open:expr, $($case:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let (room, _keep) = $open.await;
            crate::cluster::conformance::$case(&room).await;
        }
    )*};
}
pub(crate) use cluster_suite;

const DISTRICT: u32 = 230_102;
const PATIENCE: Duration = Duration::from_secs(20);

pub fn bid(owner: Uuid, term: u64) -> Bid {
    let leader = Leader { owner, term, address: format!("127.0.0.1:{term}") };
    Bid { district: DISTRICT, leader, is_leading: false }
}

/// Bids until the store has seen enough of itself to answer.
pub async fn settled(room: &impl Election, wish: Bid) -> Standing {
    loop {
        match room.bid(wish.clone()).await.expect("it answers") {
            Standing::Wait { after_ms } => sleep(Duration::from_millis(after_ms)).await,
            standing @ (Standing::Held | Standing::Other(_)) => return standing,
        }
    }
}

pub async fn a_lease_is_held_by_one(room: &impl Room) {
    let (one, two) = (bid(Uuid::new_v4(), 1), bid(Uuid::new_v4(), 2));
    assert_eq!(settled(room, one.clone()).await, Standing::Held);
    assert_eq!(room.bid(two).await.unwrap(), Standing::Other(one.leader.clone()));
    assert_eq!(room.bid(one).await.unwrap(), Standing::Held);
}

pub async fn a_lease_that_is_not_renewed_runs_out(room: &impl Room) {
    let (one, two) = (bid(Uuid::new_v4(), 1), bid(Uuid::new_v4(), 2));
    assert_eq!(settled(room, one.clone()).await, Standing::Held);
    sleep(Duration::from_millis(LEASE_MS + 50)).await;
    assert_eq!(room.leader(DISTRICT).await.unwrap(), None);
    assert_eq!(room.bid(two.clone()).await.unwrap(), Standing::Held);
    assert_eq!(room.bid(one).await.unwrap(), Standing::Other(two.leader));
}

pub async fn a_renewed_lease_does_not_run_out(room: &impl Room) {
    let (one, two) = (bid(Uuid::new_v4(), 1), bid(Uuid::new_v4(), 2));
    assert_eq!(settled(room, one.clone()).await, Standing::Held);
    for _ in 0..4 {
        sleep(Duration::from_millis(LEASE_MS / 3)).await;
        assert_eq!(room.bid(one.clone()).await.unwrap(), Standing::Held);
    }
    assert_eq!(room.bid(two).await.unwrap(), Standing::Other(one.leader));
}

pub async fn only_the_holder_gives_back(room: &impl Room) {
    let (one, two) = (bid(Uuid::new_v4(), 1), bid(Uuid::new_v4(), 2));
    assert_eq!(settled(room, one.clone()).await, Standing::Held);
    assert!(!room.give_back(DISTRICT, two.leader.owner).await.unwrap());
    assert!(room.give_back(DISTRICT, one.leader.owner).await.unwrap());
    assert_eq!(room.bid(two).await.unwrap(), Standing::Held, "nobody waits for a lease that was given back");
}

pub async fn a_lease_says_where_its_holder_is(room: &impl Room) {
    let mut one = bid(Uuid::new_v4(), 0);
    assert_eq!(settled(room, one.clone()).await, Standing::Held);
    one.leader.term = 7;
    assert_eq!(room.bid(one.clone()).await.unwrap(), Standing::Held);
    assert_eq!(room.leader(DISTRICT).await.unwrap(), Some(one.leader));
}

pub async fn districts_have_leases_of_their_own(room: &impl Room) {
    let one = bid(Uuid::new_v4(), 1);
    let other = Bid { district: 7, ..bid(Uuid::new_v4(), 2) };
    assert_eq!(settled(room, one).await, Standing::Held);
    assert_eq!(settled(room, other.clone()).await, Standing::Held);
    assert_eq!(room.leader(7).await.unwrap(), Some(other.leader));
}

pub async fn hubs_know_who_is_here_and_how_much_each_leads(room: &impl Room) {
    let (one, two) = (Present { owner: Uuid::new_v4(), leads: 3 }, Present { owner: Uuid::new_v4(), leads: 0 });
    assert_eq!(room.attend(one).await.unwrap(), vec![one]);
    let more = Present { leads: 4, ..one };
    room.attend(two).await.unwrap();
    let mut both = vec![more, two];
    both.sort();
    assert_eq!(room.attend(more).await.unwrap(), both);
}

pub async fn a_hub_that_left_or_fell_silent_does_not_count(room: &impl Room) {
    let hub = || Present { owner: Uuid::new_v4(), leads: 1 };
    let (here, left, silent) = (hub(), hub(), hub());
    room.attend(silent).await.unwrap();
    sleep(Duration::from_millis(LEASE_MS / 2)).await;
    room.attend(left).await.unwrap();
    room.leave(left.owner).await.unwrap();
    sleep(Duration::from_millis(LEASE_MS / 2 + 50)).await;
    assert_eq!(room.attend(here).await.unwrap(), vec![here]);
}

fn fix(at_ms: i64) -> SeenFix {
    SeenFix { lat: 45.7556, lng: -126.6168, accuracy_m: 5.5, at_ms }
}

fn of(seen: &[Seen], volunteer: u64) -> Option<Seen> {
    seen.iter().copied().find(|it| it.volunteer == volunteer)
}

pub async fn what_is_reported_is_seen_by_all(room: &impl Room) {
    let hub = Uuid::new_v4();
    let (one, two) = (230_102_000_000_001, 230_102_000_000_002);
    let reports = vec![Report::Fix(one, fix(10)), Report::Online(one), Report::Online(two)];
    room.report(DISTRICT, hub, reports).await.unwrap();
    let seen = room.since(DISTRICT, 0).await.unwrap().seen;
    assert_eq!(of(&seen, one), Some(Seen { volunteer: one, hub: Some(hub), fix: Some(fix(10)) }));
    assert_eq!(of(&seen, two), Some(Seen { volunteer: two, hub: Some(hub), fix: None }));
    assert_eq!(room.since(7, 0).await.unwrap().seen, vec![]);
    room.report(DISTRICT, hub, vec![Report::Offline(one), Report::Forget(one)]).await.unwrap();
    let seen = room.since(DISTRICT, 0).await.unwrap().seen;
    assert_eq!(of(&seen, one), Some(Seen { volunteer: one, hub: None, fix: None }));
}

pub async fn only_what_changed_is_read_again(room: &impl Room) {
    let hub = Uuid::new_v4();
    room.report(DISTRICT, hub, vec![Report::Online(1)]).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    let cursor_ms = room.since(DISTRICT, 0).await.unwrap().cursor_ms;
    assert_eq!(room.since(DISTRICT, cursor_ms).await.unwrap().seen, vec![]);
    room.report(DISTRICT, hub, vec![Report::Fix(2, fix(1))]).await.unwrap();
    let seen = room.since(DISTRICT, cursor_ms).await.unwrap().seen;
    assert_eq!(seen.iter().map(|it| it.volunteer).collect::<Vec<_>>(), vec![2]);
}

pub async fn an_older_fix_is_passed_over(room: &impl Room) {
    let hub = Uuid::new_v4();
    room.report(DISTRICT, hub, vec![Report::Fix(1, fix(20)), Report::Fix(1, fix(10))]).await.unwrap();
    assert_eq!(room.since(DISTRICT, 0).await.unwrap().seen[0].fix, Some(fix(20)));
}

pub async fn whoever_came_elsewhere_is_not_gone(room: &impl Room) {
    let (here, there) = (Uuid::new_v4(), Uuid::new_v4());
    room.report(DISTRICT, here, vec![Report::Online(1)]).await.unwrap();
    room.report(DISTRICT, there, vec![Report::Online(1)]).await.unwrap();
    room.report(DISTRICT, here, vec![Report::Offline(1)]).await.unwrap();
    assert_eq!(room.since(DISTRICT, 0).await.unwrap().seen[0].hub, Some(there));
}

/// Rings until one is heard: whoever listens may not have been connected yet.
pub async fn a_ring_is_heard_everywhere(room: &impl Room) {
    let (mut one, mut two) = (room.listen(), room.listen());
    let ring = Ring { district: DISTRICT, term: 3, seq: 1 << 40 };
    for ear in [&mut one, &mut two] {
        let heard = timeout(PATIENCE, async {
            loop {
                room.ring(ring).await.unwrap();
                if let Ok(Ok(heard)) = timeout(Duration::from_millis(200), ear.recv()).await {
                    return heard;
                }
            }
        });
        assert_eq!(heard.await.expect("a ring is heard"), ring);
    }
}

mod memory {
    use crate::cluster::MemoryCluster;

    super::cluster_suite!(async { (MemoryCluster::default(), ()) });
}

mod redis {
    use crate::cluster::redis::server::RedisServer;
    use crate::cluster::redis::{RedisCluster, Servers};

    super::cluster_suite!(async {
        let server = RedisServer::start();
        (RedisCluster::new(Servers::parse(&server.url()).expect("an address")), server)
    });
}
