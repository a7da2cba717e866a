//! Baiying measured: real calls replayed on virtual time or sent over real sockets, and the matcher beside its peers.

mod assign;
mod budget;
mod calls;
mod failover;
mod load;
mod matcher;
mod peers;
mod policy;
mod push;
mod replay;
mod scene;

use clap::{Parser, Subcommand};

/// What the hub runs on, for all sides alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// A whole file of calls through the engine, in process, on virtual time
    Replay(replay::Options),
    /// Real sockets, real places, open loop, against a hub of its own or one that runs
    Load(load::Options),
    /// kill -9 at a random moment under load, again and again: nothing acknowledged may be lost
    Kill(load::kill::Options),
    /// Several hubs: kill, stop and freeze the leader, empty Redis, bring everybody back (needs PostgreSQL and Redis)
    Failover(failover::Options),
    /// How long a hub with a long log and a whole district takes from its start to ready
    Restart(load::restart::Options),
    /// The index on a city of up to a million, beside those whom people would take instead
    Matcher(matcher::Options),
    /// Exact assignment against published optima, brute force and scipy
    Assign(assign::Options),
    /// Instructions of five hot functions, against the counts kept here (needs valgrind)
    Budget(budget::Options),
    /// What budget counts
    #[command(hide = true)]
    Operate(budget::Operate),
    /// Fixed waves, everyone at once, and waves that fit, on the same calls among the same people
    Policy(policy::Options),
    /// Rates alone, of every side
    Peers(matcher::Options),
    /// One message to ten thousand clients: the hub, axum and socket.io side by side
    Push(push::Options),
    /// axum as in its chat example, for `push`
    #[command(hide = true)]
    PushAnchor,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().verb {
        Verb::Replay(options) => replay::run(&options),
        Verb::Load(options) => load::run(&options),
        Verb::Kill(options) => load::kill::run(&options),
        Verb::Failover(options) => failover::run(&options),
        Verb::Restart(options) => load::restart::run(&options),
        Verb::Matcher(options) => matcher::run(&options),
        Verb::Assign(options) => assign::run(&options),
        Verb::Budget(options) => budget::run(&options),
        Verb::Operate(options) => budget::operate(&options),
        Verb::Policy(options) => policy::run(&options),
        Verb::Peers(options) => matcher::run_peers(&options),
        Verb::Push(options) => push::run(&options),
        Verb::PushAnchor => push::run_anchor(),
    }
}
