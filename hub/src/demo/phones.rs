//! The telephones of the sample's people.

use anyhow::{Context, Result};
use crowd::drive::{Endpoint, Habits, Phone};
use crowd::model::{Pace, Person, Temper};
use matcher::{MINUTE_MS, VolunteerId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::SEED;
use super::sample::People;
use super::volunteers::{Member, VISITOR};
use crate::records::{LinkFor, Office};

/// Besides the patrol: every so-manyth of the others is at home and available.
const AVAILABLE_EVERY: usize = 6;
/// People of the demo walk and work so many times faster: an incident is over in minutes, and the wall shows a handful.
const PACE: Pace = Pace(15);
/// They answer hardly faster than in life, so that the wall shows the waiting, and a visitor's yes is not always too late.
const ANSWERS: Pace = Pace(2);
const LINK_MS: u64 = 10 * MINUTE_MS;

/// Phones that live.
pub struct Phones {
    lives: JoinSet<(VolunteerId, Result<()>)>,
}

impl Phones {
    /// Waits until the last has hung up; a phone that the hub turned away is told of, the others live on.
    pub async fn end(mut self) {
        while let Some(ended) = self.lives.join_next().await {
            if let Ok((volunteer, Err(error))) = ended {
                tracing::warn!(%volunteer, error = format!("{error:#}"), "a phone of the demo gave up");
            }
        }
    }
}

/// Signs in and connects: all patrols before this returns, the others behind.
pub async fn connect(
    hub: &Endpoint,
    people: &People,
    office: &Office,
    stopped: watch::Receiver<bool>,
) -> Result<Phones> {
    let on_duty = |(index, member): &(usize, &Member)| {
        member.volunteer.id.number() != VISITOR && (member.patrol || index % AVAILABLE_EVERY == 0)
    };
    let mut owners: Vec<(usize, &Member)> = people.members.iter().enumerate().filter(on_duty).collect();
    owners.sort_by_key(|(_, member)| !member.patrol);
    let links = owners.iter().map(|(_, member)| LinkFor::Volunteer(member.volunteer.id)).collect();
    let codes = office.issue_links(links, LINK_MS).await.context("links for the sample's phones")?;
    let mut lives = JoinSet::new();
    for ((index, member), code) in owners.into_iter().zip(codes) {
        let life = life(hub.clone(), index as u64, person(index, member), member.patrol, code, stopped.clone());
        let volunteer = member.volunteer.id;
        lives.spawn(async move { (volunteer, life.await) });
    }
    Ok(Phones { lives })
}

fn person(index: usize, member: &Member) -> Person {
    let mut temper = Temper::of(SEED, index as u64);
    temper.travel = member.volunteer.travel;
    Person::new(temper, member.person.home, PACE).answering(ANSWERS)
}

async fn life(
    hub: Endpoint,
    index: u64,
    person: Person,
    patrol: bool,
    code: String,
    stopped: watch::Receiver<bool>,
) -> Result<()> {
    let token = hub.sign_in_by_link(&code).await?.token;
    Phone::new(index, hub, token, person).habits(Habits { patrol }).run(stopped).await?;
    Ok(())
}
