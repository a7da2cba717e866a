import { signal } from "@preact/signals";

/** True once a tone has really been able to play: browsers give no sound before a touch. */
export const soundOn = signal(false);

/** Notes as [frequency in Hz, start in s, length in s]: told apart by melody, not by loudness. */
const TONES = {
  alarm: [[880, 0, 0.22], [660, 0.25, 0.22], [880, 0.5, 0.22], [660, 0.75, 0.3]],
  shortfall: [[620, 0, 0.25], [520, 0.3, 0.25], [415, 0.6, 0.45]],
  supervision: [[740, 0, 0.12], [740, 0.2, 0.12], [740, 0.4, 0.12]],
  offer: [[784, 0, 0.18], [988, 0.2, 0.18], [1175, 0.4, 0.3], [784, 0.9, 0.18], [988, 1.1, 0.18], [1175, 1.3, 0.3]],
} as const;

let audio: AudioContext | null = null;

/** To be called from a touch. */
export async function enableSound(): Promise<void> {
  audio ??= new AudioContext();
  await audio.resume();
  soundOn.value = audio.state === "running";
}

export function play(tone: keyof typeof TONES): void {
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
