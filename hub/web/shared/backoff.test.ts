import { expect, test } from "vitest";

import { backoff_ms, comesBack } from "./backoff";
import { uuid7 } from "./uuid";

test("the delay is anywhere between nothing and a ceiling that doubles up to 30 s", () => {
  const longest = () => 1;
  expect([0, 1, 2, 6, 20].map((failures) => backoff_ms(failures, longest))).toEqual([500, 1000, 2000, 30_000, 30_000]);
  expect(backoff_ms(5, () => 0)).toBe(0);
});

test("only codes from 4500 on keep a client away", () => {
  expect([1006, 4001, 4012, 4499].every(comesBack)).toBe(true);
  expect([4500, 4509, 4512].some(comesBack)).toBe(false);
});

test("a command's id is a UUID of version 7 that sorts by time", () => {
  expect(uuid7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  expect(uuid7(1_700_000_000_000) < uuid7(1_700_000_000_001)).toBe(true);
});
