//! Parts of a snapshot: rows are written one by one until a part is full, and the next part goes on where it stopped.
//! Nothing is held between parts but two numbers.

use serde::Serialize;

use crate::engine::touched::Table;

/// Where in a view a snapshot stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Which list.
    pub stage: usize,
    /// How many of its rows are written.
    pub at: usize,
}

/// The `data` of one part while it is written.
#[derive(Debug)]
pub struct Page {
    json: Vec<u8>,
    open: Option<Table>,
    has_rows: bool,
    bytes_max: usize,
}

impl Page {
    /// An empty part that counts as full from `bytes_max` on; a row that is larger than that goes alone.
    pub fn new(bytes_max: usize) -> Self {
        Page { json: vec![b'{'], open: None, has_rows: false, bytes_max }
    }

    /// Writes a member that is not a list.
    pub fn member(&mut self, name: &str, value: &impl Serialize) {
        self.separate();
        self.name(name);
        self.value(value);
    }

    /// Writes rows of one list from where the cursor stands. True when the list is through.
    pub fn feed<R: Serialize>(&mut self, table: Table, rows: impl Iterator<Item = R>, cursor: &mut Cursor) -> bool {
        for row in rows.skip(cursor.at) {
            // Every part takes at least one row, so a snapshot always comes to its end.
            if self.has_rows && self.json.len() >= self.bytes_max {
                return false;
            }
            self.row(table, &row);
            cursor.at += 1;
        }
        true
    }

    /// The finished JSON object.
    pub fn finish(mut self) -> Vec<u8> {
        self.close_list();
        self.json.push(b'}');
        self.json
    }

    fn row(&mut self, table: Table, row: &impl Serialize) {
        if self.open == Some(table) {
            self.json.push(b',');
        } else {
            self.close_list();
            self.separate();
            self.name(table);
            self.json.push(b'[');
            self.open = Some(table);
        }
        self.value(row);
        self.has_rows = true;
    }

    fn close_list(&mut self) {
        if self.open.take().is_some() {
            self.json.push(b']');
        }
    }

    fn separate(&mut self) {
        if self.json.len() > 1 {
            self.json.push(b',');
        }
    }

    fn name(&mut self, name: &str) {
        self.value(&name);
        self.json.push(b':');
    }

    fn value(&mut self, value: &impl Serialize) {
        serde_json::to_writer(&mut self.json, value).expect("rows have string keys and finite numbers");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(cursor: &mut Cursor, bytes_max: usize) -> (bool, String) {
        let mut page = Page::new(bytes_max);
        if cursor.stage == 0 && cursor.at == 0 {
            page.member("district", &"d");
        }
        let mut done = true;
        for (stage, table) in [(0, "grids"), (1, "offers")] {
            if cursor.stage == stage {
                done = page.feed(table, [1, 2, 3].into_iter(), cursor);
                if !done {
                    break;
                }
                *cursor = Cursor { stage: stage + 1, at: 0 };
            }
        }
        (done, String::from_utf8(page.finish()).unwrap())
    }

    #[test]
    fn everything_fits_into_one_part() {
        let whole = "{\"district\":\"d\",\"grids\":[1,2,3],\"offers\":[1,2,3]}";
        assert_eq!(part(&mut Cursor::default(), 1_000), (true, whole.to_owned()));
    }

    #[test]
    fn small_parts_carry_every_row_once() {
        let mut cursor = Cursor::default();
        let mut parts = Vec::new();
        loop {
            let (done, json) = part(&mut cursor, 12);
            parts.push(json);
            if done {
                break;
            }
        }
        let told: Vec<serde_json::Value> = parts.iter().map(|json| serde_json::from_str(json).expect(json)).collect();
        let rows = |table: &str| {
            told.iter().flat_map(|part| part[table].as_array().cloned().unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!((rows("grids"), rows("offers")), (vec![1.into(), 2.into(), 3.into()], rows("grids")));
        assert!(parts.len() > 2, "{parts:?}");
    }
}
