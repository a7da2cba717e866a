//! A wire between browser and hub that can be cut: what a lift, a cellar or a dead mast does to a phone.

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on while it is whole; cut, it drops what it carries and takes nothing new.
pub struct Relay {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    whole: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// To a hub at `http://HOST:PORT`.
    pub async fn to(hub: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let (whole, state) = watch::channel(true);
        let hub = hub.trim_start_matches("http://").to_owned();
        Ok(Self { base, whole, task: tokio::spawn(accept(listener, hub, state)) })
    }

    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, hub: String, state: watch::Receiver<bool>) {
    while let Ok((from_browser, _)) = listener.accept().await {
        if *state.borrow() {
            tokio::spawn(carry(from_browser, hub.clone(), state.clone()));
        }
    }
}

async fn carry(mut from_browser: TcpStream, hub: String, mut state: watch::Receiver<bool>) {
    let Ok(mut to_hub) = TcpStream::connect(hub).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut from_browser, &mut to_hub) => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}
