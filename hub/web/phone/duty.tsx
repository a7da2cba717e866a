import { useState } from "preact/hooks";

import { hubNow, timeOfDay } from "../shared/clock";
import { tellRefusal } from "../shared/line";
import { secure } from "../shared/session";
import { enableSound } from "../shared/tones";
import { say } from "../shared/words";
import { fix, refusedFix, screenWasOff } from "./position";
import { district, me, outbox, standing, stream, tasks } from "./state";

const HOURS = [1, 2, 4, 8] as const;
const HOURS_FIRST = 4;
const HOUR_MS = 3_600_000;

/** Going on duty is where position is asked for: why, who sees it, until when. */
export function Duty() {
  const own = me.value;
  if (!own) return <p class="second">{say("loading")}</p>;
  return own.duty === "off_duty" ? <Start /> : <OnDuty />;
}

function Start() {
  const [hours, setHours] = useState<number>(HOURS_FIRST);
  const [patrol, setPatrol] = useState(false);
  const waiting = outbox.pending.value.some(({ name }) => name === "go_on_duty");
  const start = () => {
    // The only touch before the first offer: without it the browser would not let the offer ring.
    void enableSound();
    const until = hours === 0 ? null : new Date(hubNow() + hours * HOUR_MS).toISOString();
    outbox.put("go_on_duty", { patrol, until }, { district: district(), answered: tellRefusal });
  };
  return (
    <section class="panel">
      <p>{say(stream.welcome.value?.demo ? "demoPlace" : "dutyWhy")}</p>
      {!secure.value && <p class="trouble">{say("insecure")}</p>}
      <label>
        {say("dutyUntil")}
        <select value={hours} onChange={({ currentTarget }) => setHours(Number(currentTarget.value))}>
          {HOURS.map((count) => (
            <option key={count} value={count}>
              {timeOfDay(hubNow() + count * HOUR_MS)} · {say("hours", count)}
            </option>
          ))}
          <option value={0}>{say("untilIStop")}</option>
        </select>
      </label>
      <label class="tick">
        <input type="checkbox" checked={patrol} onChange={({ currentTarget }) => setPatrol(currentTarget.checked)} />
        <span>
          {say("patrol")}
          <small>{say("patrolWhy")}</small>
        </span>
      </label>
      <button class="main" data-do="go-on-duty" disabled={waiting} onClick={start}>
        {waiting ? say("connecting") : say("startDuty")}
      </button>
    </section>
  );
}

function OnDuty() {
  const own = me.value!;
  const end = () => outbox.put("go_off_duty", {}, { district: district(), answered: tellRefusal });
  const quiet = standing.value.length === 0 && tasks.value.length === 0;
  return (
    <section class={`panel on-duty ${own.duty === "on_patrol" && quiet ? "is-dimmed" : ""}`}>
      <p>
        <b>{say("dutySince")}</b> {own.until && say("dutyTo", timeOfDay(Date.parse(own.until)))} · {own.grid_name}
      </p>
      <p class="second">{positionWords()}</p>
      {screenWasOff.value && (
        <p class="warned" onClick={() => (screenWasOff.value = false)}>
          {say("screenWasOff")}
        </p>
      )}
      {quiet && <p>{say("waitingForOffer")}</p>}
      <button class="small" data-do="go-off-duty" onClick={end}>
        {say("endDuty")}
      </button>
    </section>
  );
}

function positionWords(): string {
  if (stream.welcome.value?.demo) return say("demoPlaceShort");
  if (!secure.value) return say("insecure");
  if (refusedFix.value) return say("noPosition");
  return fix.value ? say("positionOn", Math.round(fix.value.accuracy_m)) : say("positionWaiting");
}
