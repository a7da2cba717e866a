//! The single writer of a district. It decides a batch, appends it as one, and only then lets anything out.
//!
//! There is no socket, no channel and no timer here: whoever drives it (the task of the hub, or the simulator on
//! virtual time) calls [`Writer::load`], [`Writer::turn`] and [`Writer::beat`].

use std::sync::Arc;
use std::time::Instant;

use matcher::{Commit, District, Observation, Request, State, Timestamp};
use uuid::Uuid;

use super::clock::{Anchor, Clock};
use super::step::{self, Batch, Verdict};
use super::touched;
use crate::store::recovery::{Recovered, commits_between, recover, recover_onto};
use crate::store::{About, Append, CommitRow, Fence, Head, Journal, JournalError, SealedRow, form};

/// A pause in service longer than this is told to the core, which moves the deadlines of open offers by it.
pub const GAP_MS_MIN: u64 = 1_000;

/// A batch without commits is answered only if leadership was confirmed this recently; a thawed stale leader must not
/// even say no.
pub const CONFIRMED_MS_MAX: u64 = 1_000;

/// Commits kept at hand with their frames when a district is loaded.
pub const RECENT_COMMITS: u64 = 4_096;

/// How far back wakes that are not in the outbox are looked for.
pub const WAKE_REACH_COMMITS: u64 = 20_000;

/// The writer of one district.
pub struct Writer<J, C> {
    journal: J,
    clock: C,
    district: u32,
    owner: Uuid,
    /// Commits whose wakes are not in the outbox yet must be at hand after loading.
    is_waking: bool,
    lead: Option<Lead>,
}

/// What a writer has while it leads.
struct Lead {
    state: State,
    fence: Fence,
    /// The form in which rows are written.
    format: u32,
    anchor: Anchor,
    /// When it last served, by the steady clock.
    served_ms: u64,
    /// When the journal last said that this term leads, by the steady clock.
    confirmed_ms: u64,
    /// A gap found while loading, to be told with the first batch.
    gap_ms: Option<u64>,
}

/// One request with the rows that are sealed beside it.
#[derive(Debug)]
pub struct Entry {
    /// The command.
    pub request: Request,
    /// Kept with its commit, dropped if it makes none.
    pub sealed: Vec<SealedRow>,
}

/// What one turn brought: all of it durable.
#[derive(Debug)]
pub struct Turn {
    /// In order of seq.
    pub commits: Vec<Arc<Commit>>,
    /// One for each entry, in its order; `None` for one that is not taken while the disk is full.
    pub verdicts: Vec<Option<Verdict>>,
    /// Timers are still due: turn again at once.
    pub is_more_due: bool,
}

/// What loading found, for whoever shows the district.
#[derive(Debug)]
pub struct Loaded {
    /// The head with the term just taken.
    pub head: Head,
    /// The district some commits ago, and these commits.
    pub recovered: Recovered,
    /// Commits before these whose wakes, and orders to other districts, are not in the outbox yet.
    pub owed: Vec<Commit>,
}

impl<J: Journal, C: Clock> Writer<J, C> {
    /// A writer that does not lead yet. `owner` names this process.
    pub fn new(journal: J, clock: C, district: u32, owner: Uuid) -> Self {
        let writer = Writer { journal, clock, district, owner, is_waking: false, lead: None };
        // Shown from the start: a district that nobody leads must not look like one that is not there.
        writer.show_lead();
        writer
    }

    /// The same for a hub that wakes closed phones.
    pub fn waking(self) -> Self {
        Writer { is_waking: true, ..self }
    }

    /// Takes the next term and reads the district back. The first thing to do, and again after any error.
    ///
    /// # Errors
    /// The journal's; `Corrupt` and `Format` are for the operator and do not pass by themselves.
    pub async fn load(&mut self) -> Result<Loaded, JournalError> {
        self.put_down();
        let head = self.journal.claim(self.district, self.owner).await?;
        let recovered = recover(&self.journal, &head, RECENT_COMMITS).await?;
        let owed = self.owed(&head, recovered.earlier.seq).await?;
        self.begin(head, recovered, owed).await
    }

    async fn begin(&mut self, head: Head, recovered: Recovered, owed: Vec<Commit>) -> Result<Loaded, JournalError> {
        let store_ms = self.journal.pulse(self.district).await?.now_ms;
        let at = recovered.district.at;
        let now_ms = self.clock.steady_ms();
        let alive = Timestamp(head.beat_at_ms).max(at);
        let anchor = Anchor::drop_at(&self.clock, store_ms, alive);
        let gap_ms = anchor.now(&self.clock, at).since_ms(alive);
        self.lead = Some(Lead {
            state: State::from_district(recovered.district.clone()),
            fence: head.fence(),
            format: head.format.min(self.journal.reads()),
            anchor,
            served_ms: now_ms,
            confirmed_ms: now_ms,
            gap_ms: (head.last_seq > 0 && gap_ms > GAP_MS_MIN).then_some(gap_ms),
        });
        self.show_lead();
        Ok(Loaded { head, recovered, owed })
    }

    /// As [`Writer::load`], from a state that the caller has at hand: only what the log has beyond it is read.
    ///
    /// # Errors
    /// As [`Writer::load`].
    pub async fn load_onto(&mut self, warm: Option<District>) -> Result<Loaded, JournalError> {
        self.put_down();
        let head = self.journal.claim(self.district, self.owner).await?;
        // A state ahead of the log is no beginning.
        let recovered = match warm.filter(|it| it.seq <= head.last_seq) {
            Some(warm) => match recover_onto(&self.journal, &head, warm).await {
                // It slept while what follows on it was archived.
                Err(JournalError::Archived { .. }) => recover(&self.journal, &head, RECENT_COMMITS).await?,
                recovered => recovered?,
            },
            None => recover(&self.journal, &head, RECENT_COMMITS).await?,
        };
        let owed = self.owed(&head, recovered.earlier.seq).await?;
        self.begin(head, recovered, owed).await
    }

    /// Commits up to `to_seq` whose wakes and orders are not in the outbox yet. A cursor that is far behind belongs to a
    /// channel that was set up just now: those offers are over.
    async fn owed(&self, head: &Head, to_seq: u64) -> Result<Vec<Commit>, JournalError> {
        let is_near = head.last_seq - head.wake_seq <= WAKE_REACH_COMMITS;
        if !(self.is_waking && is_near) {
            return Ok(Vec::new());
        }
        match commits_between(&self.journal, head, head.wake_seq, to_seq).await {
            // Offers that were archived are over.
            Err(JournalError::Archived { first_seq, .. }) => {
                commits_between(&self.journal, head, first_seq - 1, to_seq).await
            }
            owed => owed,
        }
    }

    /// Leads no more: the state is dropped, and nothing can be appended by it.
    pub fn step_down(&mut self) {
        self.put_down();
    }

    /// This process, as the journal knows it.
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    /// The district.
    pub fn district(&self) -> u32 {
        self.district
    }

    /// Forgets the state: what was decided on it and not stored never happened.
    fn put_down(&mut self) {
        self.lead = None;
        self.show_lead();
    }

    /// For whoever watches: a district that no hub leads takes alarms in, but asks nobody.
    fn show_lead(&self) {
        let leads = if self.lead.is_some() { 1.0 } else { 0.0 };
        metrics::gauge!("baiying_leads", "district" => self.district.to_string()).set(leads);
    }

    /// Whether a term is held, as far as is known.
    pub fn is_leading(&self) -> bool {
        self.lead.is_some()
    }

    /// The state, while leading.
    pub fn state(&self) -> Option<&State> {
        self.lead.as_ref().map(|lead| &lead.state)
    }

    /// The fence of the term held.
    pub fn fence(&self) -> Option<Fence> {
        self.lead.as_ref().map(|lead| lead.fence)
    }

    /// The district's time; `None` while not leading.
    pub fn now(&self) -> Option<Timestamp> {
        self.lead.as_ref().map(|lead| lead.anchor.now(&self.clock, lead.state.district.at))
    }

    /// What ties its time to the calendar; `None` while not leading.
    pub fn anchor(&self) -> Option<Anchor> {
        self.lead.as_ref().map(|lead| lead.anchor)
    }

    /// Milliseconds until a timer is due; `None` when there is none or nobody leads.
    pub fn due_in_ms(&self) -> Option<u64> {
        let now = self.now()?;
        Some(self.state()?.next_deadline()?.since_ms(now))
    }

    /// Takes in positions and reachability.
    pub fn observe(&mut self, observations: &[Observation]) {
        if let Some(lead) = &mut self.lead {
            lead.state.observe(observations);
        }
    }

    /// Decides a batch, appends it, and answers. Also called without entries when a timer is due.
    ///
    /// # Errors
    /// Any failure of the journal. The state is dropped, whether the batch was stored is not known, and the writer
    /// must [`Writer::load`] before the next turn.
    pub async fn turn(&mut self, entries: Vec<Entry>) -> Result<Turn, JournalError> {
        let turned = self.try_turn(entries).await;
        if turned.is_err() {
            self.put_down();
        }
        turned
    }

    async fn try_turn(&mut self, entries: Vec<Entry>) -> Result<Turn, JournalError> {
        let is_low = self.journal.is_low_on_space();
        let lead = self.lead.as_mut().ok_or(JournalError::Fenced { district: self.district, term: 0 })?;
        let (taken, sealed, places) = sort_out(entries, is_low);
        let now = lead.anchor.now(&self.clock, lead.state.district.at);
        let gap_ms = lead.gap(self.clock.steady_ms());
        let last_seq = lead.state.district.seq;
        let began = Instant::now();
        let batch = step::decide_batch(&mut lead.state, now, gap_ms, &taken);
        metrics::histogram!("baiying_decide_seconds").record(began.elapsed().as_secs_f64());
        let events = batch.commits.iter().map(|commit| commit.events.len() as u64).sum();
        metrics::counter!("baiying_events_total").increment(events);
        metrics::histogram!("baiying_writer_batch_commits").record(batch.commits.len() as f64);
        if batch.commits.is_empty() {
            self.confirm().await?;
        } else {
            let append = lead.append_of(last_seq, &batch, sealed)?;
            let began = Instant::now();
            let bytes = append.commits.iter().map(|commit| commit.body.len() as u64).sum();
            self.journal.append(append).await?;
            metrics::histogram!("baiying_append_seconds").record(began.elapsed().as_secs_f64());
            metrics::counter!("baiying_log_bytes_total", "district" => self.district.to_string()).increment(bytes);
            lead.confirmed_ms = self.clock.steady_ms();
        }
        Ok(finish(batch, places))
    }

    /// Says that the leader lives: at least once a second while idle, or the core is told of a gap.
    ///
    /// # Errors
    /// As [`Writer::turn`].
    pub async fn beat(&mut self) -> Result<(), JournalError> {
        let Some(lead) = &mut self.lead else { return Ok(()) };
        let now = lead.anchor.now(&self.clock, lead.state.district.at);
        let steady_ms = self.clock.steady_ms();
        lead.gap_ms = lead.gap(steady_ms);
        let beaten = self.journal.beat(lead.fence, now.0).await;
        match &beaten {
            Ok(()) => lead.confirmed_ms = steady_ms,
            Err(_) => self.put_down(),
        }
        beaten
    }

    /// From the next commit on, rows have the form that all live hubs read, if that is a newer one.
    ///
    /// # Errors
    /// As [`Writer::turn`].
    pub async fn raise_format(&mut self, format: u32) -> Result<(), JournalError> {
        let Some(lead) = self.lead.as_mut().filter(|lead| lead.format < format) else { return Ok(()) };
        // The head first: a hub that does not read it must not find a row of it.
        let raised = self.journal.raise_format(lead.fence, format).await;
        match &raised {
            Ok(()) => lead.format = format,
            Err(_) => self.put_down(),
        }
        raised
    }

    async fn confirm(&mut self) -> Result<(), JournalError> {
        let Some(lead) = &mut self.lead else { return Ok(()) };
        let steady_ms = self.clock.steady_ms();
        if steady_ms.saturating_sub(lead.confirmed_ms) < CONFIRMED_MS_MAX {
            return Ok(());
        }
        let head = self.journal.head(self.district).await?;
        if head.is_none_or(|head| head.fence() != lead.fence) {
            return Err(JournalError::Fenced { district: self.district, term: lead.fence.term });
        }
        lead.confirmed_ms = steady_ms;
        Ok(())
    }
}

impl Lead {
    /// The gap since it last served, if it is to be told; from here on it has served.
    fn gap(&mut self, steady_ms: u64) -> Option<u64> {
        let idle_ms = steady_ms.saturating_sub(self.served_ms);
        self.served_ms = steady_ms;
        let found = self.gap_ms.take();
        found.or((idle_ms > GAP_MS_MIN).then_some(idle_ms))
    }

    fn append_of(&self, last_seq: u64, batch: &Batch, sealed: Vec<Vec<SealedRow>>) -> Result<Append, JournalError> {
        let row = |commit: &Commit| {
            let body = form::encode(commit, self.format).map_err(|err| JournalError::Failed(err.to_string()))?;
            Ok(CommitRow { seq: commit.seq, at_ms: commit.at.0, body })
        };
        let commits = batch.commits.iter().map(row).collect::<Result<_, JournalError>>()?;
        let kept = batch.verdicts.iter().zip(sealed).filter(|(v, _)| matches!(v, Verdict::Committed { .. }));
        let sealed = kept.flat_map(|(_, rows)| rows).collect();
        let about = batch.commits.iter().flat_map(|commit| {
            let incidents = touched::incidents(commit, &self.state.district);
            incidents.into_iter().map(|incident| About { incident: incident.0, seq: commit.seq })
        });
        Ok(Append { fence: self.fence, last_seq, about: about.collect(), commits, sealed })
    }
}

/// Splits entries into what is decided and, for each entry, its place among those (`None`: not taken).
fn sort_out(entries: Vec<Entry>, is_low: bool) -> (Vec<Request>, Vec<Vec<SealedRow>>, Vec<Option<usize>>) {
    let (mut taken, mut sealed, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let is_taken = !is_low || step::goes_on_when_low(&entry.request.command);
        places.push(is_taken.then_some(taken.len()));
        if is_taken {
            taken.push(entry.request);
            sealed.push(entry.sealed);
        }
    }
    (taken, sealed, places)
}

fn finish(batch: Batch, places: Vec<Option<usize>>) -> Turn {
    let mut verdicts: Vec<Option<Verdict>> = batch.verdicts.into_iter().map(Some).collect();
    Turn {
        commits: batch.commits.into_iter().map(Arc::new).collect(),
        verdicts: places.into_iter().map(|place| place.and_then(|at| verdicts[at].take())).collect(),
        is_more_due: batch.is_more_due,
    }
}
