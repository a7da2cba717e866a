//! Grids as GeoJSON (RFC 7946).

use matcher::{District, Grid, Position};
use serde_json::{Value, json};

/// All grids of a district, as a FeatureCollection in WGS-84.
pub fn collection(district: &District) -> Value {
    let features: Vec<Value> = district.grids().map(feature).collect();
    json!({ "type": "FeatureCollection", "features": features })
}

fn feature(grid: &Grid) -> Value {
    let polygons = grid.shape.iter().map(|polygon| {
        std::iter::once(&polygon.outer).chain(&polygon.holes).map(|ring| closed(ring)).collect::<Vec<_>>()
    });
    json!({
        "type": "Feature",
        "id": grid.id.to_string(),
        "properties": {
            "name": grid.name,
            "minimum_on_duty": grid.minimum_on_duty,
            "team": grid.team.map(|team| team.to_string()),
        },
        "geometry": { "type": "MultiPolygon", "coordinates": polygons.collect::<Vec<_>>() },
    })
}

/// A ring of [lng, lat] that ends where it began, as the format wants it.
fn closed(ring: &[Position]) -> Vec<[f64; 2]> {
    ring.iter().chain(ring.first()).map(|point| [point.lng(), point.lat()]).collect()
}
