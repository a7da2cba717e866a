import type { Delta, Pong, Snapshot, StreamPoint, StreamStart } from "./wire.gen";

/** Where the follower puts what it has proven. */
export interface Sink<D> {
  apply(data: D): void;
  forget(district: string): void;
}

interface Standing {
  history: string;
  seq: number;
  /** From where to resume: beyond `seq` when the hub has said that nothing between was for us. */
  resume: number;
  /** Parts of a snapshot that is not whole yet. */
  parts: unknown[] | null;
  /** A gap was reported: deltas that do not chain are frames that were under way, not new gaps. */
  gap: boolean;
}

/**
 * Proves for every district that no delta is missing: `prev` of each must be the seq we stand at. It does no input or
 * output of its own; what it wants sent is what it returns.
 */
export class Follower<D> {
  private readonly districts = new Map<string, Standing>();

  constructor(private readonly sink: Sink<D>) {}

  /** For `hello`: where we stand in each district. */
  resume(): Record<string, StreamPoint | null> {
    const points: Record<string, StreamPoint | null> = {};
    for (const [district, at] of this.districts) {
      points[district] = at.parts === null ? { history: at.history, seq: at.resume } : null;
    }
    return points;
  }

  welcome(starts: Record<string, StreamStart>): void {
    for (const district of this.districts.keys()) if (!(district in starts)) this.leave(district);
    for (const [district, start] of Object.entries(starts)) {
      const parts = start.mode === "snapshot" ? [] : null;
      this.districts.set(district, { history: start.history, seq: start.seq, resume: start.seq, parts, gap: false });
    }
  }

  /** The rows shown change in one step, when the last part is here: half a snapshot is a lie. */
  snapshot(part: Snapshot<D>): void {
    const known = this.districts.get(part.district);
    const parts = part.part === 0 ? [] : (known?.parts ?? []);
    parts.push(part.data);
    const standing = { history: part.history, seq: part.seq, resume: part.seq, gap: false };
    this.districts.set(part.district, { ...standing, parts: part.last ? null : parts });
    if (!part.last) return;
    this.sink.forget(part.district);
    for (const data of parts) this.sink.apply(data as D);
  }

  /** False when there is a new gap and `resync` must be sent. */
  delta(delta: Delta<D>): boolean {
    const at = this.districts.get(delta.district);
    if (!at || at.parts !== null) return true;
    if (delta.history === at.history && delta.seq <= at.seq) return true;
    if (delta.history !== at.history || delta.prev !== at.seq) {
      const asked = at.gap;
      at.gap = true;
      return asked;
    }
    this.sink.apply(delta.data);
    at.seq = at.resume = delta.seq;
    at.gap = false;
    return true;
  }

  /** Districts in which the hub has sent more than we have seen. */
  pong(pong: Pong): string[] {
    const behind: string[] = [];
    for (const [district, { last, top }] of Object.entries(pong.districts)) {
      const at = this.districts.get(district);
      if (!at || at.parts !== null) continue;
      if (last > at.seq) {
        at.gap = true;
        behind.push(district);
      } else {
        at.resume = Math.max(at.resume, top);
      }
    }
    return behind;
  }

  /** For `resync`: the hub answers by replay from here, or by a snapshot. */
  point(district: string): StreamPoint | null {
    const at = this.districts.get(district);
    return at ? { history: at.history, seq: at.seq } : null;
  }

  private leave(district: string): void {
    this.districts.delete(district);
    this.sink.forget(district);
  }
}
