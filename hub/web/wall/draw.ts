import { PATHS } from "../shared/shapes";
import type { GridRow, WallAssignmentRow, WallIncidentRow, WallVolunteerRow } from "../shared/wire.gen";
import { say } from "../shared/words";
import { around, beside, Labels, type Spot } from "./labels";
import { FIX_FADED_MS, FIX_FRESH_MS, FIX_LOST_MS, type Fix } from "./state";
import type { Projection } from "./view";

/** What one frame shows. */
export interface Scene {
  grids: Iterable<GridRow>;
  volunteers: Iterable<WallVolunteerRow>;
  incidents: WallIncidentRow[];
  /** Active assignments by volunteer. */
  tasks: Map<string, WallAssignmentRow>;
  fixes: Map<string, Fix>;
  now_ms: number;
  /** Pixels of the smallest text. */
  text_px: number;
  layers: ReadonlySet<Layer>;
}

export type Layer = "volunteers" | "names";

const COLOUR = {
  land: "#182233",
  line: "#34465f",
  text: "#e8eef7",
  second: "#a7b4c8",
  alarm: "#ff6b5e",
  alarmFill: "#d32f2f",
  waiting: "#f2b233",
  going: "#58b7ea",
  scene: "#35c9a3",
  old: "#8e9baf",
  ground: "#0e1420",
} as const;

const FONT = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif';
/** A new alarm pulses once a second for so long, then stands still. */
export const PULSE_FOR_MS = 10_000;

/** An open alarm's diamond. */
const ALARM_PX = 46;
/** Names of those at one place stack up to so many lines above and below. */
const PERSON_LINES = 3;

const paths = Object.fromEntries(Object.entries(PATHS).map(([name, path]) => [name, new Path2D(path)])) as Record<
  keyof typeof PATHS,
  Path2D
>;

type Pen = CanvasRenderingContext2D;

/** Marks first, then words where they fit: of alarms, of those who come, and last of grids, which may go without. */
export function draw(pen: Pen, at: Projection, scene: Scene): void {
  drawGrids(pen, at, scene);
  if (scene.layers.has("volunteers")) for (const volunteer of scene.volunteers) drawFree(pen, at, scene, volunteer);
  const labels = new Labels(at.width, at.height);
  for (const incident of scene.incidents) drawWays(pen, at, scene, incident);
  for (const incident of scene.incidents) drawIncident(pen, at, scene, incident, labels);
  const engaged = [...scene.volunteers].flatMap((volunteer) => drawEngaged(pen, at, scene, volunteer, labels));
  for (const incident of scene.incidents) nameIncident(pen, at, scene, incident, labels);
  for (const word of engaged) namePerson(pen, scene, word, labels);
  if (scene.layers.has("names")) for (const grid of scene.grids) nameGrid(pen, at, scene, grid, labels);
}

function drawGrids(pen: Pen, at: Projection, scene: Scene): void {
  pen.lineWidth = 2;
  for (const grid of scene.grids) {
    pen.fillStyle = COLOUR.land;
    pen.strokeStyle = COLOUR.line;
    outline(pen, at, grid);
    pen.fill("evenodd");
    pen.stroke();
  }
}

function outline(pen: Pen, at: Projection, grid: GridRow): void {
  pen.beginPath();
  for (const ring of grid.polygons.flat()) {
    ring.forEach(([lng, lat], index) => (index === 0 ? pen.moveTo(at.x(lng), at.y(lat)) : pen.lineTo(at.x(lng), at.y(lat))));
    pen.closePath();
  }
}

/** The grid's name, people on duty of its minimum, and in amber how many are missing; left out where alarms need the room. */
function nameGrid(pen: Pen, at: Projection, scene: Scene, grid: GridRow, labels: Labels): void {
  const ring = grid.polygons[0]?.[0];
  if (!ring || ring.length === 0) return;
  const middle = ring.reduce(([x, y], [lng, lat]) => [x + at.x(lng) / ring.length, y + at.y(lat) / ring.length], [0, 0]) as [number, number];
  const missing = grid.minimum - grid.on_duty;
  const people = missing > 0 ? `${grid.on_duty}/${grid.minimum} ${say("gridShort", missing)}` : `${say("onDuty")} ${grid.on_duty}`;
  const size_px = scene.text_px;
  pen.font = fontOf(size_px);
  const width_px = Math.max(pen.measureText(grid.name).width, pen.measureText(people).width);
  const spot = labels.take(roundTheMiddle(middle, size_px), width_px, size_px * 2.3);
  if (!spot) return;
  label(pen, grid.name, spot.x, spot.y - size_px * 0.6, { size_px, colour: COLOUR.second, align: "center" });
  const colour = missing > 0 ? COLOUR.waiting : COLOUR.old;
  label(pen, people, spot.x, spot.y + size_px * 0.6, { size_px, colour, align: "center" });
}

function roundTheMiddle([x, y]: readonly [number, number], size_px: number): Spot[] {
  return [0, 2.5, -2.5].map((lines) => ({ x, y: y + lines * size_px, align: "center" as const }));
}

/** Opacity by age: solid, faded, then a hollow ring; null when too old for the map. */
function look(fix: Fix | undefined, now_ms: number): { faded: boolean; hollow: boolean; age_ms: number } | null {
  if (!fix) return null;
  const age_ms = now_ms - fix.at_ms;
  if (age_ms > FIX_LOST_MS) return null;
  return { faded: age_ms > FIX_FRESH_MS, hollow: age_ms > FIX_FADED_MS, age_ms };
}

/** People without a task are dots: hundreds of them must not outshout one alarm. */
function drawFree(pen: Pen, at: Projection, scene: Scene, volunteer: WallVolunteerRow): void {
  if (volunteer.duty === "off_duty" || scene.tasks.has(volunteer.id)) return;
  const fix = scene.fixes.get(volunteer.id);
  const seen = look(fix, scene.now_ms);
  if (!fix || !seen) return;
  const radius = volunteer.duty === "on_patrol" ? 7 : 5;
  pen.globalAlpha = seen.faded ? 0.5 : 0.95;
  pen.beginPath();
  pen.arc(at.x(fix.lng), at.y(fix.lat), radius, 0, 2 * Math.PI);
  pen.strokeStyle = pen.fillStyle = volunteer.duty === "on_patrol" ? COLOUR.text : COLOUR.second;
  pen.lineWidth = 2;
  if (seen.hollow) pen.stroke();
  else pen.fill();
  pen.globalAlpha = 1;
}

/** Thin lines from those who are coming to where they go. */
function drawWays(pen: Pen, at: Projection, scene: Scene, incident: WallIncidentRow): void {
  pen.strokeStyle = COLOUR.going;
  pen.lineWidth = 2.5;
  for (const task of scene.tasks.values()) {
    const fix = scene.fixes.get(task.volunteer);
    if (task.incident !== incident.id || task.state === "on_scene" || !look(fix, scene.now_ms)) continue;
    pen.globalAlpha = 0.55;
    pen.beginPath();
    pen.moveTo(at.x(fix!.lng), at.y(fix!.lat));
    pen.lineTo(at.x(incident.place.lng), at.y(incident.place.lat));
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

/** The word that belongs to a mark. */
interface Word {
  text: string;
  x: number;
  y: number;
}

/** Draws somebody who is coming or there, and returns his name to be put where there is room. */
function drawEngaged(pen: Pen, at: Projection, scene: Scene, volunteer: WallVolunteerRow, labels: Labels): Word[] {
  const task = scene.tasks.get(volunteer.id);
  const fix = scene.fixes.get(volunteer.id);
  const seen = look(fix, scene.now_ms);
  if (!task || !fix || !seen) return [];
  const [x, y] = [at.x(fix.lng), at.y(fix.lat)];
  pen.globalAlpha = seen.faded ? 0.6 : 1;
  if (seen.hollow) stamp(pen, "ring", x, y, 26, { stroke: COLOUR.old });
  else if (task.state === "on_scene") drawOnScene(pen, x, y);
  else stamp(pen, "going", x, y, 30, { fill: COLOUR.going, stroke: COLOUR.ground, turn: heading(at, scene, task, x, y) });
  pen.globalAlpha = 1;
  labels.keep(x, y, 30);
  const age = seen.faded ? ` ${say("minutesAgo", Math.floor(seen.age_ms / 60_000))}` : "";
  return [{ text: volunteer.name + age, x, y }];
}

function namePerson(pen: Pen, scene: Scene, { text, x, y }: Word, labels: Labels): void {
  const size_px = scene.text_px;
  pen.font = fontOf(size_px);
  const spot = labels.take(beside(x, y, 22, size_px * 1.15, PERSON_LINES), pen.measureText(text).width, size_px * 1.1);
  if (spot) label(pen, text, spot.x, spot.y, { size_px, colour: COLOUR.text, align: spot.align });
}

function drawOnScene(pen: Pen, x: number, y: number): void {
  stamp(pen, "disc", x, y, 32, { fill: COLOUR.scene });
  stamp(pen, "tick", x, y, 32, { stroke: COLOUR.ground, width: 3 });
}

/** The arrow points to where he goes. */
function heading(at: Projection, scene: Scene, task: WallAssignmentRow, x: number, y: number): number {
  const incident = scene.incidents.find(({ id }) => id === task.incident);
  return incident ? Math.atan2(at.y(incident.place.lat) - y, at.x(incident.place.lng) - x) : 0;
}

function drawIncident(pen: Pen, at: Projection, scene: Scene, incident: WallIncidentRow, labels: Labels): void {
  const [x, y] = [at.x(incident.place.lng), at.y(incident.place.lat)];
  const { needed, filled } = incident.progress;
  labels.keep(x, y, ALARM_PX);
  if (incident.ended_at !== null) return stamp(pen, "ring", x, y, 30, { stroke: COLOUR.old });
  if (scene.now_ms - Date.parse(incident.opened_at) < PULSE_FOR_MS) pulse(pen, x, y, scene.now_ms);
  pen.globalAlpha = incident.sensitive ? 0.65 : 1;
  stamp(pen, "alarm", x, y, ALARM_PX, { fill: COLOUR.alarmFill, stroke: COLOUR.alarm, width: 1.6 });
  pen.globalAlpha = 1;
  if (filled < needed) dashedRing(pen, x, y);
}

/** An alarm without its word would be a mere mark: with no room at all the word stands over it, whatever lies there. */
function nameIncident(pen: Pen, at: Projection, scene: Scene, incident: WallIncidentRow, labels: Labels): void {
  if (incident.ended_at !== null) return;
  const [x, y] = [at.x(incident.place.lng), at.y(incident.place.lat)];
  const size_px = scene.text_px * 1.2;
  pen.font = fontOf(size_px, true);
  const spots = around(x, y, size_px * 1.45);
  const spot = labels.take(spots, pen.measureText(incident.kind_name).width, size_px * 1.1) ?? spots[0]!;
  pen.globalAlpha = incident.sensitive ? 0.65 : 1;
  label(pen, incident.kind_name, spot.x, spot.y, { size_px, colour: COLOUR.text, align: spot.align, bold: true });
  pen.globalAlpha = 1;
}

function pulse(pen: Pen, x: number, y: number, now_ms: number): void {
  const part = (now_ms % 1000) / 1000;
  pen.globalAlpha = 0.8 * (1 - part);
  pen.strokeStyle = COLOUR.alarm;
  pen.lineWidth = 5;
  pen.beginPath();
  pen.arc(x, y, 26 + 60 * part, 0, 2 * Math.PI);
  pen.stroke();
  pen.globalAlpha = 1;
}

function dashedRing(pen: Pen, x: number, y: number): void {
  pen.setLineDash([11, 8]);
  pen.strokeStyle = COLOUR.waiting;
  pen.lineWidth = 4;
  pen.beginPath();
  pen.arc(x, y, 34, 0, 2 * Math.PI);
  pen.stroke();
  pen.setLineDash([]);
}

interface Ink {
  fill?: string;
  stroke?: string;
  width?: number;
  turn?: number;
}

function stamp(pen: Pen, name: keyof typeof PATHS, x: number, y: number, size_px: number, ink: Ink): void {
  pen.save();
  pen.translate(x, y);
  pen.rotate(ink.turn ?? 0);
  pen.scale(size_px / 24, size_px / 24);
  pen.translate(-12, -12);
  pen.lineWidth = ink.width ?? 2;
  if (ink.fill) fillWith(pen, ink.fill, paths[name]);
  if (ink.stroke) strokeWith(pen, ink.stroke, paths[name]);
  pen.restore();
}

function fillWith(pen: Pen, colour: string, path: Path2D): void {
  pen.fillStyle = colour;
  pen.fill(path);
}

function strokeWith(pen: Pen, colour: string, path: Path2D): void {
  pen.strokeStyle = colour;
  pen.stroke(path);
}

const fontOf = (size_px: number, bold = false) => `${bold ? 700 : 400} ${size_px}px ${FONT}`;

interface Lettering {
  size_px: number;
  colour: string;
  align: CanvasTextAlign;
  bold?: boolean;
}

/** Text with a rim of the ground, so that it reads on anything. */
function label(pen: Pen, text: string, x: number, y: number, { size_px, colour, align, bold }: Lettering): void {
  pen.font = fontOf(size_px, bold);
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 6;
  pen.strokeStyle = COLOUR.ground;
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
