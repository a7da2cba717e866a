//! The world of one seed: one machine, one district, at most two processes, and everybody who talks to them. First
//! everything goes wrong that may; then nothing more does, and the world must heal.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::FutureExt;
use hub::engine::clock::Clock;
use hub::engine::positions::Fix;
use hub::engine::writer::{Entry, Writer};
use matcher::{Actor, BodyHash, Command, CommandId, DutyStatus, Position, Request, Volunteer};
use uuid::Uuid;
use wire::client::StreamPoint;

use super::agenda::Agenda;
use super::chance::Chance;
use super::clock::SimClock;
use super::disk::Disk;
use super::net::Link;
use super::people::{People, Who};
use super::process::{Moved, Process};
use super::tally::Tally;
use super::town::{self, DISTRICT};
use super::witness::{Told, Witness};

/// How long things go wrong, milliseconds.
const FAULTY_MS: std::ops::RangeInclusive<u64> = 40_000..=150_000;
/// How long the world may take to heal: longer than all waves and steps of any plan, one after the other.
const HEAL_MS: u64 = 300_000;

/// What the receivers of phones promise.
const ACCURACY_M: f32 = 10.0;

/// A write of a sound disk takes no longer, milliseconds.
const WRITE_MS_MAX: u64 = 20;

/// A sound way takes no longer, milliseconds: far less than a pong that would find a gap.
const FLIGHT_MS_MAX: u64 = 10;

const WORLD_STREAM: u64 = 1;
const NET_STREAM: u64 = 2;
const DISK_STREAM: u64 = 3;
const AGENDA_STREAM: u64 = 4;
const CHAOS_STREAM: u64 = 5;

/// What is on its way to a hub.
#[derive(Clone, Debug)]
pub enum Up {
    Hello(Option<StreamPoint>),
    Command(Box<Request>),
    Fix(Position),
    Ping,
}

/// What is on its way to a client.
#[derive(Clone, Debug)]
pub enum Down {
    /// `true`: forget everything, parts of a snapshot follow.
    Greeting(bool),
    Frame(Bytes),
    Answer(CommandId, Box<Told>),
    /// The seq of the last delta sent; `None` while parts of a snapshot are.
    Pong(Option<u64>),
    /// There is no such session here.
    Closed,
}

/// What happens at a moment.
#[derive(Clone, Debug)]
pub enum Due {
    /// Something within the hub or its disk is to go on.
    Wheel,
    /// A client is looked at: its owner acts, its post goes out, its connection is checked.
    Client(Who),
    /// Somebody does something of his own accord.
    Whim(Who),
    ToHub(Who, u64, u64, Up),
    ToClient(Who, u64, Down),
    /// A client has room for the next part of its snapshot.
    Pull(Who, u64),
    /// A process is started.
    Start,
    Chaos,
}

/// Everything there is.
pub struct World {
    pub seed: u64,
    pub clock: SimClock,
    pub agenda: Agenda<Due>,
    pub chance: Chance,
    pub net: Chance,
    pub chaos: Chance,
    pub disk: Disk,
    pub witness: Witness,
    /// The newest last; all but it are thought to be dead.
    pub processes: Vec<Process>,
    pub pids: u64,
    pub people: People,
    pub links: BTreeMap<Who, Link>,
    pub is_faulty: bool,
    pub tally: Tally,
    /// How many views were looked at under way.
    pub compared: usize,
    /// Everything that was told to anybody, as one number.
    pub trace: u64,
    wheel_ms: Option<u64>,
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub digest: u64,
    pub tally: Tally,
}

impl World {
    /// The world of `seed`, with the office's work done and nobody connected yet.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed, WORLD_STREAM);
        let clock = SimClock::default();
        let (people, volunteers) = People::of(seed, &mut chance);
        let links = people.everybody().into_iter().map(|who| (who, Link::default())).collect();
        let mut world = Self {
            seed,
            agenda: Agenda::new(Chance::new(seed, AGENDA_STREAM)),
            chance,
            net: Chance::new(seed, NET_STREAM),
            chaos: Chance::new(seed, CHAOS_STREAM),
            disk: Disk::new(clock.clone(), Chance::new(seed, DISK_STREAM)),
            clock,
            witness: Witness::new(),
            processes: Vec::new(),
            pids: 0,
            people,
            links,
            is_faulty: false,
            tally: Tally::default(),
            compared: 0,
            trace: seed,
            wheel_ms: None,
        };
        world.open_office(volunteers);
        world
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.steady_ms()
    }

    /// Settings, registry and duty, in one batch, by a process that is gone before anybody comes.
    fn open_office(&mut self, volunteers: Vec<Volunteer>) {
        let ids: Vec<_> = volunteers.iter().map(|volunteer| volunteer.id).collect();
        let on_duty = |volunteer| Command::GoOnDuty { volunteer, status: DutyStatus::Available, until: None };
        let mut commands = town::settings(self.seed);
        commands.push(Command::EnrolVolunteers { volunteers });
        commands.extend(ids.into_iter().map(on_duty));
        let request = |(n, command)| Request {
            id: CommandId(n as u128 + 1),
            body_hash: BodyHash(0),
            actor: Actor::System,
            command,
        };
        let requests = commands.into_iter().enumerate().map(request);
        let entries = requests.map(|request| Entry { request, sealed: Vec::new() }).collect();
        let mut writer = Writer::new(self.disk.clone(), self.clock.clone(), DISTRICT.0, Uuid::nil());
        writer.load().now_or_never().expect("loading does not wait").expect("an empty journal can be led");
        let mut turn = Box::pin(writer.turn(entries));
        let turned = loop {
            match turn.as_mut().now_or_never() {
                Some(turned) => break turned.expect("the disk is sound"),
                None => self.clock.set_ms(self.now_ms() + 1),
            }
            self.settle_disk();
        };
        let refused = turned.verdicts.iter().find(|verdict| !is_taken(verdict.as_ref()));
        assert_eq!(refused, None, "the office's settings are refused");
    }

    /// Runs to the end and says what it came to.
    pub async fn run(mut self) -> Outcome {
        let faulty_ms = self.chance.of(FAULTY_MS);
        self.begin();
        self.run_until(faulty_ms).await;
        self.stop_faults();
        self.run_until(faulty_ms + HEAL_MS).await;
        // Not in the middle of a write, nor while what it said is under way.
        for end_ms in 1..=WRITE_MS_MAX + FLIGHT_MS_MAX {
            let is_at_rest = self.processes.first().is_some_and(|process| process.state().is_some());
            if is_at_rest && self.everybody_has_heard() {
                break;
            }
            self.run_until(faulty_ms + HEAL_MS + end_ms).await;
        }
        self.check_healed().await;
        let digest = self.trace ^ self.witness.district.digest();
        self.tally.add("commits", self.witness.district.seq);
        self.tally.add("alarms acknowledged", self.witness.acknowledged() as u64);
        Outcome { digest, tally: self.tally }
    }

    fn begin(&mut self) {
        self.is_faulty = true;
        let now_ms = self.now_ms();
        self.agenda.add(now_ms, Due::Start);
        for who in self.people.everybody() {
            let first_ms = now_ms + self.chance.of(50..=3_000);
            self.wake_at(who, first_ms);
            self.agenda.add(first_ms, Due::Whim(who));
        }
        self.agenda.add(now_ms + 3_000, Due::Chaos);
    }

    async fn run_until(&mut self, end_ms: u64) {
        while let Some((at_ms, due)) = self.agenda.next_before(end_ms) {
            self.clock.set_ms(at_ms);
            self.happen(due).await;
            self.turn_the_wheel().await;
        }
        self.clock.set_ms(end_ms);
    }

    async fn happen(&mut self, due: Due) {
        match due {
            Due::Wheel => self.wheel_ms = None,
            Due::Client(who) => self.look_at(who),
            Due::Whim(who) => self.whim(who),
            Due::ToHub(who, pid, session, up) => self.send_to_hub(who, pid, session, up).await,
            Due::ToClient(who, session, down) => self.send_to_client(who, session, down),
            Due::Pull(who, pid) => self.pull(who, pid).await,
            Due::Start => self.start(),
            Due::Chaos => {
                self.compare_next().await;
                self.wreak();
            }
        }
    }

    fn settle_disk(&mut self) {
        self.disk.settle();
        for batch in self.disk.take_landed() {
            self.witness.landed(&batch);
        }
    }

    /// Lets everything within the machine go on until it waits for time.
    async fn turn_the_wheel(&mut self) {
        loop {
            self.settle_disk();
            let mut has_moved = false;
            for index in 0..self.processes.len() {
                let moved = self.processes[index].step(&mut self.witness).await;
                has_moved |= moved != Moved::No;
                if moved == Moved::Died {
                    self.bury(index);
                    break;
                }
                if self.speak(index).await {
                    self.bury(index);
                    break;
                }
            }
            if !has_moved {
                break;
            }
        }
        self.plan_wheel();
    }

    fn plan_wheel(&mut self) {
        let processes = self.processes.iter().filter_map(Process::next_ms);
        let Some(next_ms) = processes.chain(self.disk.next_ms()).min() else { return };
        let next_ms = next_ms.max(self.now_ms() + 1);
        if self.wheel_ms.is_none_or(|at_ms| next_ms < at_ms) {
            self.wheel_ms = Some(next_ms);
            self.agenda.add(next_ms, Due::Wheel);
        }
    }

    /// A process starts; in a world that heals only if there is none.
    fn start(&mut self) {
        if !self.is_faulty && !self.processes.is_empty() {
            return;
        }
        self.pids += 1;
        self.processes.push(Process::start(self.pids, self.disk.clone(), self.clock.clone()));
        self.tally.count("processes started");
    }

    /// Mixes something that happened into the number of this run.
    pub fn trace(&mut self, what: u64) {
        self.trace = (self.trace ^ what ^ self.now_ms().rotate_left(32)).wrapping_mul(0x100_0000_01b3).rotate_left(17);
    }

    /// Looks at a client at `at_ms`, unless it is looked at before.
    pub fn wake_at(&mut self, who: Who, at_ms: u64) {
        let at_ms = at_ms.max(self.now_ms() + 1);
        let link = self.links.get_mut(&who).expect("everybody has a link");
        if link.wakes_at_ms.is_none_or(|planned_ms| at_ms < planned_ms) {
            link.wakes_at_ms = Some(at_ms);
            self.agenda.add(at_ms, Due::Client(who));
        }
    }

    pub fn process(&mut self, pid: u64) -> Option<&mut Process> {
        self.processes.iter_mut().find(|process| process.pid == pid)
    }

    /// What a phone sees of where its owner is.
    pub fn fix(&mut self, who: Who, position: Position, pid: u64) {
        let (Who::Phone(index), Some(at)) = (who, self.processes.iter().find_map(|p| p.time(pid))) else { return };
        let volunteer = self.people.phones[index].volunteer;
        if let Some(process) = self.process(pid) {
            process.take_fix(volunteer, Fix { position, accuracy_m: ACCURACY_M, at });
        }
    }
}

fn is_taken(verdict: Option<&hub::engine::step::Verdict>) -> bool {
    use hub::engine::step::Verdict::{Committed, Rejected, Unchanged};
    match verdict {
        Some(Committed { .. } | Unchanged { .. }) => true,
        Some(Rejected(_)) | None => false,
    }
}
