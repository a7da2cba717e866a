import "../shared/colours.css";
import "./desk.css";

import { render } from "preact";

import { hubNow, timeOfDay } from "../shared/clock";
import { switchLanguage } from "../shared/language";
import { notice } from "../shared/line";
import { goToSignIn, keepSignedIn } from "../shared/session";
import { say } from "../shared/words";
import { Incident } from "./incident";
import { Intake } from "./intake";
import { open, rows, stream } from "./state";

/** A list and a form: what is open, the most urgent first, and a way to raise an alarm for a caller. */
function Desk() {
  return (
    <>
      <Bar />
      {stream.welcome.value?.demo && <p class="demo-band">{say("demo")}</p>}
      {[...rows.districts().values()].some(({ drill }) => drill) && (
        <p class="drill-band">
          <span>{say("drill")}</span>
        </p>
      )}
      {notice.value && (
        <p class="notice" role="alert">
          {notice.value} <button onClick={() => (notice.value = "")}>{say("acknowledge")}</button>
        </p>
      )}
      {stream.stopped.value ? <Stopped /> : <Work />}
    </>
  );
}

function Bar() {
  const names = [...rows.districts().values()].map(({ name }) => name);
  const online = stream.connection.value === "online";
  return (
    <header class="bar">
      <h1>
        {names.join(" · ") || say("name")} {say("desk")}
      </h1>
      <p role="status" class={online ? "" : "short"}>
        {say(online ? "online" : stream.connection.value === "connecting" ? "connecting" : "offline")} · {say("openCases", open.value.length)}
      </p>
      <button onClick={switchLanguage} aria-label={say("otherLabel")}>
        {say("other")}
      </button>
      <time>{timeOfDay(hubNow(), true)}</time>
    </header>
  );
}

function Work() {
  return (
    <main>
      <ol class="cases" aria-label={say("openCases", open.value.length)}>
        {open.value.map((incident) => (
          <Incident key={incident.id} incident={incident} />
        ))}
        {open.value.length === 0 && <li>{say(stream.welcome.value ? "allQuiet" : "loading")}</li>}
      </ol>
      <Intake />
    </main>
  );
}

function Stopped() {
  const replaced = stream.connection.value === "replaced";
  return (
    <main>
      <p role="alert">{say(replaced ? "replaced" : "refused")}</p>
      <button onClick={() => (replaced ? void stream.open() : goToSignIn("desk"))}>{say(replaced ? "openHere" : "signInAgain")}</button>
    </main>
  );
}

document.documentElement.className = "dark";
render(<Desk />, document.getElementById("page")!);
void stream.open();
keepSignedIn("desk");
