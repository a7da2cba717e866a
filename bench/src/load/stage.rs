//! Everything before the first alarm, and after the last: a hub with a district, its people online and on duty, a desk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use crowd::drive::{Endpoint, Witness};
use crowd::model::Pace;
use indicatif::ProgressBar;
use matcher::{Volunteer, WaveSize};

use super::alarms::Desk;
use super::files;
use super::hub::{Hub, Installation};
use super::people::{Crowd, import, operator, sign_in};
use super::{Common, until};
use crate::calls::{Call, Format};
use crate::scene::{self, Resident, Rules, Scene};

/// Everybody online and on duty takes at most so long.
const ONLINE_WITHIN: Duration = Duration::from_secs(300);
/// People asked in one wave.
pub const WAVE_SIZE: u16 = 4;

/// Who plays: the calls, the district round them, the people.
pub struct Cast {
    pub calls: Vec<Call>,
    pub scene: Scene,
    pub residents: Vec<Resident>,
    pub pace: Pace,
}

impl Cast {
    /// # Errors
    /// The calls make no district.
    pub fn of(common: &Common, calls: Vec<Call>, phones: usize) -> anyhow::Result<Self> {
        Self::new(calls, common.format, Pace(common.life_speed.max(1)), (phones, common.seed))
    }

    /// `people`: how many, and by which seed.
    ///
    /// # Errors
    /// The calls make no district.
    pub fn new(calls: Vec<Call>, format: Format, pace: Pace, people: (usize, u64)) -> anyhow::Result<Self> {
        let rules = Rules { format, pace, second_helper: false, wave_size: WaveSize::Fixed(WAVE_SIZE), batch_ms: 0 };
        let scene = scene::scene(&calls, format, &rules)?;
        let residents = scene::people(&calls, &scene, people.0, people.1);
        Ok(Self { calls, scene, residents, pace })
    }
}

/// A hub that is ready for alarms.
pub struct Stage {
    pub installation: Installation,
    pub desk: Desk,
    /// Of the sessions of those who have a phone.
    tokens: Vec<String>,
    hub: Option<Hub>,
    /// Removed when the stage is.
    folder: tempfile::TempDir,
}

impl Stage {
    /// Starts a hub (unless `running` names one), imports the scene and signs the first `phones` of its people in.
    ///
    /// # Errors
    /// The hub cannot be started, or refuses an import, an account or an invitation.
    pub async fn set(common: &Common, running: Option<&str>, cast: &Cast, phones: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = common.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let installation = Installation::new(common.hub_bin.as_deref(), &data)?;
        let hub = match running {
            Some(_) => None,
            None => {
                write_settings(&data, &cast.scene)?;
                Some(installation.serve().await?)
            }
        };
        let endpoint = match (&hub, running) {
            (Some(hub), _) => hub.endpoint.clone(),
            (None, base) => Endpoint::new(base.unwrap_or_default())?,
        };
        let volunteers: Vec<&Volunteer> = cast.residents.iter().map(|resident| &resident.volunteer).collect();
        let files = files::write(&folder.path().join("files"), &cast.scene, &volunteers)?;
        import(&installation, &files).await?;
        let token = operator(&installation, &endpoint).await?;
        let tokens = sign_in(&installation, &endpoint, folder.path(), phones).await?;
        let desk = Desk { hub: endpoint, token, ledger: Arc::default() };
        Ok(Self { installation, desk, tokens, hub, folder })
    }

    /// Opens every phone and waits until all are online and on duty.
    ///
    /// # Errors
    /// A phone is turned away, or not all are there in [`ONLINE_WITHIN`].
    pub async fn open_phones(&self, cast: &Cast, bar: ProgressBar) -> anyhow::Result<Crowd> {
        let ledger = Arc::clone(&self.desk.ledger);
        let witness: Witness = Arc::new(move |phone, notice| ledger.notice(phone, notice));
        let mut crowd = Crowd::start(std::slice::from_ref(&self.desk.hub), &self.tokens, cast, &witness);
        let all = self.tokens.len();
        let mut ended = Ok(());
        until("everybody online and on duty", ONLINE_WITHIN, || {
            let (online, on_duty) = self.desk.ledger.online_and_on_duty();
            bar.set_position(online as u64);
            ended = crowd.check();
            (online >= all && on_duty >= all) || ended.is_err()
        })
        .await?;
        bar.finish_and_clear();
        ended.map(|()| crowd)
    }

    pub fn pid(&self) -> Option<u32> {
        self.hub.as_ref().and_then(Hub::pid)
    }

    /// kill -9; what lies in the data folder stays.
    ///
    /// # Errors
    /// The hub was not running.
    pub async fn kill9(&mut self) -> anyhow::Result<()> {
        match self.hub.take() {
            Some(hub) => hub.kill9().await,
            None => anyhow::bail!("there is no hub of our own to kill"),
        }
    }

    /// SIGTERM; waits for a clean end.
    ///
    /// # Errors
    /// The hub was not running, or does not stop cleanly.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.hub.take().context("there is no hub of our own to stop")?.terminate().await
    }

    /// Starts the hub again on the same folder, at another port; everybody's sessions are still good.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn restart(&mut self) -> anyhow::Result<Duration> {
        let hub = self.installation.serve().await?;
        let ready_after = hub.ready_after;
        self.desk.hub = hub.endpoint.clone();
        self.desk.ledger = Arc::default();
        self.hub = Some(hub);
        Ok(ready_after)
    }

    /// Stops the hub cleanly, if it is our own.
    ///
    /// # Errors
    /// It does not stop cleanly.
    pub async fn strike(mut self) -> anyhow::Result<()> {
        if let Some(hub) = self.hub.take() {
            hub.terminate().await?;
        }
        self.folder.close().map_err(Into::into)
    }
}

/// The hub's settings: where the district is; its log without the ordinary.
fn write_settings(data: &PathBuf, scene: &Scene) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)?;
    let (lat, lng) = (scene.centre.lat(), scene.centre.lng());
    let settings = format!(
        "[district]\nnumber = {}\nname = {:?}\nlat = {lat:.7}\nlng = {lng:.7}\n\n[log]\nlevel = \"warn\"\n",
        scene::DISTRICT,
        scene.name
    );
    Ok(std::fs::write(data.join("hub.toml"), settings)?)
}
