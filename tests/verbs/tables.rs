//! An office's tables as they really come: GBK, spreadsheets, the shifted datum, rows that are no good; out again and back in.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use hub::edge::datum::gcj02_of_wgs84;
use tests::harness::{Hub, HubOptions};

use super::{GRIDS, VOLUNTEERS, good, run, verified, written};

async fn district() -> Result<(Hub, tempfile::TempDir)> {
    let hub = Hub::start(HubOptions::serve()).await?;
    let files = tempfile::tempdir()?;
    let grids = written(files.path(), "g.geojson", GRIDS)?;
    good(hub.data(), &["import", "grids", &grids, "--crs", "wgs84"]).await?;
    Ok((hub, files))
}

fn written_bytes(folder: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    let path = folder.join(name);
    std::fs::write(&path, bytes)?;
    Ok(path.display().to_string())
}

/// The volunteers as the hub writes them.
async fn exported(hub: &Hub, files: &Path, name: &str) -> Result<String> {
    let out = files.join(name).display().to_string();
    good(hub.data(), &["export", "volunteers", "--out", &out]).await?;
    Ok(out)
}

async fn exported_text(hub: &Hub, files: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(exported(hub, files, "out.csv").await?)?)
}

#[tokio::test]
async fn a_gbk_table_is_read_as_it_was_meant() -> Result<()> {
    let (hub, files) = district().await?;
    let (gbk, _, lossy) = encoding_rs::GBK.encode(VOLUNTEERS);
    ensure!(!lossy && std::str::from_utf8(&gbk).is_err(), "it is GBK, and not UTF-8 by chance");
    let table = written_bytes(files.path(), "名单.csv", &gbk)?;
    good(hub.data(), &["import", "volunteers", &table, "--crs", "wgs84"]).await?;
    let out = exported_text(&hub, files.path()).await?;
    ensure!(out.contains("王建国") && out.contains("李明") && out.contains("急救"), "{out}");
    Ok(())
}

/// Chinese maps shift what they show: said so, it is put right; the same file under the other name lands elsewhere.
#[tokio::test]
async fn the_datum_that_was_named_is_the_one_that_counts() -> Result<()> {
    let (hub, files) = district().await?;
    let (lat, lng) = (45.76, 126.61);
    let shifted = gcj02_of_wgs84(lat, lng);
    let table = format!("姓名,编号,纬度,经度\n王建国,A1,{},{}\n", shifted.0, shifted.1);
    let table = written(files.path(), "gcj.csv", &table)?;
    let (taken, words) = run(hub.data(), &["import", "volunteers", &table]).await?;
    ensure!(!taken && words.contains("--crs gcj02"), "it must be said: {words}");
    good(hub.data(), &["import", "volunteers", &table, "--crs", "gcj02"]).await?;
    let homes = homes(&exported_text(&hub, files.path()).await?)?;
    ensure!((homes[0].0 - lat).abs() < 1e-5 && (homes[0].1 - lng).abs() < 1e-5, "{homes:?}");
    Ok(())
}

/// Latitude and longitude of each row of an export.
fn homes(csv: &str) -> Result<Vec<(f64, f64)>> {
    let mut lines = csv.trim_start_matches('\u{feff}').lines();
    let header: Vec<&str> = lines.next().context("a header")?.split(',').collect();
    let column =
        |names: [&str; 2]| header.iter().position(|it| names.contains(it)).with_context(|| format!("{header:?}"));
    let (lat, lng) = (column(["纬度", "lat"])?, column(["经度", "lng"])?);
    let home = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Ok((cells[lat].parse()?, cells[lng].parse()?))
    };
    lines.map(home).collect()
}

#[tokio::test]
async fn the_good_rows_are_taken_when_asked_for_and_the_bad_ones_named() -> Result<()> {
    let (hub, files) = district().await?;
    let mixed = format!(
        "{VOLUNTEERS}赵六,A3,13800000003,飞行,45.76,126.61\n钱七,A4,打不通,,45.76,126.61\n孙八,A5,13800000005,,99,126.61\n"
    );
    let mixed = written(files.path(), "mixed.csv", &mixed)?;
    let report = files.path().join("bad.csv").display().to_string();
    let import = ["import", "volunteers", &mixed, "--crs", "wgs84", "--report", &report];
    let (taken, words) = run(hub.data(), &import).await?;
    ensure!(!taken && !exported_text(&hub, files.path()).await?.contains("王建国"), "all or nothing: {words}");
    let named = std::fs::read_to_string(&report)?;
    for (row, what) in [("4", "飞行"), ("5", "打不通"), ("6", "99")] {
        let line = named.lines().find(|line| line.contains(what)).with_context(|| format!("{what}: {named}"))?;
        ensure!(line.split(',').any(|cell| cell == row), "row {row}: {line}");
    }
    good(hub.data(), &[&import[..], &["--skip-bad"]].concat()).await?;
    let out = exported_text(&hub, files.path()).await?;
    ensure!(out.contains("王建国") && out.contains("李明"), "{out}");
    ensure!(["赵六", "钱七", "孙八"].iter().all(|name| !out.contains(name)), "{out}");
    Ok(())
}

/// What a hub writes, another reads, as a table and as a spreadsheet, and writes again the same.
#[tokio::test]
async fn what_goes_out_comes_in_again() -> Result<()> {
    let (hub, files) = district().await?;
    let table = written(files.path(), "v.csv", VOLUNTEERS)?;
    good(hub.data(), &["import", "volunteers", &table, "--crs", "wgs84"]).await?;
    let first = exported_text(&hub, files.path()).await?;
    for name in ["out.csv", "out.xlsx"] {
        let out = exported(&hub, files.path(), name).await?;
        let (other, elsewhere) = district().await?;
        good(other.data(), &["import", "volunteers", &out, "--crs", "wgs84"]).await?;
        ensure!(exported_text(&other, elsewhere.path()).await? == first, "{name}");
        verified(other.data()).await?;
    }
    for kind in ["grids", "skills", "plans", "menu"] {
        let ending = if kind == "grids" { "geojson" } else { "csv" };
        let out = files.path().join(format!("{kind}.{ending}")).display().to_string();
        good(hub.data(), &["export", kind, "--out", &out]).await?;
        let before = std::fs::read(&out)?;
        let (taken, words) = run(hub.data(), &["import", kind, &out, "--crs", "wgs84"]).await?;
        // An empty menu has no row to bring in, and says so.
        ensure!(taken || (kind == "menu" && words.contains("没有内容")), "{kind}: {words}");
        good(hub.data(), &["export", kind, "--out", &out]).await?;
        ensure!(std::fs::read(&out)? == before, "{kind} came out another way");
    }
    Ok(())
}

/// A file that is not what its name says.
#[tokio::test]
async fn a_file_is_what_it_is_and_not_what_it_is_called() -> Result<()> {
    let (hub, files) = district().await?;
    let cases: [(&str, &[u8]); 5] = [
        ("picture.csv", &[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]),
        ("table.xlsx", "姓名\n王建国\n".as_bytes()),
        ("empty.csv", b""),
        ("header.csv", "姓名,编号\n".as_bytes()),
        ("broken.xlsx", b"PK\x03\x04 and then nothing"),
    ];
    for (name, bytes) in cases {
        let file = written_bytes(files.path(), name, bytes)?;
        let (taken, words) = run(hub.data(), &["import", "volunteers", &file, "--crs", "wgs84"]).await?;
        ensure!(!words.contains("panicked"), "{name}: {words}");
        // A table under a spreadsheet's name may be read as what it is; then it lacks what a volunteer needs.
        ensure!(!taken, "{name} was taken: {words}");
    }
    ensure!(exported_text(&hub, files.path()).await?.lines().count() == 1, "nothing was taken");
    Ok(())
}
