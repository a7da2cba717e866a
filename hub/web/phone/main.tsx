import "../shared/colours.css";
import "../shared/light.css";
import "./phone.css";

import { effect, signal } from "@preact/signals";
import { render } from "preact";

import { switchLanguage } from "../shared/language";
import { goToSignIn, keepSignedIn } from "../shared/session";
import { say } from "../shared/words";
import { Alarm } from "./alarm";
import { Duty } from "./duty";
import { Ended, Offer, WhyNot } from "./offer";
import { followDuty, keepScreenOn } from "./position";
import { connectionWord, ended, me, notice, outbox, rows, standing, startReceipts, stoodDown, stream, tasks } from "./state";
import { Task } from "./task";

const ELDER = "baiying.elder";
const elder = signal(localStorage.getItem(ELDER) === "yes");
effect(() => {
  localStorage.setItem(ELDER, elder.value ? "yes" : "no");
  document.documentElement.className = elder.value ? "light elder" : "light";
});

/** What must be answered stands first; the red button is always under the thumb. */
function Phone() {
  const stopped = stream.connection.value === "replaced" || stream.connection.value === "refused";
  return (
    <>
      {stream.welcome.value?.demo && <p class="demo-band">{say("demo")}</p>}
      {drilling() && (
        <p class="drill-band">
          <span>{say("drill")}</span>
        </p>
      )}
      <div class="narrow">
        <Top />
        <Connection />
        {notice.value && (
          <p class="trouble" role="alert" onClick={() => (notice.value = "")}>
            {notice.value}
          </p>
        )}
        {stopped ? <Stopped /> : <Work />}
      </div>
      {!stopped && <Alarm />}
    </>
  );
}

const drilling = () =>
  [...rows.districts().values()].some(({ drill }) => drill) ||
  standing.value.some(({ drill }) => drill) ||
  tasks.value.some(({ drill }) => drill);

function Work() {
  return (
    <main>
      {standing.value.map((offer) => (
        <Offer key={offer.id} offer={offer} />
      ))}
      <WhyNot />
      {tasks.value.map((task) => (
        <Task key={task.id} task={task} />
      ))}
      <Duty />
      {stoodDown.value.map((task) => (
        <p key={task.id} class="ended">
          <b>{task.kind_name}</b> · {say("stoodDown")}
        </p>
      ))}
      {ended.value.map((offer) => (
        <Ended key={offer.id} offer={offer} />
      ))}
    </main>
  );
}

function Top() {
  return (
    <header class="top">
      <h1>{me.value?.name ?? say("name")}</h1>
      <span>
        <button class="small" onClick={() => (elder.value = !elder.value)}>
          {elder.value ? say("elderOff") : say("elder")}
        </button>{" "}
        <button class="small" onClick={switchLanguage} aria-label={say("otherLabel")}>
          {say("other")}
        </button>
      </span>
    </header>
  );
}

/** Always to be seen: whether what is shown is true now, and what has not gone out yet. */
function Connection() {
  const unsent = outbox.pending.value.length;
  return (
    <p class={`connection is-${stream.connection.value}`} role="status">
      <i /> {connectionWord()}
      {unsent > 0 && stream.connection.value !== "online" && ` · ${say("unsent", unsent)}`}
    </p>
  );
}

function Stopped() {
  const replaced = stream.connection.value === "replaced";
  return (
    <main class="panel">
      <p>{say(replaced ? "replaced" : "refused")}</p>
      <button class="main" onClick={() => (replaced ? void stream.open() : goToSignIn("phone"))}>
        {say(replaced ? "openHere" : "signInAgain")}
      </button>
    </main>
  );
}

render(<Phone />, document.getElementById("page")!);
startReceipts();
followDuty();
keepScreenOn();
void stream.open();
keepSignedIn("phone");
