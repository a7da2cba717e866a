//! The menu: what residents can order, each item of a kind that has a response plan.

use std::collections::HashSet;

use super::columns::{Line, Sheet};
use super::report::{BadRow, Report, sort};
use super::table::Table;
use super::{Kind, Known, Read, cells};
use crate::records::{MenuItem, OfficeChange};

/// Items of one district.
const ITEMS_MAX: usize = 5_000;
/// Yuan of one item.
const FEE_YUAN_MAX: f64 = 100_000.0;

pub fn read(table: Table, known: &Known) -> Result<Read, String> {
    let sheet = Sheet::of(Kind::Menu, table)?;
    let mut seen = HashSet::new();
    let (menu, bad) = sort(sheet.lines().map(|line| item(line, known, &mut seen)));
    let before = known.menu.iter().filter(|item| !seen.contains(&item.code)).count();
    if before + menu.len() > ITEMS_MAX {
        return Err(format!("the menu would have {} items, at most {ITEMS_MAX} / 菜单项太多", before + menu.len()));
    }
    let report = Report { good: menu.len(), bad, notes: super::volunteers::unused(&sheet) };
    Ok(Read { change: OfficeChange { menu, ..OfficeChange::default() }, report })
}

fn item(line: Line, known: &Known, seen: &mut HashSet<String>) -> Result<MenuItem, BadRow> {
    let code = cells::code(line, "code")?;
    let kind = cells::code(line, "kind")?;
    if known.district.plan(&kind).is_none() {
        let cure = "import its plan first (`hub import plans`) / 先导入这个预案";
        return Err(line.bad("kind", format!("there is no plan {kind} / 没有这个预案"), cure));
    }
    if !seen.insert(code.clone()) {
        return Err(line.bad("code", format!("{code} stands twice / 重复"), "delete one / 删去一行"));
    }
    Ok(MenuItem {
        code,
        kind,
        category: cells::text(line, "category", matcher::NAME_LENGTH_MAX)?.to_owned(),
        name: cells::text(line, "name", matcher::NAME_LENGTH_MAX)?.to_owned(),
        fee_fen: fee_fen(line)?,
        review: cells::yes_or_no(line, "review", false)?,
        words: cells::maybe_text(line, "words", matcher::WORDS_LENGTH_MAX)?.unwrap_or_default().to_owned(),
    })
}

fn fee_fen(line: Line) -> Result<u32, BadRow> {
    let text = line.get("fee").trim_end_matches('元').trim();
    if text.is_empty() || text == "免费" {
        return Ok(0);
    }
    let yuan = text.parse::<f64>().ok().filter(|yuan| (0.0..=FEE_YUAN_MAX).contains(yuan));
    let bad = || line.bad("fee", format!("{text:?}"), "yuan from 0 to 100000, as 5.00 / 填元");
    Ok((yuan.ok_or_else(bad)? * 100.0).round() as u32)
}
