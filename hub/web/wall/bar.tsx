import { hubNow, timeOfDay } from "../shared/clock";
import { switchLanguage } from "../shared/language";
import { Mark } from "../shared/shapes";
import { say } from "../shared/words";
import { soundOn } from "../shared/tones";
import { acknowledge, letHear, unacknowledged } from "./sound";
import { counts, missing, openAlarms, rows, stream } from "./state";

/** One line: which district, how many are where, sound, language, time. Numbers not known yet are dashes. */
export function Bar() {
  const known = stream.welcome.value !== null;
  const number = (value: number) => (known ? value : say("noNumber"));
  const { onDuty, going, onScene } = counts.value;
  return (
    <header class="bar">
      <h1>{districtName()}</h1>
      <dl>
        <Figure mark="alarm" word={say("alarmsOpen")} value={number(openAlarms.value.length)} />
        <Figure mark="going" word={say("onTheWay")} value={number(going)} />
        <Figure mark="scene" word={say("atScene")} value={number(onScene)} />
        <Figure word={say("onDuty")} value={number(onDuty)} />
        <Figure mark="old" word={say("lost")} value={number(missing.value.length)} />
      </dl>
      <Sound />
      <button class="plain" onClick={switchLanguage} aria-label={say("otherLabel")}>
        {say("other")}
      </button>
      <time>{timeOfDay(hubNow(), true)}</time>
    </header>
  );
}

function Figure({ mark, word, value }: { mark?: "alarm" | "going" | "scene" | "old"; word: string; value: string | number }) {
  return (
    <div>
      <dt>
        {mark && <Mark shape={mark} />} {word}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}

export function districtName(): string {
  const names = [...rows.districts().values()].map(({ name }) => name);
  return names.length > 0 ? names.join(" · ") : say("name");
}

/** Until a tone has played the loudspeaker is struck out: a silent wall must not be taken for a quiet district. */
function Sound() {
  if (!soundOn.value) {
    return (
      <button class="sound-off" onClick={() => void letHear()}>
        <Loudspeaker struck /> {say("soundOff")}
      </button>
    );
  }
  const waiting = unacknowledged().length > 0;
  return (
    <button class={waiting ? "acknowledge" : "plain"} disabled={!waiting} onClick={acknowledge}>
      <Loudspeaker struck={false} /> {waiting ? say("acknowledge") : say("soundOn")}
    </button>
  );
}

function Loudspeaker({ struck }: { struck: boolean }) {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2">
      <path d="M3 9v6h4l6 5V4L7 9Z" fill="currentColor" />
      {struck ? <path d="M2 2 22 22" stroke-width="3" /> : <path d="M16.5 8.5a5 5 0 0 1 0 7M19 5.5a9 9 0 0 1 0 13" />}
    </svg>
  );
}
