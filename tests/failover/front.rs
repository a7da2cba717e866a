//! What stands before several hubs: a port of one client group that goes to its favourite hub, or to the next that lives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Where hubs are; `None` for one that was taken out.
pub type Hubs = Arc<Mutex<Vec<Option<SocketAddr>>>>;

/// Opens a port whose connections go to hub `favourite` if it lives; the address to speak to.
pub async fn open(hubs: Hubs, favourite: usize) -> Result<String> {
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
    let base = format!("http://{}", tcp.local_addr()?);
    tokio::spawn(async move {
        while let Ok((near, _)) = tcp.accept().await {
            tokio::spawn(pass(near, hubs.clone(), favourite));
        }
    });
    Ok(base)
}

async fn pass(mut near: TcpStream, hubs: Hubs, favourite: usize) {
    let order = {
        let hubs = hubs.lock().unwrap_or_else(PoisonError::into_inner);
        let count = hubs.len();
        (0..count).filter_map(|turn| hubs[(favourite + turn) % count]).collect::<Vec<_>>()
    };
    for address in order {
        if let Ok(mut far) = TcpStream::connect(address).await {
            // Whichever end goes first, the other is closed with it.
            near.set_nodelay(true).and(far.set_nodelay(true)).ok();
            copy_bidirectional(&mut near, &mut far).await.ok();
            return;
        }
    }
}
