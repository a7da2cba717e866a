//! How a webhook is signed: HMAC-SHA256 over the time and the body, so that a copy of an old one is worth nothing.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries the signature: `t=<seconds since 1970>,v1=<64 hexadecimal digits>`.
pub const SIGNATURE_HEADER: &str = "baiying-signature";

/// The value of the header for a body sent at `at_s`. What is signed is `<at_s>.<body>`.
pub fn sign(secret: &[u8], at_s: i64, body: &[u8]) -> String {
    format!("t={at_s},v1={}", hex(&mac(secret, at_s, body).finalize().into_bytes()))
}

/// Whether `header` signs `body` and is at most `age_s_max` old or early; what a gateway does.
pub fn is_signed(secret: &[u8], header: &str, body: &[u8], now_s: i64, age_s_max: u64) -> bool {
    let Some((at, digits)) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")) else { return false };
    let (Ok(at_s), Some(code)) = (at.parse::<i64>(), unhex(digits)) else { return false };
    now_s.abs_diff(at_s) <= age_s_max && mac(secret, at_s, body).verify_slice(&code).is_ok()
}

fn mac(secret: &[u8], at_s: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(at_s.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_vector() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let code = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(sign(b"secret", 1_700_000_000, b"{}"), format!("t=1700000000,v1={code}"));
    }

    #[test]
    fn the_right_secret_body_and_time_pass_and_nothing_else() {
        let header = sign(b"secret", 1_000, b"{}");
        let checks = [
            (b"secret".as_slice(), b"{}".as_slice(), 1_000, true),
            (b"secret", b"{}", 1_299, true),
            (b"secret", b"{}", 1_301, false),
            (b"other", b"{}", 1_000, false),
            (b"secret", b"{ }", 1_000, false),
        ];
        for (secret, body, now_s, passes) in checks {
            assert_eq!(is_signed(secret, &header, body, now_s, 300), passes, "{secret:?} {body:?} {now_s}");
        }
        assert!(!is_signed(b"secret", "t=x,v1=00", b"{}", 1_000, 300));
        assert!(!is_signed(b"secret", "", b"{}", 1_000, 300));
    }
}
