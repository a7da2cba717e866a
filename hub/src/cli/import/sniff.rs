//! What a file is, by its content: its name may say anything.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use super::table::{self, Table};

/// Bytes of a file.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A file that has been understood.
pub enum Content {
    Table(Table),
    Json(serde_json::Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Xlsx,
    Json,
    Text,
    /// What it is, when it is of no use here.
    Other(&'static str),
}

/// Reads the content of a file called `name`.
pub fn content(name: &str, bytes: &[u8]) -> Result<Content, String> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("{name}: {} bytes, at most {FILE_BYTES_MAX} are taken / 文件太大,请分开导入", bytes.len()));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(format!("{name}: the file is empty / 文件是空的"));
    }
    let looks = looks(bytes);
    agree(name, looks)?;
    match looks {
        Looks::Xlsx => table::of_xlsx(bytes).map(Content::Table).map_err(|why| format!("{name}: {why}")),
        Looks::Json => json(name, bytes),
        Looks::Text => text(name, bytes)
            .and_then(|text| table::of_csv(&text).map_err(|why| format!("{name}: {why}")))
            .map(Content::Table),
        Looks::Other(what) => Err(format!("{name}: this is {what}; save it as CSV or XLSX / 请另存为 CSV 或 XLSX")),
    }
}

fn looks(bytes: &[u8]) -> Looks {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Looks::Xlsx,
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Looks::Other("an old Excel file (.xls)"),
        [b'%', b'P', b'D', b'F', ..] => Looks::Other("a PDF"),
        [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] => Looks::Other("a picture"),
        [0x1F, 0x8B, ..] => Looks::Other("a gzip archive"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Looks::Text,
        _ if bytes.contains(&0) => Looks::Other("binary data"),
        _ => match bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start() {
            [b'{' | b'[', ..] => Looks::Json,
            [b'<', ..] => Looks::Other("HTML or XML"),
            _ => Looks::Text,
        },
    }
}

/// A name that says one thing and a content that says another is a mistake to be told, not to be guessed at.
fn agree(name: &str, looks: Looks) -> Result<(), String> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let says = match ending.as_str() {
        "xlsx" => Looks::Xlsx,
        "json" | "geojson" => Looks::Json,
        "csv" | "txt" | "tsv" => Looks::Text,
        _ => return Ok(()),
    };
    let real = match looks {
        _ if says == looks => return Ok(()),
        Looks::Xlsx => "a spreadsheet (XLSX)",
        Looks::Json => "JSON",
        Looks::Text => "plain text",
        Looks::Other(what) => what,
    };
    Err(format!("{name}: its name says .{ending}, its content is {real}; give it its right name / 文件名与内容不符"))
}

fn json(name: &str, bytes: &[u8]) -> Result<Content, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice(bytes).map(Content::Json).map_err(|e| format!("{name}: not JSON: {e} / JSON 有错"))
}

/// UTF-8, UTF-16 with its mark, or GBK (read as GB 18030, which contains it).
fn text(name: &str, bytes: &[u8]) -> Result<String, String> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return String::from_utf8(rest.to_vec()).map_err(|e| format!("{name}: its mark says UTF-8, but: {e}"));
    }
    let utf16 = match bytes {
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        _ => None,
    };
    if utf16.is_none()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Ok(text.to_owned());
    }
    let (text, _, wrong) = utf16.unwrap_or(GB18030).decode(bytes);
    if wrong {
        return Err(format!(
            "{name}: neither UTF-8 nor GBK; save it as CSV UTF-8 / 编码不是 UTF-8 也不是 GBK,请另存为 CSV UTF-8"
        ));
    }
    Ok(text.into_owned())
}
