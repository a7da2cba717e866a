import "../shared/colours.css";
import "../shared/light.css";
import "./phone.css";

import { render } from "preact";

import { Alarm } from "../shared/alarm";
import { keepSignedIn } from "../shared/session";
import { Bands, Column } from "../shared/top";
import { say } from "../shared/words";
import { Duty } from "./duty";
import { Ended, Offer, WhyNot } from "./offer";
import { fix, followDuty, keepScreenOn } from "./position";
import { ended, me, outbox, rows, standing, startReceipts, stoodDown, stream, tasks } from "./state";
import { Task } from "./task";

/** What must be answered stands first; the red button is always under the thumb. */
function Phone() {
  return (
    <>
      <Bands demo={stream.welcome.value?.demo} drill={drilling()} />
      <Column title={me.value?.name} page="phone" {...{ stream, outbox }}>
        <Work />
      </Column>
      {!stream.stopped.value && <Alarm outbox={outbox} calls={rows.of("alarms").values()} here={fix} />}
    </>
  );
}

const drilling = () =>
  [...rows.districts().values()].some(({ drill }) => drill) ||
  standing.value.some(({ drill }) => drill) ||
  tasks.value.some(({ drill }) => drill);

function Work() {
  return (
    <>
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
    </>
  );
}

render(<Phone />, document.getElementById("page")!);
startReceipts();
followDuty();
keepScreenOn();
void stream.open();
keepSignedIn("phone");
