//! One who helps between the wire, the registry and the core: name, number and exact home go to the registry, what the
//! live half may know to the core.

use matcher::{
    District, Grid, GridId, NAME_LENGTH_MAX, Position, ProviderClass, SKILLS_MAX, SkillHeld, TeamId, Timestamp,
    TravelMode, Volunteer, VolunteerId,
};
use wire::office::{HeldSkill, VolunteerBody};
use wire::{Id, Time, rows};

use super::command::{out_of_range, unknown_skill};
use super::datum;
use super::error::Refusal;
use super::resource::unknown;
use super::sealed::{ADDRESS_LENGTH_MAX, limited, over_limit};
use crate::engine::render::{self, words};
use crate::records::{Person, is_phone, roughly};

/// Farther than this from the district's middle a home is taken for a mistake.
const HOME_DISTANCE_M_MAX: f64 = 100_000.0;

/// A member organisation's crew.
const CAPACITY_MAX: u8 = 99;

/// Somebody as he is registered and as he is enrolled.
pub type Member = (Person, Volunteer);

/// Reads one, as strictly as the core will judge him: what it refused afterwards would be half done.
///
/// # Errors
/// The field that is out of its limits, an unknown skill, grid or team, a home that is no place or far away.
pub fn meant(district: &District, id: VolunteerId, body: VolunteerBody) -> Result<Member, Refusal> {
    named("/name", Some(&body.name))?;
    named("/number", body.number.as_deref())?;
    limited("/address", body.address.as_deref(), ADDRESS_LENGTH_MAX)?;
    if let Some(phone) = body.phone.as_deref().filter(|phone| !is_phone(phone)) {
        let en = format!("/phone: {phone:?} is no number: 5 to 15 digits");
        return Err(Refusal::field("/phone", "bad_field", format!("电话“{phone}”不对,应为 5 到 15 位数字"), en));
    }
    let home = home(district, &body)?;
    let team = body.team.map(|team| TeamId(team.0));
    if let Some(team) = team.filter(|team| district.team(*team).is_none()) {
        return Err(unknown("team", "队伍", team.0));
    }
    let volunteer = Volunteer {
        id,
        class: class(body.class),
        skills: skills(district, &body.skills)?,
        home_grid: grid(district, body.grid, home)?,
        home: roughly(home),
        travel: travel(body.travel),
        team,
        capacity: capacity(body.capacity)?,
        alerts_per_day_max: body.alerts_per_day_max,
        guest: false,
    };
    let (number, name, phone, address) = (body.number, body.name, body.phone, body.address);
    let class = volunteer.class;
    Ok((Person { volunteer: id, number, name, phone, address, home, class }, volunteer))
}

/// The same as it would be said: what a patch is laid upon.
pub fn said(district: &District, person: &Person, volunteer: &Volunteer) -> VolunteerBody {
    VolunteerBody {
        name: person.name.clone(),
        number: person.number.clone(),
        phone: person.phone.clone(),
        address: person.address.clone(),
        class: words::class(volunteer.class),
        skills: skills_said(district, volunteer),
        home: render::exact(person.home),
        crs: wire::client::Crs::Wgs84,
        grid: Some(Id(volunteer.home_grid.0)),
        team: volunteer.team.map(|team| Id(team.0)),
        travel: words::travel(volunteer.travel),
        capacity: volunteer.capacity,
        alerts_per_day_max: volunteer.alerts_per_day_max,
    }
}

pub fn skills_said(district: &District, volunteer: &Volunteer) -> Vec<HeldSkill> {
    let held = |held: &SkillHeld| {
        let code = district.skill(held.skill)?.code.clone();
        Some(HeldSkill { code, until: held.until.map(|until| Time(until.0)) })
    };
    volunteer.skills.iter().filter_map(held).collect()
}

/// A name that can be read out: not empty, not too long, nothing invisible.
fn named(pointer: &str, name: Option<&str>) -> Result<(), Refusal> {
    let Some(name) = name else { return Ok(()) };
    limited(pointer, Some(name), NAME_LENGTH_MAX)?;
    if name.trim().is_empty() {
        return Err(Refusal::field(pointer, "empty", format!("{pointer} 不能为空"), format!("{pointer} is empty")));
    }
    if name.chars().any(char::is_control) {
        let en = format!("{pointer} has a character that is not allowed");
        return Err(Refusal::field(pointer, "bad_character", format!("{pointer} 含有不允许的字符"), en));
    }
    Ok(())
}

fn home(district: &District, body: &VolunteerBody) -> Result<Position, Refusal> {
    let home = datum::position(body.home.lat, body.home.lng, body.crs);
    let home = home.ok_or_else(|| out_of_range(body.home).at("/home"))?;
    let away_m = district.centre().map_or(0.0, |centre| centre.distance_m(home));
    if away_m <= HOME_DISTANCE_M_MAX {
        return Ok(home);
    }
    let (km, pointer) = ((away_m / 1_000.0).round(), "/home");
    let en = format!("/home is {km} km from the district's middle: is it lat and lng, in this order?");
    Err(Refusal::field(pointer, "outside_district", format!("住址离本区中心 {km} 公里,经纬度是否写反?"), en))
}

/// As said, else that of the home, else the nearest.
fn grid(district: &District, said: Option<Id>, home: Position) -> Result<GridId, Refusal> {
    match said.map(|id| GridId(id.0)) {
        Some(id) => district.grid(id).map(|grid: &Grid| grid.id).ok_or_else(|| unknown("grid", "网格", id.0)),
        None => district.grid_at(home).or_else(|| district.nearest_grid(home)).ok_or_else(|| {
            Refusal::field(
                "/grid",
                "no_grids",
                "本区还没有网格,请先导入",
                "the district has no grids yet: bring them in",
            )
        }),
    }
}

fn capacity(said: u8) -> Result<u8, Refusal> {
    let pointer = "/capacity";
    match said {
        0 => Err(Refusal::field(pointer, "zero", "/capacity 至少为 1", "/capacity must be at least 1")),
        1..=CAPACITY_MAX => Ok(said),
        more => over_limit(pointer, usize::from(more), usize::from(CAPACITY_MAX)).map(|()| said),
    }
}

fn skills(district: &District, skills: &[HeldSkill]) -> Result<Vec<SkillHeld>, Refusal> {
    over_limit("/skills", skills.len(), SKILLS_MAX)?;
    let held = |(index, held): (usize, &HeldSkill)| {
        let known = district.skill_by_code(&held.code);
        let skill = known.ok_or_else(|| unknown_skill(&format!("/skills/{index}/code"), &held.code))?.id;
        Ok(SkillHeld { skill, until: held.until.map(|until| Timestamp(until.0)) })
    };
    let mut held: Vec<SkillHeld> = skills.iter().enumerate().map(held).collect::<Result<_, Refusal>>()?;
    held.sort_by_key(|held| held.skill);
    match held.windows(2).find(|two| two[0].skill == two[1].skill) {
        Some(_) => Err(Refusal::field("/skills", "twice", "/skills 同一项写了两次", "/skills names one twice")),
        None => Ok(held),
    }
}

fn class(class: rows::ProviderClass) -> ProviderClass {
    match class {
        rows::ProviderClass::SkilledVolunteer => ProviderClass::SkilledVolunteer,
        rows::ProviderClass::MemberOrganisation => ProviderClass::MemberOrganisation,
        rows::ProviderClass::GeneralVolunteer => ProviderClass::GeneralVolunteer,
    }
}

fn travel(travel: rows::TravelMode) -> TravelMode {
    match travel {
        rows::TravelMode::Walk => TravelMode::Walk,
        rows::TravelMode::Bicycle => TravelMode::Bicycle,
        rows::TravelMode::Car => TravelMode::Car,
    }
}
