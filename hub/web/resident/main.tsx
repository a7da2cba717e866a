import "../shared/colours.css";
import "../shared/light.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { Alarm, Hotlines, over } from "../shared/alarm";
import { timeOfDay } from "../shared/clock";
import { connect } from "../shared/line";
import { keepSession, keepSignedIn, registerDevice, secure, sessionOf } from "../shared/session";
import { Bands, Column } from "../shared/top";
import type { OwnCallRow, Place, ResidentRows } from "../shared/wire.gen";
import { incidentState, say } from "../shared/words";

const { rows, stream, outbox } = connect<ResidentRows>("resident");

/** Where this device is; null until somebody has said that it may be known. */
const here = signal<Place | null>(null);
const refusedHere = signal(false);

function Resident() {
  const calls = [...rows.of("alarms").values()];
  return (
    <>
      <Bands demo={stream.welcome.value?.demo} drill={calls.some(({ drill }) => drill)} />
      <Column title={undefined} page="resident" {...{ stream, outbox }}>
        <section class="panel">
          <h2>{say("residentTitle")}</h2>
          <p>{say("residentHow")}</p>
          <Where />
        </section>
        <Calls calls={calls} />
        <section class="panel" aria-label={say("hotlines")}>
          <p>{say("hotlines")}</p>
          <div class="row">
            <Hotlines />
          </div>
        </section>
      </Column>
      {!stream.stopped.value && <Alarm outbox={outbox} calls={calls} here={here} />}
    </>
  );
}

/** Position is asked for by a button of its own, never on load, and says who sees it. A demo takes no real person's. */
function Where() {
  if (stream.welcome.value?.demo) return <p class="second">{say("residentDemo")}</p>;
  if (!secure.value) return <p class="trouble">{say("insecure")}</p>;
  if (here.value) return <p class="second">{say("positionKnown")}</p>;
  if (refusedHere.value) return <p class="warned">{say("residentNoPlace")}</p>;
  return (
    <>
      <button data-do="tell-place" onClick={tellPlace}>
        {say("tellPlace")}
      </button>
      <p class="second">{say("tellPlaceWhy")}</p>
    </>
  );
}

function tellPlace(): void {
  const known = ({ coords }: GeolocationPosition) => (here.value = { lat: coords.latitude, lng: coords.longitude });
  navigator.geolocation?.watchPosition(known, () => (refusedHere.value = true), { enableHighAccuracy: true });
}

const CALLS_SHOWN_MAX = 10;

function Calls({ calls }: { calls: OwnCallRow[] }) {
  if (calls.length === 0) return null;
  const newest = [...calls].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, CALLS_SHOWN_MAX);
  return (
    <section class="panel" aria-label={say("myCalls")}>
      <h2>{say("myCalls")}</h2>
      <ul class="plain-list">
        {newest.map((call) => (
          <li key={call.id} data-call={call.alarm} data-state={call.state}>
            <b>{timeOfDay(Date.parse(call.at))}</b> {call.kind_name} · {incidentState(call.state)}
            {call.helper && !over(call) && ` · ${say("alarmHelper", call.helper)}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

const REGISTER_AGAIN_MS = 5_000;

/** Opening the page is enough: this device is made known, so that its button works without an account. */
async function begin(): Promise<void> {
  if (!sessionOf("resident")) {
    try {
      keepSession("resident", await registerDevice(new URLSearchParams(location.search).get("district") ?? ""));
    } catch {
      // No network, or too many at once: the red button waits in the outbox meanwhile.
      return void setTimeout(() => void begin(), REGISTER_AGAIN_MS);
    }
  }
  void stream.open();
}

render(<Resident />, document.getElementById("page")!);
void begin();
keepSignedIn("resident");
