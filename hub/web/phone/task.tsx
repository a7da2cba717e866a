import { useEffect, useState } from "preact/hooks";

import { hubNow, timeOfDay } from "../shared/clock";
import { tellRefusal } from "../shared/line";
import type { Pending } from "../shared/outbox";
import { exchange, sessionOf } from "../shared/session";
import type { Contact, OwnAssignmentRow } from "../shared/wire.gen";
import { abortReasons, assignmentState, say } from "../shared/words";
import { outbox, stream } from "./state";

/** Time to take a step back; after it the step is written once. */
const UNDO_MS = 5_000;

const STEPS = { assigned: "en_route", en_route: "on_scene", on_scene: "done" } as const;
const STEP_WORDS = { en_route: "enRoute", on_scene: "onScene", done: "done" } as const;
type Step = keyof typeof STEP_WORDS;

/** What one has said yes to: where, what to do, whom to call, and one button whose word moves on. */
export function Task({ task }: { task: OwnAssignmentRow }) {
  const noted = outbox.pending.value.find(({ name, args }) => name in STEP_WORDS && args["assignment"] === task.id);
  const step = nextStep(task, noted);
  return (
    <article class="task" data-assignment={task.id} data-incident={task.incident} data-state={task.state}>
      <p class="state">{assignmentState(task.state)}</p>
      <h2>{task.kind_name}</h2>
      <Where task={task} />
      {task.words && <p class="todo">{task.words}</p>}
      {noted && <Noted entry={noted} />}
      {!noted && step && (
        <button class="main" data-do={step} onClick={() => note(task, step)}>
          {say(STEP_WORDS[step])}
        </button>
      )}
      <GiveUp task={task} />
    </article>
  );
}

function nextStep(task: OwnAssignmentRow, noted: Pending | undefined): Step | null {
  const state = noted ? (noted.name as keyof typeof STEPS) : task.state;
  return state in STEPS ? STEPS[state as keyof typeof STEPS] : null;
}

function note(task: OwnAssignmentRow, step: Step): void {
  outbox.put(step, { assignment: task.id, tapped_ago_ms: 0 }, { wait_ms: UNDO_MS, answered: tellRefusal });
}

/** Between the tap and the hub's word for it: time to undo, then what is kept while there is no connection. */
function Noted({ entry }: { entry: Pending }) {
  void hubNow();
  const seconds = Math.ceil((entry.notBefore_ms - Date.now()) / 1000);
  const offline = stream.connection.value !== "online";
  return (
    <div class="noted" role="status">
      <p>
        <b>{say(STEP_WORDS[entry.name as Step])}</b>{" "}
        {offline ? say("keptOffline", timeOfDay(entry.tappedAt_ms)) : seconds > 0 ? say("willSend", seconds) : say("unconfirmed")}
      </p>
      {entry.sentAt_ms === 0 && <button data-do="undo" onClick={() => outbox.takeBack(entry.id)}>{say("undo")}</button>}
    </div>
  );
}

function Where({ task }: { task: OwnAssignmentRow }) {
  const contact = useContact(task.incident);
  const call = contact?.calls.find(({ address, phone, words }) => address || phone || words);
  const { lat, lng } = task.place;
  return (
    <div class="where">
      <p>
        <b>{call?.address ?? task.grid_name}</b>
      </p>
      {task.place_unsure && <p class="warned">{say("placeUnsure")}</p>}
      {call?.words && (
        <p>
          {say("theySaid")}: {call.words}
        </p>
      )}
      <div class="row">
        <a class="button" href={`geo:${lat},${lng}?q=${lat},${lng}`}>
          {say("route")}
        </a>
        {call?.phone && (
          <a class="button" href={`tel:${call.phone}`}>
            {say("callCaller")}
          </a>
        )}
      </div>
    </div>
  );
}

/** Number, address and words of the caller: only who has said yes may ask, so they are not in the rows. */
function useContact(incident: string): Contact | null {
  const [contact, setContact] = useState<Contact | null>(null);
  const online = stream.connection.value === "online";
  useEffect(() => {
    if (!online || contact) return;
    exchange<Contact>(`/incidents/${incident}/contact`, { token: sessionOf("phone")?.token })
      .then(setContact)
      // Refused or no network: the card keeps the grid and the place, and asks again with the next connection.
      .catch(() => undefined);
  }, [incident, online]);
  return contact;
}

function GiveUp({ task }: { task: OwnAssignmentRow }) {
  const [open, setOpen] = useState(false);
  if (!open) {
    return (
      <button class="plain" onClick={() => setOpen(true)}>
        {say("cannotGoOn")}
      </button>
    );
  }
  return (
    <div class="later">
      <p>{say("abortAsk")}</p>
      <div class="row">
        {abortReasons().map(([reason, word]) => (
          <button key={reason} onClick={() => outbox.put("abort", { assignment: task.id, reason }, { answered: tellRefusal })}>
            {word}
          </button>
        ))}
        <button onClick={() => setOpen(false)}>{say("back")}</button>
      </div>
    </div>
  );
}
