//! Files as offices send them.

use std::io::Write;

use encoding_rs::GBK;
use matcher::{
    Answer, Cause, Command, Commit, District, DistrictId, EscalationAction, Event, Grid, GridId, Polygon, Position,
    PublicService, ResponsePlan, Skill, SkillId, Timestamp, TravelMode, Volunteer, WaveSize,
};
use wire::client::Crs;

use super::*;
use crate::records::OfficeChange;

const DISTRICT: DistrictId = DistrictId(7);

fn at(lat: f64, lng: f64) -> Position {
    Position::from_degrees(lat, lng).unwrap()
}

/// A district of one square grid of 1 km about (45.77, 126.60), two skills and one plan.
fn district() -> District {
    let mut district = District::new(DISTRICT);
    let corner = |lat: f64, lng: f64| at(45.77 + lat, 126.60 + lng);
    let outer = vec![corner(-0.005, -0.006), corner(-0.005, 0.006), corner(0.005, 0.006), corner(0.005, -0.006)];
    let shape = vec![Polygon { outer, holes: Vec::new() }];
    let id = GridId::new(DISTRICT, 1);
    let skill = |id, code: &str, name: &str| Skill { id: SkillId(id), code: code.into(), name: name.into() };
    let events = vec![
        Event::DistrictDefined { name: "抚顺社区".into(), centre: at(45.77, 126.60) },
        Event::SkillsDefined { skills: vec![skill(0, "first_aid", "急救"), skill(1, "electrician", "电工")] },
        Event::GridsDefined {
            grids: vec![Grid { id, name: "一网格".into(), shape, minimum_on_duty: 2, team: None }]
        },
        Event::PlansDefined { plans: vec![ResponsePlan::fallback("fall")] },
    ];
    let at = Timestamp(1_700_000_000_000);
    district.evolve(&Commit { format: 1, seq: 1, at, cause: Cause::Clock, events, answer: Answer::Done });
    district
}

pub fn reading(kind: Kind, name: &str) -> Reading {
    Reading { kind, name: name.into(), crs: Some(Crs::Wgs84), skip_bad: false }
}

pub fn read_with(reading: &Reading, bytes: &[u8]) -> Result<Read, String> {
    let district = district();
    super::read(reading, bytes, &Known { district: &district, people: &[], menu: &[], districts: &[DistrictId(2)] })
}

fn volunteers(csv: &str) -> Read {
    read_with(&reading(Kind::Volunteers, "v.csv"), csv.as_bytes()).unwrap()
}

fn enrolled(change: &OfficeChange) -> Vec<Volunteer> {
    let all = change.commands.iter().filter_map(|command| match command {
        Command::EnrolVolunteers { volunteers } => Some(volunteers.clone()),
        _ => None,
    });
    all.flatten().collect()
}

const GOOD: &str = "姓名,编号,电话,类别,技能,纬度,经度,出行方式,队伍\n\
    王建国,A1,13800000001,技能志愿者,急救@2027-12-31、电工,45.7701,126.6012,步行,巡逻队\n\
    为民五金店,A2,0451-84600000,成员单位,electrician,45.7688,126.5990,汽车,\n";

#[test]
fn a_row_becomes_a_person_and_a_volunteer() {
    let read = volunteers(GOOD);
    assert_eq!((read.report.good, &read.report.bad), (2, &vec![]));
    let (people, enrolled) = (&read.change.people, enrolled(&read.change));
    assert_eq!((people[0].name.as_str(), people[0].phone.as_deref()), ("王建国", Some("13800000001")));
    assert_eq!(people[0].home, at(45.7701, 126.6012));
    assert_eq!(enrolled[0].home, at(45.770, 126.601), "the live half gets it rounded");
    assert_eq!((enrolled[0].home_grid, enrolled[0].travel), (GridId::new(DISTRICT, 1), TravelMode::Walk));
    let until = enrolled[0].skills[0].until.unwrap();
    assert_eq!(until, Timestamp("2028-01-01T00:00:00+08:00".parse::<jiff::Timestamp>().unwrap().as_millisecond()));
    assert_eq!(enrolled[1].class, matcher::ProviderClass::MemberOrganisation);
    assert!(matches!(&read.change.commands[0], Command::DefineTeams { teams } if teams[0].name == "巡逻队"));
    let live = serde_json::to_string(&read.change.commands).unwrap();
    for private in ["王建国", "13800000001", "457701", "为民五金店"] {
        assert!(!live.contains(private), "{private} is the office's alone: {live}");
    }
}

#[test]
fn english_headers_gbk_utf16_and_a_mark_say_the_same() {
    let expected = enrolled(&volunteers(GOOD).change);
    let english = GOOD.replacen(
        "姓名,编号,电话,类别,技能,纬度,经度,出行方式,队伍",
        "Name,No,Phone,Class,Skills,Lat,Lng,Travel,Team",
        1,
    );
    let (gbk, ..) = GBK.encode(GOOD);
    let mark = [b"\xEF\xBB\xBF", GOOD.as_bytes()].concat();
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let tabs = GOOD.replace(',', "\t");
    for bytes in [english.as_bytes(), &gbk, &mark, &utf16, tabs.as_bytes()] {
        let read = read_with(&reading(Kind::Volunteers, "v.csv"), bytes).unwrap();
        assert_eq!(enrolled(&read.change), expected);
    }
}

#[test]
fn a_spreadsheet_reads_like_its_csv() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in GOOD.lines().enumerate() {
        for (column, cell) in line.split(',').enumerate() {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(row as u32, column as u16, number).unwrap(),
                Err(_) => sheet.write_string(row as u32, column as u16, cell).unwrap(),
            };
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    let read = read_with(&reading(Kind::Volunteers, "v.xlsx"), &bytes).unwrap();
    assert_eq!(read.change.people, volunteers(GOOD).change.people, "a phone number typed as a number stays one");
    assert_eq!(enrolled(&read.change), enrolled(&volunteers(GOOD).change));
}

#[test]
fn a_small_spreadsheet_cannot_ask_for_much_memory() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, [name, grid]) in [(4, ["姓名", "网格"]), (1_000_000, ["王建国", "一网格"])] {
        sheet.write_string(row, 2, name).unwrap().write_string(row, 3, grid).unwrap();
    }
    let bytes = book.save_to_buffer().unwrap();
    let read = read_with(&reading(Kind::Volunteers, "v.xlsx"), &bytes).unwrap();
    assert_eq!(enrolled(&read.change).len(), 1, "the rows between are not there");
    book.worksheet_from_index(0).unwrap().write_string(5, 16_000, "far out").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let why = read_with(&reading(Kind::Volunteers, "v.xlsx"), &bytes).unwrap_err();
    assert!(why.contains("row 6 has over 100 columns"), "{why}");

    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
    for _ in 0..129 {
        archive.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
    let why = read_with(&reading(Kind::Volunteers, "v.xlsx"), &bytes).unwrap_err();
    assert!(why.contains("unpacks to over 128 MiB"), "{why}");
}

#[test]
fn each_bad_row_is_named_by_row_and_column() {
    let header = "姓名,编号,电话,类别,技能,纬度,经度,网格,同时接单";
    let cases = [
        (",A1,,,,45.77,126.6,,", "姓名"),
        ("王建国,A1,12,,,45.77,126.6,,", "电话"),
        ("王建国,A1,,老师,,45.77,126.6,,", "类别"),
        ("王建国,A1,,,游泳,45.77,126.6,,", "技能"),
        ("王建国,A1,,,急救@明年,45.77,126.6,,", "技能"),
        ("王建国,A1,,,,145.77,126.6,,", "纬度"),
        ("王建国,A1,,,,45.77,,,", "经度"),
        ("王建国,A1,,,,0,0,,", "纬度"),
        ("王建国,A1,,,,31.77,116.6,,", "纬度"),
        ("王建国,A1,,,,,,,", "纬度"),
        ("王建国,A1,,,,,,二网格,", "网格"),
        ("王建国,A1,,,,45.77,126.6,,0", "同时接单"),
        ("王建国,A1,,,,45.77,126.6,,许多", "同时接单"),
    ];
    for (row, column) in cases {
        let read = volunteers(&format!("{header}\n李明,B1,,,,45.77,126.6,,\n\n{row}\n"));
        let found: Vec<_> = read.report.bad.iter().map(|bad| (bad.row, bad.column.as_str())).collect();
        assert_eq!(found, [(4, column)], "{row}");
        assert!(!read.report.bad[0].what.is_empty() && !read.report.bad[0].cure.is_empty());
        assert!(read.change.people.is_empty() && read.change.commands.is_empty(), "all or nothing: {row}");
    }
}

#[test]
fn the_good_rows_are_taken_when_asked_for() {
    let csv = "姓名,编号,网格\n王建国,A1,一网格\n,A2,一网格\n李明,A1,一网格\n赵丽,,一网格\n";
    let mut reading = reading(Kind::Volunteers, "v.csv");
    reading.skip_bad = true;
    let read = read_with(&reading, csv.as_bytes()).unwrap();
    let names: Vec<_> = read.change.people.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["王建国", "赵丽"]);
    let bad: Vec<_> = read.report.bad.iter().map(|bad| bad.row).collect();
    assert_eq!(bad, [3, 4], "row 3 has no name, row 4 the number of row 2");
    assert!(String::from_utf8(read.report.csv()).unwrap().lines().count() == 3);
}

#[test]
fn the_same_person_keeps_his_id() {
    let district = district();
    let people = volunteers(GOOD).change.people;
    let known = Known { district: &district, people: &people, menu: &[], districts: &[] };
    let again = "姓名,编号,电话,网格\n新人,A9,,一网格\n王建国二,A1,,一网格\n为民五金店,,0451-84600000,一网格\n";
    let read = super::read(&reading(Kind::Volunteers, "v.csv"), again.as_bytes(), &known).unwrap();
    let numbers: Vec<_> = read.change.people.iter().map(|person| person.volunteer.number()).collect();
    assert_eq!(numbers, [3, 1, 2], "by number, and by name and phone; a new one gets the next");
}

#[test]
fn files_that_are_no_good_are_refused_whole() {
    let bad_utf8 = b"name,grid\n\xFF\xFF\xFF,\xFE\xFE\n";
    let cases: [(Kind, &str, &[u8], &str); 14] = [
        (Kind::Volunteers, "v.csv", b"", "empty"),
        (Kind::Volunteers, "v.csv", b"  \n ", "empty"),
        (Kind::Volunteers, "v.csv", "姓名,网格\n".as_bytes(), "no row"),
        (Kind::Volunteers, "v.csv", "电话,网格\n1,2\n".as_bytes(), "缺少列:姓名"),
        (Kind::Volunteers, "v.csv", "姓名,名称\n1,2\n".as_bytes(), "two columns"),
        (Kind::Volunteers, "v.csv", "姓名,纬度\n王,45\n".as_bytes(), "经纬度缺一列"),
        (Kind::Volunteers, "v.csv", b"PK\x03\x04rest", "its name says .csv"),
        (Kind::Volunteers, "v.xlsx", "姓名\n王\n".as_bytes(), "its name says .xlsx"),
        (Kind::Volunteers, "v.xlsx", b"PK\x03\x04rest of a broken archive", "not a readable XLSX"),
        (Kind::Volunteers, "v", b"%PDF-1.7", "a PDF"),
        (Kind::Volunteers, "v", b"\xD0\xCF\x11\xE0\xA1\xB1", "old Excel"),
        (Kind::Volunteers, "v.csv", bad_utf8, "neither UTF-8 nor GBK"),
        (Kind::Grids, "g.geojson", b"{\"type\":\"Feature\"}", "no GeoJSON FeatureCollection"),
        (Kind::Grids, "g.json", b"{\"type\":", "not JSON"),
    ];
    for (kind, name, bytes, expected) in cases {
        match read_with(&reading(kind, name), bytes) {
            Err(why) => assert!(why.contains(expected), "{expected}: {why}"),
            Ok(read) => panic!("{expected}: taken: {read:?}"),
        }
    }
}

#[test]
fn coordinates_without_their_datum_are_refused() {
    let mut silent = reading(Kind::Volunteers, "v.csv");
    silent.crs = None;
    let why = read_with(&silent, GOOD.as_bytes()).unwrap_err();
    assert!(why.contains("--crs gcj02"), "{why}");
    read_with(&silent, "姓名,网格\n王建国,一网格\n".as_bytes()).expect("no coordinates, nothing to say");
    let shifted = Reading { crs: Some(Crs::Gcj02), ..reading(Kind::Volunteers, "v.csv") };
    let moved_m = read_with(&shifted, GOOD.as_bytes()).unwrap().change.people[0].home.distance_m(at(45.7701, 126.6012));
    assert!((300.0..900.0).contains(&moved_m), "the shift about Harbin: {moved_m} m");
}

fn feature(name: &str, ring: &str) -> String {
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{\"name\":\"{name}\"}},\
         \"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}}}]}}"
    )
}

#[test]
fn a_grid_is_a_simple_border_with_a_name() {
    let square = "[[126.6,45.7],[126.7,45.7],[126.7,45.8],[126.6,45.8],[126.6,45.7]]";
    let read = read_with(&reading(Kind::Grids, "g.geojson"), feature("二网格", square).as_bytes()).unwrap();
    let Command::DefineGrids { grids } = &read.change.commands[0] else { panic!("{:?}", read.change.commands) };
    assert_eq!((grids[0].id.number(), grids[0].shape[0].outer.len()), (2, 4), "a new grid, its ring not repeated");
    let known = read_with(&reading(Kind::Grids, "g.geojson"), feature("一网格", square).as_bytes()).unwrap();
    let Command::DefineGrids { grids } = &known.change.commands[0] else { panic!("{:?}", known.change.commands) };
    assert_eq!((grids[0].id.number(), grids[0].minimum_on_duty), (1, 2), "found by its name, its minimum kept");
    let cases = [
        ("", square, "name"),
        ("三", "[[126.6,45.7],[126.7,45.7]]", "geometry"),
        ("三", "[[126.6,45.7],[126.7,45.8],[126.7,45.7],[126.6,45.8]]", "geometry"),
        ("三", "[[45.7,126.6],[45.7,126.7],[45.8,126.7]]", "geometry"),
        ("三", "[[126.6,\"x\"],[126.7,45.7],[126.7,45.8]]", "geometry"),
    ];
    for (name, ring, column) in cases {
        let read = read_with(&reading(Kind::Grids, "g.geojson"), feature(name, ring).as_bytes()).unwrap();
        assert_eq!(read.report.bad.len(), 1, "{ring}");
        assert_eq!((read.report.bad[0].row, read.report.bad[0].column.as_str()), (1, column), "{ring}");
    }
}

#[test]
fn a_plan_is_read_and_written_back_the_same() {
    let csv = "代码,名称,紧急程度,一级,二级,应答秒,升级\n\
        kitchen_smoke,厨房冒烟,危及生命,急救×1、任意×2,电工,20,60s 扩大; 90s 升级; 2m 上报; 0s! 119 120s 请撤到楼下\n\
        stall,占道经营,普通,仅通知,,,\n";
    let read = read_with(&reading(Kind::Plans, "p.csv"), csv.as_bytes()).unwrap();
    assert_eq!(read.report.bad, []);
    let Command::DefinePlans { plans } = &read.change.commands[0] else { panic!("{:?}", read.change.commands) };
    assert!(plans[1].inform_only() && !plans[0].inform_only());
    assert_eq!((plans[0].levels.len(), plans[0].wave.deadline_ms), (2, 20_000));
    let expected =
        EscalationAction::HandOver { service: PublicService::Fire, clock_ms: 120_000, words: "请撤到楼下".into() };
    let last = plans[0].escalation.last().unwrap();
    assert_eq!((last.after_ms, last.always, &last.action), (0, true, &expected));
    let skills: Vec<Skill> = district().skills().cloned().collect();
    let again = escalation::steps(&escalation_text(&plans[0].escalation, &skills), &skills).unwrap();
    assert_eq!(again, plans[0].escalation);
    assert_eq!(plans::roles_of(&roles_text(&plans[0].levels[0], &skills), &skills).unwrap(), plans[0].levels[0]);
}

#[test]
fn a_plan_asks_no_neighbour_that_is_not_there() {
    let read = |number: u32| {
        let csv = format!("代码,名称,一级,升级\nfall,摔倒,急救×1,90s 求援 {number} 60s\n");
        read_with(&reading(Kind::Plans, "p.csv"), csv.as_bytes()).unwrap()
    };
    assert_eq!(read(2).report.bad, []);
    let bad = read(3).report.bad;
    assert_eq!(bad.len(), 1);
    assert_eq!((bad[0].row, bad[0].column.as_str()), (2, "升级"));
    assert!(bad[0].what.contains("no district 3") && bad[0].what.contains("没有 3 区"), "{bad:?}");
}

#[test]
fn a_wave_is_a_number_of_people_or_as_sure_as_it_is_to_be() {
    let sizes = [
        ("", WaveSize::Fixed(8)),
        ("6", WaveSize::Fixed(6)),
        ("90%", WaveSize::fitting(900, 24)),
        ("92.5%/12", WaveSize::fitting(925, 12)),
        ("80%/200", WaveSize::fitting(800, 200)),
    ];
    for (cell, expected) in sizes {
        let csv = format!("代码,名称,一级,每轮人数\nfire,火,任意,{cell}\n");
        let read = read_with(&reading(Kind::Plans, "p.csv"), csv.as_bytes()).unwrap();
        let Command::DefinePlans { plans } = &read.change.commands[0] else { panic!("{:?}", read.report) };
        assert_eq!(plans[0].wave.size, expected, "{cell}");
        let again = format!("kind,name,level_1,wave_size\nfire,火,任意,{expected}\n");
        let again = read_with(&reading(Kind::Plans, "p.csv"), again.as_bytes()).unwrap();
        assert_eq!(again.change.commands, read.change.commands, "{expected} is written and read back");
    }
    for bad in ["0", "201", "-1", "many", "0%", "100%", "90%24", "90%/0", "90%/201", "99.95%", "%"] {
        let csv = format!("kind,name,level_1,wave_size\nfire,火,任意,{bad}\n");
        let read = read_with(&reading(Kind::Plans, "p.csv"), csv.as_bytes()).unwrap();
        let found: Vec<_> = read.report.bad.iter().map(|bad| bad.column.as_str()).collect();
        assert_eq!(found, ["wave_size"], "{bad}");
    }
}

#[test]
fn bad_plans_skills_and_menus_are_named() {
    let cases = [
        (Kind::Plans, "kind,name,level_1\nFire,火,任意\n", "kind"),
        (Kind::Plans, "kind,name,level_1\nfire,火,\n", "level_1"),
        (Kind::Plans, "kind,name,level_1\nfire,火,潜水×2\n", "level_1"),
        (Kind::Plans, "kind,name,level_1\nfire,火,任意×33\n", "level_1"),
        (Kind::Plans, "kind,name,level_1,escalation\nfire,火,任意,60 扩大\n", "escalation"),
        (Kind::Plans, "kind,name,level_1,escalation\nfire,火,任意,60s 飞走\n", "escalation"),
        (Kind::Plans, "kind,name,level_1,radius_m\nfire,火,任意,0\n", "radius_m"),
        (Kind::Skills, "code,name\n急救,急救\n", "code"),
        (Kind::Skills, "code,name\nswim,\n", "name"),
        (Kind::Menu, "code,category,name,kind\ncut,生活,理发,haircut\n", "kind"),
        (Kind::Menu, "code,category,name,kind,fee\ncut,生活,理发,fall,许多\n", "fee"),
    ];
    for (kind, csv, column) in cases {
        let read = read_with(&reading(kind, "f.csv"), csv.as_bytes()).unwrap();
        let found: Vec<_> = read.report.bad.iter().map(|bad| (bad.row, bad.column.as_str())).collect();
        assert_eq!(found, [(2, column)], "{csv}");
    }
}

#[test]
fn the_129th_skill_is_refused() {
    let rows: String = (0..130).map(|n| format!("skill_{n},技能{n}\n")).collect();
    let read = read_with(&reading(Kind::Skills, "s.csv"), format!("code,name\n{rows}").as_bytes()).unwrap();
    assert_eq!((read.report.good, read.report.bad.len()), (126, 4), "two are there already, 128 is the most");
    assert_eq!(read.report.bad[0].row, 128);
}

/// Real boundaries, or `None` where this machine does not have them.
fn shared(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../../shared/data/boundaries/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(&path);
    if file.is_err() {
        eprintln!("skipped: {path} is not here");
    }
    file.ok()
}

#[test]
fn real_streets_and_compounds_are_grids() {
    let read = |name: &str| {
        let reading = Reading { skip_bad: true, ..reading(Kind::Grids, name) };
        shared(name).map(|bytes| read_with(&reading, &bytes).unwrap())
    };
    let Some(streets) = read("harbin_streets_osm_wgs84.geojson") else { return };
    assert_eq!((streets.report.good, &streets.report.bad), (77, &vec![]));
    let Some(compounds) = read("harbin_residential_compounds_osm_wgs84.geojson") else { return };
    assert_eq!(compounds.report.good + compounds.report.bad.len(), 1161);
    assert!(compounds.report.good >= 1000, "{}", compounds.report.text());
    assert!(compounds.change.commands.len() >= 2, "at most 500 a command");
    let Some(points) = read("harbin_poi_osm_wgs84.geojson") else { return };
    assert_eq!(points.report.good, 0, "points are no grids");
}
