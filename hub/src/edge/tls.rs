//! TLS by rustls with ring: certificate files, or an own certificate authority that the hub makes and keeps.
//!
//! A slow or silent handshake must not hold the door: each runs as a task of its own, bounded in number and in time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::serve::Listener;
use jiff::ToSpan;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A handshake that takes longer is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once; further connections wait in the kernel's queue.
const HANDSHAKES_MAX: usize = 256;
/// Connections that have shaken hands and wait to be taken.
const READY_MAX: usize = 64;
/// Wait after an error of accept itself (too many open files).
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// The name of the authority's certificate in the data folder; `/trust` serves it.
pub const AUTHORITY_FILE: &str = "baiying-ca.pem";
const AUTHORITY_KEY_FILE: &str = "baiying-ca.key";

/// Server configuration from PEM files.
///
/// # Errors
/// A file that cannot be read, holds no certificate or key, or a pair that does not fit.
pub fn from_files(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let chain = std::fs::read(certificate).with_context(|| format!("cannot read {}", certificate.display()))?;
    let chain = rustls_pemfile::certs(&mut chain.as_slice()).collect::<io::Result<Vec<_>>>()?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate (PEM)", certificate.display());
    let secret = std::fs::read(key).with_context(|| format!("cannot read {}", key.display()))?;
    let secret = rustls_pemfile::private_key(&mut secret.as_slice())?;
    let secret = secret.with_context(|| format!("{} holds no private key (PEM)", key.display()))?;
    configuration(chain, secret)
}

/// Server configuration from an own authority in `folder` (made once, its key readable by its owner only) and a fresh
/// certificate for `names` and `addresses`.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn self_made(folder: &Path, names: &[String], addresses: &[IpAddr]) -> Result<Arc<ServerConfig>> {
    let issuer = Issuer::new(authority_params()?, authority_key(folder)?);
    let mut subject: Vec<String> = vec!["localhost".to_owned()];
    subject.extend(names.iter().cloned());
    subject.extend(addresses.iter().map(ToString::to_string));
    let mut params = CertificateParams::new(subject)?;
    params.distinguished_name.push(DnType::CommonName, "Baiying hub");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    live(&mut params, CERTIFICATE_DAYS)?;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;
    let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(|why| anyhow::anyhow!("{why}"))?;
    configuration(vec![certificate.der().clone()], secret)
}

/// Phones refuse a certificate that is good for longer than 825 days (and Apple's, 398).
const CERTIFICATE_DAYS: i64 = 390;
const AUTHORITY_DAYS: i64 = 3_650;

/// From yesterday, because clocks of phones differ.
fn live(params: &mut CertificateParams, days: i64) -> Result<()> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (from, until) = (today.checked_sub(1.day())?, today.checked_add(days.days())?);
    params.not_before = date_time_ymd(i32::from(from.year()), from.month().unsigned_abs(), from.day().unsigned_abs());
    params.not_after = date_time_ymd(i32::from(until.year()), until.month().unsigned_abs(), until.day().unsigned_abs());
    Ok(())
}

/// The authority by what it says of itself; always the same, so that a later start signs under the same name.
fn authority_params() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Baiying own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    live(&mut params, AUTHORITY_DAYS)?;
    Ok(params)
}

/// The authority's key; made with its certificate when there is none.
fn authority_key(folder: &Path) -> Result<KeyPair> {
    let (file, key_file) = (folder.join(AUTHORITY_FILE), folder.join(AUTHORITY_KEY_FILE));
    if file.exists() && key_file.exists() {
        let pem = std::fs::read_to_string(&key_file).with_context(|| format!("cannot read {}", key_file.display()))?;
        return KeyPair::from_pem(&pem).with_context(|| format!("{} is broken", key_file.display()));
    }
    let key = KeyPair::generate()?;
    let pem = authority_params()?.self_signed(&key)?.pem();
    write_secret(&key_file, &key.serialize_pem())?;
    std::fs::write(&file, &pem).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(key)
}

fn write_secret(file: &PathBuf, text: &str) -> Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
    open.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}

fn configuration(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    // HTTP/1.1 only: a WebSocket is an upgrade of it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session ticket costs memory for each connection that never comes back.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

/// A listener whose connections have shaken hands.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Takes connections of `tcp` from now on.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn new(tcp: TcpListener, config: Arc<ServerConfig>) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let (into, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(accept_all(tcp, TlsAcceptor::from(config), into));
        Ok(Self { ready, address })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with the runtime.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

async fn accept_all(tcp: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (stream, peer) = tokio::select! {
            accepted = tcp.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            },
            () = ready.closed() => return,
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let shaken = shake(acceptor, stream).await;
            drop(place);
            match shaken {
                // The listener was dropped: the hub is going.
                Ok(stream) => drop(ready.send((stream, peer)).await),
                Err(error) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            }
        });
    }
}

async fn shake(acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await?
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    async fn connect(address: SocketAddr, authority: &Path) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let pem = std::fs::read(authority)?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_pemfile::certs(&mut pem.as_slice()).flatten());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let connector = TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()));
        let name = ServerName::IpAddress(address.ip().into());
        connector.connect(name, TcpStream::connect(address).await?).await
    }

    /// Whoever trusts the authority is served, while another says nothing at all; a second start keeps the authority.
    #[tokio::test]
    async fn a_client_that_trusts_the_own_authority_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let loopback = [IpAddr::from([127, 0, 0, 1])];
        let config = self_made(folder.path(), &[], &loopback).unwrap();
        let before = std::fs::read(folder.path().join(AUTHORITY_FILE)).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut listener = TlsListener::new(tcp, config).unwrap();
        let address = listener.local_addr().unwrap();
        let silent = TcpStream::connect(address).await.unwrap();
        let client = tokio::spawn(async move {
            let mut stream = connect(address, &folder.path().join(AUTHORITY_FILE)).await.unwrap();
            stream.write_all(b"help").await.unwrap();
            stream.flush().await.unwrap();
            self_made(folder.path(), &[], &loopback).unwrap();
            std::fs::read(folder.path().join(AUTHORITY_FILE)).unwrap()
        });
        let (mut served, _) = listener.accept().await;
        let mut heard = [0; 4];
        served.read_exact(&mut heard).await.unwrap();
        assert_eq!((&heard, client.await.unwrap()), (b"help", before));
        drop(silent);
    }

    #[test]
    fn files_that_are_not_what_they_should_be_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pem");
        std::fs::write(&file, "not a certificate").unwrap();
        let error = from_files(&file, &file).unwrap_err();
        assert!(error.to_string().contains("a.pem holds no certificate"), "{error}");
    }
}
