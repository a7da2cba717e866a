/** Where words may stand beside a mark: from `x`, `y` to the right, to the left, or to both sides. */
export interface Spot {
  x: number;
  y: number;
  align: "left" | "right" | "center";
}

interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What of the map is taken already in this frame: no word lies on a mark or on another word. */
export class Labels {
  private readonly taken: Area[] = [];

  constructor(
    private readonly width_px: number,
    private readonly height_px: number,
  ) {}

  /** Keeps a square round a mark free. */
  keep(x: number, y: number, size_px: number): void {
    this.taken.push(areaOf({ x, y, align: "center" }, size_px, size_px));
  }

  /** Takes the first spot that is free and within the map; null when none is. */
  take(spots: readonly Spot[], width_px: number, height_px: number): Spot | null {
    for (const spot of spots) {
      const area = areaOf(spot, width_px, height_px);
      if (!this.holds(area) || this.taken.some((other) => overlap(area, other))) continue;
      this.taken.push(area);
      return spot;
    }
    return null;
  }

  private holds({ left, top, right, bottom }: Area): boolean {
    return left >= 0 && top >= 0 && right <= this.width_px && bottom <= this.height_px;
  }
}

/** Beside a mark: right, left, then a line above and below on either side, farther and farther. */
export function beside(x: number, y: number, gap_px: number, line_px: number, lines: number): Spot[] {
  const spots: Spot[] = [];
  for (let step = 0; step <= lines; step++) {
    for (const dy of step === 0 ? [0] : [step * line_px, -step * line_px]) {
      spots.push({ x: x + gap_px, y: y + dy, align: "left" }, { x: x - gap_px, y: y + dy, align: "right" });
    }
  }
  return spots;
}

/** Over a mark or under it, then beside it. */
export function around(x: number, y: number, gap_px: number): Spot[] {
  return [{ x, y: y - gap_px, align: "center" }, { x, y: y + gap_px, align: "center" }, ...beside(x, y, gap_px, gap_px, 1)];
}

function areaOf({ x, y, align }: Spot, width: number, height: number): Area {
  const left = align === "left" ? x : align === "right" ? x - width : x - width / 2;
  return { left, top: y - height / 2, right: left + width, bottom: y + height / 2 };
}

function overlap(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
