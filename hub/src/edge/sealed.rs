//! What never enters a command: words, names, numbers, addresses, signatures. A sealed row travels beside the command
//! into the same append, and can be erased without it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use matcher::SealedRef;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::command::{SHEET_BYTES_MAX, WORDS_LENGTH_MAX};

use super::error::Refusal;
use crate::engine::SealedRow;

/// Characters of a phone number, a name and an address.
pub const PHONE_LENGTH_MAX: usize = 32;
pub const NAME_LENGTH_MAX: usize = 60;
pub const ADDRESS_LENGTH_MAX: usize = 200;

/// The body of a sealed row, as JSON in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sealed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The signed service sheet, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
}

impl Sealed {
    pub fn words(words: Option<String>) -> Self {
        Self { words, ..Self::default() }
    }

    /// What a caller says: his name, his number, where, and his words.
    pub fn call(name: Option<String>, phone: Option<String>, address: Option<String>, words: Option<String>) -> Self {
        Self { name, phone, address, words, sheet: None }
    }

    /// # Errors
    /// `over_limit` or `bad_base64`, naming the field.
    pub fn checked(self) -> Result<Self, Refusal> {
        limited("/caller_name", self.name.as_deref(), NAME_LENGTH_MAX)?;
        limited("/caller_phone", self.phone.as_deref(), PHONE_LENGTH_MAX)?;
        limited("/address", self.address.as_deref(), ADDRESS_LENGTH_MAX)?;
        limited("/words", self.words.as_deref(), WORDS_LENGTH_MAX)?;
        if let Some(sheet) = &self.sheet {
            let bytes = STANDARD.decode(sheet).map_err(|e| {
                Refusal::field(
                    "/sheet",
                    "bad_base64",
                    format!("签名单不是 base64:{e}"),
                    format!("/sheet is not base64: {e}"),
                )
            })?;
            over_limit("/sheet", bytes.len(), SHEET_BYTES_MAX)?;
        }
        Ok(self)
    }

    /// The row and the reference that the command carries; `None` when there is nothing to keep.
    pub fn into_row(self) -> (Option<SealedRef>, Option<SealedRow>) {
        if self == Self::default() {
            return (None, None);
        }
        let reference = Uuid::now_v7();
        let body = Bytes::from(serde_json::to_vec(&self).expect("text is JSON"));
        (Some(SealedRef(reference.as_u128())), Some(SealedRow { reference, body }))
    }

    pub fn read(row: &SealedRow) -> Self {
        serde_json::from_slice(&row.body).unwrap_or_default()
    }
}

/// # Errors
/// `over_limit` when `text` has more than `max` characters.
pub fn limited(pointer: &str, text: Option<&str>, max: usize) -> Result<(), Refusal> {
    over_limit(pointer, text.map_or(0, |text| text.chars().count()), max)
}

/// # Errors
/// `over_limit` when `got` is more than `max`.
pub fn over_limit(pointer: &str, got: usize, max: usize) -> Result<(), Refusal> {
    if got <= max {
        return Ok(());
    }
    let (zh, en) =
        (format!("{pointer} 长 {got},最多 {max}"), format!("{pointer} has length {got}, at most {max} is allowed"));
    Err(Refusal::field(pointer, "over_limit", zh, en))
}
