//! The one channel of today: a POST to a gateway that knows how to reach phones.

use std::sync::Arc;
use std::time::Duration;

use super::signature::{SIGNATURE_HEADER, sign};
use crate::store::WakeRow;

/// The header that names a delivery: the same for every try, so that the gateway can drop what it has seen.
pub const DELIVERY_HEADER: &str = "baiying-delivery";

/// How long one try may take, milliseconds.
const TRY_MS_MAX: u64 = 5_000;

/// Where wakes go and with what they are signed.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The gateway.
    pub url: String,
    /// The shared secret.
    pub secret: Vec<u8>,
    /// The authority of the gateway's certificate (PEM), beside the public ones.
    pub authority: Option<Vec<u8>>,
}

/// A client of the gateway.
#[derive(Clone)]
pub struct Webhook {
    client: reqwest::Client,
    settings: Arc<WebhookSettings>,
}

impl Webhook {
    /// A client with its own connections.
    ///
    /// # Errors
    /// When the URL is none, the authority no certificate, or the client cannot be built.
    pub fn new(settings: WebhookSettings) -> anyhow::Result<Self> {
        reqwest::Url::parse(&settings.url)?;
        // Fails when somebody has chosen one before: then that one is used.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut builder = reqwest::Client::builder().timeout(Duration::from_millis(TRY_MS_MAX));
        if let Some(pem) = &settings.authority {
            builder = builder.add_root_certificate(reqwest::Certificate::from_pem(pem)?);
        }
        let client = builder.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Webhook { client, settings: Arc::new(settings) })
    }

    /// Sends one wake.
    ///
    /// # Errors
    /// Why it is to be tried again, in words for the operator.
    pub async fn send(&self, district: u32, row: &WakeRow, now_ms: i64) -> Result<(), String> {
        let signature = sign(&self.settings.secret, now_ms / 1_000, &row.body);
        let sent = self
            .client
            .post(&self.settings.url)
            .header("content-type", "application/json")
            .header(SIGNATURE_HEADER, signature)
            .header(DELIVERY_HEADER, format!("{district}-{}", row.id))
            .body(row.body.clone())
            .send()
            .await
            .map_err(|err| err.without_url().to_string())?;
        if sent.status().is_success() { Ok(()) } else { Err(format!("the gateway answered {}", sent.status())) }
    }
}
