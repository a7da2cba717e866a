//! The rates of all sides as one HTML page with plots, to be looked at without a network.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value};

const WIDTH: f64 = 560.0;
const BAR: f64 = 18.0;
const NAMES: f64 = 90.0;
/// The scale: from one to a hundred million a second, each decade as wide as the next.
const DECADES: f64 = 8.0;

/// Writes the page. `figures` are those that `bench matcher --json` prints.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, figures: &Map<String, Value>) -> anyhow::Result<()> {
    std::fs::write(path, page(figures)).with_context(|| format!("cannot write {}", path.display()))
}

fn page(figures: &Map<String, Value>) -> String {
    let empty = Map::new();
    let peers = figures.get("peers").and_then(Value::as_object).unwrap_or(&empty);
    let mut page = page_of("bench matcher");
    add(&mut page, format_args!("<h1>{} volunteers, steps a second (logarithmic)</h1>", figures["volunteers"]));
    for workload in super::Workload::ALL.map(super::Workload::name) {
        let rates = peers.iter().filter_map(|(side, rates)| Some((side.as_str(), rates.get(workload)?.as_f64()?)));
        add(&mut page, format_args!("<h2>{workload}</h2>{}", bars(&rates.collect::<Vec<_>>(), decades)));
    }
    page.push_str("<h2>All figures</h2><table>");
    for (name, value) in figures.iter().filter(|(name, _)| *name != "peers") {
        add(&mut page, format_args!("<tr><th>{name}<td>{value}"));
    }
    page.push_str("</table>\n");
    page
}

fn decades(rate: f64) -> f64 {
    rate.max(1.0).log10() / DECADES
}

/// The beginning of a page.
pub fn page_of(title: &str) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\
         <style>body{{font:15px sans-serif;margin:2em;max-width:60em}}rect{{fill:#9aa7b4}}rect.own{{fill:#c8372d}}\
         text{{font:12px sans-serif}}td,th{{text-align:left;padding:.15em 1em .15em 0}}</style>"
    )
}

/// A bar for each side; `part` says how much of the width a value takes, 0 to 1.
pub fn bars(values: &[(&str, f64)], part: impl Fn(f64) -> f64) -> String {
    let mut svg = String::new();
    let height = values.len() as f64 * (BAR + 4.0);
    add(&mut svg, format_args!("<svg width=\"{}\" height=\"{height}\">", WIDTH + NAMES + 100.0));
    for (line, (side, value)) in values.iter().enumerate() {
        let (y, length) = (line as f64 * (BAR + 4.0), part(*value) * WIDTH);
        let own = if *side == "baiying" { " class=own" } else { "" };
        add(&mut svg, format_args!("<text x=\"0\" y=\"{}\">{side}</text>", y + 13.0));
        add(&mut svg, format_args!("<rect{own} x=\"{NAMES}\" y=\"{y}\" width=\"{length:.0}\" height=\"{BAR}\"/>"));
        add(&mut svg, format_args!("<text x=\"{:.0}\" y=\"{}\">{value:.0}</text>", NAMES + length + 6.0, y + 13.0));
    }
    svg + "</svg>"
}

/// Writes more into a text.
pub fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes whatever is written to it");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn every_side_has_its_bar() {
        let figures =
            json!({ "volunteers": 10, "peers": { "baiying": { "mixed": 1000.0 }, "kiddo": { "mixed": 10.0 } } });
        let page = super::page(figures.as_object().unwrap());
        assert!(page.contains("10 volunteers") && page.contains("<h2>mixed</h2>"), "{page}");
        // Three decades and one, of eight that are 560 wide.
        assert!(page.contains("class=own x=\"90\" y=\"0\" width=\"210\""), "{page}");
        assert!(page.contains("width=\"70\""), "{page}");
    }
}
