//! What a client has been shown: rows by list and id, and the proof that none is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use wire::server::{Delta, ServerFrame, Snapshot};

/// Rows by the name of their list and their own key.
pub type Rows = BTreeMap<(String, String), Value>;

/// A row's place in [`Rows`].
pub type RowKey = (String, String);

/// A client's copy of one district, as far as it may see it.
#[derive(Debug, Default)]
pub struct Replica {
    pub rows: Rows,
    /// The log's identity and the seq at which the rows stand; `None` before the first snapshot.
    pub point: Option<(uuid::Uuid, u64)>,
    /// Parts of a snapshot so far, and how many.
    filling: Option<(u32, Rows)>,
}

/// What a frame did to the copy.
#[derive(Debug, PartialEq)]
pub enum Took {
    /// These rows have changed.
    Changed(Vec<RowKey>),
    /// All rows were replaced.
    Replaced,
    /// It was old, or only a part.
    Nothing,
    /// Something is missing: ask for it.
    Gap,
}

impl Replica {
    /// Takes a frame in.
    ///
    /// # Panics
    /// When it is not a frame of the protocol: that would be a bug of the hub.
    pub fn take(&mut self, frame: &[u8]) -> Took {
        let frame: ServerFrame<Map<String, Value>> =
            serde_json::from_slice(frame).unwrap_or_else(|err| panic!("not a frame of the protocol: {err}"));
        match frame {
            ServerFrame::Delta(delta) => self.delta(delta),
            ServerFrame::Snapshot(part) => self.part(part),
            ServerFrame::Latest(_) => Took::Nothing,
            ServerFrame::Welcome(_) | ServerFrame::Result(_) | ServerFrame::Pong(_) | ServerFrame::Go(_) => {
                Took::Nothing
            }
        }
    }

    fn delta(&mut self, delta: Delta<Map<String, Value>>) -> Took {
        match self.point {
            Some((history, seq)) if history == delta.history && delta.prev == seq => {
                self.point = Some((history, delta.seq));
                Took::Changed(upsert(&mut self.rows, delta.data))
            }
            Some((history, seq)) if history == delta.history && delta.seq <= seq => Took::Nothing,
            Some(_) | None => Took::Gap,
        }
    }

    fn part(&mut self, part: Snapshot<Map<String, Value>>) -> Took {
        if part.part == 0 {
            self.filling = Some((0, Rows::new()));
        }
        let Some((next, rows)) = self.filling.as_mut().filter(|(next, _)| *next == part.part) else { return Took::Gap };
        upsert(rows, part.data);
        *next += 1;
        if !part.last {
            return Took::Nothing;
        }
        self.rows = self.filling.take().map(|(_, rows)| rows).unwrap_or_default();
        self.point = Some((part.history, part.seq));
        Took::Replaced
    }

    /// The rows of one list.
    pub fn list<'a>(&'a self, list: &str) -> impl Iterator<Item = &'a Value> {
        let from = (list.to_owned(), String::new());
        let list = list.to_owned();
        self.rows.range(from..).take_while(move |((of, _), _)| *of == list).map(|(_, row)| row)
    }
}

fn upsert(rows: &mut Rows, data: Map<String, Value>) -> Vec<RowKey> {
    let mut changed = Vec::new();
    for (list, value) in data {
        match value {
            Value::Array(gone) if list == "gone" => {
                for gone in gone {
                    let key = (text(&gone["what"]), text(&gone["id"]));
                    rows.remove(&key);
                    changed.push(key);
                }
            }
            Value::Array(list_rows) => {
                for row in list_rows {
                    let key = (list.clone(), key_of(&row));
                    rows.insert(key.clone(), row);
                    changed.push(key);
                }
            }
            single => {
                rows.insert((list.clone(), String::new()), single);
            }
        }
    }
    changed
}

fn key_of(row: &Value) -> String {
    ["id", "number", "kind"].iter().find_map(|name| row.get(*name)).map(text).expect("every row has a key")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What must be the same for whoever was there all along and whoever comes anew: not what hangs on the moment at which
/// it was shown, and not what is over and only kept on the screen.
pub fn lasting(rows: &Rows) -> Rows {
    let mut rows = rows.clone();
    let live: BTreeSet<String> = live_incidents(&rows);
    let has_incidents = rows.keys().any(|(list, _)| list == "incidents");
    rows.retain(|(list, key), row| match list.as_str() {
        "incidents" => live.contains(key),
        "offers" | "assignments" if !has_incidents => !is_in(row, &OVER),
        "calls" | "offers" | "assignments" | "tasks" => live.contains(&text(&row["incident"])),
        _ => true,
    });
    for row in rows.values_mut().filter_map(Value::as_object_mut) {
        row.remove("expires_in_ms");
        row.remove("alerts_today");
    }
    rows
}

fn live_incidents(rows: &Rows) -> BTreeSet<String> {
    let incidents = rows.iter().filter(|((list, _), row)| list == "incidents" && !is_in(row, &ENDED));
    incidents.map(|((_, key), _)| key.clone()).collect()
}

/// States of an offer or an assignment that are never left.
const OVER: [&str; 8] =
    ["accepted", "declined", "expired", "withdrawn", "done", "aborted", "substituted_by", "stood_down"];
/// States of an incident in which nothing more is shown of it.
const ENDED: [&str; 3] = ["closed", "cancelled", "duplicate_of"];

fn is_in(row: &Value, states: &[&str]) -> bool {
    states.iter().any(|state| row["state"] == *state)
}

/// The number that an id in a row stands for.
pub fn id_of(row: &Value, field: &str) -> u64 {
    row[field].as_str().and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{field} of {row} is no id"))
}
