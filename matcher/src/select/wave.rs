//! One wave: whom to ask for the open slots of an incident, and the explanation that is journalled with it.

use std::collections::BTreeMap;

use super::index::Index;
use super::order::{Judge, RankQuery, Ranked, Ranking};
use super::pool::{Member, Pool};
use crate::event::{Excluded, Fitted, NEXT_IN_ORDER_MAX, WaveExplanation};
use crate::model::{Fit, GridPreference, Place, SkillId, SkillSet, SlotSet, Standing, VolunteerId, WaveSize};

/// What a wave is asked for.
#[derive(Clone, Copy, Debug)]
pub struct WaveQuery<'a> {
    pub place: Place,
    pub radius_m: u32,
    /// How many to ask; at least one for each open slot is asked all the same.
    pub size: WaveSize,
    pub preference: GridPreference,
    /// The open slots, most important first: index in the incident (0 ..= 31) and the skill it needs.
    pub open: &'a [(usize, Option<SkillId>)],
    /// The plan lets one person fill several roles.
    pub may_combine: bool,
    /// Ask those at rest too.
    pub resting_too: bool,
}

/// One volunteer to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub volunteer: VolunteerId,
    /// The slots of the role (or roles) he was chosen for; slots of one role are alike, so all of them.
    pub slots: SlotSet,
    pub standing: Standing,
}

/// Whom to ask, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    pub offers: Vec<Chosen>,
    /// `excluded` counts every volunteer of the index who was not found, once for each different skill (or for
    /// "anybody") among the open slots, by the first reason that holds: lacks skill, off duty, engaged, resting, beyond
    /// radius; all five are exact. What the judge refuses (asked, declined, budget, raised it himself) is counted
    /// among those who would else have been found; the refused behind the last one found are not counted.
    pub explanation: WaveExplanation,
}

/// Slots that ask for the same.
pub(super) struct OpenRole {
    pub(super) skills: SkillSet,
    pub(super) slots: Vec<usize>,
}

/// Says how likely somebody is to accept and be there in time, of a thousand. Asked only where a wave is to fit; it must say
/// the same of the same volunteer throughout.
pub trait Chance: FnMut(VolunteerId, &Standing) -> u16 {}

impl<F: FnMut(VolunteerId, &Standing) -> u16> Chance for F {}

/// Chooses a wave. Pure; equal questions to an equal index get equal answers.
///
/// First the best crew for the open slots (see [`crate::assign::crew`]), then further crews of the same slots from those
/// left, until as many are asked as `size` says: more than are needed, because most will not come.
pub fn wave(index: &Index, query: &WaveQuery, mut judge: impl Judge, mut chance: impl Chance) -> Wave {
    let roles = open_roles(query.open);
    let size = usize::from(query.size.max()).max(query.open.len());
    let count = size + NEXT_IN_ORDER_MAX;
    let mut rankings: Vec<Ranking> =
        roles.iter().map(|role| rank(index, query, role.skills, count, &mut judge)).collect();
    let excluded = excluded(index, query, &roles, &rankings);
    for skills in combinations(query, &roles) {
        rankings.push(rank(index, query, skills, query.open.len(), &mut judge));
    }
    let mut pool = Pool::of(index, &roles, &rankings);
    let mut standing = |ranked: &Ranked| {
        let plain = ranked.standing();
        let counted = query.size.fit().map(|_| chance(ranked.key.volunteer, &plain));
        Standing { chance_permille: counted, ..plain }
    };
    let (members, short, fit) = match query.size.fit() {
        Some(fit) => {
            let (members, short, counted_permille) =
                pool.draw_fitting(&roles, Fit { max: size as u16, ..fit }, query.may_combine, &mut standing);
            (members, short, Some(Fitted { target_permille: fit.target_permille, counted_permille }))
        }
        None => {
            let (members, short) = pool.draw(&roles, size, query.may_combine);
            (members, short, None)
        }
    };
    Wave {
        offers: members.iter().map(|member| chosen(member, &roles, standing(&member.ranked))).collect(),
        explanation: WaveExplanation {
            radius_m: query.radius_m,
            next: pool.left().take(NEXT_IN_ORDER_MAX).map(|left| (left.key.volunteer, standing(left))).collect(),
            excluded,
            short,
            fit,
        },
    }
}

fn open_roles(open: &[(usize, Option<SkillId>)]) -> Vec<OpenRole> {
    let mut roles: Vec<OpenRole> = Vec::new();
    for &(slot, skill) in open {
        let skills = skill.map_or(SkillSet::EMPTY, SkillSet::only);
        match roles.iter_mut().find(|role| role.skills == skills) {
            Some(role) => role.slots.push(slot),
            None => roles.push(OpenRole { skills, slots: vec![slot] }),
        }
    }
    roles
}

fn rank(index: &Index, query: &WaveQuery, skills: SkillSet, count: usize, judge: &mut impl Judge) -> Ranking {
    let query = RankQuery {
        at: query.place.position,
        grid: query.place.grid,
        radius_m: query.radius_m,
        skills,
        preference: query.preference,
        resting_too: query.resting_too,
        count,
    };
    index.rank(&query, judge)
}

/// Sets of skills that one person may bring together; their holders are looked for even where others are nearer.
fn combinations(query: &WaveQuery, roles: &[OpenRole]) -> Vec<SkillSet> {
    const ROLES_MAX: usize = 4;
    let union = |set: usize| {
        let members = (0..roles.len()).filter(|role| set >> role & 1 == 1);
        members.fold(SkillSet::EMPTY, |all, role| SkillSet(all.0 | roles[role].skills.0))
    };
    let several = |set: &usize| set.count_ones() > 1;
    match roles.len() {
        _ if !query.may_combine => Vec::new(),
        few if few <= ROLES_MAX => (0..1 << few).filter(several).map(union).collect(),
        many => vec![union((1 << many.min(usize::BITS as usize - 1)) - 1)],
    }
}

/// How many were left out, by reason; one ranking for each role.
fn excluded(index: &Index, query: &WaveQuery, roles: &[OpenRole], rankings: &[Ranking]) -> Vec<(Excluded, u32)> {
    let skills: Vec<SkillSet> = roles.iter().map(|role| role.skills).collect();
    let mut excluded = BTreeMap::new();
    for census in index.census(&skills, query.place.position, query.radius_m) {
        let (resting, resting_beyond) = match query.resting_too {
            true => (0, census.resting_beyond),
            false => (census.resting_within + census.resting_beyond, 0),
        };
        let counts = [
            (Excluded::LacksSkill, census.lacks_skill),
            (Excluded::OffDuty, census.off_duty),
            (Excluded::Engaged, census.engaged),
            (Excluded::Resting, resting),
            (Excluded::BeyondRadius, census.ready_beyond + resting_beyond),
        ];
        counts.into_iter().for_each(|(why, count)| *excluded.entry(why).or_default() += count);
    }
    let refused = rankings.iter().flat_map(|ranking| &ranking.refused);
    refused.for_each(|&(_, why)| *excluded.entry(why).or_default() += 1);
    excluded.into_iter().filter(|&(_, count)| count > 0).collect()
}

fn chosen(member: &Member, roles: &[OpenRole], standing: Standing) -> Chosen {
    let held = (0..roles.len()).filter(|role| member.roles >> role & 1 == 1);
    let slots = held.flat_map(|role| &roles[role].slots);
    Chosen {
        volunteer: member.ranked.key.volunteer,
        slots: slots.fold(SlotSet::default(), |set, &slot| set.union(SlotSet::only(slot))),
        standing,
    }
}
