// Generated from hub/wire, not written: UPDATE_GENERATED=1 cargo test -p wire typescript

export type Abort = { assignment: Id, reason?: AbortReason | null, words?: string | null, };

export type AbortReason = "not_said" | "cannot_go" | "not_found" | "unsafe" | "by_desk";

export type Accept = { offer: Id, 
/**
 * Minutes, 0 ..= 720.
 */
eta_min?: number | null, };

export type AidRow = { district: string, state: AidState, wanted: number, people: number, asked_at: Time, answer_by: Time, answered_at: Time | null, };

export type AidState = "asked" | "given" | "ended" | "expired" | "withdrawn";

export type Assign = { incident: Id, volunteer: Id, };

export type AssignmentRow = { id: Id, incident: Id, volunteer: Id, state: AssignmentState, reason: AbortReason | null, substituted_by: Id | null, eta_min: number | null, made_at: Time, milestones: Array<MilestoneRow>, ended_at: Time | null, };

export type AssignmentState = "assigned" | "en_route" | "on_scene" | "done" | "aborted" | "substituted_by" | "stood_down";

export type CallContact = { call: Id, name?: string | null, phone?: string | null, address?: string | null, words?: string | null, };

export type CallRow = { id: Id, incident: Id, at: Time, source: CallSource, place: Place, place_unsure: boolean, flood: boolean, has_words: boolean, };

export type CallSource = "button" | "phone" | "web" | "desk" | "patrol" | "system" | "neighbour";

export type CancelAlarm = { alarm: string, };

export type ClientFrame = { "op": "hello" } & Hello | { "op": "command" } & CommandFrame | { "op": "position" } & PositionFrame | { "op": "ping" } & Ping | { "op": "resync" } & Resync;

export type Clock = "answer" | "arrive" | "close";

export type Close = { incident: Id, disposition: Disposition, words?: string | null, };

export type CommandArgs = { "name": "go_on_duty", "args": GoOnDuty } | { "name": "go_off_duty", "args": Nothing } | { "name": "check_in", "args": Nothing } | { "name": "offer_received", "args": OfferArgs } | { "name": "offer_seen", "args": OfferArgs } | { "name": "accept", "args": Accept } | { "name": "decline", "args": Decline } | { "name": "volunteer_for", "args": VolunteerFor } | { "name": "en_route", "args": MilestoneArgs } | { "name": "on_scene", "args": MilestoneArgs } | { "name": "done", "args": DoneArgs } | { "name": "abort", "args": Abort } | { "name": "raise_alarm", "args": RaiseAlarm } | { "name": "request_service", "args": RequestService } | { "name": "cancel_alarm", "args": CancelAlarm } | { "name": "assign", "args": Assign } | { "name": "reassign", "args": Reassign } | { "name": "substitute", "args": Substitute } | { "name": "stand_down", "args": StandDown } | { "name": "escalate", "args": IncidentArgs } | { "name": "merge", "args": Merge } | { "name": "unmerge", "args": Unmerge } | { "name": "cancel", "args": EndArgs } | { "name": "close", "args": Close } | { "name": "reopen", "args": IncidentArgs } | { "name": "note", "args": Note } | { "name": "complete_task", "args": CompleteTask } | { "name": "drill", "args": Drill };

export type CommandError = { code: string, detail: string, pointer?: string | null, retry: Retry, incident?: Id | null, };

export type CommandFrame = { 
/**
 * The client's own UUIDv7: the same id again gives the same answer.
 */
id: string, 
/**
 * By number. An alarm may leave it out.
 */
district?: string | null, name: string, args: unknown, };

export type CommandResult = { id: string, ok?: Outcome | null, error?: CommandError | null, 
/**
 * The commit that holds it, when there is one.
 */
seq?: number, };

export type CompleteTask = { task: Id, outcome: TaskOutcome, };

export type Contact = { calls: Array<CallContact>, };

export type Crs = "wgs84" | "gcj02";

export type Decline = { offer: Id, reason?: DeclineReason | null, 
/**
 * "Yes, in two hours": kept as it was said.
 */
words?: string | null, };

export type DeclineReason = "not_said" | "busy" | "too_far" | "unwell" | "not_qualified" | "later";

export type Delta<D> = { 
/**
 * The seq of the last delta (or snapshot) that this subscription was sent.
 */
prev: number, district: string, history: string, seq: number, 
/**
 * The name of the first event that this role may see.
 */
type: string, at: Time, 
/**
 * The command that began it all: the same in logs, commits and frames.
 */
trace?: string, 
/**
 * Rows as they are after the commit: upsert by id.
 */
data: D, };

export type DeskRows = { 
/**
 * The district itself, when it changed or in part 0 of a snapshot.
 */
district?: DistrictRow | null, 
/**
 * Rows to forget: `what` is the name of a list here.
 */
gone?: Array<Gone>, skills?: Array<SkillRow>, teams?: Array<TeamRow>, grids?: Array<GridRow>, plans?: Array<PlanRow>, volunteers?: Array<VolunteerRow>, incidents?: Array<IncidentRow>, calls?: Array<CallRow>, offers?: Array<OfferRow>, assignments?: Array<AssignmentRow>, tasks?: Array<TaskRow>, };

export type Disposition = "resolved" | "no_dispatch_needed" | "false_alarm" | "handed_over_110" | "handed_over_119" | "handed_over_120" | "nobody_found" | "could_not_reach";

export type DistrictRow = { id: Id, name: string, centre: Place, drill: boolean, };

export type DoneArgs = { assignment: Id, tapped_ago_ms: number, 
/**
 * The signed service sheet, base64, at most 12 KiB.
 */
sheet?: string | null, };

export type Drill = { on: boolean, };

export type DutyStatus = "off_duty" | "available" | "on_patrol" | "resting";

export type EndArgs = { incident: Id, words?: string | null, };

export type Go = { after_ms: number, why: string, };

export type GoOnDuty = { 
/**
 * On patrol rather than at home and available.
 */
patrol: boolean, until?: Time | null, };

export type Gone = { what: string, id: Id, };

export type GridRow = { id: Id, name: string, 
/**
 * GeoJSON order: polygons of rings of [lng, lat].
 */
polygons: Array<Array<Array<[number, number]>>>, on_duty: number, minimum: number, team: Id | null, };

export type Hello = { 
/**
 * From `POST /v1/ws-tickets`: one use, 30 s.
 */
ticket: string, 
/**
 * The client's own name of this device or browser tab, at most 64 characters; the newest session of a device wins.
 */
device: string, 
/**
 * Name and version of the software, at most 64 characters.
 */
app: string, 
/**
 * Districts to follow, by number; each with where the client stands, or null for a snapshot. Empty: those of the
 * ticket, each with a snapshot.
 */
resume: { [key in string]: StreamPoint | null }, };

export type Id = string;

export type IncidentArgs = { incident: Id, };

export type IncidentClass = "alarm" | "service_request";

export type IncidentRow = { id: Id, class: IncidentClass, kind: string, kind_name: string, urgency: Urgency, sensitive: boolean, drill: boolean, grid: Id, place: Place, place_unsure: boolean, opened_at: Time, ended_at: Time | null, state: IncidentState, disposition: Disposition | null, duplicate_of: Id | null, calls: number, flood: boolean, progress: Progress, trace: string | null, };

export type IncidentState = "open" | "offering" | "assigned" | "en_route" | "on_scene" | "closed" | "cancelled" | "duplicate_of";

export type Latest = { district: string, key: string, version: number, data: LatestData, };

export type LatestData = { "position": { lat: number, lng: number, accuracy_m: number, at: Time, } } | { "presence": { online: boolean, } } | { "counter": bigint } | "gone";

export type Limits = { frame_bytes_max: number, commands_in_flight_max: number, commands_per_minute_max: number, };

export type Merge = { duplicate: Id, into: Id, };

export type MilestoneArgs = { assignment: Id, tapped_ago_ms: number, };

export type MilestoneRow = { step: MilestoneStep, at: Time, tapped_ago_ms: number, source: MilestoneSource, };

export type MilestoneSource = "volunteer" | "desk" | "system";

export type MilestoneStep = "en_route" | "on_scene" | "done";

export type NewUser = { 
/**
 * The name to sign in with: a-z, 0-9, `.`, `_`, `-`, at most 40.
 */
account: string, name: string, role: Role, 
/**
 * By number. Empty: those of whoever makes the account.
 */
districts: Array<string>, 
/**
 * With the role of team leader.
 */
team?: Id | null, };

export type Note = { incident: Id, words: string, };

export type Nothing = Record<symbol, never>;

export type OfferArgs = { offer: Id, };

export type OfferRow = { id: Id, incident: Id, volunteer: Id, wave: number, state: OfferState, reason: DeclineReason | null, distance_m: number, travel_ms: number, own_grid: boolean, made_at: Time, deadline: Time, received_at: Time | null, seen_at: Time | null, ended_at: Time | null, };

export type OfferState = "made" | "received" | "seen" | "accepted" | "declined" | "expired" | "withdrawn";

export type OneTimeLink = { code: string, path: string, expires_at: Time, };

export type Outcome = { 
/**
 * Durable, but not decided yet: it lies in intake.
 */
pending?: boolean, incident?: Id | null, call?: Id | null, assignment?: Id | null, 
/**
 * Merged into an incident already open.
 */
merged?: boolean, place_unsure?: boolean, drill?: boolean, 
/**
 * Volunteers asked at once.
 */
asked?: number | null, 
/**
 * Fields of an alarm that could not be read and were left out.
 */
dropped?: Array<string>, 
/**
 * It had been so already.
 */
nothing_to_do?: boolean, };

export type OwnAssignmentRow = { id: Id, incident: Id, kind_name: string, urgency: Urgency, drill: boolean, place: Place, place_unsure: boolean, grid_name: string, words: string, state: AssignmentState, eta_min: number | null, made_at: Time, milestones: Array<MilestoneRow>, ended_at: Time | null, };

export type OwnCallRow = { id: Id, incident: Id, alarm: string, kind_name: string, drill: boolean, at: Time, state: IncidentState, asked: number, received: number, accepted: number, 
/**
 * First name of who comes first, and when.
 */
helper: string | null, arrival_at: Time | null, };

export type OwnOfferRow = { id: Id, incident: Id, kind_name: string, urgency: Urgency, drill: boolean, 
/**
 * Rounded to about 100 m.
 */
near: Place, grid_name: string, distance_m: number, travel_min: number, travel: TravelMode, 
/**
 * What to do.
 */
words: string, needed: number, filled: number, asked: number, state: OfferState, made_at: Time, deadline: Time, 
/**
 * From the delta's `at`: a phone's clock is not trusted.
 */
expires_in_ms: number, ended_at: Time | null, };

export type OwnRow = { id: Id, name: string, duty: DutyStatus, until: Time | null, home_grid: Id, grid_name: string, rest_until: Time | null, };

export type Ping = { 
/**
 * The client's clock; comes back in the pong.
 */
at: Time, };

export type Place = { lat: number, lng: number, };

export type PlanRow = { kind: string, name: string, urgency: Urgency, needed: number, inform_only: boolean, sensitive: boolean, words: string, };

export type Pong = { 
/**
 * The client's own, from its ping.
 */
at: Time, server_time: Time, districts: { [key in string]: PongPoint }, };

export type PongPoint = { last: number, top: number, };

export type PositionFrame = { lat: number, lng: number, accuracy_m: number, 
/**
 * How old the fix is by the phone's own stopwatch; its clock is not trusted.
 */
age_ms: number, crs: Crs, };

export type Problem = { 
/**
 * `about:blank#` and the code.
 */
type: string, title: string, status: number, 
/**
 * Stable, for programs: `unknown_skill`.
 */
code: string, 
/**
 * What was wrong and what to do, in the caller's language (`Accept-Language`; Chinese when not said).
 */
detail: string, 
/**
 * JSON pointer to the field, when one is to blame: `/place/lat`.
 */
pointer?: string | null, retry: Retry, 
/**
 * The incident that the answer is about, when there is one (`already_filled`).
 */
incident?: Id | null, };

export type Progress = { needed: number, filled: number, 
/**
 * Alarm level, from 1.
 */
level: number, wave: number, asked: number, received: number, seen: number, accepted: number, declined: number, 
/**
 * When the first of those under way is expected, by what they said or the estimate.
 */
first_arrival_at: Time | null, 
/**
 * When the next wave goes out by itself.
 */
next_wave_at: Time | null, 
/**
 * When the next step of escalation is due, and what it does.
 */
next_step_at: Time | null, next_step: StepName | null, escalation_step: number, 
/**
 * People missing, when fewer than needed can be found.
 */
shortfall: number | null, supervised: Array<SupervisedRow>, 
/**
 * Neighbouring districts that were asked for people, and what came of it.
 */
aids?: Array<AidRow>, 
/**
 * The district, by number, that asked for this.
 */
aid_for?: string, };

export type ProviderClass = "skilled_volunteer" | "member_organisation" | "general_volunteer";

export type RaiseAlarm = { 
/**
 * The kind of the plan; `sos` when left out.
 */
kind?: string | null, place?: Place | null, crs: Crs, 
/**
 * A caller's number, for whom the desk raises it.
 */
caller_phone?: string | null, caller_name?: string | null, 
/**
 * Street and house number as told.
 */
address?: string | null, words?: string | null, drill: boolean, };

export type Reassign = { assignment: Id, to: Id, };

export type RequestService = { kind: string, place: Place, crs: Crs, caller_phone?: string | null, caller_name?: string | null, address?: string | null, words?: string | null, 
/**
 * What this one asks for instead of level 1 of the plan.
 */
roles?: Array<RoleArgs> | null, drill: boolean, };

export type ResidentRows = { 
/**
 * The district itself, when it changed or in part 0 of a snapshot.
 */
district?: DistrictRow | null, 
/**
 * Rows to forget: `what` is the name of a list here.
 */
gone?: Array<Gone>, alarms?: Array<OwnCallRow>, };

export type Resync = { district: string, history: string, seq: number, };

export type Retry = "no" | "same_id" | { "after_ms": number };

export type Role = "resident" | "volunteer" | "team_leader" | "operator" | "reviewer" | "wall" | "admin" | "integration";

export type RoleArgs = { skill?: string | null, count: number, };

export type ServerFrame<D> = { "op": "welcome" } & Welcome | { "op": "snapshot" } & Snapshot<D> | { "op": "delta" } & Delta<D> | { "op": "latest" } & Latest | { "op": "result" } & CommandResult | { "op": "pong" } & Pong | { "op": "go" } & Go;

export type Session = { token: string, role: Role, districts: Array<string>, volunteer?: Id | null, name: string, expires_at: Time, };

export type SignIn = { "password": { account: string, password: string, } } | { "link": { code: string, } };

export type SkillRow = { number: number, code: string, name: string, };

export type Snapshot<D> = { district: string, history: string, seq: number, 
/**
 * From 0.
 */
part: number, last: boolean, data: D, };

export type StandDown = { incident: Id, 
/**
 * One assignment; all that are not needed when left out.
 */
assignment?: Id | null, };

export type StepName = "widen" | "raise_level" | "add_roles" | "tell_supervisor" | "ask_neighbour" | "hand_over_110" | "hand_over_119" | "hand_over_120";

export type StreamMode = "replay" | "snapshot" | "live";

export type StreamPoint = { 
/**
 * The log's own identity; changes only after a restore.
 */
history: string, seq: number, };

export type StreamStart = { history: string, 
/**
 * Where the stream stands before what follows.
 */
seq: number, mode: StreamMode, };

export type Substitute = { assignment: Id, by: Id, };

export type SupervisedRow = { clock: Clock, since: Time, };

export type TaskKind = "hand_over_110" | "hand_over_119" | "hand_over_120" | "call_back" | "supervise";

export type TaskOutcome = "done" | "taken_over" | "not_reached" | "not_needed";

export type TaskRow = { id: Id, incident: Id, kind: TaskKind, 
/**
 * For the caller meanwhile.
 */
words: string, made_at: Time, due_at: Time, overdue: boolean, outcome: TaskOutcome | null, };

export type TeamRow = { id: Id, name: string, above: Id | null, };

export type Time = string;

export type TravelMode = "walk" | "bicycle" | "car";

export type Unmerge = { incident: Id, call?: Id | null, };

export type Urgency = "ordinary" | "urgent" | "life_threat";

export type UserRow = { account: string, name: string, role: Role, districts: Array<string>, disabled: boolean, };

export type VolunteerFor = { incident: Id, eta_min?: number | null, };

export type VolunteerRow = { id: Id, 
/**
 * As the registry has it; — when unknown.
 */
name: string, class: ProviderClass, skills: Array<string>, team: Id | null, home_grid: Id, duty: DutyStatus, until: Time | null, 
/**
 * Active assignments, and how many he can have.
 */
engaged: number, capacity: number, alerts_today: number, checked_in_at: Time | null, };

export type VolunteerRows = { 
/**
 * The district itself, when it changed or in part 0 of a snapshot.
 */
district?: DistrictRow | null, 
/**
 * Rows to forget: `what` is the name of a list here.
 */
gone?: Array<Gone>, me?: Array<OwnRow>, offers?: Array<OwnOfferRow>, assignments?: Array<OwnAssignmentRow>, alarms?: Array<OwnCallRow>, };

export type WallAssignmentRow = { id: Id, incident: Id, volunteer: Id, state: AssignmentState, };

export type WallIncidentRow = { id: Id, class: IncidentClass, kind_name: string, urgency: Urgency, sensitive: boolean, drill: boolean, grid: Id, 
/**
 * Rounded to about 100 m.
 */
place: Place, opened_at: Time, ended_at: Time | null, state: IncidentState, progress: Progress, 
/**
 * Who is responsible, by role or masked name.
 */
responsible: string, };

export type WallRows = { 
/**
 * The district itself, when it changed or in part 0 of a snapshot.
 */
district?: DistrictRow | null, 
/**
 * Rows to forget: `what` is the name of a list here.
 */
gone?: Array<Gone>, grids?: Array<GridRow>, volunteers?: Array<WallVolunteerRow>, incidents?: Array<WallIncidentRow>, assignments?: Array<WallAssignmentRow>, };

export type WallVolunteerRow = { id: Id, name: string, class: ProviderClass, home_grid: Id, duty: DutyStatus, engaged: boolean, };

export type Welcome = { session: string, role: Role, 
/**
 * Who this is, when a volunteer.
 */
volunteer?: Id | null, heartbeat_ms: number, server_time: Time, 
/**
 * Whether this hub runs the demo: every page says so.
 */
demo: boolean, limits: Limits, districts: { [key in string]: StreamStart }, };

export type WsTicket = { 
/**
 * One use, within 30 s.
 */
ticket: string, expires_in_ms: number, };
