//! Gets everybody online: import, invitations, sign-in, sockets. Each step is what a community would do.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use crowd::drive::{Endpoint, Farewell, Phone, Witness};
use crowd::model::Person;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::files::Files;
use super::hub::Installation;
use super::stage::Cast;

/// Phones behind one address: a hub takes only so many sign-ins from one, and people do not all live in one house.
const PHONES_PER_ADDRESS: usize = 25;
/// Phones that are switched on each second: people do not all wake in the same moment.
const SWITCHED_ON_PER_SECOND: f64 = 500.0;
/// Sign-ins under way at once.
const ARRIVALS_AT_ONCE: usize = 32;

/// Imports every file; a bad row stops the run.
///
/// # Errors
/// The hub refuses a file; its report is in the message.
pub async fn import(installation: &Installation, files: &Files) -> anyhow::Result<()> {
    for (kind, path) in &files.0 {
        let path = path.display().to_string();
        let mut words = vec!["import", *kind, path.as_str()];
        if matches!(*kind, "grids" | "volunteers") {
            words.extend(["--crs", "wgs84"]);
        }
        installation.verb(&words).await?;
    }
    Ok(())
}

/// An operator who raises alarms for callers: the token of his session.
///
/// # Errors
/// The hub refuses the account or its link.
pub async fn operator(installation: &Installation, hub: &Endpoint) -> anyhow::Result<String> {
    installation.sign_in(hub, "bench-desk", "operator").await
}

/// Signs everybody in by his invitation: their tokens, in the order of the file of volunteers.
///
/// # Errors
/// An invitation is missing or refused.
pub async fn sign_in(
    installation: &Installation,
    hub: &Endpoint,
    folder: &Path,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    let out = folder.join("invitations.csv");
    installation.verb(&["invite", "--out", &out.display().to_string()]).await?;
    let mut codes: Vec<(u64, String)> = Vec::new();
    for row in csv::Reader::from_path(&out)?.records() {
        codes.push(invitation(&row?).context("an invitation without a name's number or a code")?);
    }
    ensure!(codes.len() >= count, "{} invitations for {count} people", codes.len());
    codes.sort_unstable();
    let houses = (0..count.div_ceil(PHONES_PER_ADDRESS)).map(|house| hub.from_address(address(house)));
    let houses = houses.collect::<anyhow::Result<Vec<Endpoint>>>()?;
    let arrivals = codes.into_iter().take(count).enumerate().map(|(index, (_, code))| {
        let house = houses[index / PHONES_PER_ADDRESS].clone();
        async move { Ok(house.sign_in_by_link(&code).await?.token) }
    });
    let signed_in: Vec<_> = futures_util::stream::iter(arrivals).buffered(ARRIVALS_AT_ONCE).collect().await;
    signed_in.into_iter().collect()
}

/// `volunteer, name, link`: the number that ends the name, and the code that ends the link.
fn invitation(row: &csv::StringRecord) -> Option<(u64, String)> {
    let number = row.get(1)?.rsplit(' ').next()?.parse().ok()?;
    Some((number, row.get(2)?.split('#').nth(1)?.to_owned()))
}

/// Loopback has sixteen million addresses; each house gets one.
fn address(house: usize) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + house as u32)
}

/// Everybody's phone, each on a task of its own.
pub struct Crowd {
    phones: JoinSet<anyhow::Result<Farewell>>,
    stop: watch::Sender<bool>,
}

impl Crowd {
    /// Phone number n goes to hub n of `hubs`, round and round.
    pub fn start(hubs: &[Endpoint], tokens: &[String], cast: &Cast, witness: &Witness) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut phones = JoinSet::new();
        for (index, (token, resident)) in tokens.iter().zip(&cast.residents).enumerate() {
            let person = Person::new(resident.temper, resident.volunteer.home, cast.pace);
            let phone = Phone::new(index as u64, hubs[index % hubs.len()].clone(), token.clone(), person)
                .witness(Arc::clone(witness));
            let (wait, stopped) = (Duration::from_secs_f64(index as f64 / SWITCHED_ON_PER_SECOND), stopped.clone());
            phones.spawn(async move {
                tokio::time::sleep(wait).await;
                phone.run(stopped).await
            });
        }
        Self { phones, stop }
    }

    /// A phone that has ended although nobody told it to.
    ///
    /// # Errors
    /// Why it ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.phones.try_join_next() {
            None => Ok(()),
            Some(ended) => ended?.map(drop),
        }
    }

    /// Everybody hangs up; how many could not prove that all that was sent to them had come.
    ///
    /// # Errors
    /// A phone was turned away or heard what is not the protocol.
    pub async fn stop(mut self) -> anyhow::Result<u64> {
        self.stop.send_replace(true);
        let mut incomplete = 0;
        while let Some(ended) = self.phones.join_next().await {
            incomplete += u64::from(ended??.complete != Some(true));
        }
        Ok(incomplete)
    }

    /// Stops at once, without a word: the hub has been killed.
    pub async fn abandon(mut self) {
        self.phones.shutdown().await;
    }
}
