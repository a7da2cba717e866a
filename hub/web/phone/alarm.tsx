import { signal } from "@preact/signals";

import { hubNow } from "../shared/clock";
import type { OwnCallRow } from "../shared/wire.gen";
import { incidentState, say } from "../shared/words";
import { Hold } from "./hold";
import { fix } from "./position";
import { outbox, rows, tellRefusal } from "./state";

/** Silence of the net after which the telephone is offered beside the retries. */
const NO_NETWORK_MS = 3_000;
const CANCELLED_SHOWN_MS = 60_000;

const cancelledAt_ms = signal(0);

function raise(): void {
  const here = fix.peek();
  const place = here ? { lat: here.lat, lng: here.lng } : null;
  outbox.put("raise_alarm", { kind: null, place, crs: "wgs84", drill: false }, { answered: tellRefusal });
}

function cancel(alarm: string): void {
  outbox.put("cancel_alarm", { alarm }, { answered: tellRefusal });
  cancelledAt_ms.value = Date.now();
}

/** The red button; after it, what became of the alarm, and a way back for who pressed it by mistake. */
export function Alarm() {
  const unsent = outbox.pending.value.find(({ name }) => name === "raise_alarm");
  const cancelling = new Set(outbox.pending.value.filter(({ name }) => name === "cancel_alarm").map(({ args }) => args["alarm"]));
  const open = [...rows.of("alarms").values()].filter((call) => !over(call) && !cancelling.has(call.alarm));
  const last = open.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];
  return (
    <section class="alarm">
      {unsent ? <Unsent tappedAt_ms={unsent.tappedAt_ms} alarm={unsent.id} /> : last ? <Sent call={last} /> : <Thanks />}
      {!unsent && !last && <Hold class="red" label={say("redButton")} hint={say("redHint")} holding={say("redHold")} onHeld={raise} />}
    </section>
  );
}

const over = ({ state }: OwnCallRow) => state === "closed" || state === "cancelled";

function Thanks() {
  if (cancelledAt_ms.value + CANCELLED_SHOWN_MS < Date.now()) return null;
  return <p role="status">{say("mistakeSent")}</p>;
}

function Sent({ call }: { call: OwnCallRow }) {
  return (
    <div class="alarm-sent" data-alarm={call.alarm} data-incident={call.incident}>
      <p role="status">
        <b>{say("alarmSent", call.received)}</b>
      </p>
      <p>{call.helper ? say("alarmHelper", call.helper) : incidentState(call.state)}</p>
      <Hold class="mistake" label={say("mistake")} hint="" holding={say("redHold")} onHeld={() => cancel(call.alarm)} />
    </div>
  );
}

function Unsent({ tappedAt_ms, alarm }: { tappedAt_ms: number; alarm: string }) {
  // The clock signal moves this component on; the two clocks may differ, so only its ticking is used.
  void hubNow();
  const waited_ms = Date.now() - tappedAt_ms;
  return (
    <div class="alarm-sent" data-alarm={alarm}>
      <p role="status">
        <b>{waited_ms > NO_NETWORK_MS ? say("unconfirmed") : say("alarmSending")}</b>
      </p>
      {waited_ms > NO_NETWORK_MS && <Telephone />}
      <Hold class="mistake" label={say("mistake")} hint="" holding={say("redHold")} onHeld={() => cancel(alarm)} />
    </div>
  );
}

function Telephone() {
  const here = fix.value;
  const body = here ? say("smsBody", `${here.lat.toFixed(5)},${here.lng.toFixed(5)}`) : say("smsBodyNoPlace");
  return (
    <div class="telephone">
      <p>{say("noNetwork")}</p>
      {["120", "119", "110"].map((number) => (
        <a class="button" key={number} href={`tel:${number}`}>
          {say("callNumber", number)}
        </a>
      ))}
      <a class="button" href={`sms:12110?body=${encodeURIComponent(body)}`}>
        {say("textNumber")}
      </a>
    </div>
  );
}
