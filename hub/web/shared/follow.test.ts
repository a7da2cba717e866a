import { expect, test } from "vitest";

import { Follower } from "./follow";
import { Rows, type View } from "./rows";
import type { Delta, Pong, Snapshot } from "./wire.gen";

interface TestView extends View {
  incidents?: { id: string; state: string }[];
}

const ID = "1000000007";

function followed() {
  const rows = new Rows<TestView>();
  const follower = new Follower<TestView>(rows);
  const state = () => rows.of("incidents").get(ID)?.state;
  return { follower, state };
}

const delta = (prev: number, seq: number, state: string, history = "h"): Delta<TestView> => ({
  prev,
  seq,
  history,
  district: "1",
  type: "wave_sent",
  at: "2026-11-22T08:30:00.000Z",
  data: { incidents: [{ id: ID, state }] },
});

const part = (number: number, last: boolean, data: TestView): Snapshot<TestView> => ({ district: "1", history: "h", seq: 5, part: number, last, data });

const pong = (last: number, top: number): Pong => ({ at: "", server_time: "", districts: { "1": { last, top } } });

function at5() {
  const all = followed();
  all.follower.welcome({ "1": { history: "h", seq: 5, mode: "live" } });
  return all;
}

test("a delta that chains is applied, an older one is dropped", () => {
  const { follower, state } = at5();
  expect(follower.delta(delta(5, 8, "offering"))).toBe(true);
  expect(follower.delta(delta(2, 5, "open"))).toBe(true);
  expect(state()).toBe("offering");
  expect(follower.resume()).toEqual({ "1": { history: "h", seq: 8 } });
});

test("a gap is reported once, and mended by the delta that chains", () => {
  const { follower, state } = at5();
  expect(follower.delta(delta(7, 8, "closed"))).toBe(false);
  expect(follower.delta(delta(8, 9, "closed"))).toBe(true);
  expect(state()).toBeUndefined();
  follower.delta(delta(5, 7, "offering"));
  expect(state()).toBe("offering");
});

test("another history is a gap, whatever its numbers", () => {
  const { follower, state } = at5();
  expect(follower.delta(delta(5, 6, "closed", "other"))).toBe(false);
  expect(state()).toBeUndefined();
});

test("a snapshot shows nothing until it is whole, and then replaces everything", () => {
  const { follower, state } = at5();
  follower.delta(delta(5, 6, "offering"));
  follower.snapshot(part(0, false, { incidents: [{ id: ID, state: "assigned" }] }));
  expect(state()).toBe("offering");
  expect(follower.resume()).toEqual({ "1": null });
  follower.snapshot(part(1, true, {}));
  expect(state()).toBe("assigned");
});

test("pong moves the point of resuming on when nothing is missing, and names the district when something is", () => {
  const { follower } = at5();
  expect(follower.pong(pong(5, 40))).toEqual([]);
  expect(follower.resume()).toEqual({ "1": { history: "h", seq: 40 } });
  expect(follower.pong(pong(41, 41))).toEqual(["1"]);
});

test("rows of a district that is no longer followed are forgotten", () => {
  const { follower, state } = at5();
  follower.delta(delta(5, 6, "offering"));
  follower.welcome({});
  expect(state()).toBeUndefined();
});
