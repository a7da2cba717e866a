//! The policies as one HTML page with plots, to be looked at without a network.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use matcher::WaveSize;

use super::figures::Figures;

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 340.0;
const MARGIN: f64 = 60.0;

/// Writes the page.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, all: &[Figures], volunteers: usize, calls: usize) -> anyhow::Result<()> {
    std::fs::write(path, page(all, volunteers, calls)).with_context(|| format!("cannot write {}", path.display()))
}

fn page(all: &[Figures], volunteers: usize, calls: usize) -> String {
    let mut page = String::from(concat!(
        "<!doctype html><meta charset=utf-8><title>bench policy</title>",
        "<style>body{font:15px sans-serif;margin:2em;max-width:60em}circle{fill:#5d6b78}circle.own{fill:#c8372d}",
        "polyline{fill:none;stroke:#9aa7b4}polyline.own{stroke:#c8372d}line{stroke:#444}text{font:12px sans-serif}",
        "td,th{text-align:right;padding:.15em 1em .15em 0}</style>",
    ));
    add(&mut page, format_args!("<h1>How many to ask at once: {calls} calls, {volunteers} volunteers</h1>"));
    page.push_str(
        "<p>Lower and further left is better. Red: waves that fit, by their target; grey: waves of a fixed size.</p>",
    );
    let plots: [(&str, Value); 3] = [
        ("enough accepted, p90, s", |one| one.enough_accepted_s.p90),
        ("first accepted, p90, s", |one| one.first_accept_s.p90),
        ("ready to come and not needed, for each call", |one| {
            Some(one.redundant_arrivals as f64 / one.calls.max(1) as f64)
        }),
    ];
    for (title, value) in plots {
        add(&mut page, format_args!("<h2>{title}, against alerts for each accept</h2>{}", plot(all, value)));
    }
    page + &table(all)
}

/// What a plot shows of a policy; none where there is nothing to show.
type Value = fn(&Figures) -> Option<f64>;

/// A logarithmic axis: where a value lies between `from` and `to`.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let (from, to) = values.fold((f64::MAX, f64::MIN), |(from, to), value| (from.min(value), to.max(value)));
        Self { from: from * 0.9, to: to * 1.1, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value / self.from).ln() / (self.to / self.from).ln();
        self.start + part * (self.end - self.start)
    }
}

fn plot(all: &[Figures], value: Value) -> String {
    let known: Vec<(&Figures, f64)> =
        all.iter().filter_map(|one| Some((one, value(one).filter(|value| *value > 0.0)?))).collect();
    let across = Axis::over(known.iter().map(|(one, _)| one.alerts_per_accept), MARGIN, WIDTH - MARGIN);
    let up = Axis::over(known.iter().map(|(_, value)| *value), HEIGHT - MARGIN / 2.0, MARGIN / 2.0);
    let mut svg = format!("<svg width=\"{WIDTH}\" height=\"{HEIGHT}\">");
    let (left, low) = (across.start, up.start);
    add(&mut svg, format_args!("<line x1=\"{left}\" y1=\"{low}\" x2=\"{:.0}\" y2=\"{low}\"/>", across.end));
    add(&mut svg, format_args!("<line x1=\"{left}\" y1=\"{low}\" x2=\"{left}\" y2=\"{:.0}\"/>", up.end));
    for own in [false, true] {
        let of = known.iter().filter(|(one, _)| matches!(one.wave_size, WaveSize::Fitting { .. }) == own);
        let points: Vec<(&Figures, f64, f64, f64)> =
            of.map(|(one, value)| (*one, *value, across.place(one.alerts_per_accept), up.place(*value))).collect();
        series(&mut svg, &points, if own { " class=own" } else { "" });
    }
    svg + "</svg>"
}

fn series(svg: &mut String, points: &[(&Figures, f64, f64, f64)], class: &str) {
    let line: Vec<String> = points.iter().map(|(.., x, y)| format!("{x:.0},{y:.0}")).collect();
    add(svg, format_args!("<polyline{class} points=\"{}\"/>", line.join(" ")));
    for (one, value, x, y) in points {
        add(svg, format_args!("<circle{class} cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"4\"/>"));
        let said = format!("{} ({:.1}, {value:.2})", one.name, one.alerts_per_accept);
        add(svg, format_args!("<text x=\"{:.0}\" y=\"{:.0}\">{said}</text>", x + 7.0, y - 5.0));
    }
}

fn table(all: &[Figures]) -> String {
    let mut table = String::from(concat!(
        "<h2>All figures</h2><table><tr><th>policy<th>first p50<th>p90<th>enough p50<th>p90<th>enough of all",
        "<th>alerts for each accept<th>ready, not needed<th>Gini of alerts",
    ));
    let shown = |seconds: Option<f64>| seconds.map_or("never".to_owned(), |seconds| format!("{seconds:.1}"));
    for one in all {
        let times =
            [&one.first_accept_s, &one.enough_accepted_s].map(|s| format!("<td>{}<td>{}", shown(s.p50), shown(s.p90)));
        add(&mut table, format_args!("<tr><th>{}{}<td>{:.1} %", one.name, times.concat(), one.enough_share * 100.0));
        add(&mut table, format_args!("<td>{:.2}<td>{}", one.alerts_per_accept, one.redundant_arrivals));
        add(&mut table, format_args!("<td>{:.3}", one.gini_of_alerts));
    }
    table + "</table>\n"
}

fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes whatever is written to it");
}

#[cfg(test)]
mod tests {
    use super::super::figures::Seconds;
    use super::*;

    #[test]
    fn every_policy_has_its_point_in_every_plot() {
        let figures = |name: &str, wave_size, alerts_per_accept: f64| Figures {
            name: name.to_owned(),
            wave_size,
            calls: 10,
            alerts: 40,
            accepted: 10,
            first_accept_s: Seconds { p50: Some(9.0), p90: Some(40.0) },
            enough_accepted_s: Seconds { p50: Some(12.0), p90: None },
            enough_share: 0.8,
            alerts_per_accept,
            redundant_arrivals: 3,
            gini_of_alerts: 0.5,
            counted_on: None,
        };
        let all = [figures("fixed_6", WaveSize::Fixed(6), 4.0), figures("fit_900", WaveSize::fitting(900, 24), 3.0)];
        let page = page(&all, 100, 10);
        assert_eq!(page.matches("<circle").count(), 4, "who never gets enough has no point for it: {page}");
        assert_eq!(page.matches("<circle class=own").count(), 2);
        assert!(page.contains("<td>12.0<td>never") && page.contains("<h2>All figures"), "{page}");
    }
}
