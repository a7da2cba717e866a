//! One number for the whole journalled state, the same wherever and whenever the log is replayed.
//!
//! A serde serializer that writes nothing and mixes everything: values, lengths, variant names. Mixing is a multiply and
//! a rotate a word (after FxHash and wyhash); it finds accidents, it does not resist an attacker.

use std::fmt::Display;

use serde::ser::{self, Serialize};

const SEED: u64 = 0x6261_6979_696e_6721;
const FACTOR: u64 = 0x9fb2_1c65_1e98_df25;

/// The digest of anything that can be serialised.
pub fn digest_of<T: Serialize + ?Sized>(value: &T) -> u64 {
    let mut mixer = Mixer { state: SEED };
    match value.serialize(&mut mixer) {
        Ok(()) => mixer.state ^ mixer.state >> 32,
        Err(error) => panic!("bug: the state cannot be digested: {error}"),
    }
}

struct Mixer {
    state: u64,
}

impl Mixer {
    fn word(&mut self, word: u64) -> Result<(), Failure> {
        self.state = (self.state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.word(bytes.len() as u64)?;
        for chunk in bytes.chunks(8) {
            let mut padded = [0u8; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(padded))?;
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

impl ser::Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

macro_rules! words {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        fn $method(self, value: $type) -> Result<(), Failure> {
            self.word(value as u64)
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Mixer {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = &'a mut Mixer;
    type SerializeTuple = &'a mut Mixer;
    type SerializeTupleStruct = &'a mut Mixer;
    type SerializeTupleVariant = &'a mut Mixer;
    type SerializeMap = &'a mut Mixer;
    type SerializeStruct = &'a mut Mixer;
    type SerializeStructVariant = &'a mut Mixer;

    words! {
        serialize_bool: bool, serialize_char: char,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
    }

    fn serialize_u128(self, value: u128) -> Result<(), Failure> {
        self.word(value as u64)?;
        self.word((value >> 64) as u64)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Failure> {
        self.word(u64::from(value.to_bits()))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Failure> {
        self.word(value.to_bits())
    }

    fn serialize_str(self, value: &str) -> Result<(), Failure> {
        self.bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Failure> {
        self.bytes(value)
    }

    fn serialize_none(self) -> Result<(), Failure> {
        self.word(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        self.word(1)?;
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Failure> {
        self.word(2)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Failure> {
        self.word(3)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Failure> {
        self.bytes(variant.as_bytes())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        self.bytes(variant.as_bytes())?;
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Failure> {
        self.word(length.map_or(u64::MAX, |length| length as u64))?;
        Ok(self)
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self, Failure> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Failure> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Failure> {
        self.bytes(variant.as_bytes())?;
        Ok(self)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self, Failure> {
        self.serialize_seq(length)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Failure> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Failure> {
        self.bytes(variant.as_bytes())?;
        Ok(self)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Failure> {
        self.bytes(value.to_string().as_bytes())
    }
}

macro_rules! parts {
    ($($kind:ident: $method:ident),* $(,)?) => {$(
        impl ser::$kind for &mut Mixer {
            type Ok = ();
            type Error = Failure;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Failure> {
                self.word(4)
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

impl ser::SerializeMap for &mut Mixer {
    type Ok = ();
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Failure> {
        self.word(5)
    }
}

/// Names tell fields apart where some are skipped when empty.
macro_rules! fields {
    ($($kind:ident),* $(,)?) => {$(
        impl ser::$kind for &mut Mixer {
            type Ok = ();
            type Error = Failure;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Failure> {
                let first = name.as_bytes().first().copied().unwrap_or_default();
                self.word(u64::from(first) << 32 | name.len() as u64)?;
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Failure> {
                self.word(6)
            }
        }
    )*};
}

fields! { SerializeStruct, SerializeStructVariant }

#[cfg(test)]
mod tests {
    use super::digest_of;

    #[test]
    fn neighbours_differ_and_equals_agree() {
        let values = [vec![1u64, 2], vec![2, 1], vec![1], vec![], vec![0], vec![0, 0]];
        let digests: std::collections::BTreeSet<u64> = values.iter().map(digest_of).collect();
        assert_eq!(digests.len(), values.len());
        assert_ne!(digest_of(&("ab", "c")), digest_of(&("a", "bc")));
        assert_eq!(digest_of("百应"), digest_of(&String::from("百应")));
    }

    #[test]
    fn the_digest_is_the_same_for_ever() {
        assert_eq!(digest_of(&(1u8, Some("grid"), [true, false])), GOLDEN);
    }

    /// A change here makes every digest written down before it worthless: only with a new `FORMAT`.
    const GOLDEN: u64 = 11_669_478_331_932_165_047;
}
