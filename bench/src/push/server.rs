//! The servers that are measured, each a process of its own: the hub, axum as in its examples, socket.io from npm.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, bail};
use crowd::drive::Endpoint;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use wire::Time;
use wire::client::{ClientFrame, Hello, Ping};
use wire::http::WsTicket;

use super::socket::{Heard, Socket};
use crate::load::{Installation, Town, raise_for_all};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Make {
    Ours,
    Axum,
    SocketIo,
}

/// How a server is reached. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    pub make: Make,
    authority: String,
    /// The hub and the tokens of a wall and of a desk.
    hub: Option<(Endpoint, String, String)>,
}

/// What broadcasts are sent through.
pub enum Mouth {
    /// A desk that raises alarms: each is committed, then shown on every wall.
    Desk(Endpoint, String),
    /// A client of a chat, and what it says.
    Client(Mutex<OwnedWriteHalf>, String),
}

impl Server {
    /// A client that counts, connected and let in.
    ///
    /// # Errors
    /// It is turned away.
    pub async fn client(&self, number: usize) -> anyhow::Result<Socket> {
        match self.make {
            Make::Ours => self.wall(number).await,
            Make::Axum => Socket::open(&self.authority, "/ws", "").await,
            Make::SocketIo => {
                let mut socket = Socket::open(&self.authority, "/socket.io/?EIO=4&transport=websocket", "").await?;
                socket.say("40").await?;
                // What comes before it has let one in is dropped by it, without a word.
                while !socket.next().await?.context("socket.io hung up")?.begins().starts_with(b"40") {}
                Ok(socket)
            }
        }
    }

    async fn wall(&self, number: usize) -> anyhow::Result<Socket> {
        let (hub, token, _) = self.hub.as_ref().context("walls are the hub's")?;
        let mut socket = Socket::open(&self.authority, WS_PATH, &subprotocol()).await?;
        socket.say(&hello(hub, token, number).await?).await?;
        Ok(socket)
    }

    /// # Errors
    /// There is no way in.
    pub async fn mouth(&self, words: &str) -> anyhow::Result<Mouth> {
        if let Some((hub, _, token)) = &self.hub {
            return Ok(Mouth::Desk(hub.clone(), token.clone()));
        }
        let (mut ear, mouth) = self.client(0).await?.into_split();
        // It hears itself, as everybody does; a client that does not listen is put out.
        tokio::spawn(async move {
            let mut heard = vec![0; 64 * 1024];
            while ear.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {}
        });
        let words = match self.make {
            Make::SocketIo => format!("42{}", serde_json::json!(["m", words])),
            Make::Ours | Make::Axum => words.to_owned(),
        };
        Ok(Mouth::Client(Mutex::new(mouth), words))
    }

    /// Whether a frame is one of the broadcasts that are counted.
    pub fn is_broadcast(&self, frame: &Heard) -> bool {
        match self.make {
            Make::Ours => frame.begins().starts_with(b"{\"op\":\"delta\""),
            Make::Axum => true,
            Make::SocketIo => frame.begins().starts_with(b"42"),
        }
    }

    /// What a frame asks for, if it does.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn reply(&self, socket: &mut Socket, frame: &Heard) -> anyhow::Result<()> {
        match self.make {
            Make::SocketIo if frame.begins() == b"2" => socket.say("3").await,
            Make::Ours | Make::Axum | Make::SocketIo => Ok(()),
        }
    }

    /// Says that the client lives, where clients are to say so.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn beat(&self, socket: &mut Socket) -> anyhow::Result<()> {
        match self.make {
            Make::Ours => socket.say(&ping()?).await,
            Make::Axum | Make::SocketIo => Ok(()),
        }
    }
}

/// Where the hub's sockets are.
pub const WS_PATH: &str = "/v1/ws";

/// The line of the request that names the protocol.
pub fn subprotocol() -> String {
    format!("Sec-WebSocket-Protocol: {}\r\n", wire::SUBPROTOCOL)
}

/// What a wall says first.
///
/// # Errors
/// The hub gives it no ticket.
pub async fn hello(hub: &Endpoint, token: &str, number: usize) -> anyhow::Result<String> {
    let ticket: WsTicket = hub.post("/v1/ws-tickets", Some(token), &serde_json::json!({})).await?;
    let (device, app) = (format!("wall-{number}"), "bench".to_owned());
    let hello = ClientFrame::Hello(Hello { ticket: ticket.ticket, device, app, resume: Default::default() });
    Ok(serde_json::to_string(&hello)?)
}

/// How a client of the hub says that it lives.
///
/// # Errors
/// There is none.
pub fn ping() -> anyhow::Result<String> {
    Ok(serde_json::to_string(&ClientFrame::Ping(Ping { at: Time(0) }))?)
}

impl Mouth {
    /// Sends one broadcast to all.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn broadcast(&self, number: usize) -> anyhow::Result<()> {
        match self {
            Self::Desk(hub, token) => raise_for_all(hub, token, number).await,
            Self::Client(mouth, words) => Ok(mouth.lock().await.write_all(&Socket::text(words)?).await?),
        }
    }
}

impl Server {
    /// The hub of a town with people in it.
    ///
    /// # Errors
    /// It refuses the wall's account.
    pub async fn of(town: &Town) -> anyhow::Result<Self> {
        // Connections of its own: one that the walls' thread keeps would have the desk wait for ten thousand walls.
        let hub = Endpoint::new(&format!("http://{}", town.hub().authority()))?;
        let wall = town.installation().sign_in(&hub, "bench-wall", "wall").await?;
        let (authority, desk) = (hub.authority().to_owned(), town.operator().to_owned());
        Ok(Self { make: Make::Ours, authority, hub: Some((hub, wall, desk)) })
    }
}

/// A server's process; dropping it kills it.
pub struct Process {
    pub server: Server,
    child: Option<Child>,
    hub: Option<crate::load::Hub>,
}

impl Process {
    /// The hub, with a wall's and a desk's account.
    ///
    /// # Errors
    /// It does not start, or refuses an account.
    pub async fn ours(program: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let installation = Installation::new(program, data)?;
        let hub = installation.serve().await?;
        let endpoint = hub.endpoint.clone();
        let wall = installation.sign_in(&endpoint, "bench-wall", "wall").await?;
        let desk = installation.sign_in(&endpoint, "bench-desk", "operator").await?;
        let authority = endpoint.authority();
        let server = Server { make: Make::Ours, authority, hub: Some((endpoint, wall, desk)) };
        Ok(Self { server, child: None, hub: Some(hub) })
    }

    /// axum as in its chat example, in this same program.
    ///
    /// # Errors
    /// It does not start.
    pub async fn axum() -> anyhow::Result<Self> {
        Self::other(Make::Axum, Command::new(std::env::current_exe()?).arg("push-anchor")).await
    }

    /// socket.io, installed by [`install_socket_io`] into `folder`.
    ///
    /// # Errors
    /// It does not start.
    pub async fn socket_io(folder: &Path) -> anyhow::Result<Self> {
        Self::other(Make::SocketIo, Command::new("node").arg("server.mjs").current_dir(folder)).await
    }

    async fn other(make: Make, command: &mut Command) -> anyhow::Result<Self> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot run {make:?}"))?;
        let said = child.stdout.take().context("its output is piped")?;
        let port = BufReader::new(said).lines().next_line().await?.context("it ended without a port")?;
        let authority = format!("127.0.0.1:{}", port.trim());
        Ok(Self { server: Server { make, authority, hub: None }, child: Some(child), hub: None })
    }

    pub fn pid(&self) -> Option<u32> {
        match &self.hub {
            Some(hub) => hub.pid(),
            None => self.child.as_ref().and_then(Child::id),
        }
    }

    /// # Errors
    /// It was gone before.
    pub async fn kill(self) -> anyhow::Result<()> {
        match (self.hub, self.child) {
            (Some(hub), _) => hub.kill9().await,
            (None, Some(mut child)) => Ok(child.kill().await?),
            (None, None) => Ok(()),
        }
    }
}

const PACKAGE: &str = r#"{"private":true,"type":"module","dependencies":{"socket.io":"4"}}"#;

/// Installs socket.io into `folder` by npm.
///
/// # Errors
/// There is no npm, or it cannot install; the words say so.
pub async fn install_socket_io(folder: &Path) -> anyhow::Result<()> {
    std::fs::write(folder.join("package.json"), PACKAGE)?;
    std::fs::write(folder.join("server.mjs"), include_str!("socketio.mjs"))?;
    let npm = Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .context("npm is not here")?;
    if !npm.status.success() {
        bail!("npm cannot install socket.io: {}", String::from_utf8_lossy(&npm.stderr));
    }
    Ok(())
}
