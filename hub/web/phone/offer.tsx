import { signal } from "@preact/signals";
import { useState } from "preact/hooks";

import { hubNow, until_ms } from "../shared/clock";
import { tellRefusal } from "../shared/line";
import type { DeclineReason, OwnOfferRow } from "../shared/wire.gen";
import { declineReasons, offerState, say } from "../shared/words";
import { outbox, rows } from "./state";

const LATER_MIN = [10, 20, 30] as const;
const WORDS_LENGTH_MAX = 200;
/** A no goes out by itself after so long; a reason may be said meanwhile, or not. */
const REASON_WITHIN_MS = 5_000;

/** What, how far, what to do, how many are missing, how long is left; then yes, no, or later. */
export function Offer({ offer }: { offer: OwnOfferRow }) {
  const [later, setLater] = useState(false);
  return (
    <article class="offer" data-offer={offer.id}>
      <h2>{offer.kind_name}</h2>
      <Way offer={offer} />
      <p class="second">{offer.grid_name}</p>
      {offer.words && <p class="todo">{offer.words}</p>}
      <p>{say("stillNeeded", Math.max(0, offer.needed - offer.filled), offer.asked)}</p>
      <TimeLeft offer={offer} />
      {later ? <Later offer={offer} back={() => setLater(false)} /> : <Answers offer={offer} later={() => setLater(true)} />}
    </article>
  );
}

/** How far it is; the minutes stand out. */
function Way({ offer }: { offer: OwnOfferRow }) {
  const [before, after] = say(offer.travel, "|", offer.distance_m).split("|");
  return (
    <p class="way">
      {before}
      <b>{offer.travel_min}</b>
      {after}
    </p>
  );
}

function TimeLeft({ offer }: { offer: OwnOfferRow }) {
  const left_ms = Math.max(0, until_ms(offer.deadline));
  const whole_ms = Math.max(1, Date.parse(offer.deadline) - Date.parse(offer.made_at));
  const seconds = Math.ceil(left_ms / 1000);
  return (
    <div class="time-left" role="timer" aria-label={say("timeLeft", seconds)}>
      <b>{seconds}</b> {say("secondsLeft")}
      <i style={{ width: `${Math.min(100, (100 * left_ms) / whole_ms)}%` }} />
    </div>
  );
}

const accept = (offer: OwnOfferRow, eta_min: number | null) =>
  outbox.put("accept", { offer: offer.id, eta_min }, { answered: tellRefusal });

function Answers({ offer, later }: { offer: OwnOfferRow; later: () => void }) {
  const decline = () => (declined.value = outbox.put("decline", { offer: offer.id }, { wait_ms: REASON_WITHIN_MS, answered: tellRefusal }));
  return (
    <div class="answers">
      <button class="main" data-do="accept" onClick={() => accept(offer, null)}>
        {say("accept")}
      </button>
      <button data-do="decline" onClick={decline}>
        {say("decline")}
      </button>
      <button class="wide" data-do="later" onClick={later}>
        {say("later")}
      </button>
    </div>
  );
}

function Later({ offer, back }: { offer: OwnOfferRow; back: () => void }) {
  const [words, setWords] = useState("");
  const asSaid = () => outbox.put("decline", { offer: offer.id, reason: "later", words }, { answered: tellRefusal });
  return (
    <div class="later">
      <p>{say("laterAsk")}</p>
      <div class="row">
        {LATER_MIN.map((minutes) => (
          <button key={minutes} onClick={() => accept(offer, minutes)}>
            {say("minutesShort", minutes)}
          </button>
        ))}
      </div>
      <label>
        {say("orSay")}
        <input value={words} maxLength={WORDS_LENGTH_MAX} onInput={({ currentTarget }) => setWords(currentTarget.value)} />
      </label>
      <div class="row">
        <button onClick={back}>{say("back")}</button>
        <button disabled={words.trim() === ""} onClick={asSaid}>
          {say("send")}
        </button>
      </div>
    </div>
  );
}

/** The command id of the no that still may be given a reason. */
const declined = signal<string | null>(null);

export function WhyNot() {
  void hubNow();
  const waiting = outbox.pending.value.find(({ id, notBefore_ms }) => id === declined.value && notBefore_ms > Date.now());
  if (!waiting) return null;
  const because = (reason: DeclineReason) => outbox.hurry(waiting.id, { reason });
  return (
    <section class="panel" data-declined={incidentOf(waiting.args["offer"])}>
      <p>{say("whyNot")}</p>
      <div class="row two">
        {declineReasons().map(([reason, word]) => (
          <button key={reason} data-reason={reason} onClick={() => because(reason)}>
            {word}
          </button>
        ))}
      </div>
      <div class="row">
        <button onClick={() => outbox.takeBack(waiting.id)}>{say("undo")}</button>
        <button onClick={() => outbox.hurry(waiting.id, {})}>{say("skip")}</button>
      </div>
    </section>
  );
}

const incidentOf = (offer: unknown) => rows.of("offers").get(String(offer))?.incident;

/** After its deadline an offer stays, and says what became of it. */
export function Ended({ offer }: { offer: OwnOfferRow }) {
  const come = () => outbox.put("volunteer_for", { incident: offer.incident }, { answered: tellRefusal });
  return (
    <article class="ended">
      <p>
        <b>{offer.kind_name}</b> · {offerState(offer.state)}
      </p>
      {offer.state === "expired" && <button onClick={come}>{say("stillGo")}</button>}
    </article>
  );
}
