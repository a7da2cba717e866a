//! Why these, why not that one: from what the waves' events kept, and nothing else.

use matcher::event::Excluded;
use matcher::state::WaveRecord;
use matcher::{District, IncidentId, Standing, VolunteerId};
use wire::Id;
use wire::http::{Candidate, ExcludedCount, Explanation, Fitted, PlaceInOrder, VolunteerExplained, WaveExplained};

use super::error::{Language, Words};
use crate::engine::render::View;

/// The explanation of every wave of an incident, and what they say of one volunteer.
pub fn explanation(
    view: &View<'_>,
    incident: IncidentId,
    about: Option<VolunteerId>,
    language: Language,
) -> Explanation {
    let waves = view.district.waves(incident);
    Explanation {
        incident: Id(incident.0),
        waves: waves.iter().map(|wave| explained(view, incident, wave)).collect(),
        volunteer: about.map(|volunteer| one(view.district, incident, volunteer, language)),
    }
}

fn explained(view: &View<'_>, incident: IncidentId, record: &WaveRecord) -> WaveExplained {
    let explanation = &record.explanation;
    let asked = offers_of(view.district, incident, record.wave);
    let excluded = explanation.excluded.iter();
    WaveExplained {
        wave: record.wave,
        radius_m: explanation.radius_m,
        asked: asked.map(|offer| candidate(view, offer.volunteer, &offer.standing)).collect(),
        next: explanation.next.iter().map(|(volunteer, standing)| candidate(view, *volunteer, standing)).collect(),
        excluded: excluded
            .map(|(why, count)| ExcludedCount { reason: reason(*why).to_owned(), count: *count })
            .collect(),
        short: explanation.short.len() as u16,
        fit: explanation
            .fit
            .map(|fit| Fitted { target_permille: fit.target_permille, counted_permille: fit.counted_permille }),
    }
}

fn offers_of(district: &District, incident: IncidentId, wave: u16) -> impl Iterator<Item = &matcher::Offer> {
    let offers = district.incident(incident).map_or(&[][..], |incident| &incident.offers);
    offers.iter().filter_map(|id| district.offer(*id)).filter(move |offer| offer.wave == wave)
}

fn candidate(view: &View<'_>, volunteer: VolunteerId, standing: &Standing) -> Candidate {
    Candidate {
        volunteer: Id(volunteer.0),
        name: view.names.name(volunteer).to_owned(),
        distance_m: standing.distance_m,
        travel_ms: standing.travel_ms,
        own_grid: standing.own_grid,
        alerts_today: standing.alerts_today,
        unreachable: standing.unreachable,
        chance_permille: standing.chance_permille,
    }
}

fn reason(why: Excluded) -> &'static str {
    match why {
        Excluded::OffDuty => "off_duty",
        Excluded::Engaged => "engaged",
        Excluded::Resting => "resting",
        Excluded::AlertBudget => "alert_budget",
        Excluded::LacksSkill => "lacks_skill",
        Excluded::BeyondRadius => "beyond_radius",
        Excluded::AlreadyAsked => "already_asked",
        Excluded::Declined => "declined",
        Excluded::RaisedItHimself => "raised_it_himself",
    }
}

fn one(district: &District, incident: IncidentId, volunteer: VolunteerId, language: Language) -> VolunteerExplained {
    let waves = district.waves(incident);
    let was_asked = |wave: &&WaveRecord| offers_of(district, incident, wave.wave).any(|o| o.volunteer == volunteer);
    let asked_in: Vec<u16> = waves.iter().filter(was_asked).map(|wave| wave.wave).collect();
    let place = |wave: &WaveRecord| {
        let place = wave.explanation.next.iter().position(|(candidate, _)| *candidate == volunteer)?;
        Some(PlaceInOrder { wave: wave.wave, place: place as u16 + 1 })
    };
    let next_in: Vec<PlaceInOrder> = waves.iter().filter_map(place).collect();
    let words = words(waves.is_empty(), !asked_in.is_empty(), next_in.first());
    VolunteerExplained { volunteer: Id(volunteer.0), asked_in, next_in, words: words.in_language(language).to_owned() }
}

fn words(no_waves: bool, asked: bool, next: Option<&PlaceInOrder>) -> Words {
    match (no_waves, asked, next) {
        (true, _, _) => Words::new("这件事没有派人", "nobody was asked for this incident"),
        (_, true, _) => Words::new("已向这位志愿者派单", "this volunteer was asked"),
        (_, _, Some(next)) => Words::new(
            format!("在第 {} 轮的候补中排第 {}", next.wave, next.place),
            format!("number {} of those next in order in wave {}", next.place, next.wave),
        ),
        (_, _, None) => Words::new(
            "没有派单,也不在记录的候补之中:或按各轮列出的原因被排除,或排在更后",
            "neither asked nor among the next that were kept: left out for one of the reasons counted, or further down the order",
        ),
    }
}
