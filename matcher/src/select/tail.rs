//! How likely it is that enough come, of people who decide for themselves: the tail of a Poisson binomial distribution, one
//! person at a time, in fixed point so that it is the same everywhere.

use super::wave::OpenRole;

/// One, in the fixed point that chances are summed in.
const WHOLE: u64 = 1 << 32;
const PERMILLE: u64 = 1_000;
/// More than rounding can lose over the largest wave (200 people, 32 needed): so little short of something is there.
const ROUNDING: u64 = 1 << 13;

/// How likely it is that fewer than `needed` come, by how many. Adding one person takes as many steps as are needed; what is
/// lost by rounding (one of 2^32 each) is on the side of fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// At `k`: that exactly `k` come, for every `k` below what is needed.
    fewer: Vec<u64>,
}

impl Tail {
    /// Nobody is asked yet.
    pub fn new(needed: usize) -> Self {
        let mut fewer = vec![0; needed];
        if let Some(none) = fewer.first_mut() {
            *none = WHOLE;
        }
        Self { fewer }
    }

    /// One more is asked, who comes `chance_permille` times of a thousand.
    pub fn ask(&mut self, chance_permille: u16) {
        let comes = u64::from(chance_permille).min(PERMILLE);
        for k in (0..self.fewer.len()).rev() {
            let one_less = if k == 0 { 0 } else { self.fewer[k - 1] };
            self.fewer[k] = (self.fewer[k] * (PERMILLE - comes) + one_less * comes).div_ceil(PERMILLE);
        }
    }

    /// That enough come, of 2^32.
    fn enough(&self) -> u64 {
        WHOLE.saturating_sub(self.fewer.iter().sum())
    }

    /// That enough come, of a thousand; what is left over is dropped.
    pub fn enough_permille(&self) -> u16 {
        permille(self.enough())
    }
}

/// Of 2^32 as of a thousand; what is left over is dropped.
fn permille(chance: u64) -> u16 {
    (((chance + ROUNDING).min(WHOLE) * PERMILLE) >> 32) as u16
}

/// One for each role of a wave. Sets of roles are bits: bit i is role i.
pub(super) struct Tails {
    tails: Vec<Tail>,
    /// What each must reach so that all do together as often as is wanted: none may fail more often than its share of what
    /// may fail (Boole's inequality).
    wanted: u64,
}

impl Tails {
    pub(super) fn new(roles: &[OpenRole], target_permille: u16) -> Self {
        let may_fail = PERMILLE.saturating_sub(u64::from(target_permille)) * WHOLE / PERMILLE;
        let tails = roles.iter().map(|role| Tail::new(role.slots.len())).collect();
        Self { tails, wanted: WHOLE - may_fail / roles.len().max(1) as u64 }
    }

    /// One more is asked for these roles.
    pub(super) fn ask(&mut self, roles: u32, chance_permille: u16) {
        let asked = self.tails.iter_mut().enumerate().filter(|(role, _)| roles >> role & 1 == 1);
        asked.for_each(|(_, tail)| tail.ask(chance_permille));
    }

    /// Those that are not likely enough to be filled.
    pub(super) fn wanted(&self) -> u32 {
        let bit = |(role, tail): (usize, &Tail)| u32::from(tail.enough() + ROUNDING < self.wanted) << role;
        self.tails.iter().enumerate().map(bit).sum()
    }

    /// Of these the one that is least likely to be filled; of equals the first.
    pub(super) fn neediest(&self, roles: u32) -> u32 {
        let of = (0..self.tails.len()).filter(|role| roles >> role & 1 == 1);
        of.min_by_key(|&role| self.tails[role].enough()).map_or(0, |role| 1 << role)
    }

    /// That all are filled, of a thousand. Whoever counts for two of them makes both likelier together, never less (Harris
    /// 1960), so this is a lower bound.
    pub(super) fn all_permille(&self) -> u16 {
        permille(self.tails.iter().fold(WHOLE, |all, tail| (all * tail.enough()) >> 32))
    }
}
