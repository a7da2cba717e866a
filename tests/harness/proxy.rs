//! A TCP proxy that fails on purpose: between a hub and what it stands on. Standard library only: the hub's own tests use
//! this file too.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::spawn;

/// Bytes carried at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A way to a port of this machine.
pub struct Proxy {
    port: u16,
    road: Arc<Road>,
}

/// The road as it is now. Connections are numbered; a fault holds for those numbered below it.
#[derive(Default)]
struct State {
    opened: u64,
    requests_held_below: u64,
    answers_held_below: u64,
    answers_lost_below: u64,
    is_closed: bool,
    links: Vec<TcpStream>,
}

#[derive(Default)]
struct Road {
    state: Mutex<State>,
    changed: Condvar,
}

impl Road {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while requests of this connection are held.
    fn wait(&self, number: u64) {
        self.wait_while(|state| number < state.requests_held_below);
    }

    /// Waits while answers of this connection are held.
    fn wait_for_answers(&self, number: u64) {
        self.wait_while(|state| number < state.answers_held_below);
    }

    fn wait_while(&self, is_held: impl Fn(&State) -> bool) {
        let held = |state: &mut State| is_held(state) && !state.is_closed;
        drop(self.changed.wait_while(self.state(), held).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Proxy {
    /// A proxy on a free port of loopback, to `target` on loopback.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let road = Arc::new(Road::default());
        let carried = road.clone();
        spawn(move || {
            // Ends with the process: a listener cannot be woken.
            listener.incoming().flatten().for_each(|client| carry(&carried, client, target));
        });
        Proxy { port, road }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What is sent from now on by connections that are open reaches the other side, but no answer comes back.
    pub fn lose_answers(&self) {
        let mut state = self.road.state();
        state.answers_lost_below = state.opened;
    }

    /// What connections that are open send is kept back until [`Proxy::release_requests`]; new ones pass.
    pub fn hold_requests(&self) {
        let mut state = self.road.state();
        state.requests_held_below = state.opened;
    }

    /// Nothing reaches the other side, on old connections and new ones, until [`Proxy::heal`]; its words still come back.
    pub fn cut_requests(&self) {
        self.road.state().requests_held_below = u64::MAX;
    }

    /// Everything reaches the other side and no answer comes back, on old connections and new ones, until [`Proxy::heal`].
    pub fn cut_answers(&self) {
        self.road.state().answers_held_below = u64::MAX;
    }

    /// The road is whole again. What was kept back arrives now, as a line does that sends it again until it is heard.
    pub fn heal(&self) {
        let mut state = self.road.state();
        (state.requests_held_below, state.answers_held_below) = (0, 0);
        drop(state);
        self.road.changed.notify_all();
    }

    /// What was kept back arrives now, though whoever sent it may have gone.
    pub fn release_requests(&self) {
        self.road.state().requests_held_below = 0;
        self.road.changed.notify_all();
    }

    /// Ends every connection that is open; new ones pass.
    pub fn cut(&self) {
        for link in self.road.state().links.drain(..) {
            // One that has ended already cannot be ended again.
            link.shutdown(Shutdown::Both).ok();
        }
    }

    /// Ends every connection and takes no more, until [`Proxy::open`].
    pub fn close(&self) {
        self.road.state().is_closed = true;
        self.road.changed.notify_all();
        self.cut();
    }

    /// Takes connections again.
    pub fn open(&self) {
        self.road.state().is_closed = false;
    }
}

fn carry(road: &Arc<Road>, client: TcpStream, target: u16) {
    let number = {
        let mut state = road.state();
        if state.is_closed {
            return;
        }
        state.opened += 1;
        state.opened - 1
    };
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { return };
    let ends = [&client, &server].map(|end| [end.try_clone(), end.try_clone()].map(|it| it.expect("a handle")));
    let [[client_in, client_out], [server_in, server_out]] = ends;
    road.state().links.extend([client, server]);
    let (forth, back) = (road.clone(), road.clone());
    spawn(move || requests(&forth, number, client_in, server_out));
    spawn(move || answers(&back, number, server_in, client_out));
}

fn requests(road: &Road, number: u64, mut from: TcpStream, mut to: TcpStream) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        road.wait(number);
        if to.write_all(&chunk[..length]).is_err() {
            return;
        }
    }
    road.wait(number);
    // The other side may have gone first.
    to.shutdown(Shutdown::Write).ok();
}

fn answers(road: &Road, number: u64, mut from: TcpStream, mut to: TcpStream) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        road.wait_for_answers(number);
        let is_lost = number < road.state().answers_lost_below;
        if !is_lost {
            // Whoever asked may have gone; the server is still heard to its end.
            to.write_all(&chunk[..length]).ok();
        }
    }
    road.wait_for_answers(number);
    to.shutdown(Shutdown::Both).ok();
}
