//! Grids as GeoJSON (RFC 7946).

use anyhow::Result;
use matcher::{District, Grid, Polygon, Position};
use serde_json::{Value, json};
use wire::client::Crs;

use crate::edge::datum;

pub fn write(district: &District, crs: Crs, template: bool) -> Result<Vec<u8>> {
    let features: Vec<Value> = if template {
        vec![feature("一网格", 3, json!([[[[126.60, 45.76], [126.61, 45.76], [126.61, 45.77], [126.60, 45.76]]]]))]
    } else {
        district.grids().map(|grid| of_grid(grid, crs)).collect()
    };
    Ok(serde_json::to_vec_pretty(&json!({ "type": "FeatureCollection", "features": features }))?)
}

fn of_grid(grid: &Grid, crs: Crs) -> Value {
    let polygons: Vec<Value> = grid.shape.iter().map(|polygon| rings(polygon, crs)).collect();
    feature(&grid.name, grid.minimum_on_duty, Value::Array(polygons))
}

fn feature(name: &str, minimum_on_duty: u16, coordinates: Value) -> Value {
    json!({
        "type": "Feature",
        "properties": { "name": name, "minimum_on_duty": minimum_on_duty },
        "geometry": { "type": "MultiPolygon", "coordinates": coordinates },
    })
}

fn rings(polygon: &Polygon, crs: Crs) -> Value {
    let rings = std::iter::once(&polygon.outer).chain(&polygon.holes);
    rings.map(|ring| closed(ring, crs)).collect()
}

/// GeoJSON repeats the first point at the end, and puts the longitude first.
fn closed(ring: &[Position], crs: Crs) -> Value {
    ring.iter().chain(ring.first()).map(|p| point(*p, crs)).collect()
}

fn point(position: Position, crs: Crs) -> Value {
    let (lat, lng) = degrees(position, crs);
    json!([lng, lat])
}

/// A position in the datum that was asked for, to 1e-7 degrees.
pub fn degrees(position: Position, crs: Crs) -> (f64, f64) {
    let (lat, lng) = match crs {
        Crs::Wgs84 => (position.lat(), position.lng()),
        Crs::Gcj02 => datum::gcj02_of_wgs84(position.lat(), position.lng()),
    };
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    (round(lat), round(lng))
}
