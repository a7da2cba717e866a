//! The recent commits with the frames that were made of them, so that a client that was away for a moment is sent
//! byte for byte what it missed. Who asks for more than is here gets a snapshot: never a part.

use std::collections::{HashMap, VecDeque};

use super::frame::Delta;
use super::touched::Person;
use super::view::{Group, StreamView};

/// Commits kept.
pub const RING_COMMITS_MAX: usize = 32_768;

/// Bytes kept, frames and what holds them; at the limit the oldest commits leave.
pub const RING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a frame takes beside its bytes: its place, the count of those who share it, the person's list of seqs.
const FRAME_OVERHEAD_BYTES: usize = size_of::<(Person, Delta)>() + 80;

/// One commit's frames.
#[derive(Debug, Default)]
pub struct Entry {
    /// The commit.
    pub seq: u64,
    /// For each group that was followed at the time: its frame, if the commit showed it anything.
    pub groups: Vec<(Group, Option<Delta>)>,
    /// For each person it touched.
    pub own: Vec<(Person, Delta)>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let groups = self.groups.iter().filter_map(|(_, delta)| delta.as_ref());
        let frames = groups.chain(self.own.iter().map(|(_, delta)| delta));
        size_of::<Self>() + frames.map(|delta| delta.len() + FRAME_OVERHEAD_BYTES).sum::<usize>()
    }

    fn of(&self, person: Person) -> Option<&Delta> {
        self.own.iter().find(|(whose, _)| *whose == person).map(|(_, delta)| delta)
    }
}

/// The ring of one district.
#[derive(Debug)]
pub struct Ring {
    /// Everything after this seq is here.
    floor: u64,
    entries: VecDeque<Entry>,
    /// The seqs of each person's frames, ascending.
    persons: HashMap<Person, VecDeque<u64>>,
    bytes: usize,
}

impl Ring {
    /// An empty ring of a log that stands at `seq`.
    pub fn new(seq: u64) -> Self {
        Ring { floor: seq, entries: VecDeque::new(), persons: HashMap::new(), bytes: 0 }
    }

    /// The seq of the last commit.
    pub fn top(&self) -> u64 {
        self.floor + self.entries.len() as u64
    }

    /// Adds the next commit's frames; lets the oldest go when there are too many.
    pub fn push(&mut self, mut entry: Entry) {
        debug_assert_eq!(entry.seq, self.top() + 1);
        entry.groups.shrink_to_fit();
        entry.own.shrink_to_fit();
        self.bytes += entry.bytes();
        for (person, _) in &entry.own {
            self.persons.entry(*person).or_default().push_back(entry.seq);
        }
        self.entries.push_back(entry);
        while self.entries.len() > RING_COMMITS_MAX || self.bytes > RING_BYTES_MAX {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.floor = entry.seq;
        self.bytes -= entry.bytes();
        for (person, _) in &entry.own {
            if let Some(seqs) = self.persons.get_mut(person) {
                seqs.pop_front();
                if seqs.is_empty() {
                    self.persons.remove(person);
                }
            }
        }
    }

    /// The seq of the last frame made for a person: the `prev` of the next.
    pub fn last_of(&self, person: Person) -> u64 {
        self.persons.get(&person).and_then(|seqs| seqs.back().copied()).unwrap_or(0)
    }

    fn entry(&self, seq: u64) -> Option<&Entry> {
        let at = usize::try_from(seq.checked_sub(self.floor + 1)?).ok()?;
        self.entries.get(at)
    }

    /// What `view` has missed since `after`, oldest first; `None` if that cannot be said in full.
    pub fn missed(&self, view: StreamView, after: u64) -> Option<Vec<&Delta>> {
        if after < self.floor || after > self.top() {
            return None;
        }
        match view.group() {
            Some(group) => self.missed_by_group(group, after),
            None => self.missed_by_person(&view.persons(), after),
        }
    }

    fn missed_by_group(&self, group: Group, after: u64) -> Option<Vec<&Delta>> {
        let mut missed = Vec::new();
        for entry in self.entries.iter().skip(usize::try_from(after - self.floor).ok()?) {
            // Nobody of this group was there when it happened, so no frame was made.
            let (_, delta) = entry.groups.iter().find(|(of, _)| *of == group)?;
            missed.extend(delta);
        }
        Some(missed)
    }

    fn missed_by_person(&self, persons: &[Person], after: u64) -> Option<Vec<&Delta>> {
        let mut missed: Vec<&Delta> = Vec::new();
        for person in persons {
            let seqs = self.persons.get(person).into_iter().flatten();
            missed.extend(seqs.filter(|&&seq| seq > after).filter_map(|&seq| self.entry(seq)?.of(*person)));
        }
        missed.sort_by_key(|delta| delta.seq);
        // Two frames of one commit cannot both follow on the same prev.
        let is_whole = missed.windows(2).all(|pair| pair[0].seq < pair[1].seq);
        is_whole.then(|| self.with_everybodys(missed, after))
    }

    /// What everybody was told; a person's own frame of the same commit has it already.
    fn with_everybodys<'a>(&'a self, own: Vec<&'a Delta>, after: u64) -> Vec<&'a Delta> {
        let seqs = self.persons.get(&Person::Everybody).into_iter().flatten().filter(|&&seq| seq > after);
        let told = seqs.filter_map(|&seq| self.entry(seq)?.of(Person::Everybody));
        let has_own = |seq: u64| own.binary_search_by_key(&seq, |delta| delta.seq).is_ok();
        let mut missed: Vec<&Delta> = told.filter(|delta| !has_own(delta.seq)).collect();
        missed.extend(own);
        missed.sort_by_key(|delta| delta.seq);
        missed
    }
}

#[cfg(test)]
mod tests {
    use matcher::{CallerKey, VolunteerId};
    use uuid::Uuid;
    use wire::Time;
    use wire::rows::ResidentRows;

    use super::*;
    use crate::engine::frame::DeltaRest;

    fn delta(prev: u64, seq: u64) -> Delta {
        let data = ResidentRows::default();
        let at = Time(0);
        let rest =
            DeltaRest { district: "1".into(), history: Uuid::nil(), seq, kind: "x", at, trace: None, data: &data };
        Delta::encode(prev, &rest)
    }

    const ME: Person = Person::Volunteer(VolunteerId(7));
    const MY_PHONE: Person = Person::Caller(CallerKey(9));

    fn mine() -> StreamView {
        StreamView::Volunteer { id: VolunteerId(7), caller: Some(CallerKey(9)) }
    }

    /// Commits 11 ..= 20: every third is mine, 15 is my phone's, walls were followed from 14 on and see the even ones.
    fn ring() -> Ring {
        let mut ring = Ring::new(10);
        for seq in 11..=20 {
            let mut own = Vec::new();
            if seq % 3 == 0 && seq != 15 {
                own.push((ME, delta(ring.last_of(ME), seq)));
            }
            if seq == 15 {
                own.push((MY_PHONE, delta(0, seq)));
            }
            let wall = (seq >= 14).then(|| (Group::Wall, (seq % 2 == 0).then(|| delta(seq - 2, seq))));
            ring.push(Entry { seq, groups: wall.into_iter().collect(), own });
        }
        ring
    }

    fn seqs(missed: Option<Vec<&Delta>>) -> Option<Vec<u64>> {
        missed.map(|deltas| deltas.iter().map(|delta| delta.seq).collect())
    }

    #[test]
    fn a_person_is_sent_his_own_and_nothing_else() {
        let ring = ring();
        assert_eq!(seqs(ring.missed(mine(), 10)), Some(vec![12, 15, 18]));
        assert_eq!(seqs(ring.missed(mine(), 15)), Some(vec![18]));
        assert_eq!(seqs(ring.missed(mine(), 20)), Some(vec![]));
        assert_eq!(seqs(ring.missed(StreamView::Resident(CallerKey(1)), 10)), Some(vec![]));
        assert_eq!(ring.last_of(ME), 18);
    }

    #[test]
    fn what_is_not_known_in_full_is_not_sent_in_part() {
        let ring = ring();
        assert_eq!(seqs(ring.missed(mine(), 9)), None, "before the floor");
        assert_eq!(seqs(ring.missed(mine(), 21)), None, "beyond the top: the log is shorter than what was sent");
        assert_eq!(seqs(ring.missed(StreamView::Wall, 12)), None, "nobody made frames of 13 for walls");
        assert_eq!(seqs(ring.missed(StreamView::Wall, 13)), Some(vec![14, 16, 18, 20]));
        assert_eq!(seqs(ring.missed(StreamView::Desk, 19)), None);
    }

    #[test]
    fn what_everybody_was_told_comes_once_and_in_its_turn() {
        let mut ring = ring();
        ring.push(Entry { seq: 21, groups: Vec::new(), own: vec![(Person::Everybody, delta(0, 21))] });
        ring.push(Entry { seq: 22, groups: Vec::new(), own: vec![(ME, delta(18, 22))] });
        let both = vec![(ME, delta(22, 23)), (Person::Everybody, delta(21, 23))];
        ring.push(Entry { seq: 23, groups: Vec::new(), own: both });
        assert_eq!(seqs(ring.missed(mine(), 15)), Some(vec![18, 21, 22, 23]));
        assert_eq!(seqs(ring.missed(StreamView::Resident(CallerKey(1)), 10)), Some(vec![21, 23]));
        assert_eq!(seqs(ring.missed(mine(), 21)), Some(vec![22, 23]));
    }

    #[test]
    fn two_frames_of_one_commit_mean_a_snapshot() {
        let mut ring = Ring::new(0);
        ring.push(Entry { seq: 1, groups: Vec::new(), own: vec![(ME, delta(0, 1)), (MY_PHONE, delta(0, 1))] });
        assert_eq!(seqs(ring.missed(mine(), 0)), None);
    }

    #[test]
    fn the_oldest_leave_when_there_are_too_many() {
        let mut ring = Ring::new(0);
        for seq in 1..=RING_COMMITS_MAX as u64 + 5 {
            ring.push(Entry { seq, groups: Vec::new(), own: Vec::new() });
        }
        assert_eq!((ring.entries.len(), ring.floor), (RING_COMMITS_MAX, 5));
        assert!(ring.bytes <= RING_BYTES_MAX, "the count is the bound here, not the bytes");
    }

    #[test]
    fn the_oldest_leave_when_they_take_too_much() {
        let mut ring = Ring::new(0);
        let one = Entry { seq: 1, groups: Vec::new(), own: vec![(ME, delta(0, 1))] }.bytes();
        let fits = RING_BYTES_MAX / one;
        for seq in 1..=RING_COMMITS_MAX as u64 {
            ring.push(Entry { seq, groups: Vec::new(), own: vec![(ME, delta(0, seq))] });
        }
        // Later frames carry longer numbers, so a few fewer fit.
        assert!(ring.entries.len() <= fits && ring.entries.len() > fits * 9 / 10, "{} of {fits}", ring.entries.len());
        assert!(ring.bytes <= RING_BYTES_MAX);
        assert_eq!(seqs(ring.missed(mine(), ring.floor - 1)), None);
        assert_eq!(ring.missed(mine(), ring.floor).map(|deltas| deltas.len()), Some(ring.entries.len()));
        assert_eq!(ring.persons[&ME].len(), ring.entries.len());
    }
}
