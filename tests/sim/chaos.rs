//! What goes wrong, and that it stops.

use super::people::{People, Who};
use super::phone::Phone;
use super::process::KILL_POINTS;
use super::world::{Due, World};

/// How long between two misfortunes.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 300..=9_000;
/// How long a dead process stays dead.
const DEAD_MS: std::ops::RangeInclusive<u64> = 50..=4_000;
/// How far the calendar jumps, either way.
const JUMP_MS: u64 = 3_600_000;

impl World {
    /// One misfortune, and the next is planned.
    pub fn wreak(&mut self) {
        if !self.is_faulty {
            return;
        }
        match self.chaos.of(0..=99) {
            0..=34 => self.doom(),
            35..=39 => self.pull_the_plug(),
            40..=49 => self.freeze(),
            50..=64 => {
                let is_shaky = self.chaos.permille(600);
                self.disk.set_shaky(is_shaky);
                self.tally.count("disk turned shaky or sound");
            }
            65..=68 => {
                let is_full = self.chaos.permille(500);
                self.disk.set_full(is_full);
                self.tally.count("disk full or freed");
            }
            69..=73 => self.jump(),
            74..=79 => self.cut_everybody_off(),
            80..=91 => self.cut_off(),
            _ => self.restart_phone(),
        }
        let next_ms = self.now_ms() + self.chaos.of(PAUSE_MS);
        self.agenda.add(next_ms, Due::Chaos);
    }

    /// The process will die when it gets to a certain point.
    fn doom(&mut self) {
        let point = self.chaos.pick(&KILL_POINTS);
        if let Some(process) = self.processes.last_mut() {
            process.doom = point;
        }
    }

    fn pull_the_plug(&mut self) {
        while !self.processes.is_empty() {
            self.bury(0);
        }
        self.tally.count("plug pulled");
    }

    /// A process is gone, with everything in its memory and perhaps with what it was writing.
    pub fn bury(&mut self, index: usize) {
        let process = self.processes.remove(index);
        self.tally.count(match process.doom {
            Some(point) => format!("killed at {point:?}"),
            None => "killed anywhere".to_owned(),
        });
        drop(process);
        self.disk.lose_orphans();
        if self.processes.len() == index {
            let dead_ms = if self.is_faulty { self.chaos.of(DEAD_MS) } else { 100 };
            let at_ms = self.now_ms() + dead_ms;
            self.agenda.add(at_ms, Due::Start);
        }
    }

    /// Stopped for a while; somebody may take over, and then it thaws.
    fn freeze(&mut self) {
        let now_ms = self.now_ms();
        let frozen_ms = self.chaos.pick(&[700, 2_000, 5_000, 15_000]).expect("there are some");
        let Some(process) = self.processes.last_mut() else { return };
        process.frozen_until_ms = now_ms + frozen_ms;
        self.tally.count("frozen");
        if self.processes.len() == 1 && self.chaos.permille(500) {
            let at_ms = now_ms + self.chaos.of(300..=frozen_ms);
            self.agenda.add(at_ms, Due::Start);
            self.tally.count("taken over while frozen");
        }
    }

    fn jump(&mut self) {
        let by_ms = self.chaos.of(0..=2 * JUMP_MS) as i64 - JUMP_MS as i64;
        self.clock.jump_wall_ms(by_ms);
        self.tally.count("calendar jumped");
    }

    fn cut_off(&mut self) {
        let everybody = self.people.everybody();
        let who = self.chaos.pick(&everybody).expect("there is somebody");
        let until_ms = self.now_ms() + self.chaos.of(1_000..=40_000);
        self.offline(who, until_ms);
    }

    fn cut_everybody_off(&mut self) {
        let until_ms = self.now_ms() + self.chaos.of(500..=15_000);
        for who in self.people.everybody() {
            self.offline(who, until_ms);
        }
        self.tally.count("everybody cut off");
    }

    fn offline(&mut self, who: Who, until_ms: u64) {
        self.links.get_mut(&who).expect("everybody has a link").offline_until_ms = until_ms;
        self.wake_at(who, until_ms);
    }

    fn restart_phone(&mut self) {
        let index = self.chaos.of(0..=self.people.phones.len() as u64 - 1) as usize;
        let phone = &mut self.people.phones[index];
        let home = self.witness.district.volunteer(phone.volunteer).map(|record| record.profile.home);
        phone.restart(Phone::owner(self.seed, index, home.expect("he is enrolled")));
        self.links.get_mut(&Who::Phone(index)).expect("everybody has a link").session += 1;
        self.reconnect(Who::Phone(index));
        self.tally.count("phones restarted");
    }

    fn reconnect(&mut self, who: Who) {
        let now_ms = self.now_ms();
        let link = self.links.get_mut(&who).expect("everybody has a link");
        link.heard_ms = 0;
        self.wake_at(who, now_ms);
    }

    /// From here on nothing goes wrong any more, and nobody stirs anything up.
    pub fn stop_faults(&mut self) {
        let now_ms = self.now_ms();
        self.is_faulty = false;
        self.disk.set_shaky(false);
        self.disk.set_full(false);
        while self.processes.len() > 1 {
            self.processes.remove(0);
        }
        for process in &mut self.processes {
            (process.doom, process.frozen_until_ms) = (None, now_ms);
        }
        if self.processes.is_empty() {
            self.agenda.add(now_ms, Due::Start);
        }
        for who in People::everybody(&self.people) {
            self.offline(who, now_ms);
        }
    }
}
