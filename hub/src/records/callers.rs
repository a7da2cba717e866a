//! Who called, as a keyed hash: the log alone cannot be turned back into a number.

use matcher::{CallerKey, VolunteerId};

use super::keys::Key;

/// Makes caller keys: the first 8 bytes of what the hub's key derives.
#[derive(Clone, Debug)]
pub struct CallerKeys(Key);

impl CallerKeys {
    pub fn new(key: Key) -> Self {
        Self(key)
    }

    /// Of a phone number, however it was written: `+86 138-0000-0000` and `13800000000` are one caller.
    pub fn of_phone(&self, phone: &str) -> CallerKey {
        self.keyed("phone", &normal_phone(phone))
    }

    /// Of a device of a resident.
    pub fn of_device(&self, device: i64) -> CallerKey {
        self.keyed("device", &device.to_string())
    }

    /// Of a volunteer, whichever phone he uses.
    pub fn of_volunteer(&self, volunteer: VolunteerId) -> CallerKey {
        self.keyed("volunteer", &volunteer.to_string())
    }

    fn keyed(&self, what: &str, value: &str) -> CallerKey {
        let digest = self.0.derive(what, value);
        CallerKey(u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
    }
}

/// Digits only, without the country code of China.
pub(super) fn normal_phone(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let local = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86").filter(|rest| rest.len() == 11));
    local.unwrap_or(&digits).to_owned()
}
