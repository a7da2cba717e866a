//! What the office has defined, and the counters that ids are minted from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::learnt::Learning;
use crate::model::*;
use crate::shared;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub name: String,
    pub centre: Option<Position>,
    pub drill: bool,
    /// When service last resumed after a gap: five seconds without `received` are counted from then at the earliest.
    pub resumed_at: Timestamp,
    #[serde(with = "shared")]
    pub skills: Arc<BTreeMap<SkillId, Skill>>,
    #[serde(with = "shared")]
    pub teams: Arc<BTreeMap<TeamId, Team>>,
    #[serde(with = "shared")]
    pub plans: Arc<BTreeMap<KindCode, ResponsePlan>>,
    /// `None` until a plan's waves are to fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning: Option<Learning>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            centre: None,
            drill: false,
            resumed_at: Timestamp(0),
            skills: Arc::default(),
            teams: Arc::default(),
            plans: Arc::default(),
            learning: None,
        }
    }
}

/// The last number given out of each kind of id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    pub incident: u64,
    pub call: u64,
    pub offer: u64,
    pub assignment: u64,
    pub task: u64,
}
