//! What goes between clients and processes.

use std::hash::{Hash, Hasher};

use matcher::IncidentId;
use wire::client::StreamPoint;

use super::net::Way;
use super::people::{Who, watch};
use super::process::KillPoint;
use super::replica::{Took, id_of};
use super::witness::{Told, is_settled};
use super::world::{Down, Due, Up, World};

/// How often a client asks whether it has missed anything, milliseconds.
const PING_EVERY_MS: u64 = 5_000;
/// A hub that has not been heard of for so long is taken to be gone.
const SILENCE_MS: u64 = 12_000;
/// How long a snapshot's reader takes for one part.
const PART_MS: std::ops::RangeInclusive<u64> = 1..=400;

impl World {
    /// Its owner acts, its post goes out, its connection is checked.
    pub fn look_at(&mut self, who: Who) {
        let now_ms = self.now_ms();
        let link = self.links.get_mut(&who).expect("everybody has a link");
        link.wakes_at_ms = None;
        let back_ms = link.offline_until_ms;
        if back_ms > now_ms {
            return self.wake_at(who, back_ms);
        }
        self.keep_connected(who);
        if let Who::Phone(index) = who {
            self.people.phones[index].act(now_ms, watch(now_ms));
        }
        let due = self.people.post(who).map(|post| post.due(now_ms)).unwrap_or_default();
        for request in due {
            self.send_up(who, Up::Command(Box::new(request)));
        }
        self.wake_again(who);
    }

    fn wake_again(&mut self, who: Who) {
        let next_ms = self.people.next_ms(who).unwrap_or(u64::MAX);
        let ping_ms = self.now_ms() + PING_EVERY_MS;
        self.wake_at(who, next_ms.min(ping_ms));
    }

    fn keep_connected(&mut self, who: Who) {
        let now_ms = self.now_ms();
        let link = &self.links[&who];
        let is_lost = link.session == 0 || now_ms - link.heard_ms > SILENCE_MS;
        match is_lost {
            true => self.connect(who),
            false => self.send_up(who, Up::Ping),
        }
        if let Who::Phone(index) = who {
            let position = self.people.phones[index].position(watch(now_ms));
            self.send_up(who, Up::Fix(position));
        }
    }

    /// Begins a new session with whoever seems to lead; now and then with one who no longer does.
    fn connect(&mut self, who: Who) {
        let now_ms = self.now_ms();
        let Some(newest) = self.processes.last().map(|process| process.pid) else { return };
        let others: Vec<u64> = self.processes.iter().map(|process| process.pid).collect();
        let pid = if self.net.permille(150) { self.net.pick(&others).unwrap_or(newest) } else { newest };
        let link = self.links.get_mut(&who).expect("everybody has a link");
        link.session += 1;
        link.pid = pid;
        link.heard_ms = now_ms;
        let point = self.people.replica(who).point.map(|(history, seq)| StreamPoint { history, seq });
        self.tally.count(if point.is_some() { "resumed" } else { "connected" });
        self.send_up(who, Up::Hello(point));
    }

    fn send_up(&mut self, who: Who, up: Up) {
        let (now_ms, is_faulty) = (self.now_ms(), self.is_faulty);
        let link = self.links.get_mut(&who).expect("everybody has a link");
        for at_ms in link.arrivals(Way::Up, now_ms, is_faulty, &mut self.net) {
            self.agenda.add(at_ms, Due::ToHub(who, link.pid, link.session, up.clone()));
        }
    }

    fn send_down(&mut self, who: Who, session: u64, down: Down) {
        let (now_ms, is_faulty) = (self.now_ms(), self.is_faulty);
        let link = self.links.get_mut(&who).expect("everybody has a link");
        for at_ms in link.arrivals(Way::Down, now_ms, is_faulty, &mut self.net) {
            self.agenda.add(at_ms, Due::ToClient(who, session, down.clone()));
        }
    }

    /// Something arrives at a process, if it is still there. A frozen one finds it when it thaws.
    pub async fn send_to_hub(&mut self, who: Who, pid: u64, session: u64, up: Up) {
        let now_ms = self.now_ms();
        let view = self.people.view(who);
        let Some(process) = self.process(pid) else { return };
        if process.is_frozen() {
            let thawed_ms = process.frozen_until_ms;
            return self.agenda.add(thawed_ms.max(now_ms + 1), Due::ToHub(who, pid, session, up));
        }
        match up {
            Up::Command(request) => {
                let id = request.id;
                if let Err(no) = process.submit(who, *request) {
                    self.answer(who, id, Err(no));
                }
            }
            Up::Fix(position) => self.fix(who, position, pid),
            Up::Ping => {
                let Some(front) = &process.front else { return };
                let pong = Down::Pong(front.last(who, session));
                let answer = if front.knows(who, session) { pong } else { Down::Closed };
                self.send_down(who, session, answer);
            }
            Up::Hello(point) => {
                let Some(front) = &mut process.front else { return };
                let greeting = front.hello(who, session, view, point).await;
                self.send_down(who, session, Down::Greeting(greeting.is_snapshot));
                self.plan_pull(who, pid);
            }
        }
    }

    fn plan_pull(&mut self, who: Who, pid: u64) {
        let is_pulling = self.process(pid).and_then(|it| it.front.as_ref()).is_some_and(|front| front.is_pulling(who));
        if is_pulling {
            let at_ms = self.now_ms() + self.net.of(PART_MS);
            self.agenda.add(at_ms, Due::Pull(who, pid));
        }
    }

    pub async fn pull(&mut self, who: Who, pid: u64) {
        let Some(process) = self.process(pid) else { return };
        if process.is_frozen() {
            let thawed_ms = process.frozen_until_ms;
            return self.agenda.add(thawed_ms, Due::Pull(who, pid));
        }
        let Some(front) = process.front.as_mut() else { return };
        if let Some((session, frame)) = front.pull(who).await {
            self.send_down(who, session, Down::Frame(frame));
        }
        self.plan_pull(who, pid);
    }

    /// Everything that a process has to say leaves it. True if it died over it.
    pub async fn speak(&mut self, index: usize) -> bool {
        let process = &mut self.processes[index];
        let is_doomed = process.doom == Some(KillPoint::Told);
        let answers = process.answers();
        let frames = match &mut process.front {
            Some(front) => front.drain().await,
            None => Vec::new(),
        };
        let told = answers.len() + frames.len();
        // Killed in the middle of telling: what comes after is never said.
        let mut left = if is_doomed && told > 1 { self.chaos.of(1..=told as u64 - 1) } else { u64::MAX };
        for (who, request, told) in answers {
            if left > 0 {
                left -= 1;
                self.answer(who, request.id, told);
            }
        }
        for (who, session, frame) in frames {
            if left > 0 {
                left -= 1;
                self.send_down(who, session, Down::Frame(frame));
            }
        }
        left == 0
    }

    fn answer(&mut self, who: Who, id: matcher::CommandId, told: Told) {
        let session = self.links[&who].session;
        self.send_down(who, session, Down::Answer(id, Box::new(told)));
    }

    /// Something arrives at a client.
    pub fn send_to_client(&mut self, who: Who, session: u64, down: Down) {
        let now_ms = self.now_ms();
        let link = self.links.get_mut(&who).expect("everybody has a link");
        if link.offline_until_ms > now_ms {
            return;
        }
        if let Down::Answer(id, told) = down {
            return self.answered(who, id, *told);
        }
        if link.session != session {
            return;
        }
        link.heard_ms = now_ms;
        match down {
            Down::Frame(frame) => self.frame(who, &frame),
            Down::Greeting(is_snapshot) => self.trace(u64::from(is_snapshot)),
            Down::Pong(last) => self.pong(who, last),
            Down::Closed => self.connect(who),
            Down::Answer(..) => {}
        }
    }

    fn pong(&mut self, who: Who, last: Option<u64>) {
        let stands_at = self.people.replica(who).point.map(|(_, seq)| seq);
        // Whoever stands nowhere was sent a snapshot that did not come.
        if last.is_some_and(|last| stands_at.is_none_or(|seq| last > seq)) {
            self.tally.count("gaps found by a pong");
            self.connect(who);
        }
    }

    fn answered(&mut self, who: Who, id: matcher::CommandId, told: Told) {
        self.trace(hash(&(who, id, format!("{told:?}"))));
        self.tally.count(match &told {
            Ok(_) => "answers: yes",
            Err(hub::engine::SubmitError::Rejected(_)) => "answers: no",
            Err(_) => "answers: unknown or later",
        });
        if is_settled(&told)
            && let Some(post) = self.people.post(who)
        {
            post.answered(id);
        }
    }

    fn frame(&mut self, who: Who, frame: &[u8]) {
        self.trace(hash(&(who, frame.len())));
        match self.people.replica(who).take(frame) {
            Took::Gap => {
                self.tally.count("gaps found by a delta");
                self.connect(who);
            }
            Took::Nothing => {}
            Took::Changed(_) => {
                self.tally.count("deltas applied");
                self.looked(who);
            }
            Took::Replaced => {
                self.tally.count("snapshots applied");
                self.looked(who);
            }
        }
    }

    fn looked(&mut self, who: Who) {
        let now_ms = self.now_ms();
        let Who::Phone(index) = who else { return };
        let phone = &mut self.people.phones[index];
        // I10: nobody is shown what another was asked.
        for row in phone.replica.list("offers") {
            let offer = self.witness.district.offer(matcher::OfferId(id_of(row, "id")));
            let whose = offer.map(|offer| offer.volunteer);
            assert!(whose.is_none_or(|his| his == phone.volunteer), "I10: {} is shown {row}", phone.volunteer);
        }
        phone.look(watch(now_ms));
        self.wake_at(who, now_ms);
    }

    /// Somebody does something of his own accord, and will again.
    pub fn whim(&mut self, who: Who) {
        if !self.is_faulty {
            return;
        }
        let now_ms = self.now_ms();
        let pause_ms = match who {
            Who::Phone(index) => {
                let open: Vec<IncidentId> = self.open_incidents();
                self.people.phones[index].whim(now_ms, &open);
                5_000..=90_000
            }
            Who::Caller(index) => {
                self.people.callers[index].call(now_ms);
                2_000..=60_000
            }
            Who::Desk => {
                self.people.desk.work(now_ms);
                500..=8_000
            }
            Who::Wall => return,
        };
        let next_ms = now_ms + self.chance.of(pause_ms);
        self.agenda.add(next_ms, Due::Whim(who));
        self.wake_at(who, now_ms);
    }

    fn open_incidents(&self) -> Vec<IncidentId> {
        let open = self.witness.district.incidents().filter(|incident| !incident.state.ended());
        open.map(|incident| incident.id).collect()
    }
}

fn hash(what: &impl Hash) -> u64 {
    // Its keys are fixed, so the same seed gives the same number in every process.
    let mut hasher = std::hash::DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
