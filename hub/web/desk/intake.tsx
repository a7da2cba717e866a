import { useState } from "preact/hooks";

import { tellRefusal } from "../shared/line";
import type { GridRow, Place } from "../shared/wire.gen";
import { say } from "../shared/words";
import { outbox, plans, rows } from "./state";

const [PHONE_LENGTH_MAX, WORDS_LENGTH_MAX] = [20, 500];

/** An alarm for somebody who telephones: where, call-back number, what; raised once place and kind are known. */
export function Intake() {
  const [grid, setGrid] = useState("");
  const [kind, setKind] = useState("");
  const raise = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const said = (name: string) => String(new FormData(form).get(name) ?? "").trim() || null;
    const place = middleOf(rows.of("grids").get(grid));
    const args = { kind, place, crs: "wgs84" as const, drill: false, address: said("address"), caller_phone: said("phone"), words: said("words") };
    outbox.put("raise_alarm", args, { answered: tellRefusal });
    form.reset();
    setGrid("");
    setKind("");
  };
  return (
    <form class="intake" onSubmit={raise} aria-label={say("intake")}>
      <h2>{say("intake")}</h2>
      <Choice name="grid" word={say("intakeWhere")} value={grid} set={setGrid} of={[...rows.of("grids").values()].map(({ id, name }) => [id, name])} />
      <label>
        {say("intakeAddress")}
        <input name="address" maxLength={WORDS_LENGTH_MAX} />
      </label>
      <label>
        {say("intakePhone")}
        <input name="phone" inputMode="tel" maxLength={PHONE_LENGTH_MAX} />
      </label>
      <Choice name="kind" word={say("intakeWhat")} value={kind} set={setKind} of={plans.value.map(({ kind: id, name }) => [id, name])} />
      <label>
        {say("intakeWords")}
        <input name="words" maxLength={WORDS_LENGTH_MAX} />
      </label>
      <button class="main" data-do="raise" disabled={grid === "" || kind === ""}>
        {say("intakeRaise")}
      </button>
    </form>
  );
}

function Choice({ name, word, value, set, of }: { name: string; word: string; value: string; set: (value: string) => void; of: [string, string][] }) {
  return (
    <label>
      {word}
      <select name={name} value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
        <option value="">{say("choose")}</option>
        {of.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The middle of the grid: near enough to ask people, and the address is told to those who come. */
function middleOf(grid: GridRow | undefined): Place | null {
  const ring = grid?.polygons[0]?.[0];
  if (!ring || ring.length === 0) return null;
  const mean = (axis: 0 | 1) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length;
  return { lat: mean(1), lng: mean(0) };
}
