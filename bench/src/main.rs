//! Baiying on real calls: replay on virtual time, load over real sockets.

#[expect(dead_code, reason = "replay and load, which read calls, land next")]
mod calls;

fn main() {}
