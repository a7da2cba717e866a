import { signal } from "@preact/signals";

/** What the map shows: its middle, and how many metres its width covers. */
export interface View {
  lat: number;
  lng: number;
  width_m: number;
}

export interface Box {
  south: number;
  north: number;
  west: number;
  east: number;
}

const METRES_PER_DEGREE = 111_320;
const WIDTH_M_MIN = 200;
const WIDTH_M_MAX = 400_000;
/** Room round what is fitted, for the words beside the marks and the legend below. */
const ROOM = 1.3;
/** A hand holds the view; left alone it goes back to fitting by itself. */
const HELD_FOR_MS = 3 * 60_000;
const EASE_MS = 700;

/** Whether somebody has moved the map by hand. */
export const held = signal(false);

export function boxOf(points: Iterable<readonly [lng: number, lat: number]>): Box | null {
  let box: Box | null = null;
  for (const [lng, lat] of points) {
    box ??= { south: lat, north: lat, west: lng, east: lng };
    box.south = Math.min(box.south, lat);
    box.north = Math.max(box.north, lat);
    box.west = Math.min(box.west, lng);
    box.east = Math.max(box.east, lng);
  }
  return box;
}

/** The view that holds the box with a margin, at least `width_m` wide, in a window of the given proportion. */
export function fit(box: Box, proportion: number, width_m = 0): View {
  const lat = (box.south + box.north) / 2;
  const wide = (box.east - box.west) * METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  const high = (box.north - box.south) * METRES_PER_DEGREE;
  return { lat, lng: (box.west + box.east) / 2, width_m: Math.max(ROOM * Math.max(wide, high * proportion), width_m) };
}

/** Moves a view so that it looks at the district and not past its border. */
export function within(view: View, whole: View, proportion: number): View {
  const spare_m = Math.max(0, whole.width_m - view.width_m) / 2;
  const east = spare_m / (METRES_PER_DEGREE * Math.cos((whole.lat * Math.PI) / 180));
  const north = spare_m / proportion / METRES_PER_DEGREE;
  const clamp = (value: number, middle: number, reach: number) => Math.min(middle + reach, Math.max(middle - reach, value));
  return { ...view, lat: clamp(view.lat, whole.lat, north), lng: clamp(view.lng, whole.lng, east) };
}

/** Places to pixels of a window and back; a district is small enough for a plane. */
export class Projection {
  readonly perMetre: number;
  private readonly perDegreeEast: number;

  constructor(
    private readonly view: View,
    readonly width: number,
    readonly height: number,
  ) {
    this.perMetre = width / view.width_m;
    this.perDegreeEast = METRES_PER_DEGREE * Math.cos((view.lat * Math.PI) / 180) * this.perMetre;
  }

  x(lng: number): number {
    return this.width / 2 + (lng - this.view.lng) * this.perDegreeEast;
  }

  y(lat: number): number {
    return this.height / 2 - (lat - this.view.lat) * METRES_PER_DEGREE * this.perMetre;
  }

  moved(dx: number, dy: number): View {
    const lat = this.view.lat + dy / (METRES_PER_DEGREE * this.perMetre);
    return { ...this.view, lat, lng: this.view.lng - dx / this.perDegreeEast };
  }
}

/** The view in the address: `#at=45.77000,126.61000,1500`, so that a screen comes back where it was put. */
function inAddress(): View | null {
  const [lat, lng, width_m] = (new URLSearchParams(location.hash.slice(1)).get("at") ?? "").split(",").map(Number);
  if (!lat || !lng || !width_m) return null;
  return { lat, lng, width_m };
}

/** Where the map looks: eases to what it should fit, unless a hand holds it. */
export class Camera {
  private shown: View | null = null;
  private from: View | null = null;
  private aim: View | null = inAddress();
  private aimedAt = 0;
  private release = 0;

  constructor() {
    if (this.aim) this.hold(this.aim);
  }

  fit(view: View): void {
    if (held.peek() || same(view, this.aim)) return;
    this.from = this.shown;
    this.aim = view;
    this.aimedAt = performance.now();
  }

  /** The view of this moment, and whether it still moves. */
  now(): { view: View | null; moving: boolean } {
    if (!this.aim) return { view: null, moving: false };
    const part = this.from ? Math.min(1, (performance.now() - this.aimedAt) / EASE_MS) : 1;
    this.shown = this.from ? between(this.from, this.aim, part * part * (3 - 2 * part)) : this.aim;
    return { view: this.shown, moving: part < 1 };
  }

  hold(view: View): void {
    this.from = null;
    this.aim = { ...view, width_m: Math.min(WIDTH_M_MAX, Math.max(WIDTH_M_MIN, view.width_m)) };
    held.value = true;
    this.remember();
    clearTimeout(this.release);
    this.release = window.setTimeout(() => this.free(), HELD_FOR_MS);
  }

  free(): void {
    clearTimeout(this.release);
    held.value = false;
    history.replaceState(null, "", location.pathname + location.search);
  }

  private remember(): void {
    const { lat, lng, width_m } = this.aim!;
    history.replaceState(null, "", `#at=${lat.toFixed(5)},${lng.toFixed(5)},${Math.round(width_m)}`);
  }
}

function same(a: View, b: View | null): boolean {
  return b !== null && a.lat === b.lat && a.lng === b.lng && a.width_m === b.width_m;
}

function between(a: View, b: View, part: number): View {
  const mix = (x: number, y: number) => x + (y - x) * part;
  return { lat: mix(a.lat, b.lat), lng: mix(a.lng, b.lng), width_m: mix(a.width_m, b.width_m) };
}
