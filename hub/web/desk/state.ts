import { computed, effect, signal } from "@preact/signals";

import { connect } from "../shared/line";
import { exchange, sessionOf } from "../shared/session";
import type { DeskRows, IncidentRow, PlanRow } from "../shared/wire.gen";

export const { rows, stream, outbox } = connect<DeskRows>("desk");

const URGENCY = { life_threat: 0, urgent: 1, ordinary: 2 } as const;

/** What is not over yet, the most urgent and longest open first. */
export const open = computed(() => {
  const all = [...rows.of("incidents").values()].filter(({ ended_at }) => ended_at === null);
  return all.sort((a: IncidentRow, b: IncidentRow) => URGENCY[a.urgency] - URGENCY[b.urgency] || Date.parse(a.opened_at) - Date.parse(b.opened_at));
});

/** Rows of a list that belong to one incident. */
export const offersOf = (incident: string) => [...rows.of("offers").values()].filter((row) => row.incident === incident);
export const assignmentsOf = (incident: string) => [...rows.of("assignments").values()].filter((row) => row.incident === incident);
export const openTasksOf = (incident: string) =>
  [...rows.of("tasks").values()].filter((row) => row.incident === incident && row.outcome === null);

export const nameOf = (volunteer: string) => rows.of("volunteers").get(volunteer)?.name ?? "—";
export const gridName = (grid: string) => rows.of("grids").get(grid)?.name ?? "—";

/** Plans have no id to be followed by: they are read anew with each connection. */
export const plans = signal<PlanRow[]>([]);
effect(() => {
  if (!stream.welcome.value) return;
  exchange<PlanRow[]>("/plans", { token: sessionOf("desk")?.token })
    .then((read) => (plans.value = read))
    // No network: those of the last connection stay, and the next reads them.
    .catch(() => undefined);
});
