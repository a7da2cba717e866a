//! Files that nobody meant: each is read, or refused in words, and what is refused changes nothing.

use proptest::prelude::*;
use serde_json::json;

use super::tests::{read_with, reading};
use super::*;

const KINDS: [Kind; 5] = [Kind::Grids, Kind::Skills, Kind::Volunteers, Kind::Plans, Kind::Menu];

/// The kinds, each under a name that fits it.
fn kinds() -> impl Strategy<Value = (Kind, &'static str)> {
    prop::sample::select(KINDS.to_vec())
        .prop_map(|kind| (kind, if kind == Kind::Grids { "f.geojson" } else { "f.csv" }))
}

/// A cell: what columns want, and what they do not.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,12}",
        "-?[0-9]{1,3}\\.[0-9]{1,8}",
        Just("急救".to_owned()),
        Just("任意×2、急救*1".to_owned()),
        Just("60s 扩大; 120s 上报; 0s! 120 60s 请守住大门".to_owned()),
        Just("一网格".to_owned()),
        Just("45.77".to_owned()),
        Just("126.60".to_owned()),
        "\\PC{0,20}",
    ]
}

const HEADERS: [&str; 22] = [
    "姓名",
    "name",
    "编号",
    "number",
    "电话",
    "技能",
    "skills",
    "纬度",
    "lat",
    "经度",
    "lng",
    "网格",
    "kind",
    "level_1",
    "escalation",
    "wave_size",
    "radius_m",
    "deadline_s",
    "code",
    "category",
    "fee",
    "words",
];

fn table() -> impl Strategy<Value = String> {
    let header = prop::sample::subsequence(HEADERS.to_vec(), 1..HEADERS.len());
    header.prop_flat_map(|header| {
        let row = prop::collection::vec(cell(), header.len());
        prop::collection::vec(row, 0..6).prop_map(move |rows| {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&header).expect("memory takes it");
            rows.iter().for_each(|row| writer.write_record(row).expect("memory takes it"));
            String::from_utf8(writer.into_inner().expect("memory takes it")).expect("text")
        })
    })
}

fn geometry() -> impl Strategy<Value = serde_json::Value> {
    let degrees = prop_oneof![-200.0..200.0f64, Just(f64::MAX), Just(0.0)];
    let ring = prop::collection::vec((degrees.clone(), degrees), 0..6);
    let name = prop::sample::select(vec!["Polygon", "MultiPolygon", "Point", "LineString", "Sphere", ""]);
    (prop::collection::vec(ring, 0..3), name, any::<bool>()).prop_map(|(rings, name, wrapped)| {
        let rings = json!(
            rings
                .iter()
                .map(|ring| ring.iter().map(|(x, y)| json!([x, y])).collect())
                .collect::<Vec<serde_json::Value>>()
        );
        json!({ "type": name, "coordinates": if wrapped { json!([rings]) } else { rings } })
    })
}

/// With bad rows nothing changes; with none everything is there.
fn is_whole(read: &Result<Read, String>) -> bool {
    match read {
        Err(why) => !why.is_empty(),
        Ok(read) if read.report.bad.is_empty() => true,
        Ok(read) => {
            let change = &read.change;
            let named = read.report.bad.iter().all(|bad| bad.row > 0 && !bad.what.is_empty());
            named && change.people.is_empty() && change.commands.is_empty() && change.menu.is_empty()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_bytes_are_a_file_or_are_refused((kind, name) in kinds(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(is_whole(&read_with(&reading(kind, name), &bytes)));
    }

    #[test]
    fn any_table_is_taken_whole_or_not_at_all((kind, name) in kinds(), text in table()) {
        prop_assert!(is_whole(&read_with(&reading(kind, name), text.as_bytes())));
    }

    #[test]
    fn any_shape_is_a_grid_or_is_refused(shapes in prop::collection::vec(geometry(), 0..4), name in "\\PC{0,10}") {
        let feature = |shape| json!({ "type": "Feature", "properties": { "name": name }, "geometry": shape });
        let features: Vec<_> = shapes.into_iter().map(feature).collect();
        let file = json!({ "type": "FeatureCollection", "features": features }).to_string();
        prop_assert!(is_whole(&read_with(&reading(Kind::Grids, "f.geojson"), file.as_bytes())));
    }

    /// A spreadsheet that was cut or damaged on its way.
    #[test]
    fn a_damaged_spreadsheet_is_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().write_string(0, 0, "姓名").expect("a cell");
        let mut bytes = book.save_to_buffer().expect("memory takes it");
        let place = at.index(bytes.len());
        bytes[place] = byte;
        bytes.truncate(cut.index(bytes.len()) + 1);
        prop_assert!(is_whole(&read_with(&reading(Kind::Volunteers, "v.xlsx"), &bytes)));
    }
}
