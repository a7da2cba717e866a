//! The description of the HTTP interface, OpenAPI 3.1: generated from the routes that are wired.

use std::sync::OnceLock;

use super::http;

/// As JSON; the same text as `docs/openapi.json`.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (_, api) = http::described();
        let mut text = api.to_pretty_json().expect("a description is JSON");
        text.push('\n');
        text
    })
}
