import "./alarm.css";

import { signal, type ReadonlySignal } from "@preact/signals";

import { hubNow } from "./clock";
import { Hold } from "./hold";
import { tellRefusal } from "./line";
import type { Outbox } from "./outbox";
import type { OwnCallRow, Place } from "./wire.gen";
import { incidentState, say } from "./words";

/** Silence of the net after which the telephone is offered beside the retries. */
const NO_NETWORK_MS = 3_000;
const CANCELLED_SHOWN_MS = 60_000;

/** What the button needs of its page: where to put the alarm, what became of earlier ones, and where one is. */
interface Red {
  outbox: Outbox;
  calls: Iterable<OwnCallRow>;
  here: ReadonlySignal<Place | null>;
}

const cancelledAt_ms = signal(0);

/** The red button; after it, what became of the alarm, and a way back for who pressed it by mistake. */
export function Alarm({ outbox, calls, here }: Red) {
  const raise = () => {
    const at = here.peek();
    const place = at ? { lat: at.lat, lng: at.lng } : null;
    outbox.put("raise_alarm", { kind: null, place, crs: "wgs84", drill: false }, { answered: tellRefusal });
  };
  const cancel = (alarm: string) => {
    outbox.put("cancel_alarm", { alarm }, { answered: tellRefusal });
    cancelledAt_ms.value = Date.now();
  };
  const unsent = outbox.pending.value.find(({ name }) => name === "raise_alarm");
  const cancelling = new Set(outbox.pending.value.filter(({ name }) => name === "cancel_alarm").map(({ args }) => args["alarm"]));
  const open = [...calls].filter((call) => !over(call) && !cancelling.has(call.alarm));
  const last = open.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];
  return (
    <section class="alarm" aria-label={say("emergency")}>
      {unsent ? <Unsent tappedAt_ms={unsent.tappedAt_ms} alarm={unsent.id} {...{ cancel, here }} /> : last ? <Sent call={last} cancel={cancel} /> : <Thanks />}
      {!unsent && !last && <Hold class="red" label={say("redButton")} hint={say("redHint")} holding={say("redHold")} onHeld={raise} />}
    </section>
  );
}

export const over = ({ state }: OwnCallRow) => state === "closed" || state === "cancelled";

function Thanks() {
  void hubNow();
  if (cancelledAt_ms.value + CANCELLED_SHOWN_MS < Date.now()) return null;
  return <p role="status">{say("mistakeSent")}</p>;
}

interface Back {
  cancel: (alarm: string) => void;
}

function Sent({ call, cancel }: { call: OwnCallRow } & Back) {
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

function Unsent({ tappedAt_ms, alarm, cancel, here }: { tappedAt_ms: number; alarm: string } & Back & Pick<Red, "here">) {
  // The clock signal moves this component on; the two clocks may differ, so only its ticking is used.
  void hubNow();
  const waited_ms = Date.now() - tappedAt_ms;
  return (
    <div class="alarm-sent" data-alarm={alarm}>
      <p role="status">
        <b>{waited_ms > NO_NETWORK_MS ? say("unconfirmed") : say("alarmSending")}</b>
      </p>
      {waited_ms > NO_NETWORK_MS && <Telephone at={here.value} />}
      <Hold class="mistake" label={say("mistake")} hint="" holding={say("redHold")} onHeld={() => cancel(alarm)} />
    </div>
  );
}

function Telephone({ at }: { at: Place | null }) {
  const body = at ? say("smsBody", `${at.lat.toFixed(5)},${at.lng.toFixed(5)}`) : say("smsBodyNoPlace");
  return (
    <div class="telephone">
      <p>{say("noNetwork")}</p>
      <Hotlines />
      <a class="button" href={`sms:12110?body=${encodeURIComponent(body)}`}>
        {say("textNumber")}
      </a>
    </div>
  );
}

/** The public numbers, one tap away. */
export function Hotlines() {
  return (
    <>
      {["120", "119", "110"].map((number) => (
        <a class="button" key={number} href={`tel:${number}`}>
          {say("callNumber", number)}
        </a>
      ))}
    </>
  );
}
