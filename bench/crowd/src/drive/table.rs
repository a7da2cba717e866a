//! What lies on the phone's screen: its offers and assignments as the hub last told them, and what its owner hears when
//! a row changes.

use std::collections::BTreeMap;

use matcher::{AssignmentId, IncidentId, OfferId, Position};
use wire::rows::{AssignmentState, DutyStatus, OfferState, OwnAssignmentRow, OwnOfferRow, VolunteerRows};
use wire::{Id, Place};

use crate::model::{Heard, KindKey};

/// Offers and assignments that have not ended, and the duty.
#[derive(Debug, Default)]
pub struct Table {
    offers: BTreeMap<Id, Id>,
    assignments: BTreeMap<Id, Id>,
    duty: Option<DutyStatus>,
}

impl Table {
    /// Before a snapshot: what is not in it has ended.
    pub fn clear(&mut self) -> Vec<Heard> {
        let offers = std::mem::take(&mut self.offers).into_keys();
        let assignments = std::mem::take(&mut self.assignments).into_keys();
        let offers = offers.map(|id| Heard::OfferOver { offer: OfferId(id.0) });
        offers.chain(assignments.map(|id| Heard::AssignmentOver { assignment: AssignmentId(id.0) })).collect()
    }

    pub fn off_duty(&self) -> bool {
        self.duty == Some(DutyStatus::OffDuty)
    }

    /// Upserts rows; what is new or over is heard.
    pub fn upsert(&mut self, rows: &VolunteerRows) -> Vec<Heard> {
        if let Some(me) = rows.me.last() {
            self.duty = Some(me.duty);
        }
        let mut heard = Vec::new();
        heard.extend(rows.offers.iter().filter_map(|row| self.offer(row)));
        heard.extend(rows.assignments.iter().filter_map(|row| self.assignment(row)));
        heard
    }

    fn offer(&mut self, row: &OwnOfferRow) -> Option<Heard> {
        let offer = OfferId(row.id.0);
        if matches!(row.state, OfferState::Made | OfferState::Received | OfferState::Seen) {
            let new = self.offers.insert(row.id, row.incident).is_none();
            let near = position(row.near)?;
            return new.then_some(Heard::Offered {
                offer,
                incident: IncidentId(row.incident.0),
                near,
                kind: KindKey::of(&row.kind_name),
            });
        }
        self.offers.remove(&row.id).map(|_| Heard::OfferOver { offer })
    }

    fn assignment(&mut self, row: &OwnAssignmentRow) -> Option<Heard> {
        let assignment = AssignmentId(row.id.0);
        if matches!(row.state, AssignmentState::Assigned | AssignmentState::EnRoute | AssignmentState::OnScene) {
            let new = self.assignments.insert(row.id, row.incident).is_none();
            let place = position(row.place)?;
            return new.then_some(Heard::Assigned { assignment, place });
        }
        let ended = self.assignments.remove(&row.id).is_some();
        // Done is his own doing: he is on his way home already.
        (ended && row.state != AssignmentState::Done).then_some(Heard::AssignmentOver { assignment })
    }
}

fn position(place: Place) -> Option<Position> {
    Position::from_degrees(place.lat, place.lng)
}
