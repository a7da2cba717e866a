//! Grids from GeoJSON (RFC 7946): one Polygon or MultiPolygon a feature, its name in the properties.

use std::collections::{HashMap, HashSet};

use geo::Validation;
use matcher::command::ITEMS_PER_COMMAND_MAX;
use matcher::{Command, GRID_VERTICES_MAX, Grid, GridId, NAME_LENGTH_MAX, Polygon, Position};
use serde_json::Value;
use wire::client::Crs;

use super::report::{BadRow, Report, sort};
use super::{Known, Read};
use crate::edge::datum;
use crate::records::OfficeChange;

const NAMES: [&str; 5] = ["name", "名称", "网格", "网格名称", "NAME"];
const MINIMUMS: [&str; 3] = ["minimum_on_duty", "minimum", "最少在岗"];

pub fn read(json: &Value, crs: Crs, known: &Known) -> Result<Read, String> {
    let features = json.get("features").and_then(Value::as_array);
    let features = features.filter(|_| json.get("type").is_some_and(|kind| kind == "FeatureCollection"));
    let features = features.ok_or("this JSON is no GeoJSON FeatureCollection / 不是 GeoJSON 要素集合")?;
    if features.is_empty() {
        return Err("the collection has no feature / 没有任何要素".to_owned());
    }
    let mut names = Names::of(known);
    let rows = features.iter().enumerate().map(|(index, feature)| names.grid(index as u32 + 1, feature, crs));
    let (grids, bad) = sort(rows);
    let report = Report { good: grids.len(), bad, notes: Vec::new() };
    let commands = grids.chunks(ITEMS_PER_COMMAND_MAX).map(|grids| Command::DefineGrids { grids: grids.to_vec() });
    Ok(Read { change: OfficeChange { commands: commands.collect(), ..OfficeChange::default() }, report })
}

/// A grid is found again by its name.
struct Names<'a> {
    known: HashMap<&'a str, &'a Grid>,
    seen: HashSet<String>,
    district: matcher::DistrictId,
    next: u64,
}

impl<'a> Names<'a> {
    fn of(known: &'a Known) -> Self {
        let district = known.district;
        let next = district.grids().map(|grid| grid.id.number()).max().unwrap_or(0);
        let known = district.grids().map(|grid| (grid.name.as_str(), grid)).collect();
        Self { known, seen: HashSet::new(), district: district.id, next }
    }

    fn grid(&mut self, row: u32, feature: &Value, crs: Crs) -> Result<Grid, BadRow> {
        let name = name(row, feature)?;
        if !self.seen.insert(name.to_owned()) {
            return Err(bad(
                row,
                "name",
                format!("{name} stands twice / 重名"),
                "give each its own name / 请改成不同的名称",
            ));
        }
        let shape = shape(row, feature, crs)?;
        let minimum = property(feature, &MINIMUMS);
        let minimum_on_duty = match minimum {
            None | Some(Value::Null) => self.known.get(name).map_or(0, |grid| grid.minimum_on_duty),
            Some(value) => value.as_u64().and_then(|n| n.try_into().ok()).ok_or_else(|| {
                bad(row, "minimum_on_duty", format!("{value}"), "a whole number from 0 to 65535 / 填整数")
            })?,
        };
        let id = self.known.get(name).map_or_else(
            || {
                self.next += 1;
                GridId::new(self.district, self.next)
            },
            |grid| grid.id,
        );
        let team = self.known.get(name).and_then(|grid| grid.team);
        Ok(Grid { id, name: name.to_owned(), shape, minimum_on_duty, team })
    }
}

fn property<'a>(feature: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    let properties = feature.get("properties")?;
    keys.iter().find_map(|key| properties.get(*key))
}

fn name(row: u32, feature: &Value) -> Result<&str, BadRow> {
    let name = property(feature, &NAMES).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let length = name.chars().count();
    if name.is_empty() {
        return Err(bad(
            row,
            "name",
            "it has no name / 没有名称",
            "put it into the property \"name\" / 请填写 name 属性",
        ));
    }
    if length > NAME_LENGTH_MAX {
        return Err(bad(
            row,
            "name",
            format!("{length} characters / 个字"),
            format!("at most {NAME_LENGTH_MAX} / 名称太长"),
        ));
    }
    Ok(name)
}

fn bad(row: u32, column: &str, what: impl Into<String>, cure: impl Into<String>) -> BadRow {
    BadRow { row, column: column.to_owned(), what: what.into(), cure: cure.into() }
}

fn shape(row: u32, feature: &Value, crs: Crs) -> Result<Vec<Polygon>, BadRow> {
    let geometry = feature.get("geometry").unwrap_or(&Value::Null);
    let kind = geometry.get("type").and_then(Value::as_str).unwrap_or("nothing");
    let coordinates = geometry.get("coordinates").and_then(Value::as_array);
    let polygons: Vec<&Value> = match (kind, coordinates) {
        ("Polygon", Some(_)) => vec![&geometry["coordinates"]],
        ("MultiPolygon", Some(polygons)) if !polygons.is_empty() => polygons.iter().collect(),
        _ => {
            return Err(bad(
                row,
                "geometry",
                format!("it is a {kind} / 不是面"),
                "a Polygon or MultiPolygon is needed / 需要多边形",
            ));
        }
    };
    let shape: Vec<Polygon> = polygons.into_iter().map(|rings| polygon(row, rings, crs)).collect::<Result<_, _>>()?;
    let vertices = |polygon: &Polygon| polygon.outer.len() + polygon.holes.iter().map(Vec::len).sum::<usize>();
    let count: usize = shape.iter().map(vertices).sum();
    if count > GRID_VERTICES_MAX {
        let cure = format!("simplify it to at most {GRID_VERTICES_MAX} / 请简化边界");
        return Err(bad(row, "geometry", format!("{count} points / 个点"), cure));
    }
    Ok(shape)
}

fn polygon(row: u32, rings: &Value, crs: Crs) -> Result<Polygon, BadRow> {
    let rings = rings.as_array().map_or(&[][..], Vec::as_slice);
    let mut rings = rings.iter().map(|points| ring(row, points, crs));
    let outer = rings
        .next()
        .ok_or_else(|| bad(row, "geometry", "a polygon without a ring / 没有边界", "draw it again / 请重画"))??;
    let holes = rings.collect::<Result<_, _>>()?;
    let polygon = Polygon { outer, holes };
    check(row, &polygon)?;
    Ok(polygon)
}

/// A border that crosses itself has no inside: whoever stands there would be in and out of the grid.
fn check(row: u32, polygon: &Polygon) -> Result<(), BadRow> {
    let line = |ring: &Vec<Position>| geo::LineString::from_iter(ring.iter().map(|p| (p.lng(), p.lat())));
    let holes = polygon.holes.iter().map(line).collect();
    let valid = geo::Polygon::new(line(&polygon.outer), holes).check_validation();
    valid.map_err(|e| {
        bad(row, "geometry", format!("the border is not simple: {e} / 边界自交"), "draw it again / 请重画")
    })
}

fn ring(row: u32, points: &Value, crs: Crs) -> Result<Vec<Position>, BadRow> {
    let points = points.as_array().map_or(&[][..], Vec::as_slice);
    let mut ring: Vec<Position> = points.iter().map(|p| point(row, p, crs)).collect::<Result<_, _>>()?;
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring.dedup();
    if ring.len() < 3 {
        return Err(bad(row, "geometry", "a ring of fewer than three points / 不足三个点", "draw it again / 请重画"));
    }
    Ok(ring)
}

/// GeoJSON puts the longitude first.
fn point(row: u32, point: &Value, crs: Crs) -> Result<Position, BadRow> {
    let degrees = |place: usize| point.get(place).and_then(Value::as_f64);
    let position = degrees(1).zip(degrees(0)).and_then(|(lat, lng)| datum::position(lat, lng, crs));
    position.ok_or_else(|| {
        bad(
            row,
            "geometry",
            format!("{point} is no [lng, lat] / 坐标不对"),
            "GeoJSON writes [126.6, 45.7] / 先经度后纬度",
        )
    })
}
