const BASE_MS = 500;
const CEILING_MS = 30_000;

/** Full jitter: random(0, min(30 s, 0.5 s x 2^n)), so that ten thousand phones do not come back together. */
export function backoff_ms(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(CEILING_MS, BASE_MS * 2 ** failures);
}

/** Close codes 4500-4999 say: do not come back by yourself. All others, and no code at all, say: do. */
export function comesBack(closeCode: number): boolean {
  return closeCode < 4500;
}
