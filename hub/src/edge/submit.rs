//! The one way of a command to the engine, for HTTP and WebSocket alike: whose district, may he, map, submit, answer.

use std::time::Instant;

use axum::http::StatusCode;
use matcher::{Actor, Answer, CallSource, Command, CommandId, DistrictId, Request};
use serde::{Deserialize, Serialize};
use wire::Id;
use wire::command::CommandArgs;
use wire::problem::Retry;
use wire::server::{Outcome, Role};

use super::Edge;
use super::auth::allow;
use super::command::{self, Caller};
use super::error::Refusal;
use super::peer::{Matter, no_leader};
use super::resource::{self, About};
use crate::engine::{Committed, EngineHandle, SealedRow, SubmitError, body_hash};
use crate::records::Identity;

/// A command as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub id: CommandId,
    /// The district named beside it, if any.
    pub district: Option<DistrictId>,
    pub args: CommandArgs,
    /// What of an alarm could not be read.
    pub dropped: Vec<String>,
}

impl Order {
    pub fn new(id: CommandId, args: CommandArgs) -> Self {
        Self { id, district: None, args, dropped: Vec::new() }
    }

    pub fn is_alarm(&self) -> bool {
        matches!(self.args, CommandArgs::RaiseAlarm(_))
    }
}

/// A command by which an office defines something. It has no twin on a socket.
#[derive(Clone, Debug)]
pub struct Definition {
    pub id: CommandId,
    pub district: DistrictId,
    /// For the log.
    pub name: &'static str,
    pub command: Command,
}

/// A command that was taken: what came of it, and the commit that holds it.
pub type Taken = (Outcome, Option<u64>);

impl Edge {
    /// Submits `order` and answers when it is committed. One log line a command, under its id.
    ///
    /// # Errors
    /// The rejection of the core, or of the border: rights, limits, a district that is not here.
    pub async fn submit(&self, who: &Identity, order: Order) -> Result<Taken, Refusal> {
        let (id, name) = (order.id, order.args.name());
        told(who, id, name, self.submit_quietly(who, order)).await
    }

    /// The same for a definition. The caller has asked `allow`.
    ///
    /// # Errors
    /// The rejection of the core.
    pub async fn define(&self, who: &Identity, definition: Definition) -> Result<Taken, Refusal> {
        let Definition { id, district, name, command } = definition;
        let define = async {
            if self.road().is_some() {
                let matter = Matter::Definition { id, district, command };
                return self.decided(who, matter, self.led(district)?).await;
            }
            self.define_here(who, id, district, command).await?.ok_or_else(no_leader)
        };
        told(who, id, name, define).await
    }

    /// Has a definition decided by this hub; `None` if it does not lead the district, or no longer.
    pub(super) async fn define_here(
        &self,
        who: &Identity,
        id: CommandId,
        district: DistrictId,
        command: Command,
    ) -> Result<Option<Taken>, Refusal> {
        let request = Request { id, body_hash: body_hash(&command), actor: who.actor, command };
        taken(self.led(district)?.submit(request, []).await, Vec::new())
    }

    async fn submit_quietly(&self, who: &Identity, mut order: Order) -> Result<Taken, Refusal> {
        if who.over() {
            if !order.is_alarm() {
                return Err(crate::records::OfficeError::SessionOver.into());
            }
            order.dropped.push("token".to_owned());
        }
        let engine = self.engine_for(who, &order)?;
        if self.road().is_some() {
            return self.decided(who, Matter::Order(order), engine).await;
        }
        self.here(who, order, engine).await?.ok_or_else(no_leader)
    }

    /// Has it decided by this hub; `None` if it does not lead the district, or no longer.
    pub(super) async fn here(
        &self,
        who: &Identity,
        mut order: Order,
        engine: &EngineHandle,
    ) -> Result<Option<Taken>, Refusal> {
        let dropped = std::mem::take(&mut order.dropped);
        let (request, row) = self.request(who, order, engine)?;
        taken(engine.submit(request, row).await, dropped)
    }

    /// The district that decides: of the id, of the place, else as named, else one's own.
    pub(super) fn engine_for(&self, who: &Identity, order: &Order) -> Result<&EngineHandle, Refusal> {
        let (_, about) = resource::about(&order.args);
        if let (Some(said), Some(of_id)) = (order.district, about.district())
            && said != of_id
        {
            return Err(other_district(said, of_id));
        }
        let found = match about {
            About::Place(Some(position)) if order.district.is_none() => self.district_at(position),
            About::Alarm(alarm) if order.district.is_none() => self.district_of_alarm(alarm),
            _ => None,
        };
        let district = about.district().or(found).or(order.district).or(who.districts.first().copied());
        let engine = district.and_then(|district| self.engine(district));
        // An alarm is never refused because its district is led elsewhere or was misspelt.
        let engine = engine.or_else(|| self.any_engine().filter(|_| order.is_alarm()));
        engine.ok_or_else(|| unknown_district(district))
    }

    pub(super) fn request(
        &self,
        who: &Identity,
        order: Order,
        engine: &EngineHandle,
    ) -> Result<(Request, Option<SealedRow>), Refusal> {
        let (verb, about) = resource::about(&order.args);
        let body_hash = body_hash(&order.args);
        let caller = self.caller(who, &order.args, engine);
        let (command, row) = engine.read(|district| {
            let resource = resource::resource(district, about, who)?;
            if !allow(who, verb, resource) {
                return Err(Refusal::forbidden());
            }
            command::core(order.args, &caller, district)
        })?;
        Ok((Request { id: order.id, body_hash, actor: who.actor, command }, row))
    }

    /// Who calls, as the core may know him.
    fn caller(&self, who: &Identity, args: &CommandArgs, engine: &EngineHandle) -> Caller {
        let phone = match args {
            CommandArgs::RaiseAlarm(a) => a.caller_phone.as_deref(),
            CommandArgs::RequestService(a) => a.caller_phone.as_deref(),
            _ => None,
        };
        let key = match (who.actor, phone) {
            (Actor::Resident(key), _) => Some(key),
            (Actor::Volunteer(volunteer), _) => Some(self.office().caller_key_of(volunteer)),
            (_, Some(phone)) => Some(self.office().caller_key(phone)),
            _ => None,
        };
        let volunteer = who.volunteer();
        let known = volunteer.and_then(|volunteer| last_place(engine, volunteer));
        Caller { volunteer, key, fallback: known.or(who.home), source: source(who, args, phone.is_some()) }
    }
}

/// One log line and one count a command.
async fn told(
    who: &Identity,
    id: CommandId,
    name: &'static str,
    taken: impl Future<Output = Result<Taken, Refusal>>,
) -> Result<Taken, Refusal> {
    let began = Instant::now();
    let taken = taken.await;
    let code = taken.as_ref().err().map_or("ok", |refusal| refusal.code);
    metrics::counter!("baiying_commands_total", "name" => name, "code" => code).increment(1);
    let took_ms = began.elapsed().as_millis() as u64;
    tracing::info!(trace = %id, command = name, role = ?who.role, code, took_ms, "command");
    taken
}

/// The last fix, else home.
fn last_place(engine: &EngineHandle, volunteer: matcher::VolunteerId) -> Option<matcher::Position> {
    let fix = engine.position(volunteer).map(|(position, _)| position);
    fix.or_else(|| engine.read(|district| district.volunteer(volunteer).map(|record| record.profile.home)))
}

fn source(who: &Identity, args: &CommandArgs, by_phone: bool) -> CallSource {
    match (who.role, args) {
        (Role::Integration, _) => CallSource::System,
        (Role::Volunteer | Role::Resident, CommandArgs::RaiseAlarm(_)) => CallSource::Button,
        (Role::Volunteer | Role::Resident, _) => CallSource::Web,
        _ if by_phone => CallSource::Phone,
        _ => CallSource::Desk,
    }
}

/// `None` if it was not decided here.
fn taken(submitted: Result<Committed, SubmitError>, dropped: Vec<String>) -> Result<Option<Taken>, Refusal> {
    match submitted {
        Ok(committed) => Ok(Some(answered(committed, dropped))),
        Err(SubmitError::Elsewhere) => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

fn answered(committed: Committed, dropped: Vec<String>) -> Taken {
    let nothing = Outcome { dropped, ..Outcome::default() };
    let outcome = match committed.answer {
        Answer::Done => nothing,
        Answer::NothingToDo => Outcome { nothing_to_do: true, ..nothing },
        Answer::Assigned { assignment, incident } => {
            Outcome { assignment: Some(Id(assignment.0)), incident: Some(Id(incident.0)), ..nothing }
        }
        Answer::Opened { incident, call, merged, place_unsure, asked, drill } => Outcome {
            incident: Some(Id(incident.0)),
            call: Some(Id(call.0)),
            merged,
            place_unsure,
            drill,
            asked: Some(asked),
            ..nothing
        },
    };
    (outcome, committed.seq)
}

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Self {
        let en = error.to_string();
        match error {
            SubmitError::Rejected(rejection) => rejection.into(),
            SubmitError::Busy { after_ms } => Self::unavailable("busy", Retry::AfterMs(after_ms)),
            SubmitError::LowOnSpace => {
                let zh = "服务器磁盘已满,目前只受理报警及其应答";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "low_on_space", zh, en).after_ms(LOW_ON_SPACE_RETRY_MS)
            }
            SubmitError::Unknown => Self::unavailable("unknown_outcome", Retry::SameId),
            SubmitError::Elsewhere => no_leader(),
            SubmitError::Stopped => Self::unavailable("stopped", Retry::SameId),
        }
    }
}

/// When a command that a full disk refused may be sent again.
const LOW_ON_SPACE_RETRY_MS: u32 = 30_000;

fn other_district(said: DistrictId, of_id: DistrictId) -> Refusal {
    let en = format!("the id belongs to district {of_id}, the command names {said}");
    Refusal::field("/district", "other_district", format!("编号属于 {of_id} 区,命令写的是 {said} 区"), en)
}

fn unknown_district(district: Option<DistrictId>) -> Refusal {
    let said = district.map_or_else(|| "—".to_owned(), |district| district.to_string());
    let en = format!("district {said} is not served by this hub");
    Refusal::field("/district", "unknown_district", format!("本系统没有 {said} 区"), en)
}
