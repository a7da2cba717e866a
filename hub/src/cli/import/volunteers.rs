//! Those who help. One row becomes two: a person of the registry (name, number, exact home) and a volunteer of the
//! district (skills, grid, home rounded to about 100 m).

use std::collections::{HashMap, HashSet};

use matcher::command::ITEMS_PER_COMMAND_MAX;
use matcher::{
    Command, DistrictId, Grid, GridId, NAME_LENGTH_MAX, Position, ProviderClass, SkillHeld, Team, TeamId, Timestamp,
    TravelMode, Volunteer, VolunteerId,
};
use wire::client::Crs;

use super::columns::{Line, Sheet};
use super::report::{BadRow, Report, sort};
use super::table::Table;
use super::{Kind, Known, Read, cells, place};
use crate::records::{OfficeChange, Person, is_phone, roughly};

/// Farther than this from the district's middle a home is taken for a mistake.
const HOME_DISTANCE_M_MAX: f64 = 100_000.0;
/// Volunteers of one command: the rows of a commit travel in one frame, which should be no longer than a part of a
/// snapshot (32 KiB), and two of which must never fill a desk's queue.
const ENROLLED_AT_ONCE: usize = 64;
/// A member organisation's crew.
const CAPACITY_MAX: u8 = 99;

pub fn read(table: Table, crs: Option<Crs>, known: &Known) -> Result<Read, String> {
    let sheet = Sheet::of(Kind::Volunteers, table)?;
    if sheet.has("lat") != sheet.has("lng") {
        return Err("the file has one of the columns lat and lng: both are needed / 经纬度缺一列".to_owned());
    }
    if known.district.grids().next().is_none() {
        return Err("the district has no grids: `hub import grids` first / 请先导入网格".to_owned());
    }
    let crs = if sheet.has("lat") { place::named(crs)? } else { Crs::Wgs84 };
    let mut roll = Roll::of(known);
    let (rows, bad) = sort(sheet.lines().map(|line| roll.row(line, crs)));
    let mut notes = unused(&sheet);
    if roll.outside > 0 {
        notes.push(format!(
            "{} 人住在所有网格之外,已归入最近的网格 / live outside every grid; the nearest was taken",
            roll.outside
        ));
    }
    let report = Report { good: rows.len(), bad, notes };
    Ok(Read { change: change(rows, roll.teams_new), report })
}

/// Headers that mean nothing here: told, since a misspelt one would lose a column silently.
pub fn unused(sheet: &Sheet) -> Vec<String> {
    let headers = sheet.unused.iter();
    headers.map(|header| format!("没有用到的列 / a column that is not used: {header}")).collect()
}

fn change(rows: Vec<(Person, Volunteer)>, teams: Vec<Team>) -> OfficeChange {
    let (people, volunteers): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let teams = teams.chunks(ITEMS_PER_COMMAND_MAX).map(|teams| Command::DefineTeams { teams: teams.to_vec() });
    let enrol = volunteers.chunks(ENROLLED_AT_ONCE);
    let enrol = enrol.map(|volunteers| Command::EnrolVolunteers { volunteers: volunteers.to_vec() });
    let commands = teams.chain(enrol).collect();
    OfficeChange { people, commands, ..OfficeChange::default() }
}

/// The roll while a file is read: who is on it, and what the next ones get.
struct Roll<'a> {
    known: &'a Known<'a>,
    grids: HashMap<&'a str, &'a Grid>,
    by_number: HashMap<&'a str, VolunteerId>,
    by_name_and_phone: HashMap<(&'a str, &'a str), VolunteerId>,
    /// Numbers, or names with phones, of the rows before.
    seen: HashSet<String>,
    ids: Ids,
    teams_new: Vec<Team>,
    /// Homes outside every grid.
    outside: usize,
}

/// Numbers that the next ones get.
struct Ids {
    district: DistrictId,
    volunteer: u64,
    team: u64,
}

impl<'a> Roll<'a> {
    fn of(known: &'a Known<'a>) -> Self {
        let district = known.district;
        let enrolled = district.volunteers().map(|record| record.profile.id.number());
        let registered = known.people.iter().map(|person| person.volunteer.number());
        let volunteer = enrolled.chain(registered).max().unwrap_or(0);
        let team = district.teams().map(|team| team.id.number()).max().unwrap_or(0);
        let people = known.people.iter();
        Self {
            known,
            grids: district.grids().map(|grid| (grid.name.as_str(), grid)).collect(),
            by_number: people.clone().filter_map(|p| Some((p.number.as_deref()?, p.volunteer))).collect(),
            by_name_and_phone: people
                .filter_map(|p| Some(((p.name.as_str(), p.phone.as_deref()?), p.volunteer)))
                .collect(),
            seen: HashSet::new(),
            ids: Ids { district: district.id, volunteer, team },
            teams_new: Vec::new(),
            outside: 0,
        }
    }

    fn row(&mut self, line: Line, crs: Crs) -> Result<(Person, Volunteer), BadRow> {
        let name = cells::text(line, "name", NAME_LENGTH_MAX)?.to_owned();
        let number = cells::maybe_text(line, "number", NAME_LENGTH_MAX)?.map(str::to_owned);
        let phone = phone(line)?;
        let address = cells::maybe_text(line, "address", 200)?.map(str::to_owned);
        let class = cells::word(line, "class", CLASSES, ProviderClass::GeneralVolunteer)?;
        let skills = self.skills(line)?;
        let (home, home_grid) = self.home(line, crs)?;
        let travel = cells::word(line, "travel", TRAVEL, TravelMode::Walk)?;
        let capacity = cells::number(line, "capacity", 1..=CAPACITY_MAX, 1)?;
        let alerts = cells::number(line, "alerts_per_day", 0..=1000u16, 0)?;
        let team = self.team(line)?;
        let id = self.id(line, number.as_deref(), &name, phone.as_deref())?;
        let volunteer = Volunteer {
            id,
            class,
            skills,
            home_grid,
            home: roughly(home),
            travel,
            team,
            capacity,
            alerts_per_day_max: (alerts > 0).then_some(alerts),
            guest: false,
        };
        Ok((Person { volunteer: id, number, name, phone, address, home, class }, volunteer))
    }

    /// He is found again by his number, else by name and phone; else he is new.
    fn id(&mut self, line: Line, number: Option<&str>, name: &str, phone: Option<&str>) -> Result<VolunteerId, BadRow> {
        let key = number.map(str::to_owned).or_else(|| Some(format!("{name}\n{}", phone?)));
        if key.is_some_and(|key| !self.seen.insert(key)) {
            let column = if number.is_some() { "number" } else { "name" };
            return Err(line.bad(column, "the same person stands twice / 同一个人出现两次", "delete one / 删去一行"));
        }
        let by_number = number.and_then(|number| self.by_number.get(number));
        let found = by_number.or_else(|| self.by_name_and_phone.get(&(name, phone?))).copied();
        Ok(found.unwrap_or_else(|| {
            self.ids.volunteer += 1;
            VolunteerId::new(self.ids.district, self.ids.volunteer)
        }))
    }

    fn skills(&self, line: Line) -> Result<Vec<SkillHeld>, BadRow> {
        let skills = cells::pieces(line.get("skills")).map(|piece| self.skill(line, piece));
        let mut held: Vec<SkillHeld> = skills.collect::<Result<_, _>>()?;
        held.sort_by_key(|held| held.skill);
        held.dedup_by_key(|held| held.skill);
        Ok(held)
    }

    /// 急救, `first_aid`, 急救@2027-12-31.
    fn skill(&self, line: Line, piece: &str) -> Result<SkillHeld, BadRow> {
        let (name, until) =
            piece.split_once('@').map_or((piece, None), |(name, until)| (name.trim(), Some(until.trim())));
        let found = self.known.district.skills().find(|skill| skill.code == name || skill.name == name);
        let skill = found.ok_or_else(|| {
            let cure = "correct it, or define it first (`hub import skills`) / 改正,或先导入这项技能";
            line.bad("skills", format!("unknown skill {name:?} / 没有这项技能"), cure)
        })?;
        let until = until.map(|day| end_of_day(line, day)).transpose()?;
        Ok(SkillHeld { skill: skill.id, until })
    }

    fn home(&mut self, line: Line, crs: Crs) -> Result<(Position, GridId), BadRow> {
        let named = line.get("grid");
        let named = match (named, self.grids.get(named)) {
            ("", _) => None,
            (_, Some(grid)) => Some(*grid),
            (name, None) => {
                return Err(line.bad("grid", format!("no grid {name:?} / 没有这个网格"), "correct it / 请改正"));
            }
        };
        match (place::of(line, crs)?, named) {
            (Some(home), Some(grid)) => Ok((self.near(line, home)?, grid.id)),
            (Some(home), None) => self.grid_of(line, home),
            (None, Some(grid)) => Ok((middle(grid), grid.id)),
            (None, None) => {
                Err(line.bad("lat", "neither coordinates nor a grid / 没有坐标也没有网格", "fill in one / 至少填一样"))
            }
        }
    }

    fn near(&self, line: Line, home: Position) -> Result<Position, BadRow> {
        let away_m = self.known.district.centre().map_or(0.0, |centre| centre.distance_m(home));
        if away_m <= HOME_DISTANCE_M_MAX {
            return Ok(home);
        }
        let what = format!("{:.0} km from the district's middle / 离本区太远", away_m / 1000.0);
        Err(line.bad("lat", what, "is it lat and lng, in this order? / 经纬度是否写反"))
    }

    fn grid_of(&mut self, line: Line, home: Position) -> Result<(Position, GridId), BadRow> {
        let home = self.near(line, home)?;
        let inside = self.known.district.grid_at(home);
        self.outside += usize::from(inside.is_none());
        let grid = inside.or_else(|| self.known.district.nearest_grid(home));
        let grid =
            grid.ok_or_else(|| line.bad("lat", "no grid is near / 附近没有网格", "import grids first / 先导入网格"))?;
        Ok((home, grid))
    }

    /// A team by its name; an unknown one is made.
    fn team(&mut self, line: Line) -> Result<Option<TeamId>, BadRow> {
        let Some(name) = cells::maybe_text(line, "team", NAME_LENGTH_MAX)? else {
            return Ok(None);
        };
        let known = self.known.district.teams().chain(&self.teams_new).find(|team| team.name == name);
        if let Some(team) = known {
            return Ok(Some(team.id));
        }
        self.ids.team += 1;
        let id = TeamId::new(self.ids.district, self.ids.team);
        self.teams_new.push(Team { id, name: name.to_owned(), above: None });
        Ok(Some(id))
    }
}

const CLASSES: &[(&str, ProviderClass)] = &[
    ("普通志愿者", ProviderClass::GeneralVolunteer),
    ("general_volunteer", ProviderClass::GeneralVolunteer),
    ("技能志愿者", ProviderClass::SkilledVolunteer),
    ("专业志愿者", ProviderClass::SkilledVolunteer),
    ("skilled_volunteer", ProviderClass::SkilledVolunteer),
    ("成员单位", ProviderClass::MemberOrganisation),
    ("商户", ProviderClass::MemberOrganisation),
    ("member_organisation", ProviderClass::MemberOrganisation),
];

const TRAVEL: &[(&str, TravelMode)] = &[
    ("步行", TravelMode::Walk),
    ("walk", TravelMode::Walk),
    ("自行车", TravelMode::Bicycle),
    ("电动车", TravelMode::Bicycle),
    ("骑行", TravelMode::Bicycle),
    ("bicycle", TravelMode::Bicycle),
    ("汽车", TravelMode::Car),
    ("开车", TravelMode::Car),
    ("car", TravelMode::Car),
];

fn phone(line: Line) -> Result<Option<String>, BadRow> {
    let Some(text) = cells::maybe_text(line, "phone", 30)? else {
        return Ok(None);
    };
    if is_phone(text) {
        return Ok(Some(text.to_owned()));
    }
    Err(line.bad("phone", format!("{text:?}"), "5 to 15 digits / 填 5 到 15 位数字"))
}

/// A certificate is good through its last day, by China's clock.
fn end_of_day(line: Line, day: &str) -> Result<Timestamp, BadRow> {
    let china = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let next = day.parse::<jiff::civil::Date>().and_then(|date| date.tomorrow()).and_then(|date| date.to_zoned(china));
    let moment = next
        .map_err(|_| line.bad("skills", format!("{day:?} is no day / 日期不对"), "as 2027-12-31 / 写成 2027-12-31"))?;
    Ok(Timestamp(moment.timestamp().as_millisecond()))
}

/// Somewhere in the middle of a grid: the mean of its first ring.
fn middle(grid: &Grid) -> Position {
    let ring = grid.shape.first().map_or(&[][..], |polygon| &polygon.outer);
    let count = ring.len().max(1) as i64;
    let mean = |of: fn(&Position) -> i32| (ring.iter().map(|p| i64::from(of(p))).sum::<i64>() / count) as i32;
    Position { lat_e7: mean(|p| p.lat_e7), lng_e7: mean(|p| p.lng_e7) }
}
