import { effect, signal } from "@preact/signals";

import { enableSound, play } from "../shared/tones";
import type { WallIncidentRow } from "../shared/wire.gen";
import { openAlarms } from "./state";

/** Alarms that somebody before the wall has taken note of; the tone is for the others. */
const acknowledged = signal<ReadonlySet<string>>(new Set());

const ALARM_AGAIN_MS = 10_000;

/** The first tone is the proof that this wall can be heard. */
export async function letHear(): Promise<void> {
  await enableSound();
  play("supervision");
}

export function acknowledge(): void {
  acknowledged.value = new Set(openAlarms.value.map(({ id }) => id));
}

export const unacknowledged = () => openAlarms.value.filter(({ id }) => !acknowledged.value.has(id));

/** Alarms sound at once and every 10 s until acknowledged; a shortfall or an overdue clock sounds once when it appears. */
export function startSounding(): void {
  const heard = new Set<string>();
  effect(() => {
    if (newlyTrue(heard, openAlarms.value, "alarm", () => true)) play("alarm");
    else if (newlyTrue(heard, openAlarms.value, "short", ({ progress }) => progress.shortfall !== null)) play("shortfall");
    else if (newlyTrue(heard, openAlarms.value, "overdue", ({ progress }) => progress.supervised.length > 0)) play("supervision");
  });
  setInterval(() => unacknowledged().length > 0 && play("alarm"), ALARM_AGAIN_MS);
}

function newlyTrue(heard: Set<string>, alarms: WallIncidentRow[], what: string, holds: (alarm: WallIncidentRow) => boolean): boolean {
  const fresh = alarms.filter((alarm) => holds(alarm) && !heard.has(`${what}/${alarm.id}`));
  for (const { id } of fresh) heard.add(`${what}/${id}`);
  return fresh.length > 0;
}
