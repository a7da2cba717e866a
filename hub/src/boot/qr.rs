//! An address as a QR code for a terminal.

use anyhow::{Context, Result};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// Two rows of the code a line, with the quiet zone that cameras want.
///
/// # Errors
/// When the text is longer than a QR code holds.
pub fn qr(text: &str) -> Result<String> {
    let code = QrCode::new(text.as_bytes()).context("the address is too long for a QR code")?;
    Ok(code.render::<Dense1x2>().quiet_zone(true).build())
}
