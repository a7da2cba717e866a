//! How soon answers come. Most offers are neither answered nor left to their deadline: they are withdrawn, because somebody
//! else was quicker. To count them not at all would make everybody look more willing than he is, to count them whole less
//! willing; so each counts as the part of an ask that it was.
//!
//! A life table of offers with two ways out, yes and no, and withdrawal as censoring (the actuarial method; Aalen and Johansen
//! 1978 for several ways out).

use serde::{Deserialize, Serialize};

use super::ASK;
use crate::model::SECOND_MS;

/// Spans of an offer's age; the last has no end.
const SPANS: usize = 10;
/// Where the first span ends; each next ends at twice that.
const FIRST_MS: u64 = 2 * SECOND_MS;
/// Offers after which all that came before counts half.
const OFFERS_MAX: u32 = 1 << 16;
/// Everybody, where a part of all is counted.
const WHOLE: u64 = 1 << 32;
/// Between the two divisions of a part of a part.
const WHOLE_SHARE: u64 = 1 << 16;

/// How the standing of an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Yes,
    No,
    /// It was withdrawn, or its time was over.
    Silence,
}

/// What became of the offers that ended at one age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, u32)", into = "(u32, u32, u32)")]
struct Span {
    yes: u32,
    no: u32,
    silence: u32,
}

impl From<(u32, u32, u32)> for Span {
    fn from((yes, no, silence): (u32, u32, u32)) -> Self {
        Self { yes, no, silence }
    }
}

impl From<Span> for (u32, u32, u32) {
    fn from(span: Span) -> Self {
        (span.yes, span.no, span.silence)
    }
}

impl Span {
    /// Before anything is known: as many answers in each doubling of the time.
    const UNKNOWN: Self = Self { yes: 2, no: 2, silence: 4 };

    fn all(self) -> u32 {
        self.yes + self.no + self.silence
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Haste([Span; SPANS]);

impl Default for Haste {
    fn default() -> Self {
        Self([Span::UNKNOWN; SPANS])
    }
}

/// Where span `index` begins.
fn begin_ms(index: usize) -> u64 {
    if index == 0 { 0 } else { FIRST_MS << (index - 1) }
}

fn span_of(age_ms: u64) -> usize {
    (1..SPANS).rev().find(|&index| age_ms >= begin_ms(index)).unwrap_or_default()
}

impl Haste {
    pub fn note(&mut self, age_ms: u64, answered: Answered) {
        let span = &mut self.0[span_of(age_ms)];
        match answered {
            Answered::Yes => span.yes += 1,
            Answered::No => span.no += 1,
            Answered::Silence => span.silence += 1,
        }
        if self.0.iter().map(|span| span.all()).sum::<u32>() > OFFERS_MAX {
            let half = |span: Span| Span { yes: span.yes / 2, no: span.no / 2, silence: span.silence / 2 };
            self.0 = self.0.map(half);
        }
    }

    /// How many eighths of an ask ([`ASK`]) it was that somebody has said nothing for `age_ms`, of an offer that stood for
    /// `whole_ms`.
    ///
    /// Be F the part of all who accept that has done so by then, and S the part of all asked that has not answered yet: then
    /// (1 - F) / S of the silent may still accept, as measured by everybody's rate, and what is left has been asked in vain.
    /// With this weight accepted / asked comes out at the true rate, wherever offers are withdrawn.
    pub fn parts(&self, age_ms: u64, whole_ms: u64) -> u32 {
        if age_ms >= whole_ms {
            return ASK;
        }
        let (by_now, standing) = self.accepted_by(age_ms);
        let (in_all, _) = self.accepted_by(whole_ms);
        let still_to_come = in_all.saturating_sub(by_now) * u64::from(ASK) * WHOLE_SHARE / in_all.max(1);
        let still_may = (still_to_come * WHOLE / standing.max(1) + WHOLE_SHARE / 2) / WHOLE_SHARE;
        ASK.saturating_sub(still_may as u32)
    }

    /// How many of [`WHOLE`] have accepted before `age_ms` if nothing is ever withdrawn, and how many have not answered.
    fn accepted_by(&self, age_ms: u64) -> (u64, u64) {
        let (mut standing, mut accepted) = (WHOLE, 0);
        let mut left: u64 = self.0.iter().map(|span| u64::from(span.all())).sum();
        for (index, span) in self.0.iter().enumerate() {
            let begin = begin_ms(index);
            if begin >= age_ms {
                break;
            }
            // Those withdrawn within the span stood for half of it.
            let asked = (2 * left).saturating_sub(u64::from(span.silence)).max(1);
            let length = begin_ms(index + 1) - begin;
            let lived = (age_ms - begin).min(length);
            let of = |answers: u32| standing * 2 * u64::from(answers) / asked * lived / length;
            let (yes, no) = (of(span.yes), of(span.no));
            accepted += yes;
            standing = standing.saturating_sub(yes + no);
            left -= u64::from(span.all());
        }
        (accepted, standing)
    }
}
