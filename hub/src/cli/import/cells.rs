//! Cells to values.

use std::str::FromStr;

use super::columns::Line;
use super::report::BadRow;

/// Text of 1 to `max` characters.
pub fn text<'a>(line: Line<'a>, key: &str, max: usize) -> Result<&'a str, BadRow> {
    match line.get(key) {
        "" => Err(line.bad(key, "it is empty / 空", "fill it in / 请填写")),
        text => limited(line, key, text, max),
    }
}

/// Text of at most `max` characters; `None` when empty.
pub fn maybe_text<'a>(line: Line<'a>, key: &str, max: usize) -> Result<Option<&'a str>, BadRow> {
    match line.get(key) {
        "" => Ok(None),
        text => limited(line, key, text, max).map(Some),
    }
}

fn limited<'a>(line: Line<'a>, key: &str, text: &'a str, max: usize) -> Result<&'a str, BadRow> {
    let length = text.chars().count();
    if length > max {
        let what = format!("{length} characters / 个字");
        return Err(line.bad(key, what, format!("at most {max} / 最多 {max} 个")));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(line.bad(key, format!("it has the character {c:?}"), "take it out / 删去不可见字符")),
        None => Ok(text),
    }
}

/// A code: a-z, 0-9 and `_`, at most 40.
pub fn code(line: Line, key: &str) -> Result<String, BadRow> {
    let code = text(line, key, matcher::KIND_LENGTH_MAX)?;
    if code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Ok(code.to_owned());
    }
    Err(line.bad(key, format!("{code:?}"), "only a-z, 0-9 and _ / 只能用小写字母、数字和下划线"))
}

/// A whole number within `range`; `default` when empty.
pub fn number<T>(line: Line, key: &str, range: std::ops::RangeInclusive<T>, default: T) -> Result<T, BadRow>
where
    T: FromStr + PartialOrd + std::fmt::Display + Copy,
{
    let text = line.get(key);
    if text.is_empty() {
        return Ok(default);
    }
    let number = text.parse::<T>().ok().filter(|number| range.contains(number));
    let cure = || format!("a whole number from {} to {} / 填整数", range.start(), range.end());
    number.ok_or_else(|| line.bad(key, format!("{text:?}"), cure()))
}

/// 是/否, yes/no, true/false, 1/0; `default` when empty.
pub fn yes_or_no(line: Line, key: &str, default: bool) -> Result<bool, BadRow> {
    match line.get(key).to_lowercase().as_str() {
        "" => Ok(default),
        "是" | "yes" | "y" | "true" | "1" | "√" => Ok(true),
        "否" | "no" | "n" | "false" | "0" | "×" => Ok(false),
        other => Err(line.bad(key, format!("{other:?}"), "是 or 否 / yes or no")),
    }
}

/// One of a few words, in any of their spellings.
pub fn word<T: Copy>(line: Line, key: &str, words: &[(&str, T)], default: T) -> Result<T, BadRow> {
    let text = line.get(key).to_lowercase();
    if text.is_empty() {
        return Ok(default);
    }
    let found = words.iter().find(|(word, _)| *word == text);
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" | ");
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| line.bad(key, format!("{text:?}"), format!("one of / 填其中之一: {}", known())))
}

/// Pieces of a list in one cell: 急救、电工, `first_aid; electrician`.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', ',', ',', ';', ';', '|', '\n']).map(str::trim).filter(|piece| !piece.is_empty())
}
