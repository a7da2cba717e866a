import { useEffect, useRef } from "preact/hooks";

import { hubNowUntracked } from "../shared/clock";
import { language } from "../shared/language";
import type { GridRow, WallAssignmentRow } from "../shared/wire.gen";
import { assignmentState, say } from "../shared/words";
import { draw, PULSE_FOR_MS, type Layer, type Scene } from "./draw";
import { alarms, fixes, fixesMoved, openAlarms, rows } from "./state";
import { boxOf, Camera, fit, held, Projection, type View, within } from "./view";

/** While nothing moves the picture is drawn twice a second, for the ages; while something does, 30 times. */
const STILL_MS = 500;
const MOVING_MS = 33;
/** Fitting the alarms never shows less than this part of the district: where they are must stay plain. */
const DISTRICT_PART_MIN = 0.7;

export const camera = new Camera();
export const layers: ReadonlySet<Layer> = new Set(
  (new URLSearchParams(location.search).get("layers") ?? "volunteers,names").split(",") as Layer[],
);

export function Map({ width, height, text_px }: { width: number; height: number; text_px: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => keepDrawing(canvas.current!, width, height, text_px), [width, height, text_px]);
  useEffect(() => letHandsMove(canvas.current!, width, height), [width, height]);
  return (
    <div class="map">
      <canvas ref={canvas} role="img" aria-label={say("mapLabel")} style={{ width: `${width}px`, height: `${height}px` }} />
      {held.value && (
        <button class="held" onClick={() => camera.free()}>
          {say("locked")}
        </button>
      )}
      <WhoGoes />
    </div>
  );
}

/** What the canvas shows of people, in words: for readers of the screen, who cannot see arrows. */
function WhoGoes() {
  const tasks = [...rows.of("assignments").values()].filter(isActive);
  return (
    <ul class="unseen" aria-label={say("whoComes")}>
      {tasks.map(({ id, volunteer, incident, state }) => (
        <li key={id} data-volunteer={volunteer} data-for={incident} data-state={state}>
          {say("whoGoes", rows.of("volunteers").get(volunteer)?.name ?? "", assignmentState(state), rows.of("incidents").get(incident)?.kind_name ?? "")}
        </li>
      ))}
    </ul>
  );
}

function keepDrawing(canvas: HTMLCanvasElement, width: number, height: number, text_px: number): () => void {
  const pen = canvas.getContext("2d", { alpha: false })!;
  const sharp = Math.min(2, devicePixelRatio * (canvas.getBoundingClientRect().width / width) || 1);
  canvas.width = width * sharp;
  canvas.height = height * sharp;
  let [drawnAt, drawn, frame] = [0, "", 0];
  const step = (now: number) => {
    frame = requestAnimationFrame(step);
    const { view, moving } = aim(width, height);
    const state = `${rows.versionOf("incidents")}/${rows.versionOf("volunteers")}/${fixesMoved.count}/${language.peek()}`;
    const lively = moving || held.peek() || pulsing();
    if (now - drawnAt < (lively || state !== drawn ? MOVING_MS : STILL_MS)) return;
    [drawnAt, drawn] = [now, state];
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.fillStyle = "#0e1420";
    pen.fillRect(0, 0, width, height);
    if (view) draw(pen, new Projection(view, width, height), scene(text_px));
  };
  frame = requestAnimationFrame(step);
  return () => cancelAnimationFrame(frame);
}

function pulsing(): boolean {
  const now = hubNowUntracked();
  return openAlarms.peek().some(({ opened_at }) => now - Date.parse(opened_at) < PULSE_FOR_MS);
}

function scene(text_px: number): Scene {
  const tasks = new globalThis.Map<string, WallAssignmentRow>();
  for (const task of rows.of("assignments").values()) if (isActive(task)) tasks.set(task.volunteer, task);
  const others = [...rows.of("incidents").values()].filter((row) => row.class === "service_request" && row.ended_at === null);
  return {
    grids: [...rows.of("grids").values()],
    volunteers: [...rows.of("volunteers").values()],
    incidents: [...alarms.peek(), ...others],
    tasks,
    fixes,
    now_ms: hubNowUntracked(),
    text_px,
    layers,
  };
}

const isActive = ({ state }: WallAssignmentRow) => state === "assigned" || state === "en_route" || state === "on_scene";

/** The view to show now: all alarms in the district's surroundings, or all of the district. */
function aim(width: number, height: number) {
  const district = boxOf(corners(rows.of("grids").values()));
  if (district) {
    const whole = fit(district, width / height);
    const around = boxOf(openAlarms.peek().map(({ place }) => [place.lng, place.lat] as const));
    const near = around && fit(around, width / height, whole.width_m * DISTRICT_PART_MIN);
    camera.fit(near ? within(near, whole, width / height) : whole);
  }
  return camera.now();
}

function* corners(grids: Iterable<GridRow>): Generator<[number, number]> {
  for (const grid of grids) for (const ring of grid.polygons.flat()) yield* ring;
}

/** Drag and wheel hold the view; 0 lets it go. */
function letHandsMove(canvas: HTMLCanvasElement, width: number, height: number): () => void {
  const scale = () => width / canvas.getBoundingClientRect().width;
  const change = (next: (view: View) => View) => {
    const { view } = camera.now();
    if (view) camera.hold(next(view));
  };
  const drag = (event: PointerEvent) => {
    if (event.buttons !== 1) return;
    change((view) => new Projection(view, width, height).moved(event.movementX * scale(), event.movementY * scale()));
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    change((view) => ({ ...view, width_m: view.width_m * Math.exp(event.deltaY / 800) }));
  };
  canvas.addEventListener("pointermove", drag);
  canvas.addEventListener("wheel", wheel, { passive: false });
  return () => {
    canvas.removeEventListener("pointermove", drag);
    canvas.removeEventListener("wheel", wheel);
  };
}
