import { signal, type Signal } from "@preact/signals";

import type { DistrictRow, Gone } from "./wire.gen";

interface Row {
  id: string;
}

/** What every view has, whatever the role: the district, rows to forget, and lists of rows. */
export interface View {
  district?: DistrictRow | null;
  gone?: Gone[];
}

/** The names of a view's lists of rows. */
export type ListName<V> = Exclude<
  { [K in keyof V]-?: NonNullable<V[K]> extends Row[] ? K : never }[keyof V],
  "gone"
> & string;
export type RowOf<V, K extends ListName<V>> = NonNullable<V[K]> extends (infer R)[] ? R : never;

/** An id begins with the number of its district: nine digits follow it. */
export function districtOf(id: string): string {
  return id.slice(0, -9);
}

class List {
  readonly rows = new Map<string, Row>();
  readonly version: Signal<number> = signal(0);
}

/**
 * Rows as the hub sent them, by list and id. They are replaced, never computed here. A list is one map with a version:
 * copying forty thousand rows for every delta would cost more than the delta.
 */
export class Rows<V extends View> {
  private readonly lists = new Map<string, List>();
  private readonly districtRows = signal<ReadonlyMap<string, DistrictRow>>(new Map());

  /** Rows of a list; a component that reads them is drawn again when one of them changes. */
  of<K extends ListName<V>>(name: K): ReadonlyMap<string, RowOf<V, K>> {
    const list = this.list(name);
    void list.version.value;
    return list.rows as ReadonlyMap<string, unknown> as ReadonlyMap<string, RowOf<V, K>>;
  }

  /** A number that changes whenever the list does; not tracked, for drawing loops. */
  versionOf(name: ListName<V>): number {
    return this.list(name).version.peek();
  }

  districts(): ReadonlyMap<string, DistrictRow> {
    return this.districtRows.value;
  }

  /** Upserts the rows of one commit, and forgets those that are gone. */
  apply(data: V): void {
    if (data.district) this.districtRows.value = new Map(this.districtRows.peek()).set(data.district.id, data.district);
    for (const [name, rows] of Object.entries(data)) {
      if (name === "gone" || !Array.isArray(rows)) continue;
      const list = this.list(name);
      for (const row of rows as Row[]) list.rows.set(row.id, row);
      list.version.value++;
    }
    for (const { what, id } of data.gone ?? []) {
      const list = this.list(what);
      if (list.rows.delete(id)) list.version.value++;
    }
  }

  /** Forgets all rows of a district: a snapshot follows. */
  forget(district: string): void {
    for (const list of this.lists.values()) {
      for (const id of list.rows.keys()) if (districtOf(id) === district) list.rows.delete(id);
      list.version.value++;
    }
  }

  private list(name: string): List {
    const found = this.lists.get(name);
    if (found) return found;
    const made = new List();
    this.lists.set(name, made);
    return made;
  }
}
