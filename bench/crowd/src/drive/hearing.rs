//! What each frame of the hub means to the phone.

use std::time::Instant;

use uuid::Uuid;
use wire::Id;
use wire::client::{ClientFrame, Resync, StreamPoint};
use wire::command::{self, CommandArgs};
use wire::rows::{DutyStatus, VolunteerRows};
use wire::server::{CommandResult, Delta, Pong, ServerFrame, Snapshot, StreamMode, Welcome};

use super::line::Line;
use super::notice::Notice;
use super::phone::Phone;
use super::proof::Verdict;
use crate::model::Heard;

impl Phone {
    pub(super) async fn hear(&mut self, line: &mut Line, frame: ServerFrame<VolunteerRows>) -> anyhow::Result<()> {
        match frame {
            ServerFrame::Welcome(welcome) => self.welcome(&welcome),
            ServerFrame::Snapshot(part) => self.snapshot(part),
            ServerFrame::Delta(delta) => return self.delta(line, delta).await,
            ServerFrame::Result(result) => self.result(&result),
            ServerFrame::Pong(pong) => self.pong(&pong),
            // What others do on the map is not on this screen; a hub that goes closes the socket itself.
            ServerFrame::Latest(_) | ServerFrame::Go(_) => {}
        }
        Ok(())
    }

    fn welcome(&mut self, welcome: &Welcome) {
        let resumed = welcome.districts.values().all(|start| start.mode != StreamMode::Snapshot);
        for (district, start) in &welcome.districts {
            let stream = self.owner.streams.entry(district.clone()).or_default();
            if start.mode == StreamMode::Snapshot {
                stream.stand(StreamPoint { history: start.history, seq: start.seq });
            }
        }
        if !resumed {
            let over = self.owner.table.clear();
            self.owner.hear(over);
        }
        self.tell(Notice::Online { resumed });
    }

    fn snapshot(&mut self, part: Snapshot<VolunteerRows>) {
        self.rows(&part.data, part.seq, None);
        if part.last {
            let point = StreamPoint { history: part.history, seq: part.seq };
            self.owner.streams.entry(part.district).or_default().stand(point);
            self.go_on_duty();
        }
    }

    fn go_on_duty(&mut self) {
        if self.owner.table.off_duty() {
            let args = command::GoOnDuty { patrol: self.habits.patrol, until: None };
            self.say(CommandArgs::GoOnDuty(args), Instant::now());
        }
    }

    async fn delta(&mut self, line: &mut Line, delta: Delta<VolunteerRows>) -> anyhow::Result<()> {
        let point = StreamPoint { history: delta.history, seq: delta.seq };
        let stream = self.owner.streams.entry(delta.district.clone()).or_default();
        match stream.take(delta.prev, point) {
            Verdict::Apply => self.rows(&delta.data, delta.seq, delta.trace),
            Verdict::Doubled => self.tell(Notice::Doubled { seq: delta.seq }),
            Verdict::Lost { expected } => {
                let at = stream.point().unwrap_or(StreamPoint { seq: 0, ..point });
                self.tell(Notice::Lost { expected, got: delta.prev });
                let resync = Resync { district: delta.district, history: at.history, seq: at.seq };
                line.send(&ClientFrame::Resync(resync)).await?;
            }
        }
        Ok(())
    }

    fn rows(&mut self, rows: &VolunteerRows, seq: u64, trace: Option<Uuid>) {
        if rows.me.last().is_some_and(|me| me.duty != DutyStatus::OffDuty) {
            self.tell(Notice::OnDuty);
        }
        for heard in self.owner.take(rows) {
            match heard {
                Heard::Offered { offer, incident, .. } => {
                    self.tell(Notice::Offered { offer: Id(offer.0), incident: Id(incident.0), trace });
                }
                Heard::Assigned { assignment, .. } => {
                    let row = rows.assignments.iter().find(|row| row.id.0 == assignment.0);
                    let incident = row.map_or(Id(0), |row| row.incident);
                    self.tell(Notice::Assigned { assignment: Id(assignment.0), incident, seq });
                }
                Heard::OfferOver { .. } | Heard::AssignmentOver { .. } => {}
            }
        }
        for row in rows.assignments.iter().filter(|row| row.ended_at.is_some()) {
            self.tell(Notice::AssignmentOver { assignment: row.id, seq });
        }
    }

    fn result(&mut self, result: &CommandResult) {
        let Some(ended) = self.owner.outbox.answered(result, Instant::now()) else { return };
        let refused = result.error.as_ref().map(|error| error.code.clone());
        self.tell(Notice::Answered { name: ended.args.name(), refused });
    }

    fn pong(&mut self, pong: &Pong) {
        for (district, point) in &pong.districts {
            let at = self.owner.seq(district);
            if at < point.last {
                self.tell(Notice::Lost { expected: at, got: point.last });
            }
        }
    }
}
