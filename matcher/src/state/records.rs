//! What the district keeps, by id: volunteers, grids, incidents with their offers, assignments and tasks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::geometry::Bounds;
use super::learnt::{Custom, Habit};
use super::shelf::{Record, Shelf};
use super::timers::TimerKey;
use crate::event::WaveExplanation;
use crate::model::*;
use crate::shared;

/// A volunteer with his duty and his engagements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolunteerRecord {
    pub profile: Volunteer,
    pub duty: Duty,
    /// What his duty goes back to when his rest ends.
    pub before_rest: DutyStatus,
    pub rest_until: Option<Timestamp>,
    /// Standing offers and active assignments.
    pub offers: Vec<OfferId>,
    pub assignments: Vec<AssignmentId>,
    /// When he was asked within the last 24 h, oldest first.
    pub alerts: Vec<Timestamp>,
    pub checked_in_at: Option<Timestamp>,
    /// What he was asked and what he accepted.
    #[serde(default, skip_serializing_if = "Habit::is_empty")]
    pub habit: Habit,
    pub(super) armed: Option<Timestamp>,
}

impl VolunteerRecord {
    pub(super) fn new(profile: Volunteer, at: Timestamp) -> Self {
        Self {
            profile,
            duty: Duty { status: DutyStatus::OffDuty, until: None, since: at },
            before_rest: DutyStatus::OffDuty,
            rest_until: None,
            offers: Vec::new(),
            assignments: Vec::new(),
            alerts: Vec::new(),
            checked_in_at: None,
            habit: Habit::default(),
            armed: None,
        }
    }

    /// Skills whose certificate has not expired at `now`.
    pub fn skills_at(&self, now: Timestamp) -> SkillSet {
        let valid = self.profile.skills.iter().filter(|held| held.until.is_none_or(|until| until > now));
        valid.map(|held| held.skill).collect()
    }

    /// On duty in any way, also resting or engaged: what a grid's minimum counts.
    pub fn on_duty(&self) -> bool {
        self.duty.status != DutyStatus::OffDuty
    }

    /// Has as many assignments as he can carry.
    pub fn full(&self) -> bool {
        self.assignments.len() >= usize::from(self.profile.capacity)
    }

    /// Alerts in the 24 hours before `now`.
    pub fn alerts_at(&self, now: Timestamp) -> u16 {
        (self.alerts.len() - self.alerts_before(now)).min(usize::from(u16::MAX)) as u16
    }

    /// How many alerts, the oldest, are more than 24 hours before `now`.
    pub(super) fn alerts_before(&self, now: Timestamp) -> usize {
        let since = now.minus_ms(DAY_MS);
        match self.alerts.first() {
            Some(&first) if first <= since => self.alerts.partition_point(|&at| at <= since),
            Some(_) | None => 0,
        }
    }
}

/// A grid with what is counted on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridRecord {
    pub grid: Grid,
    pub(super) bounds: Bounds,
    pub on_duty: u16,
    /// It has been told that fewer than the minimum are on duty.
    pub under_minimum: bool,
}

/// One round of offers as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveRecord {
    pub wave: u16,
    pub sent_at: Timestamp,
    pub deadline: Timestamp,
    pub supplement: bool,
    #[serde(with = "shared")]
    pub explanation: Arc<WaveExplanation>,
}

/// An incident with what only the engine needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRecord {
    pub incident: Incident,
    pub raised_by: Option<VolunteerId>,
    /// When its clocks started: at opening, or when it was last reopened.
    pub clock_from: Timestamp,
    /// Rounds since then, supplements not counted; decides the radius.
    pub rounds: u16,
    /// Offers that can still be answered, and assignments that are not over.
    pub standing: Vec<OfferId>,
    pub active: Vec<AssignmentId>,
    /// Of the standing offers, those that no phone had received after five seconds.
    pub unreceived: Vec<OfferId>,
    pub waves: Vec<WaveRecord>,
    pub(super) armed: Option<Timestamp>,
}

impl IncidentRecord {
    /// Collected with others of its kind, to be matched together when its time comes: nobody is asked before.
    pub fn in_batch(&self) -> bool {
        self.rounds == 0 && self.waves.is_empty() && self.incident.next_wave_at.is_some()
    }
}

/// All records of a district.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Records {
    pub(super) volunteers: Shelf<VolunteerRecord>,
    pub(super) grids: Shelf<GridRecord>,
    pub(super) incidents: Shelf<IncidentRecord>,
    pub(super) offers: Shelf<Offer>,
    pub(super) assignments: Shelf<Assignment>,
    pub(super) tasks: Shelf<DeskTask>,
    #[serde(default, skip_serializing_if = "Shelf::is_empty")]
    pub(super) customs: Shelf<Custom>,
}

impl Records {
    pub(crate) fn incidents(&self) -> impl Iterator<Item = &IncidentRecord> {
        self.incidents.iter()
    }

    pub(crate) fn volunteers(&self) -> impl Iterator<Item = &VolunteerRecord> {
        self.volunteers.iter()
    }

    pub(crate) fn grids(&self) -> impl Iterator<Item = &GridRecord> {
        self.grids.iter()
    }
}

/// A record that has a shelf of its own, and perhaps somebody whose timer must be set anew when it changes.
pub trait Kept: Record {
    const NAME: &'static str;
    fn shelf(records: &Records) -> &Shelf<Self>;
    fn shelf_mut(records: &mut Records) -> &mut Shelf<Self>;
    /// Whose timer depends on it.
    fn timer(&self) -> Option<TimerKey>;
    /// When that timer is set for, if this record is the owner itself.
    fn armed(&self) -> Option<Timestamp>;
}

macro_rules! kept {
    ($($record:ty, $name:literal, $shelf:ident, |$it:ident| $key:expr, $timer:expr, $armed:expr;)*) => {$(
        impl Record for $record {
            fn key(&self) -> u64 {
                let $it = self;
                $key
            }
        }

        impl Kept for $record {
            const NAME: &'static str = $name;

            fn shelf(records: &Records) -> &Shelf<Self> {
                &records.$shelf
            }

            fn shelf_mut(records: &mut Records) -> &mut Shelf<Self> {
                &mut records.$shelf
            }

            fn timer(&self) -> Option<TimerKey> {
                let $it = self;
                $timer
            }

            fn armed(&self) -> Option<Timestamp> {
                let $it = self;
                $armed
            }
        }
    )*};
}

kept! {
    VolunteerRecord, "volunteer", volunteers, |it| it.profile.id.0, Some(TimerKey::Volunteer(it.profile.id)), it.armed;
    GridRecord, "grid", grids, |it| it.grid.id.0, never(it), never(it);
    IncidentRecord, "incident", incidents, |it| it.incident.id.0, Some(TimerKey::Incident(it.incident.id)), it.armed;
    Offer, "offer", offers, |it| it.id.0, Some(TimerKey::Incident(it.incident)), never(it);
    Assignment, "assignment", assignments, |it| it.id.0, Some(TimerKey::Incident(it.incident)), never(it);
    DeskTask, "task", tasks, |it| it.id.0, Some(TimerKey::Incident(it.incident)), never(it);
    Custom, "custom", customs, |it| it.key, never(it), never(it);
}

fn never<R, T>(_: &R) -> Option<T> {
    None
}
