import "../shared/colours.css";
import "./wall.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { hubNow, timeOfDay } from "../shared/clock";
import { switchLanguage } from "../shared/language";
import { goToSignIn, keepSignedIn } from "../shared/session";
import { Mark } from "../shared/shapes";
import { say } from "../shared/words";
import { Bar } from "./bar";
import { Card } from "./card";
import { camera, Map } from "./map";
import { soundOn } from "../shared/tones";
import { acknowledge, letHear, startSounding } from "./sound";
import { alarms, FEED_DEAD_MS, FEED_OLD_MS, missing, openAlarms, rows, stream } from "./state";

/** The wall is laid out once, for 1920 x 1080, and scaled whole. */
const [STAGE_WIDTH, STAGE_HEIGHT] = [1920, 1080];
const BAR_HEIGHT = 72;
const BAND_HEIGHT = 44;
const MAP_PART = 0.62;
/** Sizes are for a 55-inch screen read from 5 m; `?dist=` and `?inch=` change both together. */
const [DISTANCE_M, DIAGONAL_INCH] = [5, 55];
const CARDS_MAX = 6;
const [CARD_HEIGHT, CARDS_MARGIN] = [160, 84];
const MISSING_MAX = 6;
/** Up to so many cards are drawn in full size. */
const CARDS_ROOMY = 3;

const asked = new URLSearchParams(location.search);
const sizeFactor = Math.min(
  1.5,
  Math.max(0.6, ((Number(asked.get("dist")) || DISTANCE_M) / DISTANCE_M) * (DIAGONAL_INCH / (Number(asked.get("inch")) || DIAGONAL_INCH))),
);

const scale = signal(1);
const measure = () => (scale.value = Math.min(innerWidth / STAGE_WIDTH, innerHeight / STAGE_HEIGHT));
addEventListener("resize", measure);
measure();

function Wall() {
  const silent_ms = stream.welcome.value === null ? 0 : performance.now() - stream.heardAt.value + 0 * hubNow();
  const bands = Number(stream.welcome.value?.demo ?? false) + Number(drilling());
  const height = STAGE_HEIGHT - BAR_HEIGHT - bands * BAND_HEIGHT;
  const classes = ["stage", silent_ms > FEED_OLD_MS && "feed-old", silent_ms > FEED_DEAD_MS && "feed-dead"];
  return (
    <div class={classes.filter(Boolean).join(" ")} style={{ transform: `scale(${scale.value})`, "--k": String(sizeFactor) }}>
      <Bar />
      {stream.welcome.value?.demo && <p class="demo-band">{say("demo")}</p>}
      {drilling() && (
        <p class="drill-band">
          <span>{say("drill")}</span>
        </p>
      )}
      <main style={{ height: `${height}px` }}>
        <section class="left">
          <Map width={Math.round(STAGE_WIDTH * MAP_PART)} height={height} text_px={28 * sizeFactor} />
          <Missing />
          <Legend />
        </section>
        <Cards height={height} />
      </main>
      {silent_ms > FEED_OLD_MS && (
        <p class="feed-age" role="alert">
          {say("feedStale", timeOfDay(stream.heardAtHubTime.value, true))}
        </p>
      )}
      <Stopped />
      <p class="unseen" role="status">
        {newest()}
      </p>
    </div>
  );
}

const drilling = () => [...rows.districts().values()].some(({ drill }) => drill);

/** Off the map is not out of mind: who has gone missing is named. */
function Missing() {
  const names = missing.value;
  if (names.length === 0) return null;
  const more = names.length > MISSING_MAX ? ` ${say("morePeople", names.length - MISSING_MAX)}` : "";
  return (
    <p class="missing">
      <Mark shape="old" /> {say("lost")} {names.slice(0, MISSING_MAX).join(" ")}
      {more}
    </p>
  );
}

function Legend() {
  return (
    <footer class="legend">
      <span>
        <Mark shape="alarm" /> {say("legendAlarm")}
      </span>
      <span>
        <Mark shape="waiting" /> {say("legendWaiting")}
      </span>
      <span>
        <Mark shape="going" /> {say("legendGoing")}
      </span>
      <span>
        <Mark shape="scene" /> {say("legendScene")}
      </span>
      <span>
        <i class="dot" /> {say("legendFree")}
      </span>
      <span>
        <Mark shape="old" /> {say("legendOld")}
      </span>
    </footer>
  );
}

function Cards({ height }: { height: number }) {
  const all = alarms.value;
  if (stream.welcome.value === null) return <Quiet title={say("loading")} more="" />;
  if (all.length === 0) return <Quiet title={say("allQuiet")} more={say("allQuietMore")} />;
  const fitting = Math.floor((height - CARDS_MARGIN) / (CARD_HEIGHT * sizeFactor));
  const shown = all.slice(0, Math.max(1, Math.min(CARDS_MAX, fitting)));
  return (
    <section class={`cards ${shown.length > CARDS_ROOMY ? "dense" : "roomy"}`}>
      <ol>
        {shown.map((incident) => (
          <Card key={incident.id} incident={incident} />
        ))}
      </ol>
      {all.length > shown.length && <p class="more">{say("more", all.length - shown.length)}</p>}
    </section>
  );
}

function Quiet({ title, more }: { title: string; more: string }) {
  return (
    <section class="cards quiet">
      <p class="quiet-title">{title}</p>
      <p>{more}</p>
    </section>
  );
}

/** The hub has told this page not to come back by itself: a person decides. */
function Stopped() {
  const why = stream.connection.value;
  if (why !== "replaced" && why !== "refused") return null;
  return (
    <div class="stopped" role="alertdialog">
      <p>{say(why)}</p>
      <button class="plain" onClick={() => (why === "replaced" ? void stream.open() : goToSignIn("wall"))}>
        {why === "replaced" ? say("openHere") : say("signInAgain")}
      </button>
    </div>
  );
}

/** Read out when it changes: the last alarm that came. */
function newest(): string {
  const last = openAlarms.value.reduce((a, b) => (a && a.opened_at > b.opened_at ? a : b), openAlarms.value[0]);
  return last ? `${say("alarmsOpen")}: ${last.kind_name}, ${rows.of("grids").get(last.grid)?.name ?? ""}` : "";
}

addEventListener("keydown", ({ key, target }) => {
  if (target instanceof HTMLButtonElement && (key === "Enter" || key === " ")) return;
  if (key === "0") camera.free();
  if (key === "a" || key === "Enter") acknowledge();
  if (key === "s" && !soundOn.peek()) void letHear();
  if (key === "l") switchLanguage();
});

document.documentElement.className = "dark";
render(<Wall />, document.getElementById("page")!);
startSounding();
void stream.open();
keepSignedIn("wall");
