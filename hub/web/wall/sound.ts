import { effect, signal } from "@preact/signals";

import type { WallIncidentRow } from "../shared/wire.gen";
import { openAlarms } from "./state";

/** True once a tone has really played: browsers give no sound before a touch. */
export const soundOn = signal(false);
/** Alarms that somebody before the wall has taken note of; the tone is for the others. */
export const acknowledged = signal<ReadonlySet<string>>(new Set());

const ALARM_AGAIN_MS = 10_000;

/** Notes as [frequency in Hz, start in s, length in s]: told apart by melody, not by loudness. */
const TONES = {
  alarm: [[880, 0, 0.22], [660, 0.25, 0.22], [880, 0.5, 0.22], [660, 0.75, 0.3]],
  shortfall: [[620, 0, 0.25], [520, 0.3, 0.25], [415, 0.6, 0.45]],
  supervision: [[740, 0, 0.12], [740, 0.2, 0.12], [740, 0.4, 0.12]],
} as const;

let audio: AudioContext | null = null;

export async function enableSound(): Promise<void> {
  audio ??= new AudioContext();
  await audio.resume();
  soundOn.value = audio.state === "running";
  play("supervision");
}

function play(tone: keyof typeof TONES): void {
  if (!audio || audio.state !== "running") return;
  for (const [frequency_hz, start_s, length_s] of TONES[tone]) note(audio, frequency_hz, audio.currentTime + start_s, length_s);
}

/** A soft start and end, or each note would click. */
function note(context: AudioContext, frequency_hz: number, at_s: number, length_s: number): void {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = "triangle";
  oscillator.frequency.value = frequency_hz;
  gain.gain.setValueAtTime(0, at_s);
  gain.gain.linearRampToValueAtTime(0.5, at_s + 0.015);
  gain.gain.setValueAtTime(0.5, at_s + length_s - 0.04);
  gain.gain.linearRampToValueAtTime(0, at_s + length_s);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at_s);
  oscillator.stop(at_s + length_s);
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
