//! From hub to hub: bytes over HTTP with mutual TLS. Whoever holds a certificate of the hubs' own authority is a hub; nobody
//! else gets as far as a request.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The one name that every hub's certificate bears: hubs are equal, and their addresses come and go.
pub const PEER_NAME: &str = "hub.baiying.internal";

/// The path of a command that is sent on.
pub const COMMAND_PATH: &str = "/peer/v1/command";

/// How long making a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);

/// How long bytes may stay unacknowledged before a connection is given up.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(3);

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Files (PEM) by which a hub is known to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerFiles {
    /// This hub's certificate, for [`PEER_NAME`].
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authority that signed it and those of the others.
    pub authority: PathBuf,
}

/// What is made of them, for either end.
pub struct Credentials {
    /// Takes nobody without a certificate.
    pub server: Arc<ServerConfig>,
    client: ClientConfig,
}

impl PeerFiles {
    /// The three files in a folder, as [`draw`] names them.
    pub fn within(folder: &Path) -> Self {
        let of = |name: &str| folder.join(name);
        PeerFiles { certificate: of("hub.pem"), key: of("hub.key"), authority: of("hubs-ca.pem") }
    }

    /// Reads them.
    ///
    /// # Errors
    /// A file that cannot be read, or that does not fit the others.
    pub fn read(&self) -> Result<Credentials> {
        let chain = certificates(&self.certificate)?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.authority)? {
            roots.add(certificate).with_context(|| format!("{} is no authority", self.authority.display()))?;
        }
        let roots = Arc::new(roots);
        let key = || private_key(&self.key);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone());
        let verifier = verifier.build().context("the hubs' authority")?;
        let server = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let server = server.with_client_cert_verifier(verifier);
        let server =
            server.with_single_cert(chain.clone(), key()?).context("cluster.certificate and key do not fit")?;
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let client = client.with_root_certificates(roots).with_client_auth_cert(chain, key()?)?;
        Ok(Credentials { server: Arc::new(server), client })
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = rustls_pemfile::certs(&mut pem.as_slice()).collect::<std::io::Result<Vec<_>>>()?;
    ensure!(!found.is_empty(), "{} holds no certificate (PEM)", file.display());
    Ok(found)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let key = rustls_pemfile::private_key(&mut pem.as_slice())?;
    key.with_context(|| format!("{} holds no private key (PEM)", file.display()))
}

/// Draws an authority and one certificate that all hubs may share, and writes them into `folder` (keys 0600). The
/// authority's own key is not kept: to admit a hub is to copy the files to it, to shut all out is to draw anew.
///
/// # Errors
/// When a file is there already, or cannot be written.
pub fn draw(folder: &Path) -> Result<PeerFiles> {
    draw_for(folder, PEER_NAME)
}

/// The same for a certificate that bears another name.
pub(super) fn draw_for(folder: &Path, name: &str) -> Result<PeerFiles> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate()?;
    let signed = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);
    let mut hub = CertificateParams::new(vec![name.to_owned()])?;
    hub.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate()?;
    let certificate = hub.signed_by(&key, &issuer)?;
    std::fs::create_dir_all(folder)?;
    let files = PeerFiles::within(folder);
    write(&files.authority, &signed.pem())?;
    write(&files.certificate, &certificate.pem())?;
    write(&files.key, &key.serialize_pem())?;
    Ok(files)
}

fn write(file: &Path, text: &str) -> Result<()> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.with_context(|| format!("cannot make {}; is it there already?", file.display()))?;
    Ok(opened.write_all(text.as_bytes())?)
}

/// The other hubs, by their addresses. Connections are kept and used again.
pub struct Peers {
    tls: ClientConfig,
    clients: Mutex<HashMap<String, reqwest::Client>>,
}

impl Peers {
    /// Asks with these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Peers { tls: credentials.client, clients: Mutex::default() }
    }

    /// Sends a command on to the hub at `address` (`host:port`) and waits at most `limit` for what it says.
    ///
    /// # Errors
    /// When it cannot be reached, does not answer in time, or is no hub: whether it took the command is not known.
    pub async fn ask(&self, address: &str, body: Bytes, limit: Duration) -> Result<Bytes> {
        let asked = self.try_ask(address, body, limit).await;
        if asked.is_err() {
            // Its name may stand for another machine by now.
            self.lock().remove(address);
        }
        asked
    }

    async fn try_ask(&self, address: &str, body: Bytes, limit: Duration) -> Result<Bytes> {
        let (client, port) = self.client(address).await?;
        let url = format!("https://{PEER_NAME}:{port}{COMMAND_PATH}");
        let asked = client.post(url).header("content-type", "application/json").body(body);
        let answer = asked.timeout(limit).send().await?.error_for_status()?;
        let length = answer.content_length().unwrap_or(0);
        ensure!(length <= ANSWER_BYTES_MAX as u64, "the hub at {address} answers {length} bytes");
        Ok(answer.bytes().await?)
    }

    async fn client(&self, address: &str) -> Result<(reqwest::Client, u16)> {
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("{address:?} is no host:port"))?;
        if let Some(client) = self.lock().get(address) {
            return Ok((client.clone(), port));
        }
        let found: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .resolve_to_addrs(PEER_NAME, &found)
            .connect_timeout(CONNECT_LIMIT)
            .tcp_nodelay(true)
            .tcp_user_timeout(UNACKNOWLEDGED_MAX)
            .no_proxy()
            .build()?;
        self.lock().insert(address.to_owned(), client.clone());
        Ok((client, port))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, reqwest::Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
