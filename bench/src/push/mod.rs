//! `bench push`: one message to ten thousand clients, by the hub, by axum as in its examples and by socket.io, each in a
//! process of its own, turn by turn in one run: machines drift, ratios of one run do not.

mod anchor;
mod crowd;
mod report;
mod server;
mod socket;
mod tls;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use tokio::runtime::Handle;

use crate::load::{Town, rss_anon_kib, runtime};
use crowd::{Counted, Crowd, Round};
use server::{Make, Process, Server, install_socket_io};

pub use anchor::run as run_anchor;

#[derive(clap::Args)]
pub struct Options {
    /// The hub's program [default: the one beside this]
    #[arg(long)]
    hub_bin: Option<PathBuf>,
    #[arg(long, default_value_t = 10_000)]
    clients: usize,
    /// Broadcasts of a round with one in flight
    #[arg(long, default_value_t = 60)]
    w1_messages: usize,
    /// Broadcasts of a round with eight in flight
    #[arg(long, default_value_t = 240)]
    w8_messages: usize,
    /// Turns of each server
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
    /// Writes them as a page with plots
    #[arg(long)]
    report: Option<PathBuf>,
}

/// After the last client has come: greetings are over, buffers of the way in are let go.
pub(crate) const QUIET: Duration = Duration::from_secs(12);

/// Bytes of an anchor's message, until the hub's own frames have been measured.
const WORDS_BYTES: usize = 300;

/// One server over one turn.
struct Turn {
    w1: Counted,
    w8: Counted,
    idle_bytes: Option<f64>,
}

/// Medians over all turns of one server.
#[derive(Debug, Serialize)]
pub struct Fanout {
    pub w1: f64,
    pub w8: f64,
    pub idle_bytes_per_connection: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Delivery {
    pub p50: f64,
    pub p99: f64,
}

/// What `bench push --json` prints; figures are the hub's unless a peer is named.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub clients: usize,
    /// Bytes of a frame, the same for every server.
    pub frame_bytes: u64,
    pub fanout_per_s: Fanout,
    /// From sent to heard, eight in flight.
    pub delivery_ms: Delivery,
    /// p99 from the moment that an alarm was due to its offers on phones, while all that happens is shown to all walls.
    pub offer_during_broadcast_ms: Option<f64>,
    pub idle_bytes_per_connection: Option<f64>,
    /// The same for walls that came over TLS.
    pub idle_bytes_tls: Option<f64>,
    /// Eight in flight, and one.
    pub ratio_to_axum: f64,
    pub w1_ratio_to_axum: f64,
    /// `None` where npm is not.
    pub ratio_to_socketio: Option<f64>,
    pub peers: BTreeMap<&'static str, Fanout>,
}

/// # Errors
/// A server cannot be started, or loses a client or a frame.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let beside = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let figures = runtime()?.block_on(push(options, beside.handle().clone()))?;
    options.report.as_deref().map_or(Ok(()), |path| report::write(path, &figures))?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => println!("{figures:#?}"),
    }
    Ok(())
}

async fn push(options: &Options, beside: Handle) -> anyhow::Result<Figures> {
    let npm = tempfile::tempdir()?;
    let has_socket_io = match install_socket_io(npm.path()).await {
        Ok(()) => true,
        Err(why) => {
            eprintln!("without socket.io: {why:#}");
            false
        }
    };
    let mut turns: BTreeMap<Make, Vec<Turn>> = BTreeMap::new();
    let mut words = "x".repeat(WORDS_BYTES);
    for _ in 0..options.repeats {
        let data = tempfile::tempdir()?;
        let ours = Process::ours(options.hub_bin.as_deref(), &data.path().join("data")).await?;
        let ours = turn(ours, options, &words).await?;
        words = "x".repeat(usize::try_from(ours.w8.bytes)?);
        turns.entry(Make::Ours).or_default().push(ours);
        let axum = turn(Process::axum().await?, options, &words).await?;
        turns.entry(Make::Axum).or_default().push(axum);
        if has_socket_io {
            let socket_io = turn(Process::socket_io(npm.path()).await?, options, &words).await?;
            turns.entry(Make::SocketIo).or_default().push(socket_io);
        }
    }
    let mut figures = figures(options.clients, &turns);
    figures.idle_bytes_tls = tls::idle_bytes(options.hub_bin.as_deref(), options.clients).await?;
    figures.offer_during_broadcast_ms = Some(offers(options, beside).await?);
    Ok(figures)
}

/// Offers in a town whose every step is shown on all walls. The walls have a thread of their own: what a phone waits for
/// is the hub, not the clients beside it.
async fn offers(options: &Options, beside: Handle) -> anyhow::Result<f64> {
    let town = Town::open(options.hub_bin.clone()).await?;
    let server = Server::of(&town).await?;
    let (clients, walls) = (options.clients, server.clone());
    let connecting = beside.spawn(async move { anyhow::Ok(Crowd::connect(&walls, clients).await?.listen(&walls)) });
    let mut walls = connecting.await??;
    let began = Instant::now();
    let offers = town.offers(|| walls.heard()).await?;
    let per_s = offers.shown as f64 / began.elapsed().as_secs_f64();
    ensure!(offers.shown >= options.clients as u64, "the walls heard nothing");
    eprintln!(
        "beside {per_s:.0} frames/s to walls: receipts p50 {:.1} ms, p99 {:.1} ms; offers p50 {:.1} ms, p99 {:.1} ms",
        offers.receipt_ms.p50, offers.receipt_ms.p99, offers.ms.p50, offers.ms.p99
    );
    Ok(offers.ms.p99)
}

async fn turn(process: Process, options: &Options, words: &str) -> anyhow::Result<Turn> {
    let server = process.server.clone();
    let before_kib = process.pid().and_then(rss_anon_kib);
    let crowd = Crowd::connect(&server, options.clients).await?;
    let crowd = crowd.rest(&server, QUIET).await?;
    let after_kib = process.pid().and_then(rss_anon_kib);
    let idle = before_kib.zip(after_kib).map(|(before, after)| after.saturating_sub(before) as f64 * 1_024.0);
    let one = Round { in_flight: 1, messages: options.w1_messages, first: 0 };
    let eight = Round { in_flight: 8, messages: options.w8_messages, first: options.w1_messages };
    let (crowd, w1) = crowd.round(&server, &one, words).await?;
    let (crowd, w8) = crowd.round(&server, &eight, words).await?;
    drop(crowd);
    process.kill().await?;
    let turn = Turn { w1, w8, idle_bytes: idle.map(|bytes| bytes / options.clients as f64) };
    eprintln!(
        "{:?}: one in flight {:.0}/s, eight {:.0}/s of {} bytes, {:.0} idle bytes a connection",
        server.make,
        turn.w1.per_s,
        turn.w8.per_s,
        turn.w8.bytes,
        turn.idle_bytes.unwrap_or(f64::NAN)
    );
    Ok(turn)
}

fn figures(clients: usize, turns: &BTreeMap<Make, Vec<Turn>>) -> Figures {
    let of = |make: Make, what: fn(&Turn) -> f64| turns.get(&make).map(|turns| median(turns.iter().map(what)));
    let rate = |make| of(make, |turn| turn.w8.per_s).unwrap_or(f64::NAN);
    let ours = |what| of(Make::Ours, what).unwrap_or(f64::NAN);
    let w1 = |make| of(make, |turn| turn.w1.per_s).unwrap_or(f64::NAN);
    let fanout = |make| Fanout {
        w1: w1(make),
        w8: rate(make),
        idle_bytes_per_connection: of(make, |turn| turn.idle_bytes.unwrap_or(f64::NAN)),
    };
    let peers = [(Make::Axum, "axum"), (Make::SocketIo, "socketio")];
    Figures {
        clients,
        frame_bytes: ours(|turn| turn.w8.bytes as f64) as u64,
        delivery_ms: Delivery { p50: ours(|turn| turn.w8.p50_ms), p99: ours(|turn| turn.w8.p99_ms) },
        offer_during_broadcast_ms: None,
        idle_bytes_tls: None,
        idle_bytes_per_connection: of(Make::Ours, |turn| turn.idle_bytes.unwrap_or(f64::NAN)),
        ratio_to_axum: rate(Make::Ours) / rate(Make::Axum),
        w1_ratio_to_axum: w1(Make::Ours) / w1(Make::Axum),
        ratio_to_socketio: turns.contains_key(&Make::SocketIo).then(|| rate(Make::Ours) / rate(Make::SocketIo)),
        fanout_per_s: fanout(Make::Ours),
        peers: peers
            .into_iter()
            .filter(|(make, _)| turns.contains_key(make))
            .map(|(make, name)| (name, fanout(make)))
            .collect(),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
