//! What a caller said: sealed, shown to who has the right at this moment, and written down each time.

use matcher::{AssignmentState, CallId, District, HOUR_MS, Incident, IncidentId, SealedRef, Timestamp, VolunteerId};
use wire::Id;
use wire::http::{CallContact, Contact};

use super::Edge;
use super::auth::{Owner, Resource, Verb, allow, may_look};
use super::error::Refusal;
use super::resource::{About, resource};
use super::sealed::Sealed;
use crate::records::{AuditEntry, Identity};

/// How long after the end a volunteer who went still sees how to reach the caller.
const AFTER_END_MS: u64 = 24 * HOUR_MS;

/// # Errors
/// `forbidden`, `not_found`.
pub async fn read(edge: &Edge, who: &Identity, id: IncidentId) -> Result<Contact, Refusal> {
    if !may_look(who, Verb::ReadContact, id.district()) {
        return Err(Refusal::forbidden());
    }
    let engine = edge.leads(id)?;
    let calls = engine.read(|district| {
        let incident = district.incident(id).ok_or_else(|| Refusal::not_found("incident"))?;
        let whose = whose(district, incident, who)?;
        let calls: Vec<_> = incident.calls.iter().map(|call| (call.id, call.sealed)).collect();
        if allow(who, Verb::ReadContact, whose) { Ok(calls) } else { Err(Refusal::forbidden()) }
    })?;
    let entry = AuditEntry {
        actor: who.actor,
        verb: "show_contact",
        resource: format!("incident/{id}"),
        detail: String::new(),
    };
    edge.office().audit(entry).await?;
    let references: Vec<_> = calls.iter().filter_map(|(_, sealed)| *sealed).collect();
    let rows = engine.unseal(&references).await.map_err(|e| Refusal::failed(&e.into()))?;
    // One that was erased on the caller's wish is missing: the call stays, without its words.
    let said = |(call, sealed): (CallId, Option<SealedRef>)| {
        let row = rows.iter().find(|row| sealed.is_some_and(|it| row.reference.as_u128() == it.0))?;
        Some(call_contact(call, Sealed::read(row)))
    };
    Ok(Contact { calls: calls.into_iter().filter_map(said).collect() })
}

fn call_contact(call: CallId, said: Sealed) -> CallContact {
    CallContact { call: Id(call.0), name: said.name, phone: said.phone, address: said.address, words: said.words }
}

/// For a volunteer an incident is his own while he goes there, and for a day after its end.
fn whose(district: &District, incident: &Incident, who: &Identity) -> Result<Resource, Refusal> {
    let Some(volunteer) = who.volunteer() else {
        return resource(district, About::Incident(incident.id), who);
    };
    let owner = if went(district, incident, volunteer) { Owner::Volunteer(volunteer) } else { Owner::District };
    Ok(Resource::owned(district.id, owner))
}

fn went(district: &District, incident: &Incident, volunteer: VolunteerId) -> bool {
    let mut his = incident.assignments.iter().filter_map(|id| district.assignment(*id));
    his.any(|assignment| {
        let gone_back = matches!(
            assignment.state,
            AssignmentState::Aborted(_) | AssignmentState::SubstitutedBy(_) | AssignmentState::StoodDown
        );
        assignment.volunteer == volunteer && !gone_back && incident.ended_at.is_none_or(|end| !over(end))
    })
}

fn over(end: Timestamp) -> bool {
    Timestamp(jiff::Timestamp::now().as_millisecond()).since_ms(end) > AFTER_END_MS
}
