//! The servers side by side as one HTML page with plots, to be looked at without a network.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::{Fanout, Figures};
use crate::matcher::report::{add, bars, page_of};

/// One figure of a server, where it has it.
type Figure = fn(&Fanout) -> Option<f64>;

/// Writes the page.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, figures: &Figures) -> anyhow::Result<()> {
    std::fs::write(path, page(figures)?).with_context(|| format!("cannot write {}", path.display()))
}

fn page(figures: &Figures) -> anyhow::Result<String> {
    let mut page = page_of("bench push");
    add(&mut page, format_args!("<h1>One message to {} clients</h1>", figures.clients));
    let plots: [(&str, Figure); 3] = [
        ("Frames a second, one broadcast in flight", |fanout| Some(fanout.w1)),
        ("Frames a second, eight in flight", |fanout| Some(fanout.w8)),
        ("Idle bytes of a connection", |fanout| fanout.idle_bytes_per_connection),
    ];
    for (title, what) in plots {
        let own = ("baiying", &figures.fanout_per_s);
        let sides = std::iter::once(own).chain(figures.peers.iter().map(|(name, fanout)| (*name, fanout)));
        let values: Vec<_> = sides.filter_map(|(name, fanout)| Some((name, what(fanout)?))).collect();
        let most = values.iter().map(|(_, value)| *value).fold(1.0, f64::max);
        add(&mut page, format_args!("<h2>{title}</h2>{}", bars(&values, |value| value / most)));
    }
    page.push_str("<h2>All figures</h2><table>");
    if let Value::Object(all) = serde_json::to_value(figures)? {
        all.iter().for_each(|(name, value)| add(&mut page, format_args!("<tr><th>{name}<td>{value}")));
    }
    page.push_str("</table>\n");
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::super::Delivery;
    use super::*;

    #[test]
    fn every_server_has_its_bar() {
        let fanout = |w8| Fanout { w1: 1.0, w8, idle_bytes_per_connection: None };
        let figures = Figures {
            clients: 10,
            frame_bytes: 300,
            fanout_per_s: fanout(1_000.0),
            delivery_ms: Delivery { p50: 1.0, p99: 2.0 },
            offer_during_broadcast_ms: Some(3.0),
            idle_bytes_tls: None,
            idle_bytes_per_connection: None,
            ratio_to_axum: 4.0,
            w1_ratio_to_axum: 1.0,
            ratio_to_socketio: None,
            peers: [("axum", fanout(250.0))].into(),
        };
        let page = page(&figures).unwrap();
        assert!(page.contains("to 10 clients") && page.contains("offer_during_broadcast_ms<td>3.0"), "{page}");
        // The first is as wide as there is place, 560; the second a quarter.
        assert!(page.contains("class=own x=\"90\" y=\"0\" width=\"560\"") && page.contains("width=\"140\""), "{page}");
    }
}
