//! The dead man's switch: while this hub serves, it says so to an address outside, which raises the alarm when it hears no
//! more. Alert rules cannot do that: they die with what they run on.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::refusal::Refusal;
use crate::engine::{Doors, Role};

/// How often, when nothing else is said, seconds.
const EVERY_S: u64 = 30;
/// No oftener, seconds: the address is somebody else's.
const EVERY_S_MIN: u64 = 1;
/// Seldomer is no switch, seconds.
const EVERY_S_MAX: u64 = 3_600;
/// How long one beat may take: the next one is sent all the same.
const BEAT_LIMIT: Duration = Duration::from_secs(5);
/// Beats of several hubs shall not come in one moment: each is up to a fifth early.
const EARLY_PERCENT: std::ops::Range<u32> = 80..100;
/// How long a district may take to say that it is served.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// Where beats go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeatSettings {
    /// A file that holds the address alone: who knows it can silence the alarm.
    pub url_file: PathBuf,
    /// The authority that has signed its certificate (PEM), when it is not a public one.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// Seconds between two beats.
    #[serde(default = "every_s")]
    pub every_s: u64,
}

fn every_s() -> u64 {
    EVERY_S
}

impl BeatSettings {
    /// Refuses what cannot be right.
    pub fn check(&self) -> Result<(), Refusal> {
        if !(EVERY_S_MIN..=EVERY_S_MAX).contains(&self.every_s) {
            let why = format!("{} is not in {EVERY_S_MIN} ..= {EVERY_S_MAX}", self.every_s);
            return Err(Refusal::new("beat.every_s", why, format!("every_s = {EVERY_S}")));
        }
        let line = "url_file = \"/etc/baiying/beat.url\"";
        self.line().map(drop).map_err(|why| Refusal::new("beat.url_file", format!("{why:#}"), line))
    }

    fn line(&self) -> Result<Line> {
        let text = std::fs::read_to_string(&self.url_file);
        let text = text.with_context(|| format!("cannot read {}", self.url_file.display()))?;
        // Not its text: who knows it can silence the alarm.
        let url = reqwest::Url::parse(text.trim()).context("what it holds is no address")?;
        ensure!(matches!(url.scheme(), "https" | "http"), "its address is neither https nor http");
        // Fails when somebody has chosen one before: then that one is used.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut builder = reqwest::Client::builder().timeout(BEAT_LIMIT);
        if let Some(file) = &self.authority {
            let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            builder = builder.add_root_certificate(reqwest::Certificate::from_pem(&pem)?);
        }
        Ok(Line { url, client: builder.build()? })
    }
}

struct Line {
    url: reqwest::Url,
    client: reqwest::Client,
}

/// What a beat says. Nobody needs it but a person who looks.
#[derive(Serialize)]
struct Beat {
    version: &'static str,
    /// Districts that this hub leads.
    leads: Vec<u32>,
}

/// Beats until it is dropped. A hub that does not serve a district does not beat: silence is the message.
///
/// # Errors
/// When the address cannot be read any more.
pub fn beats(settings: &BeatSettings, doors: Doors) -> Result<impl Future<Output = ()> + use<>> {
    let (line, every) = (settings.line()?, Duration::from_secs(settings.every_s));
    Ok(async move {
        loop {
            let outcome = beat(&line, &doors).await;
            metrics::counter!("baiying_beats_total", "outcome" => outcome).increment(1);
            let pause = every * rand::rng().random_range(EARLY_PERCENT) / 100;
            sleep(pause).await;
        }
    })
}

async fn beat(line: &Line, doors: &Doors) -> &'static str {
    for engine in doors.all() {
        if engine.is_closed() || !engine.is_ready(READY_WITHIN).await {
            return "withheld";
        }
    }
    let leads = doors.all().filter(|engine| engine.role() == Role::Leading).map(|engine| engine.district().0);
    let beat = Beat { version: env!("CARGO_PKG_VERSION"), leads: leads.collect() };
    match line.client.post(line.url.clone()).json(&beat).send().await.and_then(reqwest::Response::error_for_status) {
        Ok(_) => "sent",
        Err(error) => {
            tracing::warn!(error = %error.without_url(), "nobody outside hears that this hub lives");
            "failed"
        }
    }
}
