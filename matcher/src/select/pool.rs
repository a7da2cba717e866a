//! Those who could be asked in one wave, and how crews are drawn from them.

use super::index::Index;
use super::order::{Ranked, Ranking};
use super::tail::Tails;
use super::wave::OpenRole;
use crate::assign::{CREW_CANDIDATES_MAX, CrewRequest, Need, crew};
use crate::model::{Fit, SlotSet, Standing};

/// Somebody found, and the roles they could fill (bit i: role i).
struct Candidate {
    ranked: Ranked,
    /// None once he is drawn.
    able: u32,
    drawn: bool,
}

/// Somebody drawn, and the roles they were drawn for.
pub(super) struct Member {
    /// His place in the pool.
    place: usize,
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
            Candidate { ranked: **ranked, able: roles.iter().enumerate().map(bit).sum(), drawn: false }
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
            let Candidate { ranked, able, .. } = self.candidates[place];
            let roles = if may_combine { able & wanted } else { tails.neediest(able & wanted) };
            tails.ask(roles, chance(&ranked));
            members.push(Member { place, ranked, roles });
            self.forget(&members[members.len() - 1..]);
        }
        (members, short_slots(roles, &lacking), tails.all_permille())
    }

    /// Those not drawn, in order.
    pub(super) fn left(&self) -> impl Iterator<Item = &Ranked> {
        self.candidates.iter().filter(|candidate| !candidate.drawn).map(|candidate| &candidate.ranked)
    }

    /// The best crew of those in the pool, in order, and how many each role lacks.
    fn draw_crew(&self, roles: &[OpenRole], may_combine: bool) -> (Vec<Member>, Vec<u32>) {
        let considered = self.considered(roles, may_combine);
        let able = |role: usize| {
            let bit = |(i, &place): (usize, &usize)| u64::from(self.candidates[place].able >> role & 1) << i;
            considered.iter().enumerate().map(bit).sum()
        };
        let need = |(role, open): (usize, &OpenRole)| Need { count: open.slots.len() as u32, able: able(role) };
        let key = |(order, &place): (usize, &usize)| key_ms(&self.candidates[place], order);
        let found = crew(&CrewRequest {
            needs: roles.iter().enumerate().map(need).collect(),
            keys: considered.iter().enumerate().map(key).collect(),
            may_combine,
        });
        let member = |member: &crate::assign::CrewMember| {
            let place = considered[member.candidate as usize];
            Member { place, ranked: self.candidates[place].ranked, roles: member.roles }
        };
        (found.members.iter().map(member).collect(), found.short)
    }

    /// At most [`CREW_CANDIDATES_MAX`], by their places in the pool: the first of each role, and where people may combine, those
    /// who can do most. With p places, the first p of each role are always enough for people who do not combine.
    fn considered(&self, roles: &[OpenRole], may_combine: bool) -> Vec<usize> {
        let shares = roles.len() + usize::from(may_combine);
        let places = roles.iter().map(|role| role.slots.len()).sum();
        let enough = if may_combine { CREW_CANDIDATES_MAX } else { places };
        let share = enough.min(CREW_CANDIDATES_MAX / shares.max(1));
        let mut considered: Vec<usize> = Vec::new();
        for role in 0..roles.len() {
            let able = (0..self.candidates.len()).filter(|&place| self.candidates[place].able >> role & 1 == 1);
            considered.extend(able.take(share));
        }
        if may_combine {
            let mut by_roles: Vec<usize> =
                (0..self.candidates.len()).filter(|&place| !self.candidates[place].drawn).collect();
            by_roles.sort_by_key(|&place| std::cmp::Reverse(self.candidates[place].able.count_ones()));
            considered.extend(by_roles.into_iter().take(share));
        }
        considered.sort_unstable();
        considered.dedup();
        considered
    }

    /// They are in the pool no longer.
    fn forget(&mut self, drawn: &[Member]) {
        for member in drawn {
            let candidate = &mut self.candidates[member.place];
            (candidate.able, candidate.drawn) = (0, true);
        }
    }
}

/// One number for a place in the order. `order` keeps equals in their order and weighs a few ms at most.
fn key_ms(candidate: &Candidate, order: usize) -> i64 {
    candidate.ranked.key.way.cost_ms() + order as i64
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
