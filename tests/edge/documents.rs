//! `docs/openapi.json` and `docs/asyncapi.json` are what the hub says of itself. `BAIYING_WRITE_DOCS=1` writes them.

use std::path::Path;

use hub::edge::{asyncapi, openapi};
use serde_json::Value;

fn current(name: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("BAIYING_WRITE_DOCS").is_some() {
        std::fs::write(&file, generated).expect("docs can be written");
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == generated,
        "docs/{name} is not what the hub says: run `BAIYING_WRITE_DOCS=1 cargo test -p tests documents` and commit it"
    );
}

#[test]
fn openapi_is_current() {
    current("openapi.json", openapi::text());
}

#[test]
fn asyncapi_is_current() {
    current("asyncapi.json", asyncapi::text());
}

/// Every reference leads somewhere.
#[test]
fn references_are_whole() {
    for text in [openapi::text(), asyncapi::text()] {
        let document: Value = serde_json::from_str(text).expect("JSON");
        let mut broken = Vec::new();
        visit(&document, &mut |reference| {
            let pointer = reference.trim_start_matches('#');
            if document.pointer(pointer).is_none() {
                broken.push(reference.to_owned());
            }
        });
        assert!(broken.is_empty(), "{broken:?}");
    }
}

fn visit(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                found(reference);
            }
            fields.values().for_each(|inner| visit(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| visit(inner, found)),
        _ => {}
    }
}
