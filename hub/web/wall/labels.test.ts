import { expect, test } from "vitest";

import { around, beside, Labels } from "./labels";

test("a word takes the first spot that is free, and none when all are taken", () => {
  const labels = new Labels(400, 300);
  labels.keep(100, 100, 30);
  const spots = beside(100, 100, 20, 30, 0);
  expect(labels.take(spots, 80, 28)).toEqual({ x: 120, y: 100, align: "left" });
  expect(labels.take(spots, 80, 28)).toEqual({ x: 80, y: 100, align: "right" });
  expect(labels.take(spots, 80, 28)).toBeNull();
});

test("names of those who stand at one place stack beside it", () => {
  const labels = new Labels(400, 300);
  const spots = beside(200, 150, 20, 30, 2);
  const taken = Array.from({ length: 5 }, () => labels.take(spots, 90, 28));
  expect(taken.map((spot) => [spot?.y, spot?.align])).toEqual([[150, "left"], [150, "right"], [180, "left"], [180, "right"], [120, "left"]]);
});

test("a word over a mark goes under it when there is no room", () => {
  const labels = new Labels(400, 300);
  labels.keep(200, 110, 60);
  expect(labels.take(around(200, 150, 48), 100, 34)).toEqual({ x: 200, y: 198, align: "center" });
});

test("no word leaves the map", () => {
  expect(new Labels(400, 300).take(beside(390, 150, 20, 30, 0), 80, 28)).toEqual({ x: 370, y: 150, align: "right" });
});
