//! A log of the last hundred days, as the real writer makes it on a calendar of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use hub::engine::clock::{Clock, SystemClock};
use hub::engine::touched;
use hub::engine::writer::{Entry, Turn, Writer};
use hub::store::rows::READ_ROWS_MAX;
use hub::store::{About, Append, CommitRow, Journal, MemoryJournal, recovery};
use matcher::{
    AccountId, Actor, Answer, BodyHash, CallSource, Command, CommandId, DAY_MS, Disposition, District, DistrictId,
    Grid, GridId, IncidentId, MINUTE_MS, NewIncident, Polygon, Position, Request,
};
use uuid::Uuid;

pub const DISTRICT: u32 = 1;
/// When the log begins.
pub const BEGAN_DAYS_AGO: u64 = 100;
/// How long calls came in.
const DAYS: u64 = 60;
const CALLS_A_DAY: u64 = 4;
/// The day on which one incident was opened that nobody has closed.
pub const LEFT_OPEN_DAYS_AGO: u64 = BEGAN_DAYS_AGO - 50;

/// A calendar that moves when it is told to.
#[derive(Clone)]
struct Calendar {
    began_ms: i64,
    passed_ms: Arc<AtomicU64>,
}

impl Calendar {
    fn pass_ms(&self, ms: u64) {
        self.passed_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Calendar {
    fn wall_ms(&self) -> i64 {
        self.began_ms.saturating_add_unsigned(self.steady_ms())
    }

    fn steady_ms(&self) -> u64 {
        self.passed_ms.load(Ordering::Relaxed)
    }
}

/// A log, and the incident in it that is open still.
pub struct Old {
    pub rows: Vec<CommitRow>,
    pub open: IncidentId,
}

/// Sixty days of calls, closed within the hour but for one.
pub async fn log() -> Result<Old> {
    let calendar = Calendar {
        began_ms: SystemClock.wall_ms().saturating_sub_unsigned(BEGAN_DAYS_AGO * DAY_MS),
        passed_ms: Arc::default(),
    };
    let journal = MemoryJournal::new();
    let mut writer = Writer::new(journal.clone(), calendar.clone(), DISTRICT, Uuid::new_v4());
    writer.load().await?;
    writer.turn(founding().into_iter().map(entry).collect()).await?;
    let mut open = None;
    for day in 0..DAYS {
        for call in 0..CALLS_A_DAY {
            let incident = opened(&writer.turn(vec![entry(alarm(day, call))]).await?)?;
            pass(&mut writer, &calendar, 40 * MINUTE_MS).await?;
            if day + LEFT_OPEN_DAYS_AGO == BEGAN_DAYS_AGO && call == 1 {
                open = Some(incident);
            } else {
                let close = Command::Close { incident, disposition: Disposition::Resolved, words: None };
                writer.turn(vec![entry(close)]).await?;
            }
        }
        pass(&mut writer, &calendar, DAY_MS - CALLS_A_DAY * 40 * MINUTE_MS).await?;
    }
    Ok(Old { rows: all(&journal).await?, open: open.context("one is left open")? })
}

/// Time goes by, and what is due in it is done when it is due.
async fn pass(writer: &mut Writer<MemoryJournal, Calendar>, calendar: &Calendar, mut ms: u64) -> Result<()> {
    while ms > 0 {
        let step = writer.due_in_ms().map_or(ms, |due| due.max(1)).min(ms);
        calendar.pass_ms(step);
        ms -= step;
        writer.beat().await?;
        while writer.turn(Vec::new()).await?.is_more_due {}
    }
    Ok(())
}

fn entry(command: Command) -> Entry {
    let id = CommandId(Uuid::new_v4().as_u128());
    let request = Request { id, body_hash: BodyHash(1), actor: Actor::Desk(AccountId(1)), command };
    Entry { request, sealed: Vec::new() }
}

fn opened(turn: &Turn) -> Result<IncidentId> {
    let answers = turn.commits.iter().map(|commit| &commit.answer);
    let mut opened = answers.filter_map(|answer| match answer {
        Answer::Opened { incident, .. } => Some(*incident),
        Answer::Done | Answer::Assigned { .. } | Answer::NothingToDo => None,
    });
    opened.next_back().context("an alarm opens an incident")
}

fn at(north: f64, east: f64) -> Position {
    Position::from_degrees(45.75 + north, 126.61 + east).expect("on the globe")
}

fn founding() -> Vec<Command> {
    let outer = vec![at(-0.1, -0.1), at(-0.1, 0.1), at(0.1, 0.1), at(0.1, -0.1)];
    let shape = vec![Polygon { outer, holes: Vec::new() }];
    let grid =
        Grid {
            id: GridId::new(DistrictId(DISTRICT), 1), name: "一网格".into(), shape, minimum_on_duty: 0, team: None
        };
    vec![
        Command::DefineDistrict { name: "道里".into(), centre: at(0.0, 0.0) },
        Command::DefineGrids { grids: vec![grid] },
    ]
}

/// Further apart than calls that are merged.
fn alarm(day: u64, call: u64) -> Command {
    Command::RaiseAlarm(NewIncident {
        kind: "fall".into(),
        source: CallSource::Phone,
        position: Some(at((day % 10) as f64 * 0.008, call as f64 * 0.02)),
        fallback: None,
        caller: None,
        raised_by: None,
        sealed: None,
        drill: false,
        roles: None,
    })
}

/// Every commit that the log has, from its beginning.
pub async fn all(journal: &impl Journal) -> Result<Vec<CommitRow>> {
    let mut rows: Vec<CommitRow> = Vec::new();
    let mut after = journal.first_seq(DISTRICT).await?.map_or(0, |first| first - 1);
    loop {
        let next = journal.read(DISTRICT, after, READ_ROWS_MAX).await?;
        let Some(last) = next.last() else { return Ok(rows) };
        after = last.seq;
        rows.extend(next);
    }
}

/// Puts a log into a store that is new.
pub async fn put(journal: &impl Journal, rows: &[CommitRow]) -> Result<()> {
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await?;
    let mut state = District::new(DistrictId(DISTRICT));
    for commits in rows.chunks(200) {
        let mut about = Vec::new();
        for row in commits {
            let commit = recovery::decode(DISTRICT, row)?;
            state.evolve(&commit);
            let incidents = touched::incidents(&commit, &state).into_iter();
            about.extend(incidents.map(|incident| About { incident: incident.0, seq: row.seq }));
        }
        let last_seq = head.last_seq;
        head.last_seq += commits.len() as u64;
        let batch = Append { fence: head.fence(), last_seq, commits: commits.to_vec(), sealed: Vec::new(), about };
        journal.append(batch).await?;
    }
    Ok(())
}

/// The seq of the last of `rows` that is older than `days`, as anybody would look for it.
pub fn last_older_than(rows: &[CommitRow], days: u64) -> u64 {
    let before = SystemClock.wall_ms().saturating_sub_unsigned(days * DAY_MS);
    rows.iter().take_while(|row| row.at_ms < before).last().map_or(0, |row| row.seq)
}
