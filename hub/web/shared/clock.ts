import { signal } from "@preact/signals";

/** Hub time minus this device's time, in ms: a phone's own clock is not trusted with a deadline. */
const offset_ms = signal(0);

/** This device's time, moved on once a second: whatever shows an age or a countdown reads it. */
const tick = signal(Date.now());
setInterval(() => (tick.value = Date.now()), 250);

export function learnHubTime(hubTime: string): void {
  offset_ms.value = Date.parse(hubTime) - Date.now();
}

/** Hub time now, in ms since 1970. Reading it inside a component makes that component move with the clock. */
export function hubNow(): number {
  return tick.value + offset_ms.value;
}

/** Hub time for drawing loops, which follow frames and not signals. */
export function hubNowUntracked(): number {
  return Date.now() + offset_ms.peek();
}

/** ms from now to a moment of the hub; negative when it has passed. */
export function until_ms(moment: string): number {
  return Date.parse(moment) - hubNow();
}

/** `3:07`, or `1:02:45` past the hour. */
export function minutesAndSeconds(span_ms: number): string {
  const seconds = Math.max(0, Math.floor(span_ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `14:32:05` on the wall, `14:32` elsewhere; in this device's zone. */
export function timeOfDay(moment_ms: number, seconds = false): string {
  const at = new Date(moment_ms);
  const two = (n: number) => String(n).padStart(2, "0");
  const hm = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return seconds ? `${hm}:${two(at.getSeconds())}` : hm;
}
