//! Frames from a client, read strictly: an unknown op, command or field is refused by name. Only an alarm is read
//! leniently, even out of a frame that cannot be read.

use matcher::{CommandId, DistrictId};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;
use wire::FRAME_BYTES_MAX;
use wire::client::{CommandFrame, Hello, Ping, PositionFrame, Resync};
use wire::command::{CommandArgs, RaiseAlarm, ReadArgs};

use super::super::error::Refusal;
use super::super::submit::Order;
use super::super::{alarm, parse};

/// Bytes of a message that are read at all; one beyond [`FRAME_BYTES_MAX`] is refused unless it is an alarm.
pub const MESSAGE_BYTES_MAX: usize = 4 * FRAME_BYTES_MAX;

/// A frame that could be read.
pub enum Inbound {
    Hello(Hello),
    Command(Order),
    Position(PositionFrame),
    Ping(Ping),
    Resync(Resync),
}

/// A frame that could not. With the id of its command, it is answered; without, the socket closes.
pub struct Unreadable {
    pub id: Option<Uuid>,
    pub refusal: Box<Refusal>,
}

impl From<Refusal> for Unreadable {
    fn from(refusal: Refusal) -> Self {
        Self { id: None, refusal: refusal.into() }
    }
}

/// Reads one message.
pub fn read(bytes: &[u8]) -> Result<Inbound, Unreadable> {
    let value = if bytes.len() > FRAME_BYTES_MAX { Err(too_long(bytes.len())) } else { parse::json(bytes) };
    match value {
        Ok(Value::Object(fields)) => frame(fields),
        Ok(_) => Err(Refusal::bad("bad_frame", "帧必须是 JSON 对象", "a frame is a JSON object").into()),
        Err(refusal) => salvage(bytes).map(Inbound::Command).ok_or_else(|| refusal.into()),
    }
}

fn frame(mut fields: Map<String, Value>) -> Result<Inbound, Unreadable> {
    let op = fields.remove("op").unwrap_or(Value::Null);
    let rest = |fields| Value::Object(fields);
    match op.as_str() {
        Some("hello") => Ok(Inbound::Hello(parse::exactly(rest(fields), "")?)),
        Some("command") => command(fields).map(Inbound::Command),
        Some("position") => Ok(Inbound::Position(parse::exactly(rest(fields), "")?)),
        Some("ping") => Ok(Inbound::Ping(parse::exactly(rest(fields), "")?)),
        Some("resync") => Ok(Inbound::Resync(parse::exactly(rest(fields), "")?)),
        Some(other) => Err(unknown("op", other).into()),
        None => Err(Refusal::field("/op", "missing_field", "缺少字段 /op", "/op is missing or not a string").into()),
    }
}

fn command(fields: Map<String, Value>) -> Result<Order, Unreadable> {
    if fields.get("name").and_then(Value::as_str) == Some("raise_alarm") {
        return Ok(raise_alarm(fields));
    }
    let id = fields.get("id").and_then(uuid);
    let strictly = || {
        let frame: CommandFrame = parse::exactly(Value::Object(fields), "")?;
        let district = frame.district.as_deref().map(district).transpose()?;
        let order = Order::new(CommandId(frame.id.as_u128()), args(&frame.name, frame.args)?);
        Ok(Order { district, ..order })
    };
    strictly().map_err(|refusal: Refusal| Unreadable { id, refusal: refusal.into() })
}

/// An alarm: the id if there is one, the arguments as far as they can be read, the rest named.
fn raise_alarm(mut fields: Map<String, Value>) -> Order {
    fields.remove("name");
    let id = fields.remove("id").as_ref().and_then(uuid);
    let said = fields.remove("district");
    let district = said.as_ref().and_then(Value::as_str).and_then(|text| district(text).ok());
    let (args, mut dropped) = alarm::leniently(fields.remove("args").unwrap_or(Value::Null));
    dropped.extend(id.is_none().then(|| "id".to_owned()));
    dropped.extend((said.is_some() && district.is_none()).then(|| "district".to_owned()));
    dropped.extend(fields.keys().take(UNKNOWN_NAMED_MAX).cloned());
    let id = id.unwrap_or_else(Uuid::now_v7);
    Order { district, dropped, ..Order::new(CommandId(id.as_u128()), CommandArgs::RaiseAlarm(args)) }
}

/// Unknown fields of an alarm's frame that are named in the answer.
const UNKNOWN_NAMED_MAX: usize = 8;

/// An alarm in a message that is too long, too deep or broken: recognised by its words, taken with its id if one stands
/// there, and with nothing else.
fn salvage(bytes: &[u8]) -> Option<Order> {
    let text = String::from_utf8_lossy(bytes);
    let is_alarm = text.contains("\"raise_alarm\"") && text.contains("\"command\"");
    is_alarm.then(|| {
        // An `id` may also stand in what cannot be read: the first that can be one is taken, each time the same.
        let mut after = text.split("\"id\"").skip(1).filter_map(|rest| rest.split('"').nth(1));
        let id = after.find_map(|text| Uuid::try_parse(text).ok()).unwrap_or_else(Uuid::now_v7);
        let (nothing, _): (RaiseAlarm, _) = alarm::leniently(Value::Null);
        let order = Order::new(CommandId(id.as_u128()), CommandArgs::RaiseAlarm(nothing));
        Order { dropped: vec!["frame".to_owned()], ..order }
    })
}

fn uuid(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| Uuid::try_parse(text).ok()).filter(|uuid| !uuid.is_nil())
}

/// # Errors
/// `bad_field` at `/district`.
pub fn district(text: &str) -> Result<DistrictId, Refusal> {
    text.parse().map(DistrictId).map_err(|_| {
        let en = format!("/district: {text:?} is not the number of a district");
        Refusal::field("/district", "bad_field", format!("字段 /district 的值不对:{text}"), en)
    })
}

/// The arguments of the command of this name.
fn args(name: &str, args: Value) -> Result<CommandArgs, Refusal> {
    let args = if args.is_null() { Value::Object(Map::new()) } else { args };
    CommandArgs::read(name, Strictly(args)).unwrap_or_else(|| Err(unknown("name", name)))
}

struct Strictly(Value);

impl ReadArgs for Strictly {
    type Error = Refusal;

    fn read<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        parse::exactly(self.0, "/args")
    }
}

/// Characters of an unknown name that are said back.
const NAME_SAID_MAX: usize = 40;

fn unknown(field: &str, name: &str) -> Refusal {
    let name: String = name.chars().take(NAME_SAID_MAX).collect();
    let code = if field == "op" { "unknown_op" } else { "unknown_command" };
    let zh = format!("不认识的 {field}:{name}");
    Refusal::field(&format!("/{field}"), code, zh, format!("unknown {field} {name:?}"))
}

fn too_long(length: usize) -> Refusal {
    let (zh, en) = (
        format!("帧长 {length} 字节,最多 {FRAME_BYTES_MAX}"),
        format!("the frame has {length} bytes, at most {FRAME_BYTES_MAX} are allowed"),
    );
    Refusal::bad("frame_too_large", zh, en)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn refused(frame: Value) -> (Option<Uuid>, &'static str, Option<String>) {
        let Err(unreadable) = read(frame.to_string().as_bytes()) else { panic!("{frame} was read") };
        (unreadable.id, unreadable.refusal.code, unreadable.refusal.pointer)
    }

    #[test]
    fn names_the_unknown() {
        let id = Uuid::try_parse(ID).ok();
        let cases = [
            (json!({ "op": "shout" }), None, "unknown_op", "/op"),
            (json!({ "hello": 1 }), None, "missing_field", "/op"),
            (json!({ "op": "ping", "at": "2026-01-01T00:00:00Z", "x": 1 }), None, "unknown_field", "/x"),
            (json!({ "op": "command", "id": ID, "name": "explode" }), id, "unknown_command", "/name"),
            (json!({ "op": "command", "id": ID, "name": "accept", "args": {} }), id, "missing_field", "/args/offer"),
            (
                json!({ "op": "command", "id": ID, "name": "accept", "args": { "offer": "1", "now": true } }),
                id,
                "unknown_field",
                "/args/now",
            ),
            (json!({ "op": "command", "id": ID, "name": "check_in", "when": 1 }), id, "unknown_field", "/when"),
            (json!({ "op": "command", "name": "check_in" }), None, "missing_field", "/id"),
            (
                json!({ "op": "command", "id": ID, "name": "accept", "args": { "offer": 7 } }),
                id,
                "bad_field",
                "/args/offer",
            ),
        ];
        for (frame, id, code, pointer) in cases {
            assert_eq!(refused(frame.clone()), (id, code, Some(pointer.to_owned())), "{frame}");
        }
    }

    fn taken(bytes: &[u8]) -> Order {
        match read(bytes) {
            Ok(Inbound::Command(order)) => order,
            _ => panic!("the alarm was not taken"),
        }
    }

    /// Deep, long, broken, or with nonsense in it: an alarm under its own id all the same.
    #[test]
    fn an_alarm_is_taken_whatever_is_around_it() {
        let head = format!(r#"{{"op":"command","id":"{ID}","name":"raise_alarm""#);
        let deep = format!(r#"{head},"args":{}{}}}"#, "[".repeat(40), "]".repeat(40));
        let long = format!(r#"{head},"args":{{"words":"{}"}}}}"#, "x".repeat(FRAME_BYTES_MAX));
        let broken = format!(r#"{head},"args":{{"#);
        let odd = format!(r#"{head},"args":7,"colour":"red","district":[]}}"#);
        for (text, dropped) in [(deep, "frame"), (long, "frame"), (broken, "frame"), (odd, "args,district,colour")] {
            let order = taken(text.as_bytes());
            assert_eq!(order.id.to_string(), ID);
            assert_eq!(order.dropped.join(","), dropped);
        }
        let without_id = taken(br#"{"op":"command","name":"raise_alarm"}"#);
        assert_eq!(without_id.dropped, ["id"]);
    }
}
