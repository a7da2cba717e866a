import { computed, signal } from "@preact/signals";

import { backoff_ms, comesBack } from "./backoff";
import { learnHubTime } from "./clock";
import { Follower } from "./follow";
import type { Rows, View } from "./rows";
import { device, goToSignIn, Refused, sessionOf, takeTicket, type Page } from "./session";
import type { ClientFrame, CommandResult, Latest, ServerFrame, Welcome } from "./wire.gen";

const SUBPROTOCOL = "baiying.v1";
/** A peer silent for its heartbeat and this much more is dead. */
const GRACE_MS = 8_000;
/** Until `welcome` has said its own. */
const HEARTBEAT_MS = 10_000;
const APP = "baiying-pages 0.1.0";

export type Connection = "connecting" | "online" | "offline" | "replaced" | "refused";

/** Who wants to hear of what is not a row. */
export interface Listener {
  latest?(latest: Latest): void;
  result?(result: CommandResult): void;
  /** The connection stands and the rows are those of the hub or about to be. */
  welcomed?(welcome: Welcome): void;
}

/**
 * One connection to the hub that is kept: ticket, hello, snapshot or replay, deltas by seq, heartbeat, and back again
 * with full jitter. It shows what it knows as signals.
 */
export class Stream<D extends View> {
  readonly connection = signal<Connection>("connecting");
  /** The hub has told this page not to come back by itself. */
  readonly stopped = computed(() => this.connection.value === "replaced" || this.connection.value === "refused");
  readonly welcome = signal<Welcome | null>(null);
  /** `performance.now()` of the last frame: the age of all that is shown. */
  readonly heardAt = signal(performance.now());
  /** Hub time of the last frame. */
  readonly heardAtHubTime = signal(Date.now());

  private readonly follower: Follower<D>;
  private socket: WebSocket | null = null;
  private failures = 0;
  private timer = 0;
  private heartbeat = 0;

  constructor(
    private readonly page: Page,
    rows: Rows<D>,
    private readonly listener: Listener,
    /** District to follow, by number; those of the sign-in when not said. */
    private readonly only: string | null = null,
  ) {
    this.follower = new Follower<D>(rows);
    addEventListener("online", () => this.again(0));
    // A phone that wakes must not sit out the delay it drew before it slept.
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.again(0));
  }

  async open(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    const session = sessionOf(this.page);
    if (!session) return goToSignIn(this.page);
    this.connection.value = "connecting";
    try {
      const { ticket } = await takeTicket(session.token);
      this.connect(ticket);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return goToSignIn(this.page);
      this.lost();
    }
  }

  send(frame: ClientFrame): boolean {
    if (this.connection.peek() !== "online" || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private connect(ticket: string): void {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/ws`, SUBPROTOCOL);
    this.socket = socket;
    socket.onopen = () => {
      const hello = { op: "hello", ticket, device, app: APP, resume: this.resume() } satisfies ClientFrame;
      socket.send(JSON.stringify(hello));
      this.watch(HEARTBEAT_MS);
    };
    socket.onmessage = (message) => {
      if (this.socket === socket) this.hear(JSON.parse(message.data as string) as ServerFrame<D>);
    };
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.closed(code);
    };
  }

  private resume() {
    return { ...(this.only ? { [this.only]: null } : {}), ...this.follower.resume() };
  }

  private hear(frame: ServerFrame<D>): void {
    this.heardAt.value = performance.now();
    this.heardAtHubTime.value = Date.now();
    switch (frame.op) {
      case "welcome":
        return this.welcomed(frame);
      case "snapshot":
        return this.follower.snapshot(frame);
      case "delta":
        if (!this.follower.delta(frame)) this.resync(frame.district);
        return;
      case "latest":
        return this.listener.latest?.(frame);
      case "result":
        return this.listener.result?.(frame);
      case "pong":
        learnHubTime(frame.server_time);
        return this.follower.pong(frame).forEach((district) => this.resync(district));
      case "go":
        return this.leave(Math.random() * frame.after_ms);
    }
  }

  private welcomed(welcome: Welcome): void {
    this.failures = 0;
    learnHubTime(welcome.server_time);
    this.follower.welcome(welcome.districts);
    this.connection.value = "online";
    this.welcome.value = welcome;
    this.watch(welcome.heartbeat_ms);
    this.listener.welcomed?.(welcome);
  }

  private resync(district: string): void {
    const point = this.follower.point(district);
    if (point) this.send({ op: "resync", district, ...point });
  }

  /** Pings each heartbeat, and gives up a connection that has been silent for longer than that and the grace. */
  private watch(every_ms: number): void {
    clearInterval(this.heartbeat);
    this.heartbeat = window.setInterval(() => {
      if (performance.now() - this.heardAt.peek() > every_ms + GRACE_MS) return this.leave(backoff_ms(this.failures++));
      this.send({ op: "ping", at: new Date().toISOString() });
    }, every_ms);
  }

  private leave(after_ms: number): void {
    const socket = this.socket;
    this.socket = null;
    clearInterval(this.heartbeat);
    socket?.close();
    this.connection.value = "offline";
    this.again(after_ms);
  }

  private closed(code: number): void {
    if (code === 4501) return goToSignIn(this.page);
    if (comesBack(code)) return this.lost();
    this.socket = null;
    clearInterval(this.heartbeat);
    this.connection.value = code === 4509 ? "replaced" : "refused";
  }

  private lost(): void {
    this.leave(backoff_ms(this.failures++));
  }

  private again(after_ms: number): void {
    if (this.connection.peek() !== "offline") return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.open(), after_ms);
  }
}
