//! CAP 1.2 (OASIS, 2010-07-01) in and out: the fields that a call has, read strictly by name, written in the order of the
//! schema.

use jiff::tz::TimeZone;
use matcher::{District, Incident, IncidentState, Position, Timestamp, Urgency};
use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;
use uuid::Uuid;
use wire::Place;
use wire::client::Crs;
use wire::command::{CancelAlarm, CommandArgs, RaiseAlarm};

use super::error::Refusal;

const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
/// Under which command ids are derived from (sender, identifier, sent).
const IDS: Uuid = Uuid::from_u128(0x6ba7_b812_9dad_11d1_80b4_00c0_4fd4_30c8);
/// Elements within elements.
const DEPTH_MAX: usize = 8;
/// Elements of a message that are kept.
const FIELDS_MAX: usize = 500;
/// The `valueName` of an event code that names one of our kinds.
const KIND_NAME: &str = "baiying.kind";
/// The kind of an alert that names none of ours.
const KIND_OTHER: &str = "cap_alert";

/// What an alert asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The same alert sent again is the same command.
    pub id: Uuid,
    /// `None` for a test: read, and nothing done.
    pub command: Option<CommandArgs>,
}

/// Leaf elements in order: path without `alert/`, and text.
type Fields = Vec<(String, String)>;

/// Reads a message of a `district`.
///
/// # Errors
/// `bad_xml`, `not_cap`, `missing_field`, `bad_field` with the element as pointer.
pub fn read(text: &str, district: &District) -> Result<Alert, Refusal> {
    let fields = fields(text)?;
    let (sender, identifier, sent) = (need(&fields, "sender")?, need(&fields, "identifier")?, need(&fields, "sent")?);
    let id = id_of(sender, identifier, sent);
    let drill = match need(&fields, "status")? {
        "Actual" => false,
        "Exercise" => true,
        "System" | "Test" | "Draft" => return Ok(Alert { id, command: None }),
        other => return Err(bad("status", other, "Actual, Exercise, System, Test or Draft")),
    };
    let command = match need(&fields, "msgType")? {
        // An update is one more call about the same thing: it is merged by place, kind and time.
        "Alert" | "Update" => CommandArgs::RaiseAlarm(alarm(&fields, drill, district)?),
        "Cancel" => CommandArgs::CancelAlarm(CancelAlarm { alarm: referenced(&fields)? }),
        "Ack" | "Error" => return Ok(Alert { id, command: None }),
        other => return Err(bad("msgType", other, "Alert, Update, Cancel, Ack or Error")),
    };
    Ok(Alert { id, command: Some(command) })
}

fn id_of(sender: &str, identifier: &str, sent: &str) -> Uuid {
    Uuid::new_v5(&IDS, format!("{sender},{identifier},{sent}").as_bytes())
}

/// `references`: sender,identifier,sent of the alert that is taken back.
fn referenced(fields: &Fields) -> Result<Uuid, Refusal> {
    let references = need(fields, "references")?;
    let first = references.split_whitespace().next().unwrap_or_default();
    let parts: Vec<&str> = first.split(',').collect();
    match parts.as_slice() {
        [sender, identifier, sent] => Ok(id_of(sender, identifier, sent)),
        _ => Err(bad("references", references, "sender,identifier,sent")),
    }
}

fn alarm(fields: &Fields, drill: bool, district: &District) -> Result<RaiseAlarm, Refusal> {
    let event = need(fields, "info/event")?;
    let words: Vec<&str> = ["info/headline", "info/description", "info/instruction"]
        .iter()
        .filter_map(|name| first(fields, name))
        .collect();
    let cut = |text: String, max: usize| text.chars().take(max).collect::<String>();
    Ok(RaiseAlarm {
        kind: Some(kind(fields, event, district)),
        place: place(fields)?,
        crs: Crs::Wgs84,
        caller_phone: None,
        caller_name: None,
        address: first(fields, "info/area/areaDesc")
            .map(|text| cut(text.to_owned(), super::sealed::ADDRESS_LENGTH_MAX)),
        words: Some(cut(format!("{event}\n{}", words.join("\n")), wire::command::WORDS_LENGTH_MAX)),
        drill,
    })
}

/// The event code that is ours, else the plan of that kind or name, else the fallback plan.
fn kind(fields: &Fields, event: &str, district: &District) -> String {
    let mut codes = fields.windows(2).filter(|pair| pair[0].0 == "info/eventCode/valueName" && pair[0].1 == KIND_NAME);
    let code = codes.next().map(|pair| pair[1].1.as_str()).unwrap_or(event);
    let plan = district.plans().find(|plan| plan.kind == code || plan.name == event);
    plan.map_or_else(|| KIND_OTHER.to_owned(), |plan| plan.kind.clone())
}

/// The middle of the first circle, else of the first polygon.
fn place(fields: &Fields) -> Result<Option<Place>, Refusal> {
    if let Some(circle) = first(fields, "info/area/circle") {
        let centre = circle.split_whitespace().next().and_then(pair);
        return centre.map(Some).ok_or_else(|| bad("info/area/circle", circle, "lat,lng radius_km"));
    }
    let Some(polygon) = first(fields, "info/area/polygon") else { return Ok(None) };
    let points: Option<Vec<Place>> = polygon.split_whitespace().map(pair).collect();
    let points = points.filter(|points| points.len() >= 4);
    let points = points.ok_or_else(|| bad("info/area/polygon", polygon, "four or more lat,lng, the first repeated"))?;
    // The last repeats the first.
    let corners = &points[1..];
    let mean = |of: fn(&Place) -> f64| corners.iter().map(of).sum::<f64>() / corners.len() as f64;
    Ok(Some(Place { lat: mean(|p| p.lat), lng: mean(|p| p.lng) }))
}

fn pair(text: &str) -> Option<Place> {
    let (lat, lng) = text.split_once(',')?;
    let place = Place { lat: lat.parse().ok()?, lng: lng.parse().ok()? };
    Position::from_degrees(place.lat, place.lng).map(|_| place)
}

fn first<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(path, _)| path == name).map(|(_, text)| text.as_str())
}

fn need<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Refusal> {
    first(fields, name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let pointer = format!("/alert/{name}");
        Refusal::field(&pointer, "missing_field", format!("缺少 {pointer}"), format!("{pointer} is missing"))
    })
}

fn bad(name: &str, got: &str, expected: &str) -> Refusal {
    let got: String = got.chars().take(60).collect();
    let en = format!("/alert/{name} is {got:?}, expected {expected}");
    Refusal::field(&format!("/alert/{name}"), "bad_field", format!("{name} 的值不对:{got}"), en)
}

fn bad_xml(why: &str) -> Refusal {
    Refusal::bad("bad_xml", format!("不是正确的 XML:{why}"), format!("not XML: {why}"))
}

fn fields(text: &str) -> Result<Fields, Refusal> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut path, mut found, mut text): (Vec<String>, Fields, String) = (Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().map_err(|e| bad_xml(&e.to_string()))? {
            Event::Start(start) => {
                if path.is_empty() {
                    let ours = start.attributes().flatten().any(|a| a.value.as_ref() == NAMESPACE);
                    if start.local_name().as_ref() != "alert" || !ours {
                        return Err(Refusal::bad("not_cap", "不是 CAP 1.2 的 alert", "not an <alert> of CAP 1.2"));
                    }
                }
                path.push(start.local_name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(part) if path.is_empty() && !part.trim().is_empty() => {
                return Err(bad_xml("text outside of the alert"));
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                text.push_str(&unescape(&entity).map_err(|e| bad_xml(&e.to_string()))?);
            }
            Event::End(_) => {
                found.push((path[1..].join("/"), std::mem::take(&mut text).trim().to_owned()));
                path.pop();
            }
            // No document type: entities that unfold into more have no place in an alert.
            Event::DocType(_) => return Err(bad_xml("a document type is not taken")),
            Event::Eof if path.is_empty() && !found.is_empty() => return Ok(found),
            Event::Eof => return Err(bad_xml("it ends in the middle")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if path.len() > DEPTH_MAX || found.len() > FIELDS_MAX {
            return Err(bad_xml("too deep or too long for an alert"));
        }
    }
}

/// An incident as an alert for other systems: kind, grid, times; no name, no number, no words.
pub fn write(district: &District, incident: &Incident) -> String {
    let plan = district.plan_or_fallback(&incident.kind);
    let sent = time(incident.opened_at);
    let sender = format!("baiying-district-{}", district.id);
    let (msg_type, references) = match incident.state {
        IncidentState::Cancelled | IncidentState::DuplicateOf(_) => ("Cancel", true),
        IncidentState::Closed(_) => ("Update", true),
        IncidentState::Open
        | IncidentState::Offering
        | IncidentState::Assigned
        | IncidentState::EnRoute
        | IncidentState::OnScene => ("Alert", false),
    };
    let identifier =
        if references { format!("baiying-{}-end", incident.id) } else { format!("baiying-{}", incident.id) };
    let references = if references {
        format!("<references>{sender},baiying-{},{sent}</references>", incident.id)
    } else {
        String::new()
    };
    let now = incident.ended_at.map_or(sent, time);
    let status = if incident.drill { "Exercise" } else { "Actual" };
    let (urgency, severity) = match incident.urgency {
        Urgency::LifeThreat => ("Immediate", "Extreme"),
        Urgency::Urgent => ("Immediate", "Severe"),
        Urgency::Ordinary => ("Expected", "Minor"),
    };
    let (category, event) = if plan.sensitive { ("Health", "求助") } else { ("Rescue", plan.name.as_str()) };
    let event = escape(event);
    let kind = escape(if plan.sensitive { KIND_OTHER } else { &incident.kind });
    let grid = district.grid(incident.place.grid).map_or_else(|| district.name().to_owned(), |grid| grid.name.clone());
    let grid = escape(grid.as_str());
    // About 100 m: the exact place is for those who go.
    let round = |degrees: f64| (degrees * 1e3).round() / 1e3;
    let (lat, lng) = (round(incident.place.position.lat()), round(incident.place.position.lng()));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"{NAMESPACE}\"><identifier>{identifier}</identifier>\
         <sender>{sender}</sender><sent>{now}</sent><status>{status}</status><msgType>{msg_type}</msgType>\
         <scope>Restricted</scope><restriction>partners of the district</restriction>{references}<info>\
         <language>zh-CN</language><category>{category}</category><event>{event}</event><urgency>{urgency}</urgency>\
         <severity>{severity}</severity><certainty>Observed</certainty><eventCode><valueName>{KIND_NAME}</valueName>\
         <value>{kind}</value></eventCode><area><areaDesc>{grid}</areaDesc><circle>{lat},{lng} 0.1</circle></area></info>\
         </alert>\n"
    )
}

/// CAP writes the zone as an offset; UTC is `-00:00`, never `Z`.
fn time(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::UTC);
    moment.strftime("%Y-%m-%dT%H:%M:%S-00:00").to_string()
}

#[cfg(test)]
mod tests {
    use matcher::DistrictId;

    use super::*;

    fn alert(status: &str, msg_type: &str, more: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><alert xmlns=\"{NAMESPACE}\"><identifier>7</identifier><sender>a@b</sender>\
             <sent>2026-01-01T00:00:00-00:00</sent><status>{status}</status><msgType>{msg_type}</msgType>\
             <scope>Public</scope>{more}</alert>"
        )
    }

    const INFO: &str = "<info><category>Fire</category><event>Smoke &amp; fire</event><area><areaDesc>x</areaDesc>\
                        <circle>45.7,126.6 0.2</circle></area></info>";

    fn read_here(text: &str) -> Result<Alert, Refusal> {
        read(text, &District::new(DistrictId(1)))
    }

    #[test]
    fn an_alert_becomes_an_alarm_and_its_cancel_names_it() {
        let raised = read_here(&alert("Actual", "Alert", INFO)).expect("it is an alert");
        let Some(CommandArgs::RaiseAlarm(alarm)) = raised.command else { panic!("no alarm: {raised:?}") };
        assert_eq!(alarm.place, Some(Place { lat: 45.7, lng: 126.6 }));
        assert!(alarm.words.is_some_and(|words| words.starts_with("Smoke & fire")));
        let cancel = "<references>a@b,7,2026-01-01T00:00:00-00:00</references>";
        let cancelled = read_here(&alert("Actual", "Cancel", cancel)).expect("it is a cancel");
        assert_eq!(cancelled.command, Some(CommandArgs::CancelAlarm(CancelAlarm { alarm: raised.id })));
    }

    #[test]
    fn a_test_does_nothing_and_an_exercise_is_a_drill() {
        assert_eq!(read_here(&alert("Test", "Alert", INFO)).map(|alert| alert.command), Ok(None));
        let Ok(Alert { command: Some(CommandArgs::RaiseAlarm(alarm)), .. }) =
            read_here(&alert("Exercise", "Alert", INFO))
        else {
            panic!("no drill")
        };
        assert!(alarm.drill);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("<alert/>".to_owned(), "not_cap", None),
            ("<alert".to_owned(), "bad_xml", None),
            ("hello".to_owned(), "bad_xml", None),
            (alert("Maybe", "Alert", INFO), "bad_field", Some("/alert/status")),
            (alert("Actual", "Alert", ""), "missing_field", Some("/alert/info/event")),
            (
                alert("Actual", "Alert", &INFO.replace("45.7,126.6", "95,1")),
                "bad_field",
                Some("/alert/info/area/circle"),
            ),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><alert/>".to_owned(), "bad_xml", None),
        ];
        for (text, code, pointer) in cases {
            let refusal = read_here(&text).expect_err(&text);
            assert_eq!((refusal.code, refusal.pointer.as_deref()), (code, pointer), "{text}");
        }
    }
}
