//! Rings through publish and subscribe. The ear connects again whenever it hears nothing, not even an answer to its own
//! question.

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use redis::Script;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use super::sentinel::Servers;
use super::{PRESENCE_LIMIT, RedisCluster};
use crate::cluster::doorbell::{Doorbell, Ring};
use crate::cluster::error::Answer;

/// One for all districts: a hub follows all of them.
const CHANNEL: &str = "baiying:doorbell";

/// How often the server is asked whether it still hears us, and how long it may take to say so. Together with the time
/// to connect again, a half-open connection is left within four seconds.
const ASK_EVERY: Duration = Duration::from_secs(1);
const ASK_LIMIT: Duration = Duration::from_secs(2);

/// The wait before the next try to listen.
const LISTEN_AGAIN: Duration = Duration::from_millis(250);

/// A script like the rest, so that it takes the same road and its limits.
static RING_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new("return redis.call('PUBLISH', ARGV[1], ARGV[2])"));

impl Doorbell for RedisCluster {
    fn ring(&self, ring: Ring) -> BoxFuture<'_, Answer<()>> {
        async move {
            let mut script = RING_SCRIPT.arg(CHANNEL);
            script.arg(format!("{} {} {}", ring.district, ring.term, ring.seq));
            self.presence.run::<i64>(script).await.map(drop)
        }
        .boxed()
    }

    fn listen(&self) -> broadcast::Receiver<Ring> {
        self.rings.subscribe()
    }
}

/// Hears rings until it is dropped.
pub struct Ear(JoinHandle<()>);

impl Drop for Ear {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ear {
    /// Listens from now on.
    pub fn open(servers: Servers, rings: broadcast::Sender<Ring>) -> Self {
        Ear(tokio::spawn(async move {
            loop {
                let heard = listen(&servers, &rings).await;
                tracing::warn!(why = %heard.err().unwrap_or_default(), "the doorbell is silent; the logs are looked into instead");
                sleep(LISTEN_AGAIN).await;
            }
        }))
    }
}

/// Listens until something is wrong; says what.
async fn listen(servers: &Servers, rings: &broadcast::Sender<Ring>) -> Result<(), String> {
    let opened = timeout(PRESENCE_LIMIT, open(servers)).await.map_err(|_| "cannot connect in time".to_owned())?;
    let (mut sink, mut stream) = opened.map_err(|error| error.to_string())?;
    let mut ask = interval(ASK_EVERY);
    loop {
        tokio::select! {
            message = stream.next() => {
                let message = message.ok_or("the connection ended")?;
                if let Some(ring) = message.get_payload::<String>().ok().as_deref().and_then(read) {
                    // Nobody listens yet.
                    rings.send(ring).ok();
                }
            }
            _ = ask.tick() => answered(&mut sink).await?,
        }
    }
}

async fn open(servers: &Servers) -> redis::RedisResult<(PubSubSink, PubSubStream)> {
    let client = servers.find(PRESENCE_LIMIT).await?;
    let (mut sink, stream) = client.get_async_pubsub().await?.split();
    sink.subscribe(CHANNEL).await?;
    Ok((sink, stream))
}

async fn answered(sink: &mut PubSubSink) -> Result<(), String> {
    match timeout(ASK_LIMIT, sink.ping::<redis::Value>()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the connection is half open".to_owned()),
    }
}

fn read(text: &str) -> Option<Ring> {
    let mut parts = text.split(' ');
    let district = parts.next()?.parse().ok()?;
    Some(Ring { district, term: parts.next()?.parse().ok()?, seq: parts.next()?.parse().ok()? })
}
