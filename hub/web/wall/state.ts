import { computed, signal } from "@preact/signals";

import { hubNowUntracked } from "../shared/clock";
import { Rows } from "../shared/rows";
import { Stream } from "../shared/stream";
import type { Latest, WallIncidentRow, WallRows } from "../shared/wire.gen";

/** A fix, and when it was taken by the hub's clock. */
export interface Fix {
  lat: number;
  lng: number;
  at_ms: number;
}

/** Age of a fix: solid, then faded, then hollow, then off the map and listed. */
export const FIX_FRESH_MS = 60_000;
export const FIX_FADED_MS = 180_000;
export const FIX_LOST_MS = 15 * 60_000;
/** How long an alarm that has ended stays to be seen. */
const ENDED_SHOWN_MS = 20_000;

export const rows = new Rows<WallRows>();
/** Latest fixes by volunteer. Not a signal: hundreds arrive a second, and the map draws by itself. */
export const fixes = new Map<string, Fix>();
/** Those whose fix the hub has dropped as too old. Off duty is no loss; who is on duty and here has gone missing. */
const dropped = new Set<string>();
/** Moves when a fix came: the map has something new to draw. */
export const fixesMoved = { count: 0 };

const versions = new Map<string, number>();

function takeLatest({ key, version, data }: Latest): void {
  if (version <= (versions.get(key) ?? -1)) return;
  versions.set(key, version);
  const [what, id] = key.split("/");
  if (what !== "position" || !id) return;
  if (data === "gone") {
    fixes.delete(id);
    dropped.add(id);
  } else if ("position" in data) {
    dropped.delete(id);
    const { lat, lng, at } = data.position;
    fixes.set(id, { lat, lng, at_ms: Date.parse(at) });
  }
  fixesMoved.count++;
}

// A hub that has started again counts versions from the beginning.
const listener = { latest: takeLatest, welcomed: () => versions.clear() };
export const stream = new Stream<WallRows>("wall", rows, listener, new URLSearchParams(location.search).get("district"));

const URGENCY = { life_threat: 0, urgent: 1, ordinary: 2 } as const;

function byNeed(a: WallIncidentRow, b: WallIncidentRow): number {
  const ended = Number(a.ended_at !== null) - Number(b.ended_at !== null);
  return ended || URGENCY[a.urgency] - URGENCY[b.urgency] || Date.parse(a.opened_at) - Date.parse(b.opened_at);
}

/** Alarms to be seen: open ones by need, then those that have just ended. */
export const alarms = computed(() => {
  const all = [...rows.of("incidents").values()];
  return all.filter((incident) => incident.class === "alarm" && shown(incident)).sort(byNeed);
});

/** Reads no clock that moves: a row that has ended leaves with the next change, or with `sweep`. */
function shown({ ended_at }: WallIncidentRow): boolean {
  void swept.value;
  return ended_at === null || hubNowUntracked() - Date.parse(ended_at) < ENDED_SHOWN_MS;
}

const swept = signal(0);
setInterval(() => swept.value++, 5_000);

export const openAlarms = computed(() => alarms.value.filter(({ ended_at }) => ended_at === null));

/** Names of those on duty who had a fix and have none that can be believed. */
export const missing = computed(() => {
  void swept.value;
  const now = hubNowUntracked();
  const gone = (id: string) => dropped.has(id) || now - (fixes.get(id)?.at_ms ?? now) > FIX_LOST_MS;
  return [...rows.of("volunteers").values()].filter(({ id, duty }) => duty !== "off_duty" && gone(id)).map(({ name }) => name);
});

/** People on duty, going and there. */
export const counts = computed(() => {
  let [onDuty, going, onScene] = [0, 0, 0];
  for (const { duty } of rows.of("volunteers").values()) if (duty !== "off_duty") onDuty++;
  for (const { state } of rows.of("assignments").values()) {
    if (state === "assigned" || state === "en_route") going++;
    if (state === "on_scene") onScene++;
  }
  return { onDuty, going, onScene };
});

/** Seconds of silence after which the page says so, and after which the map is no longer believed. */
export const FEED_OLD_MS = 18_000;
export const FEED_DEAD_MS = 60_000;
