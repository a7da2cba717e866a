import { computed, effect, signal } from "@preact/signals";

import { connect } from "../shared/line";
import { play } from "../shared/tones";
import type { OwnOfferRow, VolunteerRows } from "../shared/wire.gen";

/** How long an offer that has ended stays to be seen. */
const ENDED_SHOWN_MS = 10 * 60_000;

export const { rows, stream, outbox } = connect<VolunteerRows>("phone");

export const me = computed(() => [...rows.of("me").values()][0] ?? null);
export const district = () => Object.keys(stream.welcome.value?.districts ?? {})[0] ?? null;

const STANDING = ["made", "received", "seen"];
export const isStanding = ({ state }: OwnOfferRow) => STANDING.includes(state);

/** Offers to be answered, soonest deadline first. Those already answered here are not asked again while the answer travels. */
export const standing = computed(() => {
  const answered = new Set(outbox.pending.value.filter(({ name }) => name === "accept" || name === "decline").map(({ args }) => args["offer"]));
  const open = [...rows.of("offers").values()].filter((offer) => isStanding(offer) && !answered.has(offer.id));
  return open.sort((a, b) => Date.parse(a.deadline) - Date.parse(b.deadline));
});

/** Offers that ended without a yes or no of one's own: the card stays and says what became of it. */
export const ended = computed(() => {
  const recent = ({ ended_at }: OwnOfferRow) => ended_at !== null && Date.now() - Date.parse(ended_at) < ENDED_SHOWN_MS;
  const over = [...rows.of("offers").values()].filter((offer) => (offer.state === "expired" || offer.state === "withdrawn") && recent(offer));
  return over.sort((a, b) => Date.parse(b.ended_at ?? "") - Date.parse(a.ended_at ?? "")).slice(0, 3);
});

const ACTIVE = ["assigned", "en_route", "on_scene"];
export const tasks = computed(() => [...rows.of("assignments").values()].filter(({ state }) => ACTIVE.includes(state)));
/** Assignments that others ended: said with thanks for a while. */
export const stoodDown = computed(() =>
  [...rows.of("assignments").values()].filter(
    ({ state, ended_at }) => state === "stood_down" && ended_at !== null && Date.now() - Date.parse(ended_at) < ENDED_SHOWN_MS,
  ),
);

/** The software says at once that it has an offer, and rings; that its owner has looked is said when the page is seen. */
export function startReceipts(): void {
  const [received, seen] = [new Set<string>(), new Set<string>()];
  const visible = signal(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", () => (visible.value = document.visibilityState === "visible"));
  effect(() => {
    for (const offer of standing.value) {
      if (offer.state === "made" && first(received, offer.id)) outbox.put("offer_received", { offer: offer.id });
      if (offer.state !== "seen" && visible.value && first(seen, offer.id)) outbox.put("offer_seen", { offer: offer.id });
    }
  });
  const rung = new Set<string>();
  effect(() => {
    for (const offer of standing.value) if (first(rung, offer.id)) ring();
  });
}

function first(done: Set<string>, id: string): boolean {
  return !done.has(id) && Boolean(done.add(id));
}

function ring(): void {
  play("offer");
  navigator.vibrate?.([400, 200, 400, 200, 800]);
}
