//! A walk and a socket's own task write to one connection in turns: every frame whole, once, and in its lane's order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;
use wire::close::CloseCode;
use wire::rows::ResidentRows;
use wire::{Framed, Time};

use crate::engine::frame::{Delta, DeltaRest};
use crate::engine::{Lane, Outbox, Outlet};

const DISTRICT: u32 = 1;

/// A connection that takes so many bytes until it is given room again.
#[derive(Debug, Default)]
struct Pipe {
    room: Mutex<usize>,
    gone: Mutex<Vec<u8>>,
    is_task_writing: AtomicBool,
}

impl Pipe {
    fn gives(&self, room: usize) {
        *self.room.lock().unwrap() = room;
    }

    /// The texts that have arrived; what is left over is the beginning of one more.
    fn texts(&self) -> (Vec<String>, usize) {
        let gone = self.gone.lock().unwrap();
        let (mut rest, mut texts) = (&gone[..], Vec::new());
        while let Some((head, length)) = head(rest).filter(|(head, length)| head + length <= rest.len()) {
            texts.push(String::from_utf8(rest[head..head + length].to_vec()).unwrap());
            rest = &rest[head + length..];
        }
        (texts, rest.len())
    }
}

/// Of a text frame: bytes of its head and of its text (RFC 6455, 5.2).
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    assert!(bytes.is_empty() || bytes[0] == 0x81, "no frame begins here");
    match *bytes.get(1)? {
        126 => Some((4, usize::from(*bytes.get(2)?) << 8 | usize::from(*bytes.get(3)?))),
        length => Some((2, usize::from(length))),
    }
}

impl Outlet for Pipe {
    fn write_now(&self, frames: &[Framed]) -> usize {
        assert!(!self.is_task_writing.load(Ordering::Relaxed), "two write at once");
        let mut room = self.room.lock().unwrap();
        let bytes = Framed::joined(frames.iter().cloned());
        let gone = bytes.len().min(*room);
        *room -= gone;
        self.gone.lock().unwrap().extend_from_slice(&bytes.bytes()[..gone]);
        gone
    }
}

fn delta(seq: u64) -> Delta {
    let (data, history) = (ResidentRows::default(), Uuid::from_u128(7));
    let rest = DeltaRest { district: "1".into(), history, seq, kind: "x", at: Time(0), trace: None, data: &data };
    Delta::encode(seq - 1, &rest)
}

/// The socket's own task: it takes what waits, and is through with it some time later.
#[derive(Default)]
struct Task {
    writing: Option<Vec<Framed>>,
}

impl Task {
    fn step(&mut self, outbox: &Outbox, pipe: &Pipe) {
        if let Some(frames) = self.writing.take() {
            pipe.gone.lock().unwrap().extend_from_slice(Framed::joined(frames).bytes());
            pipe.is_task_writing.store(false, Ordering::Relaxed);
            outbox.flushed();
            return;
        }
        let mut frames = Vec::new();
        assert_eq!(outbox.drain(&mut frames), None, "the socket stays open");
        pipe.is_task_writing.store(true, Ordering::Relaxed);
        self.writing = Some(frames);
    }
}

#[test]
fn a_walk_and_the_sockets_task_never_write_into_each_others_frames() {
    for seed in 0..300 {
        let mut random = SmallRng::seed_from_u64(seed);
        let (outbox, pipe, mut task) = (Outbox::new(), Arc::new(Pipe::default()), Task::default());
        outbox.begin(DISTRICT, 0, None);
        outbox.open(pipe.clone());
        let (mut seq, mut own) = (0, 0);
        for _ in 0..200 {
            match random.random_range(0..4) {
                0 => pipe.gives(random.random_range(0..600)),
                1 => {
                    let deltas: Vec<Delta> = (1..=random.random_range(1..4)).map(|more| delta(seq + more)).collect();
                    seq += deltas.len() as u64;
                    assert!(outbox.serve(DISTRICT, &deltas, false));
                }
                2 => {
                    own += 1;
                    assert!(outbox.push(Lane::Unicast, Framed::text(format!("own {own}").as_bytes())));
                }
                _ => task.step(&outbox, &pipe),
            }
        }
        (0..3).for_each(|_| task.step(&outbox, &pipe));
        let (texts, rest) = pipe.texts();
        assert_eq!(rest, 0, "half a frame at the end of seed {seed}");
        let (owns, deltas): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| text.starts_with("own"));
        assert_eq!(owns, (1..=own).map(|number| format!("own {number}")).collect::<Vec<_>>(), "seed {seed}");
        let expected = (1..=seq).map(|seq| delta(seq).after(seq - 1).texts().next().expect("a text"));
        assert_eq!(deltas, expected.map(|text| String::from_utf8(text.to_vec()).unwrap()).collect::<Vec<_>>());
    }
}

#[test]
fn what_a_walk_has_written_wakes_nobody_and_what_is_left_wakes_the_task() {
    let (outbox, pipe) = (Outbox::new(), Arc::new(Pipe::default()));
    outbox.begin(DISTRICT, 0, None);
    outbox.open(pipe.clone());
    pipe.gives(usize::MAX);
    outbox.serve(DISTRICT, [&delta(1)], false);
    assert!(outbox.ready().now_or_never().is_none(), "it went out at once");
    pipe.gives(10);
    outbox.serve(DISTRICT, [&delta(2)], false);
    assert!(outbox.ready().now_or_never().is_some());
    let mut frames = Vec::new();
    outbox.drain(&mut frames);
    assert_eq!(Framed::joined(frames).len(), delta(2).len() - 10, "the rest of the second");
    assert_eq!(pipe.texts().0.len(), 1);
}

#[test]
fn a_frame_that_is_half_out_survives_the_close_and_the_connection_is_let_go() {
    let (outbox, pipe) = (Outbox::new(), Arc::new(Pipe::default()));
    outbox.begin(DISTRICT, 0, None);
    outbox.open(pipe.clone());
    pipe.gives(10);
    outbox.serve(DISTRICT, [&delta(1), &delta(2)], false);
    outbox.push(Lane::Unicast, Framed::text(b"never said"));
    outbox.close(CloseCode::Slow);
    assert_eq!(Arc::strong_count(&pipe), 1, "nothing holds the connection open");
    let mut frames = Vec::new();
    assert_eq!(outbox.drain(&mut frames), Some(CloseCode::Slow));
    assert_eq!(Framed::joined(frames).len(), delta(1).len() + delta(2).len() - 10);
}
