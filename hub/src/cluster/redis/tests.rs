//! What only a server of its own can do: start empty, stand still, die, be replaced.

use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::server::{RedisServer, TlsFiles};
use super::{LEASE_LIMIT, RedisCluster, Servers};
use crate::cluster::conformance::{bid, settled};
use crate::cluster::doorbell::{Doorbell, Ring};
use crate::cluster::election::{Bid, Election, LEASE_MS, Standing};
use crate::cluster::error::ClusterError;
use crate::cluster::presence::{Presence, Report};

const DISTRICT: u32 = 230_102;

#[test]
fn addresses_are_read_and_a_password_is_never_shown() {
    for good in
        ["redis://a:6379/1", "rediss://hub:secret@a:6380/1", "redis+sentinel://hub:secret@a:26379,b:26380/baiying/2"]
    {
        Servers::parse(good).unwrap_or_else(|why| panic!("{good}: {why:#}"));
    }
    for wrong in ["http://hub:secret@a", "redis+sentinel://hub:secret@a:26379", "redis+sentinel:///name"] {
        let why = format!("{:#}", Servers::parse(wrong).unwrap_err());
        assert!(!why.contains("secret"), "{why}");
    }
}

/// Everything over TLS: the Sentinels, the lease, and the ear.
#[tokio::test]
async fn over_tls_only_a_server_that_the_authority_vouches_for_is_believed() {
    let (own, strange) = (Authority::draw(), Authority::draw());
    let server = RedisServer::start_with(&own.files);
    let sentinel = server.sentinel_with("baiying", &own.files);
    let direct = format!("rediss://127.0.0.1:{}/", server.port());
    let by_sentinel = format!("rediss+sentinel://127.0.0.1:{}/baiying", sentinel.port());
    let leader = bid(Uuid::new_v4(), 1);
    for url in [&direct, &by_sentinel] {
        let believed = Servers::parse(url).unwrap().trusting(own.pem.clone()).unwrap();
        let room = RedisCluster::new(believed);
        let mut ear = room.listen();
        assert_eq!(settled(&room, leader.clone()).await, Standing::Held, "{url}");
        heard(&room, &mut ear).await;
        let doubted = RedisCluster::new(Servers::parse(url).unwrap().trusting(strange.pem.clone()).unwrap());
        assert!(doubted.bid(leader.clone()).await.is_err(), "{url}: of another authority");
    }
    let plain = Servers::parse(&server.url()).unwrap();
    assert!(plain.trusting(own.pem.clone()).is_err(), "without TLS an authority means nothing");
}

/// A certificate authority with a server's certificate for 127.0.0.1, as files.
struct Authority {
    pem: Vec<u8>,
    files: TlsFiles,
    _folder: tempfile::TempDir,
}

impl Authority {
    fn draw() -> Self {
        let folder = tempfile::tempdir().unwrap();
        crate::cluster::peers::draw_for(folder.path(), "127.0.0.1").unwrap();
        let [certificate, key, authority] = ["hub.pem", "hub.key", "hubs-ca.pem"].map(|name| folder.path().join(name));
        let pem = std::fs::read(&authority).unwrap();
        Authority { pem, files: TlsFiles { certificate, key, authority }, _folder: folder }
    }
}

async fn room() -> (RedisCluster, RedisServer) {
    let server = RedisServer::start();
    (RedisCluster::new(Servers::parse(&server.url()).unwrap()), server)
}

fn leading(wish: &Bid) -> Bid {
    Bid { is_leading: true, ..wish.clone() }
}

#[tokio::test]
async fn after_a_flush_the_leader_renews_at_once_and_the_others_wait_for_one_lease() {
    let (room, server) = room().await;
    let (leader, other) = (bid(Uuid::new_v4(), 1), bid(Uuid::new_v4(), 2));
    assert_eq!(settled(&room, leader.clone()).await, Standing::Held);
    server.order("FLUSHALL");
    let Standing::Wait { after_ms } = room.bid(other.clone()).await.unwrap() else {
        panic!("an empty store hides a leader who has not renewed yet")
    };
    assert!(after_ms <= LEASE_MS);
    assert_eq!(room.bid(leading(&leader)).await.unwrap(), Standing::Held);
    assert_eq!(room.bid(other).await.unwrap(), Standing::Other(leader.leader));
}

#[tokio::test]
async fn a_frozen_server_costs_a_lease_operation_its_limit_and_says_nothing_about_who_leads() {
    let (room, server) = room().await;
    let leader = bid(Uuid::new_v4(), 1);
    assert_eq!(settled(&room, leader.clone()).await, Standing::Held);
    server.freeze();
    let began = Instant::now();
    let asked = room.bid(leading(&leader)).await;
    server.thaw();
    assert!(matches!(asked, Err(ClusterError::Unreachable { .. })), "{asked:?}");
    assert!(began.elapsed() >= LEASE_LIMIT, "it was given its time");
    assert_eq!(again(&room, leading(&leader)).await, Standing::Held, "it answers again and the lease is taken back");
}

/// Asks until it answers.
async fn again(room: &RedisCluster, wish: Bid) -> Standing {
    loop {
        if let Ok(standing) = room.bid(wish.clone()).await {
            return standing;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_that_comes_back_empty_is_used_again_by_all_roads() {
    let (room, mut server) = room().await;
    let leader = bid(Uuid::new_v4(), 1);
    assert_eq!(settled(&room, leader.clone()).await, Standing::Held);
    let mut ear = room.listen();
    server.kill();
    assert!(room.bid(leading(&leader)).await.is_err());
    assert!(room.report(DISTRICT, Uuid::new_v4(), vec![Report::Online(1)]).await.is_err());
    server.start_again();
    assert_eq!(again(&room, leading(&leader)).await, Standing::Held);
    assert_eq!(room.since(DISTRICT, 0).await.unwrap().seen, vec![]);
    heard(&room, &mut ear).await;
}

async fn heard(room: &RedisCluster, ear: &mut tokio::sync::broadcast::Receiver<Ring>) {
    let ring = Ring { district: DISTRICT, term: 1, seq: 2 };
    let rung = async {
        loop {
            room.ring(ring).await.ok();
            if let Ok(Ok(heard)) = tokio::time::timeout(Duration::from_millis(200), ear.recv()).await {
                return heard;
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), rung).await.expect("rings are heard again"), ring);
}

/// Takes connections and, once told, swallows every byte of them: what a cable that was cut looks like.
async fn swallowing(to: u16, cut: tokio::sync::watch::Receiver<bool>) -> u16 {
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = tcp.accept().await {
            let mut cut = cut.clone();
            tokio::spawn(async move {
                // Connections made after the cut are sound: only the old ones are half open.
                let was_cut = *cut.borrow();
                let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    () = is_told(&mut cut), if !was_cut => std::future::pending().await,
                }
            });
        }
    });
    port
}

async fn is_told(cut: &mut tokio::sync::watch::Receiver<bool>) {
    drop(cut.wait_for(|is| *is).await);
}

#[tokio::test]
async fn a_half_open_connection_is_left_by_all_roads() {
    let server = RedisServer::start();
    let (cut, is_cut) = tokio::sync::watch::channel(false);
    let port = swallowing(server.port(), is_cut).await;
    let room = RedisCluster::new(Servers::parse(&format!("redis://127.0.0.1:{port}/")).unwrap());
    let leader = bid(Uuid::new_v4(), 1);
    let mut ear = room.listen();
    assert_eq!(settled(&room, leader.clone()).await, Standing::Held);
    heard(&room, &mut ear).await;
    cut.send_replace(true);
    assert!(room.bid(leading(&leader)).await.is_err(), "the old connection swallows it");
    assert_eq!(again(&room, leading(&leader)).await, Standing::Held, "a new one does not");
    heard(&room, &mut ear).await;
}

#[tokio::test]
async fn the_master_that_the_sentinels_name_is_found_again_after_it_changed() {
    let (mut one, two) = (RedisServer::start(), RedisServer::start());
    let sentinel = one.sentinel("baiying");
    let url = format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/baiying", sentinel.port());
    let room = RedisCluster::new(Servers::parse(&url).unwrap());
    let leader = bid(Uuid::new_v4(), 1);
    assert_eq!(settled(&room, leader.clone()).await, Standing::Held);
    sentinel.order("SENTINEL REMOVE baiying");
    sentinel.order(&format!("SENTINEL MONITOR baiying 127.0.0.1 {} 1", two.port()));
    one.kill();
    assert_eq!(again(&room, leading(&leader)).await, Standing::Held);
    let direct = RedisCluster::new(Servers::parse(&two.url()).unwrap());
    assert_eq!(direct.leader(DISTRICT).await.unwrap(), Some(leader.leader), "the lease is in the new master");
}
