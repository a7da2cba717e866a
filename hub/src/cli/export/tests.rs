//! What is written is read back the same.

use matcher::{Answer, Cause, Command, Commit, District, DistrictId, Event, Timestamp};
use wire::client::Crs;

use super::*;
use crate::cli::import::{self, Known, Reading};
use crate::records::OfficeChange;

const DISTRICT: DistrictId = DistrictId(7);

/// What one place has: the district, the registry and the menu.
struct Town {
    district: District,
    people: Vec<Person>,
    menu: Vec<MenuItem>,
}

impl Town {
    fn empty() -> Self {
        let mut town = Self { district: District::new(DISTRICT), people: Vec::new(), menu: Vec::new() };
        town.happen(vec![Event::DistrictDefined {
            name: "抚顺社区".into(),
            centre: matcher::Position::from_degrees(45.765, 126.605).unwrap(),
        }]);
        town
    }

    fn happen(&mut self, events: Vec<Event>) {
        let (seq, at) = (self.district.seq + 1, Timestamp(1_700_000_000_000));
        self.district.evolve(&Commit { format: 1, seq, at, cause: Cause::Clock, events, answer: Answer::Done });
    }

    /// Takes a change as the engine would: the events of these commands are the same nouns.
    fn take(&mut self, change: OfficeChange) {
        self.people.extend(change.people);
        self.menu.extend(change.menu);
        for command in change.commands {
            let event = match command {
                Command::DefineGrids { grids } => Event::GridsDefined { grids },
                Command::DefineSkills { skills } => Event::SkillsDefined { skills },
                Command::DefineTeams { teams } => Event::TeamsDefined { teams },
                Command::DefinePlans { plans } => Event::PlansDefined { plans },
                Command::EnrolVolunteers { volunteers } => Event::VolunteersEnrolled { volunteers },
                other => panic!("an import does not send {other:?}"),
            };
            self.happen(vec![event]);
        }
    }

    fn read(&mut self, kind: Kind, name: &str, bytes: &[u8], crs: Crs) {
        let reading = Reading { kind, name: name.into(), crs: Some(crs), skip_bad: false };
        let known = Known { district: &self.district, people: &self.people, menu: &self.menu, districts: &[] };
        let read = import::read(&reading, bytes, &known).unwrap();
        assert_eq!(read.report.bad, [], "{name}");
        self.take(read.change);
    }

    fn write(&self, kind: Kind, name: &str, crs: Crs, template: bool) -> Vec<u8> {
        let present = Present { district: &self.district, people: &self.people, menu: &self.menu };
        super::write(&Writing { kind, name: name.into(), crs, template }, &present).unwrap()
    }
}

const SKILLS: &str = "code,name\nfirst_aid,急救\nelectrician,电工\nfire,灭火\n";

/// The templates themselves, filled in as they come: an office that sends one back changes nothing else.
fn town_of_templates() -> Town {
    let mut town = Town::empty();
    let empty = Town::empty();
    town.read(Kind::Skills, "s.csv", SKILLS.as_bytes(), Crs::Wgs84);
    let grids = empty.write(Kind::Grids, "g.geojson", Crs::Wgs84, true);
    town.read(Kind::Grids, "g.geojson", &grids, Crs::Wgs84);
    let grid = String::from_utf8(empty.write(Kind::Volunteers, "v.csv", Crs::Wgs84, true)).unwrap();
    town.read(Kind::Volunteers, "v.csv", grid.replace("抚顺一网格", "一网格").as_bytes(), Crs::Wgs84);
    let plans = empty.write(Kind::Plans, "p.xlsx", Crs::Wgs84, true);
    town.read(Kind::Plans, "p.xlsx", &plans, Crs::Wgs84);
    town.read(
        Kind::Plans,
        "p.csv",
        "kind,name,level_1\nhaircut,上门理发,任意\nstall,占道,仅通知\n".as_bytes(),
        Crs::Wgs84,
    );
    let menu = empty.write(Kind::Menu, "m.csv", Crs::Wgs84, true);
    town.read(Kind::Menu, "m.csv", &menu, Crs::Wgs84);
    town
}

#[test]
fn every_template_is_taken_as_it_comes() {
    let town = town_of_templates();
    assert_eq!((town.people.len(), town.menu.len(), town.district.plans().count()), (1, 1, 3));
    assert_eq!(town.menu[0].fee_fen, 500);
    assert_eq!(town.people[0].name, "王建国");
}

#[test]
fn what_is_exported_is_imported_the_same_in_either_datum() {
    let town = town_of_templates();
    for (crs, ending) in [(Crs::Wgs84, "csv"), (Crs::Wgs84, "xlsx"), (Crs::Gcj02, "csv")] {
        let mut copy = Town::empty();
        for kind in [Kind::Skills, Kind::Grids, Kind::Volunteers, Kind::Plans, Kind::Menu] {
            let name = if kind == Kind::Grids { "f.geojson".to_owned() } else { format!("f.{ending}") };
            copy.read(kind, &name, &town.write(kind, &name, crs, false), crs);
        }
        let of = |town: &Town| {
            let plans: Vec<_> = town.district.plans().cloned().collect();
            let volunteers: Vec<_> = town.district.volunteers().map(|record| record.profile.clone()).collect();
            (plans, volunteers, town.menu.clone(), town.district.teams().cloned().collect::<Vec<_>>())
        };
        assert_eq!(of(&copy), of(&town), "{crs:?} {ending}");
        let off_m = copy.people[0].home.distance_m(town.people[0].home);
        assert!(off_m < 0.05, "{crs:?}: {off_m} m");
    }
}

#[test]
fn a_name_is_no_formula_and_an_ending_must_fit() {
    let csv = String::from_utf8(sheet::csv(&["a"], &[vec!["=1+1".into()]]).unwrap()).unwrap();
    assert!(csv.contains("'=1+1"), "{csv}");
    let town = Town::empty();
    let present = Present { district: &town.district, people: &[], menu: &[] };
    for (kind, name) in [(Kind::Grids, "g.csv"), (Kind::Plans, "p.doc"), (Kind::Menu, "menu")] {
        let writing = Writing { kind, name: name.into(), crs: Crs::Wgs84, template: false };
        assert!(super::write(&writing, &present).is_err(), "{name}");
    }
}
