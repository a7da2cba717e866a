//! A small town with people on duty, for whoever measures how long offers take beside something else.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use crowd::drive::Endpoint;
use indicatif::ProgressBar;
use matcher::{Position, Timestamp};

use super::alarms::Stream;
use super::figures::Milliseconds;
use super::hub::Installation;
use super::people::Crowd;
use super::stage::{Cast, Stage};
use super::{AFTERWARDS, Common};
use crate::calls::{Call, Format};

/// Many more than are ever busy at [`ALARMS`].
const PHONES: usize = 400;
/// Streets of the town each way, some 500 m apart: no call is merged with its neighbour's.
const STREETS: u32 = 16;
/// A wave of four asks in each quarter of a second, for so long that one alarm in a hundred is more than one.
const ALARMS: Stream = Stream { per_second: 4.0, seconds: 60.0 };

/// What came of the alarms.
pub struct Offers {
    /// From the moment an alarm was due to its offers on the phones of the first wave.
    pub ms: Milliseconds,
    /// To its receipt at the desk: how long it took until it was committed.
    pub receipt_ms: Milliseconds,
    /// What the caller had counted when the last alarm was answered.
    pub shown: u64,
}

/// A hub, and people on duty with their phones on.
pub struct Town {
    cast: Cast,
    stage: Stage,
    people: Crowd,
}

impl Town {
    /// # Errors
    /// The hub cannot be started, or refuses somebody.
    pub async fn open(hub_bin: Option<PathBuf>) -> anyhow::Result<Self> {
        let (calls, format) = (PathBuf::new(), Format::Montco);
        let common = Common { calls, format, hub_bin, data: None, life_speed: 60, seed: 1, json: false };
        let cast = Cast::of(&common, (0..STREETS * STREETS).map(call).collect(), PHONES)?;
        super::supply::enough(PHONES, cast.pace, ALARMS.per_second)?;
        let stage = Stage::set(&common, None, &cast, PHONES).await?;
        let people = stage.open_phones(&cast, ProgressBar::hidden()).await?;
        Ok(Self { cast, stage, people })
    }

    pub fn installation(&self) -> &Installation {
        &self.stage.installation
    }

    pub fn hub(&self) -> &Endpoint {
        &self.stage.desk.hub
    }

    pub fn operator(&self) -> &str {
        &self.stage.desk.token
    }

    /// Raises alarms; `shown` counts what others see of it.
    ///
    /// # Errors
    /// An alarm got no receipt, a push was lost or doubled, nobody was asked, or `shown` fails.
    pub async fn offers(self, shown: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<Offers> {
        let Self { cast, stage, mut people } = self;
        stage.desk.raise(&cast.calls, 0, ALARMS, || ()).await;
        let shown = shown()?;
        tokio::time::sleep(AFTERWARDS).await;
        people.check()?;
        let incomplete = people.stop().await?;
        let account = Arc::clone(&stage.desk.ledger).account(incomplete);
        stage.strike().await?;
        ensure!(account.failed.is_empty(), "alarms without a receipt: {:?}", account.failed);
        ensure!(account.pushes_lost + account.pushes_duplicated == 0, "a push was lost or doubled");
        let ms = Milliseconds::of(&account.to_offer).context("nobody was asked")?;
        let receipt_ms = Milliseconds::of(&account.to_commit).context("nothing was committed")?;
        Ok(Offers { ms, receipt_ms, shown })
    }
}

fn call(number: u32) -> Call {
    let (row, column) = (f64::from(number / STREETS), f64::from(number % STREETS));
    Call {
        at: Timestamp(0),
        kind: "ems_fall_victim".to_owned(),
        place: Position::from_degrees(45.70 + row * 5e-3, 126.50 + column * 7e-3),
        units: Vec::new(),
    }
}
