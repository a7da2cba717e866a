import { effect, signal } from "@preact/signals";

import { hubNow } from "../shared/clock";
import type { Place } from "../shared/wire.gen";
import { me, stream, tasks } from "./state";

/** The phone's own fix, kept as it was taken. */
interface Fix extends Place {
  accuracy_m: number;
  takenAt_ms: number;
}

const MOVING_MS = 3_000;
const IDLE_MS = 30_000;
/** Less than this between two fixes is the receiver's own noise. */
const MOVED_M = 8;
const METRES_PER_DEGREE = 111_320;

export const fix = signal<Fix | null>(null);
export const refusedFix = signal(false);
/** The screen was off while on patrol: there was no position meanwhile, and that is said. */
export const screenWasOff = signal(false);

let watching: number | null = null;
let sent: Fix | null = null;
let sentAt_ms = 0;

/** Asked for on going on duty and never before; stops with the duty. A demo takes no real person's position. */
export function followDuty(): void {
  effect(() => {
    const onDuty = (me.value?.duty ?? "off_duty") !== "off_duty";
    if (!onDuty) stop();
    else if (stream.welcome.value?.demo) fix.value = demoPlace();
    else watch();
  });
  setInterval(sendFix, MOVING_MS);
}

function watch(): void {
  if (watching !== null || !navigator.geolocation) return;
  refusedFix.value = false;
  watching = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      fix.value = { lat: coords.latitude, lng: coords.longitude, accuracy_m: coords.accuracy, takenAt_ms: timestamp };
    },
    () => (refusedFix.value = true),
    { enableHighAccuracy: true, maximumAge: 5_000 },
  );
}

function stop(): void {
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  watching = null;
  sent = null;
  fix.value = null;
}

/** From how far a demo's visitor walks to where he was called, and how long it takes. */
const DEMO_FAR_M = 300;
const DEMO_NEAR_M = 60;
const DEMO_WALK_MS = 90_000;

/** In a demo nobody's real position is taken: one stays at home, and walks to where one was called. */
function demoPlace(): Fix | null {
  const [task, now] = [tasks.value[0], hubNow()];
  if (!task) return null;
  const set_out = task.milestones.find(({ step }) => step === "en_route");
  const part = set_out ? Math.min(1, (now - Date.parse(set_out.at)) / DEMO_WALK_MS) : 0;
  const far_m = task.state === "on_scene" ? 0 : DEMO_FAR_M + (DEMO_NEAR_M - DEMO_FAR_M) * part;
  return { lat: task.place.lat - far_m / METRES_PER_DEGREE, lng: task.place.lng, accuracy_m: 10, takenAt_ms: Date.now() };
}

function sendFix(): void {
  const now = Date.now();
  const latest = fix.peek();
  if (!latest || (sent && !moved(sent, latest) && now - sentAt_ms < IDLE_MS)) return;
  const { lat, lng, accuracy_m, takenAt_ms } = latest;
  if (!stream.send({ op: "position", lat, lng, accuracy_m, age_ms: Math.max(0, now - takenAt_ms), crs: "wgs84" })) return;
  [sent, sentAt_ms] = [latest, now];
}

function moved(a: Fix, b: Fix): boolean {
  const east = (b.lng - a.lng) * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(b.lat - a.lat, east) * METRES_PER_DEGREE > MOVED_M;
}

/** Patrol keeps the screen on: a page gets no fixes with the screen locked. */
let lock: WakeLockSentinel | null = null;
export function keepScreenOn(): void {
  const take = async () => {
    if (me.peek()?.duty !== "on_patrol" || document.visibilityState !== "visible" || lock) return;
    lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    lock?.addEventListener("release", () => (lock = null));
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && me.peek()?.duty === "on_patrol") screenWasOff.value = true;
    void take();
  });
  effect(() => {
    if (me.value?.duty === "on_patrol") void take();
    else void lock?.release();
  });
}
