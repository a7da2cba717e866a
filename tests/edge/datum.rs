//! GCJ-02 against a real border: 道里 as Chinese maps have it, beside the streets as surveyed in WGS-84.

use std::path::Path;

use hub::edge::datum::wgs84_of_gcj02;
use serde_json::Value;

fn read(name: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/boundaries");
    serde_json::from_slice(&std::fs::read(folder.join(name)).ok()?).ok()
}

/// Every [lng, lat] of a geometry.
fn points(value: &Value, into: &mut Vec<(f64, f64)>) {
    match value.as_array().map(Vec::as_slice) {
        Some([lng, lat]) if lng.is_number() => into.push((lat.as_f64().unwrap(), lng.as_f64().unwrap())),
        Some(list) => list.iter().for_each(|inner| points(inner, into)),
        None => {}
    }
}

fn border(collection: &Value, of: &str) -> Vec<(f64, f64)> {
    let features = collection["features"].as_array().expect("features");
    let mine = features.iter().filter(|f| f["properties"].to_string().contains(of));
    let mut all = Vec::new();
    mine.for_each(|feature| points(&feature["geometry"]["coordinates"], &mut all));
    all
}

const NEAR_M_MAX: f64 = 1_000.0;

/// Metres between a point and a segment, on a plane that is good enough for 100 m.
fn distance_m(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let flat = |q: (f64, f64)| ((q.1 - p.1) * 111_195.0 * p.0.to_radians().cos(), (q.0 - p.0) * 111_195.0);
    let ((ax, ay), (bx, by)) = (flat(a), flat(b));
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let t = if length == 0.0 { 0.0 } else { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) };
    (ax + t * dx).hypot(ay + t * dy)
}

/// The median distance from each point of one border to the nearest segment of the other. The streets are those of the
/// inner city: points of the district's far side, with no street near, say nothing.
fn median_m(of: &[(f64, f64)], to: &[(f64, f64)]) -> f64 {
    let nearest = |p: &(f64, f64)| {
        let near = to.windows(2).filter(|s| (s[0].0 - p.0).abs() < 0.05 && (s[0].1 - p.1).abs() < 0.05);
        // Consecutive points of two different rings are no segment.
        let segments = near.filter(|s| (s[0].0 - s[1].0).abs() < 0.02 && (s[0].1 - s[1].1).abs() < 0.02);
        segments.map(|s| distance_m(*p, s[0], s[1])).fold(f64::MAX, f64::min)
    };
    let mut all: Vec<f64> = of.iter().map(nearest).filter(|distance_m| *distance_m < NEAR_M_MAX).collect();
    assert!(all.len() > 50, "{} points to compare", all.len());
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

#[test]
fn a_real_border_lies_where_it_was_surveyed() {
    let (Some(districts), Some(streets)) =
        (read("cn_districts_cnmaps_gcj02.geojson"), read("harbin_streets_osm_wgs84.geojson"))
    else {
        eprintln!(
            "the boundaries are not beside this checkout; the inverse is proven by the unit test of the converter"
        );
        return;
    };
    let (shifted, surveyed) = (border(&districts, "道里"), border(&streets, "道里"));
    assert!(shifted.len() > 100 && surveyed.len() > 100, "{} {}", shifted.len(), surveyed.len());
    let right: Vec<(f64, f64)> = shifted.iter().map(|&(lat, lng)| wgs84_of_gcj02(lat, lng)).collect();
    let (converted_m, unconverted_m) = (median_m(&right, &surveyed), median_m(&shifted, &surveyed));
    assert!(converted_m < 30.0, "converted: {converted_m} m");
    assert!(unconverted_m > 100.0, "unconverted: {unconverted_m} m");
}
