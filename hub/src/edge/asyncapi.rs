//! The description of the WebSocket, AsyncAPI 3: generated from the types of the frames, with the rules that types cannot
//! say, so that a client can be written from it alone.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use wire::client::{CommandFrame, Hello, Ping, PositionFrame, Resync};
use wire::close::CloseCode;
use wire::command::CommandArgs;
use wire::rows::{DeskRows, ResidentRows, VolunteerRows, WallRows};
use wire::server::{CommandResult, Delta, Go, Latest, Pong, Snapshot, Welcome};

/// As JSON; the same text as `docs/asyncapi.json`.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = serde_json::to_string_pretty(&document()).expect("a description is JSON");
        text.push('\n');
        text
    })
}

fn document() -> Value {
    let mut shapes = Shapes::default();
    let from_client = messages(&mut shapes, client_messages);
    let from_hub = messages(&mut shapes, hub_messages);
    let refs = |names: &[String]| -> Vec<Value> {
        names.iter().map(|name| json!({ "$ref": format!("#/channels/ws/messages/{name}") })).collect()
    };
    let in_channel: Map<String, Value> = from_client
        .iter()
        .chain(&from_hub)
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Baiying", "version": "1.0.0", "license": { "name": "Apache-2.0" }, "description": include_str!("asyncapi.md") },
        "defaultContentType": "application/json",
        "servers": { "hub": { "host": "localhost:8110", "protocol": "wss", "description": "ws on loopback" } },
        "channels": { "ws": {
            "address": "/v1/ws",
            "messages": in_channel,
            "bindings": { "ws": { "method": "GET", "headers": { "type": "object", "required": ["Sec-WebSocket-Protocol"],
                "properties": { "Sec-WebSocket-Protocol": { "const": wire::SUBPROTOCOL } } } } },
        } },
        "operations": {
            "fromClient": { "action": "receive", "channel": { "$ref": "#/channels/ws" }, "messages": refs(&from_client) },
            "fromHub": { "action": "send", "channel": { "$ref": "#/channels/ws" }, "messages": refs(&from_hub) },
        },
        "components": { "messages": shapes.messages, "schemas": shapes.schemas() },
        "x-close-codes": close_codes(),
        "x-limits": limits(),
    })
}

fn messages(shapes: &mut Shapes, add: fn(&mut Shapes) -> Vec<String>) -> Vec<String> {
    add(shapes)
}

fn client_messages(shapes: &mut Shapes) -> Vec<String> {
    vec![
        shapes.message::<Hello>("hello", "hello"),
        shapes.command(),
        shapes.message::<PositionFrame>("position", "position"),
        shapes.message::<Ping>("ping", "ping"),
        shapes.message::<Resync>("resync", "resync"),
    ]
}

fn hub_messages(shapes: &mut Shapes) -> Vec<String> {
    vec![
        shapes.message::<Welcome>("welcome", "welcome"),
        shapes.message::<Snapshot<DeskRows>>("snapshotOfDesk", "snapshot"),
        shapes.message::<Snapshot<WallRows>>("snapshotOfWall", "snapshot"),
        shapes.message::<Snapshot<VolunteerRows>>("snapshotOfVolunteer", "snapshot"),
        shapes.message::<Snapshot<ResidentRows>>("snapshotOfResident", "snapshot"),
        shapes.message::<Delta<DeskRows>>("deltaOfDesk", "delta"),
        shapes.message::<Delta<WallRows>>("deltaOfWall", "delta"),
        shapes.message::<Delta<VolunteerRows>>("deltaOfVolunteer", "delta"),
        shapes.message::<Delta<ResidentRows>>("deltaOfResident", "delta"),
        shapes.message::<Latest>("latest", "latest"),
        shapes.message::<CommandResult>("result", "result"),
        shapes.message::<Pong>("pong", "pong"),
        shapes.message::<Go>("go", "go"),
    ]
}

/// Schemas as they are met; a name stands once.
struct Shapes {
    generator: SchemaGenerator,
    messages: Map<String, Value>,
}

impl Default for Shapes {
    fn default() -> Self {
        let settings = SchemaSettings::draft07().with(|s| s.definitions_path = "/components/schemas".into());
        Self { generator: settings.into_generator(), messages: Map::new() }
    }
}

impl Shapes {
    /// A frame: the fields of `T`, and its `op`.
    fn message<T: JsonSchema>(&mut self, name: &str, op: &str) -> String {
        let mut payload = self.generator.root_schema_for::<T>().to_value();
        self.keep(&mut payload);
        let described = payload.get("description").cloned();
        tag(&mut payload, op);
        let summary = described.unwrap_or_else(|| Value::String(op.to_owned()));
        self.messages.insert(name.to_owned(), json!({ "name": op, "summary": summary, "payload": payload }));
        name.to_owned()
    }

    /// The command frame, once for each name with its own arguments.
    fn command(&mut self) -> String {
        let mut frame = self.generator.root_schema_for::<CommandFrame>().to_value();
        self.keep(&mut frame);
        tag(&mut frame, "command");
        let mut args = self.generator.root_schema_for::<CommandArgs>().to_value();
        self.keep(&mut args);
        let each = args.get("oneOf").cloned().unwrap_or_default();
        let payload = json!({ "allOf": [frame, { "oneOf": lenient_alarm(each) }] });
        let summary = "A command: `name`, and its `args`.";
        self.messages
            .insert("command".to_owned(), json!({ "name": "command", "summary": summary, "payload": payload }));
        "command".to_owned()
    }

    /// Moves what a schema defines beside itself into the components.
    fn keep(&mut self, schema: &mut Value) {
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("components");
        }
        // The generator defines nested types once; they are taken together at the end.
    }

    fn schemas(self) -> Value {
        let mut generator = self.generator;
        Value::Object(generator.take_definitions(true))
    }
}

/// Adds `op` to the properties and the required ones.
fn tag(schema: &mut Value, op: &str) {
    let Some(object) = schema.as_object_mut() else { return };
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    properties["op"] = json!({ "const": op });
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.insert(0, json!("op"));
    }
}

/// `args` may be left out where they are empty.
fn lenient_alarm(mut each: Value) -> Value {
    let may_be_left_out = ["go_off_duty", "check_in", "raise_alarm", "go_on_duty"];
    for command in each.as_array_mut().into_iter().flatten() {
        let name = command["properties"]["name"]["const"].as_str().unwrap_or_default().to_owned();
        if may_be_left_out.contains(&name.as_str())
            && let Some(required) = command["required"].as_array_mut()
        {
            required.retain(|field| field != "args");
        }
    }
    each
}

fn close_codes() -> Value {
    let codes = CloseCode::ALL.iter().map(
        |code| json!({ "code": code.code(), "reason": code.reason(), "reconnect": CloseCode::reconnect(code.code()) }),
    );
    Value::Array(codes.collect())
}

fn limits() -> Value {
    json!({
        "frame_bytes_max": wire::FRAME_BYTES_MAX,
        "json_depth_max": wire::JSON_DEPTH_MAX,
        "hello_within_ms": wire::HELLO_TIMEOUT_MS,
        "commands_in_flight_max": wire::COMMANDS_IN_FLIGHT_MAX,
        "commands_per_minute_max": wire::COMMANDS_PER_MINUTE_MAX,
        "commands_burst_max": wire::COMMANDS_BURST_MAX,
        "snapshot_part_bytes_max": wire::SNAPSHOT_PART_BYTES_MAX,
        "outbound_messages_max": wire::OUTBOUND_MESSAGES_MAX,
        "outbound_bytes_max": wire::OUTBOUND_BYTES_MAX,
        "heartbeat_grace_ms": wire::HEARTBEAT_GRACE_MS,
    })
}
