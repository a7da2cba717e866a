//! Phones that answer and callers that repeat themselves until they are heard, with what each of them was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use crowd::drive::{Endpoint, Farewell, Notice, Phone};
use crowd::model::{Pace, Person, Temper};
use matcher::Position;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;
use wire::command::RaiseAlarm;
use wire::server::Outcome;

use super::stage::{PATIENCE, Stage, place};

/// Alarms a second, over all callers.
const ALARMS_PER_SECOND: u32 = 8;
/// How much faster people live, so that the few here are free again soon.
const PACE: u32 = 240;

/// What was told to whom.
#[derive(Default)]
pub struct Told {
    /// Alarms that were acknowledged, with what was said first.
    pub acknowledged: BTreeMap<Uuid, Outcome>,
    /// What was refused: never an alarm.
    pub refused: Vec<String>,
    /// When an offer about an alarm first reached a phone.
    pub offered: BTreeMap<Uuid, Instant>,
    /// What a stream that proves itself must never say.
    pub broken: Vec<String>,
    pub online: BTreeSet<u64>,
    /// How often a stream began anew with a snapshot.
    pub snapshots: usize,
}

/// Everybody, running.
pub struct People {
    pub told: Arc<Mutex<Told>>,
    phones: JoinSet<Result<Farewell>>,
    callers: JoinSet<()>,
    stop_phones: watch::Sender<bool>,
    stop_callers: watch::Sender<bool>,
}

fn lock(told: &Mutex<Told>) -> std::sync::MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

impl People {
    /// Switches every phone on, waits until all are online, and begins to call.
    pub async fn come(stage: &Stage) -> Result<Self> {
        let told = Arc::new(Mutex::new(Told::default()));
        let ((stop_phones, phones_stop), (stop_callers, callers_stop)) = (watch::channel(false), watch::channel(false));
        let mut ways = Vec::new();
        for favourite in 0..stage.hubs.len() {
            ways.push(stage.way_in(favourite).await?);
        }
        let mut phones = JoinSet::new();
        for (index, token) in stage.volunteers.iter().enumerate() {
            let phone = phone(index, ways[index % ways.len()].clone(), token, &told);
            phones.spawn(phone.run(phones_stop.clone()));
        }
        let began = Instant::now();
        while lock(&told).online.len() < stage.volunteers.len() {
            anyhow::ensure!(began.elapsed() < PATIENCE, "not everybody comes online: {}", stage.logs());
            sleep(Duration::from_millis(20)).await;
        }
        let mut callers = JoinSet::new();
        let desk = stage.desk.clone();
        callers.spawn(call(ways, desk, told.clone(), callers_stop));
        Ok(People { told, phones, callers, stop_phones, stop_callers })
    }

    /// How many alarms were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        lock(&self.told).acknowledged.len()
    }

    /// The incident of the alarm that was said last, of those that were decided at once.
    pub fn last_incident(&self) -> Option<wire::Id> {
        // Their ids rise with time.
        lock(&self.told).acknowledged.values().rev().find_map(|outcome| outcome.incident)
    }

    /// Waits until so many more alarms were acknowledged.
    pub async fn after(&self, alarms: usize) -> Result<()> {
        let (began, wanted) = (Instant::now(), self.acknowledged() + alarms);
        while self.acknowledged() < wanted {
            anyhow::ensure!(began.elapsed() < PATIENCE, "alarms are no longer acknowledged");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How often streams began anew with a snapshot so far.
    pub fn snapshots(&self) -> usize {
        lock(&self.told).snapshots
    }

    /// How many phones are online.
    pub fn online(&self) -> usize {
        lock(&self.told).online.len()
    }

    /// No more alarms; returns when every caller has been heard.
    pub async fn hush(&mut self) -> Result<()> {
        self.stop_callers.send_replace(true);
        let all = async { while self.callers.join_next().await.is_some() {} };
        Ok(tokio::time::timeout(PATIENCE, all).await?)
    }

    /// What was told until now; of what comes, only that.
    pub fn so_far(&self) -> Told {
        let mut told = lock(&self.told);
        let online = told.online.clone();
        let snapshots = told.snapshots;
        std::mem::replace(&mut *told, Told { online, snapshots, ..Told::default() })
    }

    /// Everybody goes; what they were told.
    pub async fn go(mut self) -> Result<Told> {
        self.stop_phones.send_replace(true);
        while let Some(ended) = self.phones.join_next().await {
            let farewell = ended??;
            if farewell.complete == Some(false) {
                lock(&self.told).broken.push("a phone has not heard all that it was sent".to_owned());
            }
        }
        Ok(std::mem::take(&mut *lock(&self.told)))
    }
}

fn phone(index: usize, way: Endpoint, token: &str, told: &Arc<Mutex<Told>>) -> Phone {
    let (lat, lng) = place(index);
    let home = Position::from_degrees(lat, lng).expect("a place");
    let person = Person::new(Temper::of(1, index as u64).always_comes(), home, Pace(PACE));
    let told = told.clone();
    let witness = Arc::new(move |phone, notice| note(&mut lock(&told), phone, notice));
    Phone::new(index as u64, way, token.to_owned(), person).witness(witness)
}

fn note(told: &mut Told, phone: u64, notice: Notice) {
    match notice {
        Notice::Online { resumed } => {
            told.online.insert(phone);
            told.snapshots += usize::from(!resumed);
        }
        Notice::Offline { .. } => _ = told.online.remove(&phone),
        Notice::Offered { trace: Some(alarm), .. } => _ = told.offered.entry(alarm).or_insert_with(Instant::now),
        Notice::Doubled { .. } | Notice::Lost { .. } => told.broken.push(format!("{notice:?}")),
        _ => {}
    }
}

async fn call(ways: Vec<Endpoint>, desk: String, told: Arc<Mutex<Told>>, stop: watch::Receiver<bool>) {
    let mut calls = JoinSet::new();
    for number in 0.. {
        if *stop.borrow() {
            break;
        }
        let (way, desk, told) = (ways[number % ways.len()].clone(), desk.clone(), told.clone());
        calls.spawn(async move { insist(&way, &desk, number, &told).await });
        sleep(Duration::from_secs(1) / ALARMS_PER_SECOND).await;
    }
    calls.join_all().await;
}

/// Says the same under the same id until it is acknowledged.
async fn insist(way: &Endpoint, desk: &str, number: usize, told: &Mutex<Told>) {
    let (id, alarm) = (Uuid::now_v7(), alarm(number));
    loop {
        match raise(way, desk, id, &alarm).await {
            Ok(outcome) => return drop(lock(told).acknowledged.insert(id, outcome)),
            Err(error) => {
                let why = format!("{error:#}");
                // A hub that died in the middle has refused nothing; nor has one whose database is away and that says so.
                let later = ["no answer", "cut off", "unknown_outcome", "office_unreachable"];
                if !later.iter().any(|words| why.contains(words)) {
                    lock(told).refused.push(why);
                    return;
                }
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Raises an alarm; the same id again gives the same answer.
pub async fn raise(way: &Endpoint, desk: &str, id: Uuid, alarm: &RaiseAlarm) -> Result<Outcome> {
    way.post_as(id, "/v1/alarms", Some(desk), alarm).await
}

/// Every alarm has a caller and a place of its own.
pub fn alarm(number: usize) -> RaiseAlarm {
    let (lat, lng) = place(number * 7);
    RaiseAlarm {
        kind: Some("fall".to_owned()),
        place: Some(wire::Place { lat, lng }),
        crs: wire::client::Crs::Wgs84,
        caller_phone: Some(format!("139{number:08}")),
        caller_name: None,
        address: None,
        words: Some("摔倒了".to_owned()),
        drill: false,
    }
}
