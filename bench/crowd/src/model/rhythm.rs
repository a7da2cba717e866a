//! Hours and likings: when a person can be had, and for what.

use matcher::{DAY_MS, HOUR_MS, Timestamp};

use super::chance::{Question, below, draw};

/// What an incident is called, to whoever is asked: its kind, and the group that the first word of it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindKey {
    group: u64,
    kind: u64,
}

impl KindKey {
    /// `ems_fall_victim` is of the group `ems`.
    pub fn of(name: &str) -> Self {
        let group = name.split(['_', ' ']).next().unwrap_or_default();
        Self { group: key(group), kind: key(name) }
    }
}

/// FNV-1a: the same on every machine.
fn key(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |key, byte| (key ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Of a hundred people, so many are of each sort, and say yes so often of a thousand at a good hour. On the whole as often as
/// was measured (FIELD section 4: 17-47 of a hundred).
const EAGERNESS: [(u64, std::ops::Range<u64>); 3] = [(40, 30..150), (35, 150..500), (25, 500..900)];

/// Until which hour, and how good the hours up to it are, in percent.
type Day = &'static [(u64, u64)];
/// Goes to work and sleeps at night; at home all day; works at night.
const DAYS: [(u64, Day); 3] = [
    (55, &[(6, 25), (8, 90), (17, 80), (23, 140), (24, 60)]),
    (25, &[(6, 40), (22, 125), (24, 60)]),
    (20, &[(6, 130), (14, 40), (24, 110)]),
];

/// Likings, in percent: of a group of kinds, and within it of each.
const LIKES_GROUP: std::ops::Range<u64> = 50..151;
const LIKES_KIND: std::ops::Range<u64> = 75..126;
/// Nobody always comes, and nobody never does.
const ACCEPTS_PERMILLE: std::ops::RangeInclusive<u64> = 10..=950;

pub(super) fn eagerness_permille(person: u64) -> u64 {
    let bits = draw(person, 0, Question::Eager);
    let sort = one_of(bits, &EAGERNESS);
    within(draw(person, 1, Question::Eager), sort.clone())
}

pub(super) fn accepts_permille(person: u64, eagerness_permille: u64, now: Timestamp, kind: KindKey) -> u64 {
    let day = one_of(draw(person, 0, Question::Sleeps), &DAYS);
    let hour = now.0.rem_euclid(DAY_MS as i64) as u64 / HOUR_MS;
    let hour_percent = day.iter().find(|(until, _)| hour < *until).map_or(100, |(_, percent)| *percent);
    let group_percent = within(draw(person, kind.group, Question::LikesGroup), LIKES_GROUP);
    let kind_percent = within(draw(person, kind.kind, Question::LikesKind), LIKES_KIND);
    let permille = eagerness_permille * hour_percent * group_percent * kind_percent / 1_000_000;
    permille.clamp(*ACCEPTS_PERMILLE.start(), *ACCEPTS_PERMILLE.end())
}

fn within(bits: u64, range: std::ops::Range<u64>) -> u64 {
    range.start + below(bits, range.end - range.start)
}

/// One of several sorts, by their shares of a hundred.
fn one_of<T>(bits: u64, sorts: &[(u64, T)]) -> &T {
    let mut left = below(bits, 100);
    let found = sorts.iter().find(|(share, _)| match left.checked_sub(*share) {
        Some(less) => {
            left = less;
            false
        }
        None => true,
    });
    &found.unwrap_or(&sorts[sorts.len() - 1]).1
}
