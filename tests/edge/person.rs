//! Somebody who talks to the hub like any client: HTTP with a token, and a WebSocket.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;
use wire::client::StreamPoint;
use wire::http::{Session, WsTicket};
use wire::problem::Problem;

/// Nothing on loopback takes so long, the longest heartbeat included; a limit, not a measure.
const PATIENCE: Duration = Duration::from_secs(60);
/// A write that waits for so long says that the hub reads no more.
const STUCK: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Person {
    base: String,
    http: reqwest::Client,
    pub session: Option<Session>,
}

/// An answer of the hub, whatever it is.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn ok<T: DeserializeOwned>(&self) -> Result<T> {
        ensure!(self.status < 300, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).context("an answer of another shape")
    }

    /// Every refusal is a problem, and says so in its content type.
    pub fn problem(&self) -> Result<Problem> {
        ensure!(self.status >= 400, "{}: not refused: {}", self.status, String::from_utf8_lossy(&self.body));
        let kind = self.headers.get(CONTENT_TYPE).context("no content type")?;
        ensure!(kind == "application/problem+json", "refused with {kind:?}: {}", String::from_utf8_lossy(&self.body));
        let problem: Problem = serde_json::from_slice(&self.body)?;
        ensure!(problem.status == self.status, "the problem says {}, the answer {}", problem.status, self.status);
        Ok(problem)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl Person {
    pub fn nobody(base: &str) -> Self {
        Self { base: base.to_owned(), http: tests::harness::http(), session: None }
    }

    /// The same at another address: a hub that came back.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub fn signed_in(&self, session: Session) -> Self {
        Self { session: Some(session), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base)).timeout(PATIENCE);
        match &self.session {
            Some(session) => request.bearer_auth(&session.token),
            None => request,
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, body: answer.bytes().await?.to_vec() })
    }

    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// A POST under `key`, or under a new one.
    pub async fn post(&self, path: &str, key: Option<Uuid>, body: Value) -> Result<Answer> {
        let key = key.unwrap_or_else(Uuid::now_v7).to_string();
        self.send(self.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
    }

    /// Opens a socket up to its welcome.
    pub async fn connect(&self, device: &str, resume: BTreeMap<String, Option<StreamPoint>>) -> Result<Socket> {
        let ticket: WsTicket = self.post("/v1/ws-tickets", None, json!({})).await?.ok()?;
        let mut socket = self.open().await?;
        let hello =
            json!({ "op": "hello", "ticket": ticket.ticket, "device": device, "app": "tests", "resume": resume });
        socket.say(&hello).await?;
        Ok(socket)
    }

    /// A socket that has not said hello.
    pub async fn open(&self) -> Result<Socket> {
        let mut request = format!("{}/v1/ws", self.base.replacen("http", "ws", 1)).into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(wire::SUBPROTOCOL));
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(Socket { stream, seen: Vec::new() })
    }
}

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Every frame so far, as it came.
    pub seen: Vec<Value>,
}

/// What came.
#[derive(Debug)]
pub enum Heard {
    Frame(Value),
    Closed(Option<u16>),
}

impl Socket {
    pub async fn say(&mut self, frame: &Value) -> Result<()> {
        self.say_text(frame.to_string()).await
    }

    pub async fn say_text(&mut self, text: String) -> Result<()> {
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Says bytes as if they were text.
    pub async fn say_raw(&mut self, bytes: Vec<u8>) -> Result<()> {
        use tokio_tungstenite::tungstenite::protocol::frame::Frame;
        use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
        let frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
        Ok(self.stream.send(Message::Frame(frame)).await?)
    }

    /// Says the same again and again, and listens to nothing, until the hub reads no more.
    pub async fn flood(&mut self, frame: &Value) -> Result<()> {
        let text = frame.to_string();
        while let Ok(said) = tokio::time::timeout(STUCK, self.stream.send(Message::text(text.clone()))).await {
            // Closed already: what is left is to hear why.
            if said.is_err() {
                break;
            }
        }
        Ok(())
    }

    pub async fn hear(&mut self) -> Result<Heard> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.context("the hub says nothing")?;
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text)?;
                    self.seen.push(frame.clone());
                    return Ok(Heard::Frame(frame));
                }
                Some(Ok(Message::Close(frame))) => return Ok(Heard::Closed(frame.map(|frame| frame.code.into()))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(Heard::Closed(None)),
            }
        }
    }

    /// The next frame for which `wanted` says yes; others are only seen.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            match self.hear().await? {
                Heard::Frame(frame) if wanted(&frame) => return Ok(frame),
                Heard::Frame(_) => {}
                Heard::Closed(code) => bail!("closed with {code:?} while waiting"),
            }
        }
    }

    pub async fn op(&mut self, op: &str) -> Result<Value> {
        self.until(|frame| frame["op"] == op).await
    }

    /// The close code, after whatever comes before it.
    pub async fn closed(&mut self) -> Result<Option<u16>> {
        loop {
            if let Heard::Closed(code) = self.hear().await? {
                return Ok(code);
            }
        }
    }

    /// A command and its result.
    pub async fn command(&mut self, name: &str, args: Value) -> Result<Value> {
        self.command_as(Uuid::now_v7(), name, args).await
    }

    pub async fn command_as(&mut self, id: Uuid, name: &str, args: Value) -> Result<Value> {
        self.say(&json!({ "op": "command", "id": id, "name": name, "args": args })).await?;
        let id = id.to_string();
        self.until(|frame| frame["op"] == "result" && frame["id"] == id.as_str()).await
    }

    /// Goes on duty and waits until it is so.
    pub async fn go_on_duty(&mut self) -> Result<()> {
        let result = self.command("go_on_duty", json!({})).await?;
        ensure!(result.get("ok").is_some(), "not on duty: {result}");
        Ok(())
    }

    /// The next offer that stands, as a row.
    pub async fn offer(&mut self) -> Result<Value> {
        let made = |row: &&Value| row["state"] == "made";
        let with = |frame: &Value| {
            let offers = frame["data"]["offers"].as_array().cloned().unwrap_or_default();
            offers.iter().find(made).cloned()
        };
        let frame = self.until(|frame| frame["op"] == "delta" && with(frame).is_some()).await?;
        with(&frame).context("an offer")
    }
}
