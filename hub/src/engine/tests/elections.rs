//! What a hub makes of what the election says, and of what was kept while nobody led.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::time::{Duration, sleep, timeout};
use uuid::Uuid;

use super::faulty::{Fault, FaultyJournal};
use super::hubs::{Hub, PATIENCE, hub_among};
use super::street::{DISTRICT, alarm, by_system, founding, submit};
use crate::cluster::{Answer, Bid, ClusterError, Election, LEASE_MS, Leader, MemoryCluster, Present, Standing};
use crate::engine::{Hubs, Role};

/// What the election says.
#[derive(Clone)]
enum Says {
    /// What is so.
    Truth,
    /// Of a store that was emptied: whoever does not lead waits.
    Emptied,
    /// That another holds the lease.
    Another(Leader),
    /// Nothing.
    Nothing,
}

/// Leases in memory, which say what they are told to.
struct Ballot {
    cluster: MemoryCluster,
    says: Mutex<Says>,
    /// Bids that were not answered with the truth.
    misled: AtomicUsize,
    looked: AtomicUsize,
    given_back: AtomicUsize,
}

impl Ballot {
    fn new(cluster: MemoryCluster) -> Arc<Self> {
        let (says, zero) = (Mutex::new(Says::Truth), AtomicUsize::default);
        Arc::new(Ballot { cluster, says, misled: zero(), looked: zero(), given_back: zero() })
    }

    fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// A hub that hears this election.
    fn hubs(self: &Arc<Self>, address: &str) -> Hubs {
        Hubs { election: self.clone(), ..Hubs::of(self.cluster.clone(), address.to_owned()) }
    }
}

fn unreachable<T: Send + 'static>() -> BoxFuture<'static, Answer<T>> {
    ready(Err(ClusterError::Unreachable { detail: "the test said so".to_owned() })).boxed()
}

impl Election for Ballot {
    fn bid(&self, bid: Bid) -> BoxFuture<'_, Answer<Standing>> {
        let says = self.says.lock().unwrap().clone();
        self.misled.fetch_add(usize::from(!matches!(says, Says::Truth)), Ordering::Relaxed);
        match says {
            Says::Another(leader) => ready(Ok(Standing::Other(leader))).boxed(),
            Says::Emptied if !bid.is_leading => ready(Ok(Standing::Wait { after_ms: LEASE_MS })).boxed(),
            Says::Nothing => unreachable(),
            Says::Truth | Says::Emptied => self.cluster.bid(bid),
        }
    }

    fn give_back(&self, district: u32, owner: Uuid) -> BoxFuture<'_, Answer<bool>> {
        async move {
            let is_given = self.cluster.give_back(district, owner).await?;
            self.given_back.fetch_add(usize::from(is_given), Ordering::Relaxed);
            Ok(is_given)
        }
        .boxed()
    }

    fn attend(&self, hub: Present) -> BoxFuture<'_, Answer<Vec<Present>>> {
        self.cluster.attend(hub)
    }

    fn leave(&self, owner: Uuid) -> BoxFuture<'_, Answer<()>> {
        Election::leave(&self.cluster, owner)
    }

    fn leader(&self, district: u32) -> BoxFuture<'_, Answer<Option<Leader>>> {
        self.looked.fetch_add(1, Ordering::Relaxed);
        self.cluster.leader(district)
    }
}

async fn until(words: &str, is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, so).await.unwrap_or_else(|_| panic!("{words}"));
}

/// A hub that leads a founded street.
async fn leading(journal: &FaultyJournal, ballot: &Arc<Ballot>) -> Hub {
    let hub = hub_among(journal, ballot.hubs("one:1")).await;
    hub.leads().await;
    for command in founding(3) {
        submit(&hub.handle, command).await.expect("the street is founded");
    }
    hub
}

/// Else every alarm through another hub would wait for the leader's next renewal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_redis_does_not_make_a_follower_forget_its_leader() {
    let (journal, ballot) = (FaultyJournal::default(), Ballot::new(MemoryCluster::default()));
    let _one = leading(&journal, &Ballot::new(ballot.cluster.clone())).await;
    let two = hub_among(&journal, ballot.hubs("two:2")).await;
    assert!(matches!(two.handle.led_by(PATIENCE).await, Some(Role::Following(Some(_)))));
    ballot.say(Says::Emptied);
    until("it bids on", || ballot.misled.load(Ordering::Relaxed) >= 3).await;
    let role = two.handle.role();
    assert!(matches!(&role, Role::Following(Some(leader)) if leader.address == "one:1"), "{role:?}");
}

/// SQL says who leads, and it has not said otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_redis_deposes_nobody() {
    let (journal, ballot) = (FaultyJournal::default(), Ballot::new(MemoryCluster::default()));
    let one = leading(&journal, &ballot).await;
    ballot.say(Says::Nothing);
    until("it bids on", || ballot.misled.load(Ordering::Relaxed) >= 5).await;
    assert_eq!(one.handle.role(), Role::Leading);
    submit(&one.handle, alarm(100.0)).await.expect("it is decided here");
}

/// It does not wait until SQL fences it: what it would take meanwhile could not be committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hears_that_another_holds_the_lease_steps_down() {
    let (journal, ballot) = (FaultyJournal::default(), Ballot::new(MemoryCluster::default()));
    let one = leading(&journal, &ballot).await;
    let other = Leader { owner: Uuid::from_u128(9), term: 7, address: "other:9".to_owned() };
    ballot.say(Says::Another(other.clone()));
    until("it steps down", || one.handle.role() == Role::Following(Some(other.clone()))).await;
}

/// Else the next leader would fence the last batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_goes_back_when_the_writer_has_ended_and_not_before() {
    let (journal, ballot) = (FaultyJournal::default(), Ballot::new(MemoryCluster::default()));
    let one = leading(&journal, &ballot).await;
    let appended = journal.appends.came();
    journal.appends.shut(true);
    let handle = one.handle.clone();
    let last = tokio::spawn(async move { submit(&handle, alarm(100.0)).await });
    until("the last batch is under way", || journal.appends.came() > appended).await;
    let looked = ballot.looked.load(Ordering::Relaxed);
    let going = tokio::spawn(async move {
        one.engine.hand_over().await;
        one
    });
    until("the election knows that it goes", || ballot.looked.load(Ordering::Relaxed) >= looked + 3).await;
    assert_eq!(ballot.given_back.load(Ordering::Relaxed), 0, "its last batch is not through");
    journal.appends.shut(false);
    last.await.unwrap().expect("it was not fenced");
    until("the lease goes back", || ballot.given_back.load(Ordering::Relaxed) == 1).await;
    going.await.unwrap();
}

/// A street that nobody leads, and an alarm that was kept there.
async fn kept(journal: &FaultyJournal) -> (MemoryCluster, Hub) {
    let cluster = MemoryCluster::default();
    let one = leading(journal, &Ballot::new(cluster.clone())).await;
    timeout(PATIENCE, one.engine.hand_over()).await.expect("it leaves the lead");
    one.handle.keep(by_system(alarm(100.0)), None).await.expect("it is durable");
    (cluster, one)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_takes_no_commands_before_what_was_kept_is_decided() {
    let journal = FaultyJournal::default();
    let (cluster, _one) = kept(&journal).await;
    let asked = journal.intakes.came();
    journal.intakes.shut(true);
    let two = hub_among(&journal, Hubs::of(cluster, "two:2".to_owned())).await;
    until("it asks what was kept", || journal.intakes.came() > asked).await;
    assert_ne!(two.handle.role(), Role::Leading, "its queue is not open yet");
    journal.intakes.shut(false);
    two.leads().await;
    assert_eq!(two.handle.read(|district| district.incidents().count()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_alarm_whose_commit_is_lost_stays_kept() {
    let journal = FaultyJournal::default();
    let (cluster, _one) = kept(&journal).await;
    journal.fail_next(Fault::Lost);
    let two = hub_among(&journal, Hubs::of(cluster, "two:2".to_owned())).await;
    two.leads().await;
    assert_eq!(two.handle.read(|district| district.incidents().count()), 1, "decided by the next who leads");
    assert!(crate::store::Journal::intake(&journal, DISTRICT.0).await.unwrap().is_empty());
}
