//! `--lan`: all addresses, TLS by the hub's own authority, and something to scan.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName};
use serde_json::{Value, json};
use tests::harness::{Hub, HubOptions, http};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use wire::http::{Session, WsTicket};

/// What a phone knows that has installed the hub's authority, and nobody else's.
struct TrustingPhone {
    authority: Vec<u8>,
    http: reqwest::Client,
    /// `https://127.0.0.1:PORT`: this machine's own address, which the certificate names too.
    base: String,
}

impl TrustingPhone {
    /// Reads the authority's certificate where the hub serves it, as a phone does.
    async fn of(hub: &Hub) -> Result<Self> {
        let pem = http().get(format!("{}/trust/baiying-ca.pem", hub.base)).send().await?.error_for_status()?;
        let authority = pem.bytes().await?.to_vec();
        let trusted = reqwest::Certificate::from_pem(&authority)?;
        let http = reqwest::Client::builder().tls_certs_only([trusted]).build()?;
        let port = address(hub)?.rsplit(':').next().context("a port")?.to_owned();
        Ok(Self { authority, http, base: format!("https://127.0.0.1:{port}") })
    }

    async fn sign_in(&self, code: &str) -> Result<Session> {
        let body = json!({ "link": { "code": code } });
        let answer = self.http.post(format!("{}/v1/sessions", self.base)).json(&body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Opens the WebSocket over TLS and returns the first frame that the hub says.
    async fn open(&self, session: &Session) -> Result<Value> {
        let tickets = self.http.post(format!("{}/v1/ws-tickets", self.base)).bearer_auth(&session.token);
        let ticket: WsTicket = tickets.json(&json!({})).send().await?.error_for_status()?.json().await?;
        let mut request = format!("{}/v1/ws", self.base.replacen("http", "ws", 1)).into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(wire::SUBPROTOCOL));
        let (mut socket, _) = tokio_tungstenite::client_async(request, self.connect().await?).await?;
        let hello = json!({ "op": "hello", "ticket": ticket.ticket, "device": "phone", "app": "tests", "resume": {} });
        socket.send(Message::text(hello.to_string())).await?;
        let first = socket.next().await.context("the hub says nothing")??;
        Ok(serde_json::from_str(first.to_text()?)?)
    }

    async fn connect(&self) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = rustls::RootCertStore::empty();
        let pem: Vec<CertificateDer<'static>> =
            rustls_pemfile::certs(&mut self.authority.as_slice()).collect::<std::io::Result<_>>()?;
        ensure!(roots.add_parsable_certificates(pem) == (1, 0), "one authority, and it can be read");
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::IpAddress(IpAddr::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST)));
        let tcp = TcpStream::connect(self.base.trim_start_matches("https://")).await?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?)
    }
}

/// The address that the hub prints for people.
fn address(hub: &Hub) -> Result<String> {
    let log = hub.log();
    let found = log.split_whitespace().find(|word| word.starts_with("https://")).context("no address is printed")?;
    Ok(found.split('/').take(3).collect::<Vec<_>>().join("/"))
}

#[tokio::test]
async fn a_phone_that_trusts_the_hubs_own_authority_signs_in_and_opens_its_socket() -> Result<()> {
    let hub = Hub::start(HubOptions::demo().arg("--lan")).await?;
    let link = hub.printed_link("phone").await?;
    let phone = TrustingPhone::of(&hub).await?;
    ensure!(hub.log().contains(&hub::boot::qr(&link)?), "the code to scan is the phone's link:\n{}", hub.log());
    ensure!(hub.log().contains(&format!("{}/trust", address(&hub)?)), "and how to trust the hub is said");
    let session = phone.sign_in(link.rsplit('#').next().context("a code")?).await?;
    let welcome = phone.open(&session).await?;
    ensure!(welcome["op"] == "welcome" && welcome["demo"] == true, "{welcome}");
    let page = phone.http.get(format!("{}/trust", phone.base)).send().await?.error_for_status()?.text().await?;
    ensure!(page.contains("/trust/baiying-ca.pem") && page.contains("Trust this hub"), "{page}");
    let stranger = http().get(format!("{}/", phone.base)).send().await;
    ensure!(stranger.is_err_and(|error| error.is_connect()), "who does not trust the authority does not get in");
    hub.terminate().await.map(|_| ())
}

#[tokio::test]
async fn serve_prints_what_to_scan_and_keeps_its_authority_over_a_restart() -> Result<()> {
    let hub = Hub::start(HubOptions::serve().arg("--lan")).await?;
    let signpost = format!("{}/", address(&hub)?);
    ensure!(hub.log().contains(&hub::boot::qr(&signpost)?), "the code to scan is the signpost:\n{}", hub.log());
    let before = TrustingPhone::of(&hub).await?.authority;
    let hub = hub.restart().await?;
    let after = TrustingPhone::of(&hub).await?;
    ensure!(after.authority == before, "a phone that trusted it must not be asked again");
    let page = after.http.get(format!("{}/", after.base)).send().await?.error_for_status()?.text().await?;
    ensure!(page.contains("/resident") && page.contains("/trust"), "{page}");
    Ok(())
}
