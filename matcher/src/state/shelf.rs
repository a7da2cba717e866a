//! Records by id in shared chunks: a clone costs one reference per chunk; a change to what a clone still shares copies
//! that record and its chunk's references, not the record's neighbours. Ids are minted in order, so a chunk is dense and
//! a lookup mostly lands at its first guess.

use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Records of neighbouring ids whose references are copied together.
const CHUNK_SPAN: u64 = 128;

/// What can stand on a shelf.
pub trait Record: Clone {
    /// Its id as a number; never changes.
    fn key(&self) -> u64;
}

/// The records of one span of ids, in order.
type Chunk<R> = Arc<Vec<Arc<R>>>;

/// An ordered map from id to record.
#[derive(Clone, Debug)]
pub struct Shelf<R> {
    /// By the number of their span, in order.
    chunks: Vec<(u64, Chunk<R>)>,
    count: usize,
}

impl<R> Default for Shelf<R> {
    fn default() -> Self {
        Self { chunks: Vec::new(), count: 0 }
    }
}

impl<R: Record> Shelf<R> {
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn get(&self, key: u64) -> Option<&R> {
        let span = self.span(key).ok()?;
        let chunk = &self.chunks[span].1;
        place(chunk, key).ok().map(|index| &*chunk[index])
    }

    /// For change; copies the record if a clone of this shelf still shares it.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut R> {
        let span = self.span(key).ok()?;
        let chunk = &mut self.chunks[span].1;
        let index = place(chunk, key).ok()?;
        Some(Arc::make_mut(&mut Arc::make_mut(chunk)[index]))
    }

    /// Adds the record, or replaces the one with its id.
    pub fn put(&mut self, record: R) {
        let span = self.span(record.key()).unwrap_or_else(|span| {
            self.chunks.insert(span, (record.key() / CHUNK_SPAN, Chunk::default()));
            span
        });
        let chunk = Arc::make_mut(&mut self.chunks[span].1);
        match place(chunk, record.key()) {
            Ok(index) => chunk[index] = Arc::new(record),
            Err(index) => {
                chunk.insert(index, Arc::new(record));
                self.count += 1;
            }
        }
    }

    pub fn take(&mut self, key: u64) -> Option<R> {
        let span = self.span(key).ok()?;
        let chunk = &mut self.chunks[span].1;
        let index = place(chunk, key).ok()?;
        let record = Arc::make_mut(chunk).remove(index);
        if chunk.is_empty() {
            self.chunks.remove(span);
        }
        self.count -= 1;
        Some(Arc::unwrap_or_clone(record))
    }

    /// Where the chunk of `key` is, or belongs. The guess is right whenever no span before it is missing.
    fn span(&self, key: u64) -> Result<usize, usize> {
        let span = key / CHUNK_SPAN;
        let first = self.chunks.first().ok_or(0usize)?.0;
        let guess = span.saturating_sub(first) as usize;
        match self.chunks.get(guess) {
            Some(&(found, _)) if found == span => Ok(guess),
            _ => self.chunks.binary_search_by_key(&span, |&(span, _)| span),
        }
    }

    /// In the order of ids.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.chunks.iter().flat_map(|(_, chunk)| chunk.iter()).map(|record| &**record)
    }
}

/// Where `key` is in a chunk, or belongs. The guess is right whenever no id below it is missing.
fn place<R: Record>(chunk: &[Arc<R>], key: u64) -> Result<usize, usize> {
    let guess = (key % CHUNK_SPAN) as usize;
    match chunk.get(guess) {
        Some(record) if record.key() == key => Ok(guess),
        _ => chunk.binary_search_by_key(&key, |record| record.key()),
    }
}

impl<R: Record + Serialize> Serialize for Shelf<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, R: Record + Deserialize<'de>> Deserialize<'de> for Shelf<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ShelfVisitor(std::marker::PhantomData))
    }
}

struct ShelfVisitor<R>(std::marker::PhantomData<R>);

impl<'de, R: Record + Deserialize<'de>> Visitor<'de> for ShelfVisitor<R> {
    type Value = Shelf<R>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut shelf = Shelf::default();
        while let Some(record) = seq.next_element()? {
            shelf.put(record);
        }
        Ok(shelf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Numbered(u64, char);

    impl Record for Numbered {
        fn key(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn a_clone_keeps_what_it_had() {
        let mut shelf = Shelf::default();
        for key in [5, 1, 400, 129, 128] {
            shelf.put(Numbered(key, 'a'));
        }
        let before = shelf.clone();
        shelf.get_mut(129).expect("it was put there").1 = 'b';
        assert_eq!(shelf.take(1), Some(Numbered(1, 'a')));
        assert_eq!((shelf.count(), before.count()), (4, 5));
        assert_eq!(before.get(129), Some(&Numbered(129, 'a')));
        assert_eq!(shelf.iter().map(Record::key).collect::<Vec<_>>(), [5, 128, 129, 400]);
    }
}
