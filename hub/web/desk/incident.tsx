import { useState } from "preact/hooks";

import { AidLine } from "../shared/aid";
import { hubNow, minutesAndSeconds, timeOfDay } from "../shared/clock";
import { tellRefusal } from "../shared/line";
import { exchange, sessionOf } from "../shared/session";
import { Mark, SHAPES } from "../shared/shapes";
import type { CallContact, Contact, Disposition, IncidentRow, OfferRow, TaskOutcome, TaskRow } from "../shared/wire.gen";
import { assignmentState, declineReason, dispositions, incidentState, offerState, say, taskKind } from "../shared/words";
import { assignmentsOf, gridName, nameOf, offersOf, openTasksOf, outbox } from "./state";

/** One line of the list; opened, who was asked and answered what, and what the desk can do. */
export function Incident({ incident }: { incident: IncidentRow }) {
  const [shown, setShown] = useState(false);
  const { progress } = incident;
  const tasks = openTasksOf(incident.id);
  return (
    <li class={`case ${incident.urgency}`} data-incident={incident.id} data-state={incident.state}>
      <button class="line" aria-expanded={shown} onClick={() => setShown(!shown)}>
        <Mark shape="alarm" />
        <b>{incident.kind_name}</b>
        <span>{gridName(incident.grid)}</span>
        <time>{minutesAndSeconds(hubNow() - Date.parse(incident.opened_at))}</time>
        <span class={progress.filled < progress.needed ? "short" : ""}>
          {progress.needed === 0 ? say("informOnly") : say("people", progress.filled, progress.needed)}
        </span>
        <span>
          <Mark shape={SHAPES[incident.state]} /> {incident.state === "offering" ? say("offering", progress.wave) : incidentState(incident.state)}
        </span>
      </button>
      <AidLine progress={progress} />
      {tasks.map((task) => (
        <Task key={task.id} task={task} />
      ))}
      {shown && <Inside incident={incident} />}
    </li>
  );
}

/** What the machine leaves to a person: hand over, call back, supervise. */
function Task({ task }: { task: TaskRow }) {
  const complete = (outcome: TaskOutcome) => outbox.put("complete_task", { task: task.id, outcome }, { district: districtOf(task), answered: tellRefusal });
  const due_ms = Date.parse(task.due_at) - hubNow();
  return (
    <p class="todo" data-task={task.id}>
      <b>{taskKind(task.kind)}</b> <span class={task.overdue ? "short" : ""}>{say(due_ms < 0 ? "taskLate" : "taskDue", minutesAndSeconds(Math.abs(due_ms)))}</span>
      {task.words && <span>{say("sayToCaller", task.words)}</span>}
      <button onClick={() => complete(task.kind.startsWith("hand_over") ? "taken_over" : "done")}>{say("taskDone")}</button>
      <button onClick={() => complete("not_reached")}>{say("notReached")}</button>
    </p>
  );
}

const districtOf = ({ id }: TaskRow) => id.slice(0, -9);

function Inside({ incident }: { incident: IncidentRow }) {
  return (
    <div class="inside">
      <Calls incident={incident} />
      <table>
        <caption>{say("asked")}</caption>
        <tbody>
          {assignmentsOf(incident.id).map(({ id, volunteer, state, made_at }) => (
            <tr key={id}>
              <td>{nameOf(volunteer)}</td>
              <td>{assignmentState(state)}</td>
              <td>{timeOfDay(Date.parse(made_at), true)}</td>
            </tr>
          ))}
          {offersOf(incident.id)
            .filter(({ state }) => state !== "accepted")
            .map((offer) => (
              <tr key={offer.id} class="second" data-asked={offer.volunteer} data-state={offer.state}>
                <td>{nameOf(offer.volunteer)}</td>
                <td>{answer(offer)}</td>
                <td>{offer.distance_m} m</td>
              </tr>
            ))}
        </tbody>
      </table>
      <End incident={incident} />
    </div>
  );
}

/** What came of asking, in the desk's words: a volunteer is thanked, the desk wants to know why. */
function answer({ state, reason }: OfferRow): string {
  if (state === "declined") return [say("saidNo"), reason && declineReason(reason)].filter(Boolean).join(" · ");
  return state === "withdrawn" ? say("withdrawn") : state === "expired" ? say("noAnswer") : offerState(state);
}

/** A caller's number and words are asked for one incident at a time: each look is in the audit. */
function Calls({ incident }: { incident: IncidentRow }) {
  const [calls, setCalls] = useState<CallContact[] | null>(null);
  const [refused, setRefused] = useState("");
  const look = () =>
    exchange<Contact>(`/incidents/${incident.id}/contact`, { token: sessionOf("desk")?.token })
      .then((contact) => setCalls(contact.calls))
      .catch((error: Error) => setRefused(error.message));
  if (!calls) {
    return (
      <p>
        <button onClick={() => void look()}>{say("showCaller")}</button> {refused || say("showCallerWhy")}
      </p>
    );
  }
  return (
    <>
      {calls.map(({ call, name, phone, address, words }) => (
        <p key={call}>{[name, phone, address, words].filter(Boolean).join(" · ") || say("nothingSaid")}</p>
      ))}
    </>
  );
}

function End({ incident }: { incident: IncidentRow }) {
  const close = (disposition: Disposition) => outbox.put("close", { incident: incident.id, disposition }, { answered: tellRefusal });
  return (
    <p class="row">
      <span>{say("closeAs")}</span>
      {dispositions().map(([disposition, word]) => (
        <button key={disposition} data-close={disposition} onClick={() => close(disposition)}>
          {word}
        </button>
      ))}
      <button onClick={() => outbox.put("escalate", { incident: incident.id }, { answered: tellRefusal })}>{say("escalateNow")}</button>
    </p>
  );
}
