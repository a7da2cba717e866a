import { signal, type Signal } from "@preact/signals";

import { districtOf } from "./rows";
import { exchange, sessionOf, type Page } from "./session";
import type { ClientFrame, CommandArgs, CommandError, CommandResult, Outcome } from "./wire.gen";
import { uuid7 } from "./uuid";

export type CommandName = CommandArgs["name"];
export type ArgsOf<N extends CommandName> = Extract<CommandArgs, { name: N }>["args"];

/** A command that the hub has not answered yet. It is kept over a reload and sent under its id until it is answered. */
export interface Pending {
  id: string;
  name: CommandName;
  args: Record<string, unknown>;
  district: string | null;
  /** This device's time when the button was pressed; the hub is told how long ago that was. */
  tappedAt_ms: number;
  /** Not before this: time to take it back. */
  notBefore_ms: number;
  sentAt_ms: number;
}

/** No answer in so long means unknown: the same id is sent again. */
const AGAIN_MS = 5_000;
const SWEEP_MS = 500;
/** More waiting than this is no phone in a dead spot but a fault: the oldest receipts go. */
const PENDING_MAX = 64;
const IN_FLIGHT_MAX = 16;
/** Steps whose real time is that of the tap. */
const TAPPED: CommandName[] = ["en_route", "on_scene", "done"];

type Answered = (outcome: Outcome | null, error: CommandError | null) => void;

export class Outbox {
  readonly pending: Signal<Pending[]>;
  private readonly waiting = new Map<string, Answered>();

  constructor(
    private readonly page: Page,
    private readonly send: (frame: ClientFrame) => boolean,
  ) {
    this.pending = signal(kept(page));
    setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** Keeps a command and sends it as soon as it may; returns its id. */
  put<N extends CommandName>(name: N, args: ArgsOf<N>, { wait_ms = 0, district = null as string | null, answered = undefined as Answered | undefined } = {}): string {
    const [id, now] = [uuid7(), Date.now()];
    const entry = { id, name, args: { ...args }, district: district ?? districtIn(args), tappedAt_ms: now, notBefore_ms: now + wait_ms, sentAt_ms: 0 };
    if (answered) this.waiting.set(id, answered);
    this.keep([...this.pending.peek(), entry]);
    this.sweep();
    return id;
  }

  /** Takes a command back; only while it was not sent. */
  takeBack(id: string): void {
    this.keep(this.pending.peek().filter((entry) => entry.id !== id || entry.sentAt_ms > 0));
  }

  /** Sends one that still waits to be taken back, with more to say. */
  hurry(id: string, more: Record<string, unknown>): void {
    const change = (entry: Pending) => (entry.id === id ? { ...entry, args: { ...entry.args, ...more }, notBefore_ms: 0 } : entry);
    this.keep(this.pending.peek().map(change));
    this.sweep();
  }

  result({ id, ok, error }: CommandResult): void {
    if (error && error.retry !== "no") return this.later(id, error.retry === "same_id" ? AGAIN_MS : error.retry.after_ms);
    this.keep(this.pending.peek().filter((entry) => entry.id !== id));
    this.waiting.get(id)?.(ok ?? null, error ?? null);
    this.waiting.delete(id);
  }

  /** A new connection: whatever was under way on the old one is unknown. */
  reconnected(): void {
    for (const entry of this.pending.peek()) entry.sentAt_ms = 0;
    this.sweep();
  }

  private later(id: string, after_ms: number): void {
    for (const entry of this.pending.peek()) if (entry.id === id) entry.sentAt_ms = Date.now() + after_ms - AGAIN_MS;
  }

  private sweep(): void {
    const now = Date.now();
    const due = this.pending.peek().filter((entry) => entry.notBefore_ms <= now && now - entry.sentAt_ms >= AGAIN_MS);
    for (const entry of due.slice(0, IN_FLIGHT_MAX)) {
      const sent = this.send({ op: "command", id: entry.id, district: entry.district, name: entry.name, args: argsNow(entry, now) });
      if (sent || entry.name === "raise_alarm") entry.sentAt_ms = now;
      if (!sent && entry.name === "raise_alarm") void this.byHttp(entry);
    }
    if (due.length > 0) this.keep(this.pending.peek());
  }

  /** An alarm does not wait for a socket: the same id goes by HTTP, and whichever answers first counts. */
  private async byHttp(entry: Pending): Promise<void> {
    const token = sessionOf(this.page)?.token;
    try {
      const ok = await exchange<Outcome>("/alarms", { method: "POST", body: entry.args, token, idempotencyKey: entry.id });
      this.result({ id: entry.id, ok });
    } catch {
      entry.sentAt_ms = 0;
    }
  }

  private keep(entries: Pending[]): void {
    this.pending.value = entries.slice(-PENDING_MAX);
    localStorage.setItem(keyOf(this.page), JSON.stringify(this.pending.peek()));
  }
}

function argsNow({ name, args, tappedAt_ms }: Pending, now: number): Record<string, unknown> {
  return TAPPED.includes(name) ? { ...args, tapped_ago_ms: Math.max(0, now - tappedAt_ms) } : args;
}

/** The district that an id of the arguments names. */
function districtIn(args: object): string | null {
  const { offer, assignment, incident } = args as { offer?: string; assignment?: string; incident?: string };
  const id = offer ?? assignment ?? incident;
  return id ? districtOf(id) : null;
}

const keyOf = (page: Page) => `baiying.outbox.${page}`;

function kept(page: Page): Pending[] {
  try {
    const entries = JSON.parse(localStorage.getItem(keyOf(page)) ?? "[]") as Pending[];
    return entries.map((entry) => ({ ...entry, sentAt_ms: 0 }));
  } catch {
    return [];
  }
}
