//! Rows of cells, from CSV or the first sheet of an XLSX.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use zip::ZipArchive;

/// Rows of one file; more comes in several files.
const ROWS_MAX: usize = 200_000;
const COLUMNS_MAX: usize = 100;
/// Characters of one cell.
const CELL_LENGTH_MAX: usize = 4_000;
/// All parts of a spreadsheet together: enough for [`ROWS_MAX`] rows of a register.
const UNPACKED_BYTES_MAX: u64 = 128 << 20;

/// A table whose first row names the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Row>,
}

/// One row that is not empty; `number` as a spreadsheet shows it (the header is row 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub number: u32,
    pub cells: Vec<String>,
}

/// From text whose cells are parted by comma, semicolon or tab (whichever the first line has most of).
pub fn of_csv(text: &str) -> Result<Table, String> {
    let text = text.replace("\r\n", "\n");
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|c| count(*c)).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter as u8)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut number = 0;
    for record in reader.records() {
        let record = record.map_err(|e| format!("not CSV: {e} / CSV 有错"))?;
        // The reader passes over empty lines without a word, a spreadsheet shows them as rows.
        let from = record.position().map_or(0, |position| position.byte() as usize);
        let empty = text[from..].bytes().take_while(|b| *b == b'\n').count() as u32;
        number += empty + 1;
        rows.push((number, record.iter().map(clean).collect()));
    }
    of_rows(rows)
}

/// From the first sheet of a spreadsheet. Cell by cell: two cells in far corners do not make a sheet of all between them.
pub fn of_xlsx(bytes: &[u8]) -> Result<Table, String> {
    unpacks_within_limit(bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let first = book.sheet_names().into_iter().next().ok_or("the spreadsheet has no sheet / 表格里没有工作表")?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(broken)?;
    let mut rows = BTreeMap::<u32, Vec<String>>::new();
    while let Some(found) = cells.next_cell().map_err(broken)? {
        let ((row, column), text) = (found.get_position(), cell(&Data::from(found.get_value().clone())));
        if text.is_empty() {
            continue;
        }
        if column as usize >= COLUMNS_MAX {
            return Err(format!("row {} has over {COLUMNS_MAX} columns / 列太多", row + 1));
        }
        let row = rows.entry(row).or_default();
        row.resize(row.len().max(column as usize + 1), String::new());
        row[column as usize] = text;
    }
    // A table may begin at column C.
    let left = rows.values().filter_map(|cells| cells.iter().position(|cell| !cell.is_empty())).min().unwrap_or(0);
    of_rows(rows.into_iter().map(|(row, mut cells)| (row + 1, cells.split_off(left))).collect())
}

fn broken(error: impl std::fmt::Display) -> String {
    format!("not a readable XLSX: {error} / 表格打不开")
}

/// A spreadsheet is an archive, and an archive of a few kilobytes can unpack to more than there is memory. What its
/// directory says of sizes is not believed.
fn unpacks_within_limit(bytes: &[u8]) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(broken)?.take(left + 1);
        let unpacked = io::copy(&mut part, &mut io::sink()).map_err(broken)?;
        left = left.checked_sub(unpacked).ok_or_else(|| {
            format!("the spreadsheet unpacks to over {} MiB / 表格解压后太大,请分开导入", UNPACKED_BYTES_MAX >> 20)
        })?;
    }
    Ok(())
}

fn cell(data: &Data) -> String {
    match data {
        // 13800000000 and 45.77 are typed as numbers; neither wants ".0" or an exponent.
        Data::Float(number) => format!("{number}"),
        Data::DateTime(moment) => moment.as_datetime_text(),
        other => clean(&other.to_string()),
    }
}

trait DateText {
    fn as_datetime_text(&self) -> String;
}

impl DateText for calamine::ExcelDateTime {
    /// The day: no column here wants a time.
    fn as_datetime_text(&self) -> String {
        let (year, month, day, ..) = self.to_ymd_hms_milli();
        format!("{year:04}-{month:02}-{day:02}")
    }
}

fn clean(text: &str) -> String {
    text.trim().trim_matches('\u{3000}').to_owned()
}

fn of_rows(rows: Vec<(u32, Vec<String>)>) -> Result<Table, String> {
    let mut rows = rows.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    let (_, header) = rows.next().ok_or("there is no row with the names of the columns / 没有表头")?;
    if header.len() > COLUMNS_MAX {
        return Err(format!("{} columns, at most {COLUMNS_MAX} are taken / 列太多", header.len()));
    }
    let rows: Vec<Row> = rows.map(|(number, cells)| Row { number, cells }).collect();
    if rows.len() > ROWS_MAX {
        return Err(format!("{} rows, at most {ROWS_MAX} in one file / 行太多,请分开导入", rows.len()));
    }
    if rows.is_empty() {
        return Err("there is a header but no row / 只有表头,没有内容".to_owned());
    }
    match rows.iter().find(|row| row.cells.iter().any(|cell| cell.chars().count() > CELL_LENGTH_MAX)) {
        Some(row) => {
            Err(format!("row {} has a cell of over {CELL_LENGTH_MAX} characters / 单元格内容太长", row.number))
        }
        None => Ok(Table { header, rows }),
    }
}
