//! Those who could be asked in one wave, and how crews are drawn from them.

use super::index::Index;
use super::order::{RankKey, Ranked, Ranking};
use super::tail::Tails;
use super::wave::OpenRole;
use crate::assign::{CREW_CANDIDATES_MAX, CrewRequest, Need, crew};
use crate::model::{Fit, SlotSet, Standing};

/// Somebody found, and the roles they could fill (bit i: role i).
struct Candidate {
    ranked: Ranked,
    able: u32,
}

/// Somebody drawn, and the roles they were drawn for.
pub(super) struct Member {
    pub(super) ranked: Ranked,
    pub(super) roles: u32,
}

/// Candidates in the order of their keys, each once.
pub(super) struct Pool {
    candidates: Vec<Candidate>,
}

impl Pool {
    /// All who were found, and what each could do.
    pub(super) fn of(index: &Index, roles: &[OpenRole], rankings: &[Ranking]) -> Self {
        let mut found: Vec<&Ranked> = rankings.iter().flat_map(|ranking| &ranking.found).collect();
        // Runs in order one behind the other: the stable sort merges them.
        found.sort_by_key(|ranked| ranked.key);
        found.dedup_by_key(|ranked| ranked.key);
        let candidate = |ranked: &&Ranked| {
            let skills = index.skills(ranked.key.volunteer).unwrap_or_default();
            let bit = |(role, open): (usize, &OpenRole)| u32::from(skills.covers(open.skills)) << role;
            Candidate { ranked: **ranked, able: roles.iter().enumerate().map(bit).sum() }
        };
        Self { candidates: found.iter().map(candidate).collect() }
    }

    /// Takes up to `size` people out of the pool, crew by crew; and the slots for which the first crew has nobody.
    pub(super) fn draw(&mut self, roles: &[OpenRole], size: usize, may_combine: bool) -> (Vec<Member>, SlotSet) {
        let mut members = Vec::new();
        let mut short = None;
        while members.len() < size {
            let (mut drawn, lacking) = self.draw_crew(roles, may_combine);
            short.get_or_insert_with(|| short_slots(roles, &lacking));
            if drawn.is_empty() {
                break;
            }
            drawn.truncate(size - members.len());
            self.forget(&drawn);
            members.append(&mut drawn);
        }
        (members, short.unwrap_or_default())
    }

    /// Takes people out of the pool until each role is likely enough to be filled, at most `fit.max` of them: the best crew,
    /// whole, then one after the other in order whoever can do what is not likely enough yet. Also the slots for which the
    /// crew has nobody, and how likely it is that all roles are filled, of a thousand.
    pub(super) fn draw_fitting(
        &mut self,
        roles: &[OpenRole],
        fit: Fit,
        may_combine: bool,
        mut standing: impl FnMut(&Ranked) -> Standing,
    ) -> (Vec<Member>, SlotSet, u16) {
        let (crew, lacking) = self.draw_crew(roles, may_combine);
        let mut tails = Tails::new(roles, fit.target_permille);
        let mut chance = |ranked: &Ranked| standing(ranked).chance_permille.unwrap_or_default();
        let mut members = Vec::new();
        self.forget(&crew);
        for member in crew {
            tails.ask(member.roles, chance(&member.ranked));
            members.push(member);
        }
        while members.len() < usize::from(fit.max) {
            let wanted = tails.wanted();
            let Some(place) = self.candidates.iter().position(|candidate| candidate.able & wanted != 0) else { break };
            let Candidate { ranked, able } = self.candidates.remove(place);
            let roles = if may_combine { able & wanted } else { tails.neediest(able & wanted) };
            tails.ask(roles, chance(&ranked));
            members.push(Member { ranked, roles });
        }
        (members, short_slots(roles, &lacking), tails.all_permille())
    }

    /// Those not drawn, in order.
    pub(super) fn left(&self) -> impl Iterator<Item = &Ranked> {
        self.candidates.iter().map(|candidate| &candidate.ranked)
    }

    /// The best crew of those in the pool, in order, and how many each role lacks.
    fn draw_crew(&self, roles: &[OpenRole], may_combine: bool) -> (Vec<Member>, Vec<u32>) {
        let considered = self.considered(roles, may_combine);
        let able = |role: usize| {
            let bit = |(i, candidate): (usize, &&Candidate)| u64::from(candidate.able >> role & 1) << i;
            considered.iter().enumerate().map(bit).sum()
        };
        let need = |(role, open): (usize, &OpenRole)| Need { count: open.slots.len() as u32, able: able(role) };
        let found = crew(&CrewRequest {
            needs: roles.iter().enumerate().map(need).collect(),
            keys: considered.iter().enumerate().map(|(place, candidate)| key_ms(candidate, place)).collect(),
            may_combine,
        });
        let member = |member: &crate::assign::CrewMember| Member {
            ranked: considered[member.candidate as usize].ranked,
            roles: member.roles,
        };
        (found.members.iter().map(member).collect(), found.short)
    }

    /// At most [`CREW_CANDIDATES_MAX`]: the first of each role, and where people may combine, those who can do most.
    /// With p places, the first p of each role are always enough for people who do not combine.
    fn considered(&self, roles: &[OpenRole], may_combine: bool) -> Vec<&Candidate> {
        let shares = roles.len() + usize::from(may_combine);
        let places = roles.iter().map(|role| role.slots.len()).sum();
        let enough = if may_combine { CREW_CANDIDATES_MAX } else { places };
        let share = enough.min(CREW_CANDIDATES_MAX / shares.max(1));
        let mut considered: Vec<&Candidate> = Vec::new();
        for role in 0..roles.len() {
            let able = self.candidates.iter().filter(|candidate| candidate.able >> role & 1 == 1);
            considered.extend(able.take(share));
        }
        if may_combine {
            let mut by_roles: Vec<&Candidate> = self.candidates.iter().collect();
            by_roles.sort_by_key(|candidate| std::cmp::Reverse(candidate.able.count_ones()));
            considered.extend(by_roles.into_iter().take(share));
        }
        considered.sort_by_key(|candidate| candidate.ranked.key);
        considered.dedup_by_key(|candidate| candidate.ranked.key);
        considered
    }

    fn forget(&mut self, drawn: &[Member]) {
        let keys: Vec<RankKey> = drawn.iter().map(|member| member.ranked.key).collect();
        self.candidates.retain(|candidate| !keys.contains(&candidate.ranked.key));
    }
}

/// One number for a place in the order. `place` keeps equals in their order and weighs a few ms at most.
fn key_ms(candidate: &Candidate, place: usize) -> i64 {
    candidate.ranked.key.way.cost_ms() + place as i64
}

/// Where a role lacks somebody, its last slots stay empty.
fn short_slots(roles: &[OpenRole], lacking: &[u32]) -> SlotSet {
    let last = |(role, &lacks): (&OpenRole, &u32)| {
        role.slots
            .iter()
            .rev()
            .take(lacks as usize)
            .fold(SlotSet::default(), |set, &slot| set.union(SlotSet::only(slot)))
    };
    roles.iter().zip(lacking).map(last).fold(SlotSet::default(), SlotSet::union)
}
