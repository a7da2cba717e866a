//! Rows of text as CSV or XLSX.

use anyhow::Result;
use rust_xlsxwriter::{Format, Workbook};

const COLUMN_WIDTH: f64 = 16.0;

/// CSV in UTF-8 with a byte order mark, so that spreadsheets show Chinese.
pub fn csv(header: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(b"\xEF\xBB\xBF".to_vec());
    table.write_record(header)?;
    for row in rows {
        table.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    Ok(table.into_inner()?)
}

/// A spreadsheet of one sheet; every cell is text, so that a phone number keeps its zeros.
pub fn xlsx(header: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let sheet = book.add_worksheet();
    sheet.set_freeze_panes(1, 0)?;
    for (column, name) in header.iter().enumerate() {
        sheet.write_string_with_format(0, column as u16, *name, &bold)?;
        sheet.set_column_width(column as u16, COLUMN_WIDTH)?;
    }
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string_with_format(row as u32 + 1, column as u16, cell, &text)?;
        }
    }
    Ok(book.save_to_buffer()?)
}

/// A spreadsheet takes a cell of CSV that begins with `=`, `@` or a tab for a formula, and a name can be anything.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
