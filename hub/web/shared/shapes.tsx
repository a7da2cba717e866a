import type { IncidentState } from "./wire.gen";

/**
 * The five shapes, in a box of 24 by 24. Colour is never alone: each state has its shape and its word. The same paths
 * are drawn by SVG on cards and by canvas on the map.
 */
export const PATHS = {
  alarm: "M12 1 23 12 12 23 1 12Z",
  ring: "M12 3a9 9 0 1 0 .01 0Z",
  going: "M2 9h11V3l10 9-10 9v-6H2Z",
  disc: "M12 1a11 11 0 1 0 .01 0Z",
  tick: "m6.5 12.5 3.8 3.8 7.2-8",
} as const;

export type Shape = "alarm" | "waiting" | "going" | "scene" | "old";

/** Which shape says how an incident stands. */
export const SHAPES: Record<IncidentState, Shape> = {
  open: "alarm",
  offering: "waiting",
  assigned: "going",
  en_route: "going",
  on_scene: "scene",
  closed: "old",
  cancelled: "old",
  duplicate_of: "old",
};

/** One shape of the height of the text beside it; the word beside it says the same, so readers skip it. */
export function Mark({ shape }: { shape: Shape }) {
  return (
    <svg class={`mark mark-${shape}`} viewBox="0 0 24 24" aria-hidden="true">
      {drawn(shape)}
    </svg>
  );
}

function drawn(shape: Shape) {
  switch (shape) {
    case "alarm":
      return <path d={PATHS.alarm} fill="currentColor" />;
    case "waiting":
      return <path d={PATHS.ring} fill="none" stroke="currentColor" stroke-width="3" stroke-dasharray="5 4.4" />;
    case "going":
      return <path d={PATHS.going} fill="currentColor" />;
    case "old":
      return <path d={PATHS.ring} fill="none" stroke="currentColor" stroke-width="2.5" />;
    case "scene":
      return (
        <>
          <path d={PATHS.disc} fill="currentColor" />
          <path d={PATHS.tick} fill="none" stroke="var(--ground)" stroke-width="3" />
        </>
      );
  }
}
