//! Several hubs with their people before them: phones on, callers calling.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use crowd::drive::{Endpoint, Notice, Witness};
use crowd::model::Pace;

use super::callers::{Desk, Told};
use super::hubs::{Hubs, PATIENCE};
use super::record::{self, Judgement};
use super::{Common, town};
use crate::load::ledger::{Account, Ledger};
use crate::load::people::Crowd;
use crate::load::stage::Cast;
use crate::load::until;

/// Hubs of every scene.
const HUBS: usize = 3;
/// Everybody online and on duty takes at most so long.
const ONLINE_WITHIN: Duration = Duration::from_secs(300);
/// After the last alarm, so long for the last answers.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// How many came back without a snapshot, and how many with one.
#[derive(Debug, Default)]
pub struct Returns {
    pub resumed: AtomicU64,
    pub with_snapshot: AtomicU64,
}

pub struct Stage {
    pub hubs: Hubs,
    pub desk: Desk,
    pub returns: Arc<Returns>,
    pub phones: usize,
    crowd: Crowd,
}

/// What is left of a scene when everybody has gone.
pub struct Outcome {
    pub account: Account,
    pub told: Told,
    pub judgement: Judgement,
}

/// To which hubs phones and callers go first, when the leader is known.
pub type Places = fn(leader: usize, count: usize) -> Vec<usize>;

/// Everywhere, in turn.
pub fn everywhere(_leader: usize, count: usize) -> Vec<usize> {
    (0..count).collect()
}

impl Stage {
    /// Starts everything and waits until `phones` people are online and on duty; calls begin with the scene.
    ///
    /// # Errors
    /// A program is missing, a hub refuses, or somebody does not come online.
    pub async fn set(common: &Common, phones: usize, places: Places) -> Result<Self> {
        let pace = Pace(common.life_speed.max(1));
        let cast = Cast::new(town::calls(common.seed), town::FORMAT, pace, (phones, common.seed))?;
        let hubs = Hubs::start(common.hub_bin.as_deref(), HUBS, &cast).await?;
        let (token, tokens) = hubs.sign_in(phones).await?;
        let places = places(hubs.leader().await?, hubs.count());
        let ways = places.into_iter().map(|place| hubs.way(place)).collect::<Result<Vec<Endpoint>>>()?;
        let (ledger, returns) = (Arc::<Ledger>::default(), Arc::<Returns>::default());
        let crowd = Crowd::start(&ways, &tokens, &cast, &witness(&ledger, &returns));
        let told = Arc::new(Mutex::new(Told::default()));
        let (calls, number) = (Arc::new(cast.calls), Arc::new(AtomicUsize::new(0)));
        let desk = Desk { hubs: ways, token, ledger, calls, told, number };
        let mut stage = Self { hubs, desk, returns, phones, crowd };
        stage.everybody(ONLINE_WITHIN).await?;
        Ok(stage)
    }

    /// Waits until all phones are online and on duty; how long that took.
    ///
    /// # Errors
    /// Not within `limit`, or a phone was turned away.
    pub async fn everybody(&mut self, limit: Duration) -> Result<Duration> {
        let began = Instant::now();
        let mut ended = Ok(());
        until("everybody online and on duty", limit, || {
            let (online, on_duty) = self.desk.ledger.online_and_on_duty();
            ended = self.crowd.check();
            (online >= self.phones && on_duty >= self.phones) || ended.is_err()
        })
        .await?;
        ended.map(|()| began.elapsed())
    }

    /// Waits until an alarm that was due after `moment` has reached a phone.
    ///
    /// # Errors
    /// None does in [`PATIENCE`].
    pub async fn dispatched_since(&self, moment: Instant) -> Result<()> {
        until("a first dispatch", PATIENCE, || self.desk.ledger.is_dispatched_since(moment)).await
    }

    /// The last offers and answers arrive, everybody goes, and the log is read from outside.
    ///
    /// # Errors
    /// A phone heard what is not the protocol, or the log cannot be read.
    pub async fn strike(self) -> Result<Outcome> {
        tokio::time::sleep(AFTERWARDS).await;
        let incomplete = self.crowd.stop().await?;
        let account = self.desk.ledger.account(incomplete);
        let told = std::mem::take(&mut *self.desk.told.lock().unwrap_or_else(PoisonError::into_inner));
        let judgement = record::judge(&self.hubs.postgres, &told)?;
        ensure!(!told.acknowledged.is_empty(), "nothing was acknowledged");
        Ok(Outcome { account, told, judgement })
    }
}

fn witness(ledger: &Arc<Ledger>, returns: &Arc<Returns>) -> Witness {
    let (ledger, returns) = (ledger.clone(), returns.clone());
    Arc::new(move |phone, notice| {
        match notice {
            Notice::Online { resumed: true } => _ = returns.resumed.fetch_add(1, Ordering::Relaxed),
            Notice::Online { resumed: false } => _ = returns.with_snapshot.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
        ledger.notice(phone, notice);
    })
}
