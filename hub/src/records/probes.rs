//! Whether a phone can open a page of this hub: codes that `hub doctor` shows as a QR, in memory only.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::office::Office;
use super::rows::Token;

/// Codes that are waited for; one more drops the oldest.
const PROBES_MAX: usize = 16;

/// Codes by their hash, and whether each was opened.
#[derive(Debug, Default)]
pub(super) struct Probes(Mutex<VecDeque<([u8; 32], bool)>>);

impl Office {
    /// A code for one page; whoever opens it proves that he reaches the hub.
    pub fn begin_probe(&self) -> String {
        let code = Token::draw();
        let mut probes = self.0.probes.0.lock().expect("no panic while the probes are held");
        probes.truncate(PROBES_MAX - 1);
        probes.push_front((code.hash(), false));
        code.text()
    }

    /// Somebody has opened the page; whether its code is known.
    pub fn open_probe(&self, code: &str) -> bool {
        self.probe(code, |opened| *opened = true).is_some()
    }

    /// Whether the page was opened.
    pub fn probe_opened(&self, code: &str) -> bool {
        self.probe(code, |_| ()) == Some(true)
    }

    fn probe(&self, code: &str, touch: impl FnOnce(&mut bool)) -> Option<bool> {
        let hash = Token::parse(code)?.hash();
        let mut probes = self.0.probes.0.lock().expect("no panic while the probes are held");
        let (_, opened) = probes.iter_mut().find(|(known, _)| *known == hash)?;
        touch(opened);
        Some(*opened)
    }
}
