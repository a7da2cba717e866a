//! Coordinates of a file: their datum must be said, since GCJ-02 taken for WGS-84 is some 500 m off and looks right.

use matcher::Position;
use wire::client::Crs;

use super::columns::Line;
use super::report::BadRow;
use crate::edge::datum;

/// # Errors
/// When the datum was not said.
pub fn named(crs: Option<Crs>) -> Result<Crs, String> {
    crs.ok_or_else(|| {
        "the file has coordinates: say which, `--crs wgs84` (GPS, OpenStreetMap) or `--crs gcj02` (AMap, Tencent, most Chinese maps and phones) / \
         文件里有坐标,请用 --crs 说明是 WGS-84 还是 GCJ-02"
            .to_owned()
    })
}

/// The coordinates of a row; `None` when both cells are empty.
pub fn of(line: Line, crs: Crs) -> Result<Option<Position>, BadRow> {
    let (lat, lng) = (line.get("lat"), line.get("lng"));
    if lat.is_empty() && lng.is_empty() {
        return Ok(None);
    }
    let degrees = |key: &'static str, text: &str, max: f64| {
        let degrees = text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= max);
        degrees
            .ok_or_else(|| line.bad(key, format!("{text:?}"), format!("degrees from -{max} to {max} / 填十进制度数")))
    };
    let (lat, lng) = (degrees("lat", lat, 90.0)?, degrees("lng", lng, 180.0)?);
    let position = datum::position(lat, lng, crs);
    position.map(Some).ok_or_else(|| {
        line.bad("lat", "(0, 0) is in the Gulf of Guinea / 坐标是 0", "leave both empty when unknown / 不知道就留空")
    })
}
