//! Reading what a client sends: UTF-8, depth, syntax, then the exact type; the refusal names the field.

use serde::de::DeserializeOwned;
use serde_json::Value;
use wire::JSON_DEPTH_MAX;

use super::error::Refusal;

/// Bytes as JSON of bounded depth.
///
/// # Errors
/// `invalid_utf8`, `too_deep`, `bad_json`.
pub fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        Refusal::bad(
            "invalid_utf8",
            format!("第 {} 字节起不是 UTF-8", e.valid_up_to()),
            format!("not UTF-8 from byte {}", e.valid_up_to()),
        )
    })?;
    if depth(text) > JSON_DEPTH_MAX {
        let (zh, en) =
            (format!("JSON 嵌套超过 {JSON_DEPTH_MAX} 层"), format!("JSON is nested deeper than {JSON_DEPTH_MAX}"));
        return Err(Refusal::bad("too_deep", zh, en));
    }
    serde_json::from_str(text)
        .map_err(|e| Refusal::bad("bad_json", format!("不是正确的 JSON:{e}"), format!("not JSON: {e}")))
}

/// How deep brackets nest outside strings. Before parsing, so that depth costs no stack.
fn depth(text: &str) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' if !in_string => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A value as exactly `T`; unknown and missing fields are named. `at` is where the value stands in the message.
///
/// # Errors
/// `unknown_field`, `missing_field`, `bad_field`, with a JSON pointer.
pub fn exactly<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut pointer = format!("{at}{}", pointer_of(error.path()));
        let why = error.into_inner().to_string();
        if let Some(name) = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            pointer = format!("{pointer}/{name}");
            return Refusal::field(
                &pointer,
                "missing_field",
                format!("缺少字段 {pointer}"),
                format!("{pointer} is missing"),
            );
        }
        if why.starts_with("unknown field") {
            return Refusal::field(
                &pointer,
                "unknown_field",
                format!("不认识的字段 {pointer}"),
                format!("{pointer}: {why}"),
            );
        }
        Refusal::field(&pointer, "bad_field", format!("字段 {pointer} 的值不对:{why}"), format!("{pointer}: {why}"))
    })
}

/// RFC 6901.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    });
    segments.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wire::command::RequestService;

    use super::*;

    #[test]
    fn names_what_is_wrong() {
        let place = json!({ "lat": 45.7, "lng": 126.6 });
        let cases = [
            (json!({ "kind": "haircut", "place": place, "colour": 1 }), "unknown_field", "/colour"),
            (json!({ "kind": "haircut" }), "missing_field", "/place"),
            (json!({ "kind": "haircut", "place": { "lat": "x", "lng": 1.0 } }), "bad_field", "/place/lat"),
            (json!({ "kind": "haircut", "place": { "lat": 1.0 } }), "missing_field", "/place/lng"),
            (json!({ "kind": 7, "place": place }), "bad_field", "/kind"),
            (json!({ "kind": "a", "place": place, "roles": [{ "count": 300 }] }), "bad_field", "/roles/0/count"),
        ];
        for (body, code, pointer) in cases {
            let refusal = exactly::<RequestService>(body.clone(), "").expect_err("it is wrong");
            assert_eq!((refusal.code, refusal.pointer.as_deref()), (code, Some(pointer)), "{body}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        assert_eq!(depth(r#"{"a":"[[[[\"[["}"#), 1);
        let deep = "[".repeat(JSON_DEPTH_MAX + 1);
        assert_eq!(json(deep.as_bytes()).expect_err("too deep").code, "too_deep");
        let fits = format!("{}{}", "[".repeat(JSON_DEPTH_MAX), "]".repeat(JSON_DEPTH_MAX));
        assert!(json(fits.as_bytes()).is_ok());
    }

    #[test]
    fn refuses_what_is_not_text() {
        assert_eq!(json(b"{\"a\":\"\xff\"}").expect_err("not UTF-8").code, "invalid_utf8");
        assert_eq!(json(b"").expect_err("empty").code, "bad_json");
    }
}
