import { AidLine } from "../shared/aid";
import { hubNow, minutesAndSeconds, timeOfDay, until_ms } from "../shared/clock";
import { Mark, SHAPES } from "../shared/shapes";
import type { IncidentState, Progress, WallIncidentRow } from "../shared/wire.gen";
import { incidentState, say, stepName } from "../shared/words";
import { rows } from "./state";

/** One alarm: what and how long, where, who answers, what happens next, who is responsible. */
export function Card({ incident }: { incident: WallIncidentRow }) {
  const { progress, state } = incident;
  const short = incident.ended_at === null && progress.filled < progress.needed;
  const told = progress.needed === 0;
  const classes = ["card", told ? "is-told" : `is-${SHAPES[state]}`, short && "is-short", incident.sensitive && "is-dim"];
  return (
    <li class={classes.filter(Boolean).join(" ")} data-incident={incident.id} data-state={state}>
      <header>
        <Mark shape={incident.ended_at === null ? "alarm" : "old"} />
        <h2 style={{ fontSize: `${kindSize(incident.kind_name)}em` }}>{incident.kind_name}</h2>
        {incident.drill && <b class="drill-tag">{say("drill")}</b>}
        <time>{elapsed(incident)}</time>
      </header>
      <p class="where">
        <b>{gridName(incident)}</b>
        <span class="who">{responsible(incident)}</span>
        <span class="state">
          <Mark shape={SHAPES[state]} /> {stateWords(incident)}
        </span>
      </p>
      {told ? (
        <p class="people">
          <b>{say("informOnly")}</b>
        </p>
      ) : (
        <p class="people">
          <b class={short ? "short" : "enough"}>{say("people", progress.filled, progress.needed)}</b>
          <Receipts progress={progress} />
        </p>
      )}
      <AidLine progress={progress} />
      {incident.ended_at === null && !told && <Next progress={progress} state={state} />}
    </li>
  );
}

/** A long word is drawn smaller rather than cut. */
function kindSize(kind: string): number {
  return Math.max(0.6, Math.min(1, 5 / kind.length));
}

/** Who has it, who has looked, who goes; once a clock has run out, that instead. */
function Receipts({ progress }: { progress: Progress }) {
  const overdue = progress.supervised[0];
  if (overdue) return <b class="overdue">{say("overdue", Math.max(0, Math.floor(-until_ms(overdue.since) / 60_000)))}</b>;
  return (
    <span class="receipts">
      {say("received")} {progress.received} / {say("seen")} {progress.seen} / {say("going")} {progress.accepted}
    </span>
  );
}

function elapsed({ opened_at, ended_at }: WallIncidentRow): string {
  return minutesAndSeconds((ended_at === null ? hubNow() : Date.parse(ended_at)) - Date.parse(opened_at));
}

function responsible({ responsible: who, progress }: WallIncidentRow): string {
  return progress.escalation_step === 0 ? who : `${who} · ${say("escalated", progress.escalation_step)}`;
}

function gridName({ grid }: WallIncidentRow): string {
  return rows.of("grids").get(grid)?.name ?? say("noNumber");
}

function stateWords({ state, progress }: WallIncidentRow): string {
  if (state === "open" && progress.needed === 0) return say("deskHandles");
  return state === "offering" ? say("offering", progress.wave) : incidentState(state);
}

/** The card says by itself that too few are coming, and what the machine does about it and when. */
function Next({ progress, state }: { progress: Progress; state: IncidentState }) {
  const missing = progress.needed - progress.filled;
  return (
    <p class="next">
      {progress.shortfall !== null ? (
        <b class="shortfall">{say("short", progress.shortfall)}</b>
      ) : (
        <span>{missing > 0 ? (progress.filled === 0 ? say("nobodyYet") : say("short", missing)) : say("enough")}</span>
      )}
      <span class="step">{arrival(progress, state) ?? step(progress, missing)}</span>
    </p>
  );
}

/** Once enough are coming, the first arrival is what everybody waits for. */
function arrival({ needed, filled, first_arrival_at }: Progress, state: IncidentState): string | null {
  if (state === "on_scene") return filled < needed ? null : say("arrived");
  if (filled < needed || first_arrival_at === null) return null;
  const wait_ms = until_ms(first_arrival_at);
  const minutes = wait_ms < 60_000 ? say("underMinute") : say("minutesShort", Math.ceil(wait_ms / 60_000));
  return say("firstArrival", wait_ms < -60_000 ? timeOfDay(Date.parse(first_arrival_at)) : minutes);
}

function step(progress: Progress, missing: number): string {
  const { next_wave_at: wave, next_step_at: next, next_step: name } = progress;
  const waveFirst = wave !== null && (next === null || Date.parse(wave) <= Date.parse(next));
  const at = waveFirst ? wave : next;
  if (at === null) return missing > 0 ? say("noNextStep") : "";
  const what = waveFirst ? stepName("widen") : name === null ? "" : stepName(name);
  return say("nextStep", countdown(until_ms(at)), what);
}

function countdown(wait_ms: number): string {
  const seconds = Math.max(0, Math.ceil(wait_ms / 1000));
  return seconds < 100 ? say("seconds", seconds) : minutesAndSeconds(wait_ms);
}
