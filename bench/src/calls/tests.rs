//! The figures published beside the files. Where the files are not, the tests say so and prove only the parsing.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use super::*;

/// The real file, or `None` where this machine does not have it.
fn real(name: &str, format: Format) -> Option<Calls> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/calls")).join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(read(&path, format).expect("the real file reads"))
}

fn written(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    file
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn san_francisco_has_its_published_figures() {
    let Some(sf) = real("sf_fire_calls_2020-04-07_2020-04-20.csv.gz", Format::SfFire) else { return };
    let units: Vec<&UnitSent> = sf.calls.iter().flat_map(|call| &call.units).collect();
    assert_eq!((sf.rows, sf.calls.len(), units.len()), (10_410, 5_292, 10_410));
    assert_eq!(units.iter().map(|unit| &unit.unit).collect::<BTreeSet<_>>().len(), 199);
    assert_eq!(sf.calls.iter().map(|call| call.units.len()).max(), Some(16));
    assert_eq!(median(units.iter().map(|u| u.dispatch.since_ms(u.received) / 1000).collect()), 111);
    let there: Vec<_> = units.iter().filter_map(|u| Some(u.on_scene?.since_ms(u.dispatch) / 1000)).collect();
    assert_eq!((1000 * there.len() / units.len(), median(there)), (835, 306));
    assert!(units.iter().all(|u| u.received <= u.dispatch && u.on_scene.is_none_or(|t| u.dispatch <= t)));
    assert_eq!(sf.findings.count(Finding::NoAvailableTime), 2);
    assert!(sf.findings.count(Finding::OutOfOrder) > 0);
    assert!(sf.calls.is_sorted_by_key(|call| call.at));
}

#[test]
fn san_francisco_is_busiest_when_it_is_said_to_be() {
    let Some(sf) = real("sf_fire_calls_2020-04-07_2020-04-20.csv.gz", Format::SfFire) else { return };
    let mut edges: Vec<(Timestamp, i32)> = Vec::new();
    for unit in sf.calls.iter().flat_map(|call| &call.units) {
        edges.extend([(unit.dispatch, 1), (unit.available, -1)]);
    }
    edges.sort_unstable();
    let mut busy = 0;
    let most = edges
        .iter()
        .map(|&(at, step)| {
            busy += step;
            (busy, std::cmp::Reverse(at))
        })
        .max()
        .unwrap();
    assert_eq!(most.0, 69);
    assert_eq!(most.1.0, source::time("04/11/2020 08:56:49 PM", "%m/%d/%Y %I:%M:%S %p").unwrap());
}

#[test]
fn montgomery_has_its_published_figures() {
    let Some(montco) = real("montco_911_2015-12-10_2016-06-30.csv.gz", Format::Montco) else { return };
    assert_eq!((montco.rows, montco.calls.len()), (78_277, 78_277));
    assert_eq!(montco.findings.count(Finding::OutsideArea), 18);
    assert_eq!(montco.findings.count(Finding::NoPlace), 0);
    let heads: BTreeSet<_> = montco.calls.iter().filter_map(|call| call.kind.split('_').next()).collect();
    assert_eq!(heads, BTreeSet::from(["ems", "fire", "traffic"]));
    let mut in_hour = std::collections::BTreeMap::new();
    montco.calls.iter().for_each(|call| *in_hour.entry(call.at.0 / 3_600_000).or_insert(0) += 1);
    let storm = source::time("2016-02-24 00:00:00", "%Y-%m-%d %H:%M:%S").unwrap().0 / 3_600_000;
    let (hour, calls) = in_hour.iter().max_by_key(|(_, calls)| **calls).unwrap();
    assert_eq!((*calls, (storm..storm + 24).contains(hour)), (105, true));
}

#[test]
fn boston_is_dirty_as_published() {
    let Some(boston) = real("boston_311_2015H1.csv.gz", Format::Boston311) else { return };
    assert_eq!((boston.rows, boston.calls.len()), (58_119, 58_119));
    assert_eq!(boston.findings.count(Finding::NotGeocoded), 8_752);
    assert_eq!(boston.findings.count(Finding::ClosedBeforeOpened), 84);
    assert_eq!(boston.calls.iter().filter(|call| call.place.is_none()).count(), 8_752);
}

#[test]
fn dirty_rows_are_counted_and_named() {
    let text = b"lat,lng,desc,zip,title,timeStamp,twp,addr,e\n\
        40.1,-75.4,d,1,EMS: FALL VICTIM,2016-01-01 10:00:00,t,a,1\n\
        ,,d,1,EMS: FALL VICTIM,2016-01-01 09:00:00,t,a,1\n\
        40.1,-75.4,d,1,EMS: FALL VICTIM,yesterday,t,a,1\n\
        40.1,-75.4,d,1,,2016-01-01 11:00:00,t,a,1\n\
        too,short\n\
        40.1,-75.4,\xff\xfe,1,EMS: FALL VICTIM,2016-01-01 10:00:00,t,a,1\n\
        32.3,-86.2,d,1,Traffic: DISABLED VEHICLE -,2016-01-01 12:00:00,t,a,1\n";
    let read = read(written(text).path(), Format::Montco).unwrap();
    let kinds: Vec<&str> = read.calls.iter().map(|call| call.kind.as_str()).collect();
    assert_eq!(kinds, ["ems_fall_victim", "ems_fall_victim", "traffic_disabled_vehicle"]);
    assert_eq!(read.calls[0].place, None, "the earlier call comes first, whatever its line");
    for (finding, count) in [
        (Finding::NoPlace, 1),
        (Finding::UnreadableTime, 1),
        (Finding::EmptyField, 1),
        (Finding::NotARow, 2),
        (Finding::OutsideArea, 1),
    ] {
        assert_eq!(read.findings.count(finding), count, "{finding:?}");
    }
    assert!(read.findings.to_string().contains("2  not a row of this table (left out; first in line 6)"));
}

#[test]
fn another_file_is_refused_by_the_name_of_the_column() {
    let wrong = read(written(b"a,b\n1,2\n").path(), Format::SfFire).unwrap_err();
    assert!(format!("{wrong:#}").contains("no column \"Call Number\""), "{wrong:#}");
    let empty = read(written(b"lat,lng,title,timeStamp\n").path(), Format::Montco).unwrap_err();
    assert!(format!("{empty:#}").contains("no usable call"), "{empty:#}");
}

#[test]
fn a_cut_off_gzip_is_an_error_not_a_shorter_file() {
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zip.write_all(b"lat,lng,title,timeStamp\n").unwrap();
    for i in 0..5_000 {
        writeln!(zip, "40.{i},-75.{i},EMS: FALL VICTIM,2016-01-01 10:00:00").unwrap();
    }
    let mut bytes = zip.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let cut = read(written(&bytes).path(), Format::Montco).unwrap_err();
    assert!(format!("{cut:#}").contains("ends in the middle"), "{cut:#}");
}

#[test]
fn kind_codes_fit_the_plans() {
    for (title, code) in [
        ("EMS: CARDIAC EMERGENCY", "ems_cardiac_emergency"),
        ("Traffic: VEHICLE ACCIDENT -", "traffic_vehicle_accident"),
        ("Gas Leak (Natural and LP Gases)", "gas_leak_natural_and_lp_gases"),
        ("---", ""),
    ] {
        assert_eq!(kind_code(title), code);
    }
    assert!(kind_code(&"a b".repeat(40)).len() <= KIND_LENGTH_MAX);
}
