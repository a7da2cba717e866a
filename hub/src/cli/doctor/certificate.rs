//! TLS: whether certificate and key fit, and for how many days they are good.

use std::path::Path;

use super::{Finding, Health};
use crate::boot::{TlsMode, TlsSettings};
use crate::edge::tls;

/// Renew before this.
const DAYS_GOOD: i64 = 14;

pub fn look(folder: &Path, settings: &TlsSettings) -> Vec<Finding> {
    let authority = folder.join(tls::AUTHORITY_FILE);
    match settings.mode {
        // `--lan` on the command line leaves no word in the settings, but this file.
        TlsMode::Off if authority.exists() => vec![of_file("自建证书 / own authority", &authority)],
        TlsMode::Off => vec![Finding::new(
            Health::Doubtful,
            "没有加密:只有本机能用,手机不能定位 / no TLS: for this machine only, phones give no position; `--lan` or [tls]",
        )],
        TlsMode::Proxy => {
            vec![Finding::new(
                Health::Good,
                "由代理加密 / TLS ends at the proxy: it must pass the WebSocket upgrade on",
            )]
        }
        TlsMode::SelfMade => vec![of_file("自建证书 / own authority", &authority)],
        TlsMode::Files => of_files(settings),
    }
}

fn of_files(settings: &TlsSettings) -> Vec<Finding> {
    let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) else {
        return Vec::new();
    };
    let fit = match tls::from_files(certificate, key) {
        Ok(_) => Finding::new(Health::Good, "证书与私钥匹配 / certificate and key fit"),
        Err(error) => Finding::new(Health::Bad, format!("证书或私钥不对 / certificate or key: {error:#}")),
    };
    vec![fit, of_file("证书 / certificate", certificate)]
}

fn of_file(what: &str, file: &Path) -> Finding {
    let Ok(pem) = std::fs::read(file) else {
        return Finding::new(Health::Doubtful, format!("{what}: 首次启动时生成 / made at the first start"));
    };
    let first = rustls_pemfile::certs(&mut pem.as_slice()).next();
    let until = first.and_then(Result::ok).and_then(|certificate| not_after(&certificate));
    let Some(until) = until else {
        return Finding::new(Health::Bad, format!("{what}: {} 不是证书 / is no certificate", file.display()));
    };
    let days = (until.as_second() - jiff::Timestamp::now().as_second()) / 86_400;
    let health = match days {
        ..=0 => Health::Bad,
        1..=DAYS_GOOD => Health::Doubtful,
        _ => Health::Good,
    };
    Finding::new(health, format!("{what}: 还有 {days} 天 / good for {days} more days"))
}

/// When a certificate ends: the second time of the validity, the fifth field of what is signed (RFC 5280, 4.1).
pub fn not_after(der: &[u8]) -> Option<jiff::Timestamp> {
    const VERSION: u8 = 0xA0;
    let (_, certificate, _) = part(der)?;
    let (_, signed, _) = part(certificate)?;
    let (first, _, mut rest) = part(signed)?;
    // Version 1 has no version field: what was read was the serial number.
    let before_validity = if first == VERSION { 3 } else { 2 };
    for _ in 0..before_validity {
        (_, _, rest) = part(rest)?;
    }
    let (_, validity, _) = part(rest)?;
    let (_, _, rest) = part(validity)?;
    let (kind, text, _) = part(rest)?;
    time(kind, std::str::from_utf8(text).ok()?)
}

/// One DER value: its tag, its content, and what follows it.
fn part(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
        (digits.iter().fold(0usize, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` (tag 23) or `YYYYMMDDHHMMSSZ` (tag 24).
fn time(kind: u8, text: &str) -> Option<jiff::Timestamp> {
    let century = match kind {
        23 if text.get(..2)? < "50" => "20",
        23 => "19",
        24 => "",
        _ => return None,
    };
    let digits = format!("{century}{}", text.strip_suffix('Z')?);
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
}
