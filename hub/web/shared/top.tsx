import { effect, signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

import { switchLanguage } from "./language";
import { notice } from "./line";
import type { Outbox } from "./outbox";
import type { View } from "./rows";
import { goToSignIn, type Page } from "./session";
import type { Connection as State, Stream } from "./stream";
import { say } from "./words";

const ELDER = "baiying.elder";
const elder = signal(localStorage.getItem(ELDER) === "yes");
effect(() => {
  localStorage.setItem(ELDER, elder.value ? "yes" : "no");
  document.documentElement.className = elder.value ? "light elder" : "light";
});

/** What every page says before anything else: that nothing here is real, or that it is practice. */
export function Bands({ demo, drill }: { demo: boolean | undefined; drill: boolean }) {
  return (
    <>
      {demo && <p class="demo-band">{say("demo")}</p>}
      {drill && (
        <p class="drill-band">
          <span>{say("drill")}</span>
        </p>
      )}
    </>
  );
}

interface Of<V extends View> {
  page: Page;
  title: string | undefined;
  stream: Stream<V>;
  outbox: Outbox;
  children: ComponentChildren;
}

/** The one column of a page for a hand: who, size, language, connection, and what is told; or why it has stopped. */
export function Column<V extends View>({ page, title, stream, outbox, children }: Of<V>) {
  return (
    <div class="narrow">
      <Top title={title} />
      <Connection state={stream.connection.value} unsent={outbox.pending.value.length} />
      {notice.value && (
        <p class="trouble" role="alert">
          {notice.value}{" "}
          <button class="small" onClick={() => (notice.value = "")}>
            {say("acknowledge")}
          </button>
        </p>
      )}
      <main>{stream.stopped.value ? <Stopped page={page} stream={stream} /> : children}</main>
    </div>
  );
}

/** Who, size of text, language. */
export function Top({ title }: { title: string | undefined }) {
  return (
    <header class="top">
      <h1>{title ?? say("name")}</h1>
      <span>
        <button class="small" aria-pressed={elder.value} onClick={() => (elder.value = !elder.value)}>
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
function Connection({ state, unsent }: { state: State; unsent: number }) {
  const word = say(state === "online" ? "online" : state === "connecting" ? "connecting" : "offline");
  return (
    <p class={`connection is-${state}`} role="status">
      <i /> {word}
      {unsent > 0 && state !== "online" && ` · ${say("unsent", unsent)}`}
    </p>
  );
}

/** The hub has told this page not to come back by itself: a person decides. */
export function Stopped<V extends View>({ page, stream }: { page: Page; stream: Stream<V> }) {
  const replaced = stream.connection.value === "replaced";
  return (
    <div class="panel stopped" role="alertdialog" aria-label={say(replaced ? "replaced" : "refused")}>
      <p>{say(replaced ? "replaced" : "refused")}</p>
      <button class="main" onClick={() => (replaced ? void stream.open() : goToSignIn(page))}>
        {say(replaced ? "openHere" : "signInAgain")}
      </button>
    </div>
  );
}
