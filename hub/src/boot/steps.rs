//! Starting, told step by step: a line each, with its time, so that nobody wonders whether it is still starting.

use std::time::Instant;

/// Prints the steps of a start to the terminal.
#[derive(Debug)]
pub struct Steps {
    began: Instant,
    last: Instant,
}

impl Default for Steps {
    fn default() -> Self {
        let now = Instant::now();
        Self { began: now, last: now }
    }
}

impl Steps {
    /// The step that has just ended: `  12 ms  打开办公室数据 / office opened`.
    pub fn done(&mut self, chinese: &str, english: &str) {
        let now = Instant::now();
        let took_ms = now.duration_since(self.last).as_millis();
        self.last = now;
        println!("{took_ms:>6} ms  {chinese} / {english}");
    }

    /// Milliseconds since the first.
    pub fn total_ms(&self) -> u128 {
        self.began.elapsed().as_millis()
    }
}
