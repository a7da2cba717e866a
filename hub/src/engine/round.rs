//! A view's sockets, served in a round that never ends while frames are on their way: each frame goes once around from
//! where the round stood when it came, and every socket takes all that is on its way in one go. A frame never waits for
//! the one before it to arrive everywhere, and the more frames there are, the fewer writes each of them costs.
//! The round goes as fast as connections take what it writes: so frames meet, and are written together.

use std::collections::VecDeque;
use std::sync::Arc;

use wire::close::CloseCode;

use super::frame::Delta;
use super::outbox::Outbox;

/// The sockets of one view and what is on its way to them.
#[derive(Default)]
pub struct Round {
    /// Next first: whoever has been served goes to the back.
    members: VecDeque<Arc<Outbox>>,
    /// Oldest first, so the one with the fewest left is in front.
    frames: VecDeque<Travelling>,
    /// Members yet to hear that the `latest` lane has news.
    ring_left: usize,
}

struct Travelling {
    number: u64,
    delta: Delta,
    /// Members yet to be given it, from the front.
    left: usize,
}

impl Round {
    /// Sends a frame around, behind all that is on its way. Numbers rise.
    pub fn send(&mut self, number: u64, delta: Delta) {
        if !self.members.is_empty() {
            self.frames.push_back(Travelling { number, delta, left: self.members.len() });
        }
    }

    /// Tells everybody, once around, that the `latest` lane has news.
    pub fn ring_latest(&mut self) {
        self.ring_left = self.members.len();
    }

    /// Whether there is nothing to be taken to anybody.
    pub fn is_idle(&self) -> bool {
        self.frames.is_empty() && self.ring_left == 0
    }

    /// The number of the oldest frame that some have not been given.
    pub fn oldest(&self) -> Option<u64> {
        self.frames.front().map(|frame| frame.number)
    }

    /// Frames on their way and their bytes.
    pub fn load(&self) -> (usize, usize) {
        (self.frames.len(), self.frames.iter().map(|frame| frame.delta.len()).sum())
    }

    /// Adds a socket that has been given everything up to now: what is on its way it has, and does not take again.
    pub fn join(&mut self, outbox: Arc<Outbox>) {
        self.members.push_back(outbox);
    }

    /// Takes a socket out that is there already: a resync joins again.
    pub fn leave(&mut self, outbox: &Arc<Outbox>) {
        let Some(index) = self.members.iter().position(|known| Arc::ptr_eq(known, outbox)) else { return };
        self.members.remove(index);
        self.shorten(|left| left - usize::from(index < left));
    }

    /// Serves the next members, at most `sockets_max`.
    pub fn serve(&mut self, district: u32, sockets_max: usize) {
        let lefts = self.frames.front().map(|frame| frame.left).into_iter().chain(self.rings_left());
        let Some(count) = lefts.min().map(|left| left.min(sockets_max)) else { return };
        let mut has_closed = false;
        for outbox in self.members.range(..count) {
            let deltas = self.frames.iter().map(|frame| &frame.delta);
            has_closed |= !outbox.serve(district, deltas, self.ring_left > 0);
        }
        self.members.rotate_left(count);
        self.shorten(|left| left.saturating_sub(count));
        if has_closed {
            self.sweep();
        }
    }

    /// Closes everybody; what was on its way is let go.
    pub fn close_all(self, code: CloseCode) {
        self.members.iter().for_each(|outbox| outbox.close(code));
    }

    fn rings_left(&self) -> Option<usize> {
        (self.ring_left > 0).then_some(self.ring_left)
    }

    /// Sets anew how many from the front each frame has to go to; whatever has been everywhere is let go.
    fn shorten(&mut self, left: impl Fn(usize) -> usize) {
        self.ring_left = left(self.ring_left);
        self.frames.iter_mut().for_each(|frame| frame.left = left(frame.left));
        self.frames.retain(|frame| frame.left > 0);
    }

    fn sweep(&mut self) {
        let is_open: Vec<bool> = self.members.iter().map(|outbox| !outbox.is_closed()).collect();
        let mut open_before = vec![0];
        for &is_open in &is_open {
            open_before.push(open_before[open_before.len() - 1] + usize::from(is_open));
        }
        let mut is_open = is_open.into_iter();
        self.members.retain(|_| is_open.next() == Some(true));
        self.shorten(|left| open_before[left]);
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};
    use uuid::Uuid;
    use wire::Time;
    use wire::rows::ResidentRows;

    use super::super::frame::DeltaRest;
    use super::*;

    const DISTRICT: u32 = 1;

    fn delta(seq: u64) -> Delta {
        let (data, history) = (ResidentRows::default(), Uuid::from_u128(7));
        let rest = DeltaRest { district: "1".into(), history, seq, kind: "x", at: Time(0), trace: None, data: &data };
        Delta::encode(seq - 1, &rest)
    }

    /// A socket, what it was sent before it joined, and what it has taken.
    struct Client {
        outbox: Arc<Outbox>,
        joined_at: u64,
        taken: usize,
    }

    impl Client {
        fn joining(seq: u64) -> Self {
            let outbox = Outbox::new();
            outbox.begin(DISTRICT, seq, None);
            Client { outbox, joined_at: seq, taken: 0 }
        }

        fn take(&mut self, of: u64) {
            let mut frames = Vec::new();
            self.outbox.drain(&mut frames);
            for frame in frames {
                self.taken += 1;
                let expected = delta(self.joined_at + self.taken as u64).after(self.joined_at + self.taken as u64 - 1);
                assert_eq!(frame, expected, "the next of {of}");
            }
        }
    }

    /// Whatever joins, leaves, closes or comes while the round goes on: everybody is given every frame since he joined,
    /// once, in order.
    #[test]
    fn everybody_gets_every_frame_once_and_in_order() {
        for seed in 0..300 {
            let mut random = SmallRng::seed_from_u64(seed);
            let (mut round, mut clients, mut top) = (Round::default(), Vec::<Client>::new(), 0);
            for _ in 0..400 {
                match random.random_range(0..100) {
                    0..30 => {
                        top += 1;
                        round.send(top, delta(top));
                    }
                    30..75 => round.serve(DISTRICT, random.random_range(1..8)),
                    75..90 => {
                        clients.push(Client::joining(top));
                        round.join(clients[clients.len() - 1].outbox.clone());
                    }
                    90..94 if !clients.is_empty() => {
                        let gone = clients.swap_remove(random.random_range(0..clients.len()));
                        gone.outbox.close(CloseCode::Slow);
                    }
                    94..97 if !clients.is_empty() => {
                        let gone = clients.swap_remove(random.random_range(0..clients.len()));
                        round.leave(&gone.outbox);
                        if random.random() {
                            clients.push(Client::joining(top));
                            round.join(clients[clients.len() - 1].outbox.clone());
                        }
                    }
                    _ => clients.iter_mut().for_each(|client| client.take(seed)),
                }
            }
            while !round.is_idle() {
                round.serve(DISTRICT, 3);
            }
            for client in &mut clients {
                client.take(seed);
                assert_eq!(client.joined_at + client.taken as u64, top, "all of seed {seed}");
            }
        }
    }

    #[test]
    fn a_frame_that_comes_in_mid_round_is_taken_along_and_not_waited_for() {
        let mut round = Round::default();
        let mut clients: Vec<Client> = (0..4).map(|_| Client::joining(0)).collect();
        clients.iter().for_each(|client| round.join(client.outbox.clone()));
        round.send(1, delta(1));
        round.serve(DISTRICT, 2);
        round.send(2, delta(2));
        round.serve(DISTRICT, 2);
        let queued = |client: &Client| client.outbox.last(DISTRICT);
        assert_eq!(clients.iter().map(queued).collect::<Vec<_>>(), [Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(round.oldest(), Some(2), "the first has been everywhere");
        round.serve(DISTRICT, 2);
        assert!(round.is_idle());
        clients.iter_mut().for_each(|client| client.take(0));
    }

    #[test]
    fn the_bell_of_the_latest_lane_goes_once_around() {
        let mut round = Round::default();
        round.join(Client::joining(0).outbox);
        round.ring_latest();
        assert!(!round.is_idle());
        round.serve(DISTRICT, 8);
        assert!(round.is_idle());
    }
}
