//! An address as a QR code for a terminal.

use std::io::IsTerminal;

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

/// What a code is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    White,
    /// It was opened.
    Green,
}

/// A code for the terminal: black on paper whatever colours the terminal has, because on a dark one it would be
/// inverted, which some cameras do not read. Into a file it goes as it is.
pub fn on_paper(code: &str, paper: Paper) -> String {
    if !std::io::stdout().is_terminal() {
        return code.to_owned();
    }
    // ANSI: black on bright white or bright green.
    let colours = match paper {
        Paper::White => "30;107",
        Paper::Green => "30;102",
    };
    code.lines().map(|line| format!("\x1b[{colours}m{line}\x1b[0m")).collect::<Vec<_>>().join("\n")
}
