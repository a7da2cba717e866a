//! What a volunteer can do.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Skills of one district: what a [`SkillSet`] can hold.
pub const SKILLS_MAX: usize = 128;

/// A skill's number in its district: 0 ..= 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SkillId(pub u8);

/// A skill by its code (`first_aid`; a-z, 0-9, `_`, at most 40) and its name for people (急救).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    pub id: SkillId,
    pub code: String,
    pub name: String,
}

/// A set of skills as a bit mask. In JSON a list of skill numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SkillSet(pub u128);

impl SkillSet {
    pub const EMPTY: SkillSet = SkillSet(0);

    pub const fn only(skill: SkillId) -> Self {
        Self(1 << skill.0)
    }

    pub const fn with(self, skill: SkillId) -> Self {
        Self(self.0 | 1 << skill.0)
    }

    pub const fn contains(self, skill: SkillId) -> bool {
        self.0 >> skill.0 & 1 == 1
    }

    /// Whether every skill of `needed` is here.
    pub const fn covers(self, needed: SkillSet) -> bool {
        self.0 & needed.0 == needed.0
    }

    pub fn iter(self) -> impl Iterator<Item = SkillId> {
        (0..SKILLS_MAX as u8).map(SkillId).filter(move |&s| self.contains(s))
    }
}

impl FromIterator<SkillId> for SkillSet {
    fn from_iter<I: IntoIterator<Item = SkillId>>(skills: I) -> Self {
        skills.into_iter().fold(Self::EMPTY, SkillSet::with)
    }
}

impl Serialize for SkillSet {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for SkillSet {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let skills = Vec::<SkillId>::deserialize(d)?;
        match skills.iter().find(|s| usize::from(s.0) >= SKILLS_MAX) {
            Some(s) => Err(serde::de::Error::custom(format!("skill number {} is over 127", s.0))),
            None => Ok(skills.into_iter().collect()),
        }
    }
}

/// A skill that a volunteer holds, until its certificate expires if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillHeld {
    pub skill: SkillId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
