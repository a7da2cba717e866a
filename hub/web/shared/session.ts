import { signal } from "@preact/signals";

import { uuid7 } from "./uuid";
import type { Problem, Role, Session, SignIn, WsTicket } from "./wire.gen";

/** One sign-in a page, so that a wall and a phone can be open side by side in one browser. */
export type Page = "wall" | "phone" | "resident" | "desk" | "admin";

const kept = (page: Page) => `baiying.session.${page}`;

const PAGES: Record<Role, Page | null> = {
  resident: "resident",
  volunteer: "phone",
  team_leader: "desk",
  operator: "desk",
  reviewer: null,
  wall: "wall",
  admin: "admin",
  integration: null,
};

/** Where a sign-in leads; null for a role that works by command line and interface. */
export const pageOf = ({ role }: Session): Page | null => PAGES[role];

export function keepSession(page: Page, session: Session): void {
  localStorage.setItem(kept(page), JSON.stringify(session));
}

export function sessionOf(page: Page): Session | null {
  const text = localStorage.getItem(kept(page));
  return text ? (JSON.parse(text) as Session) : null;
}

/** A resident has no account: his page makes its device known again. */
export function goToSignIn(page: Page): void {
  localStorage.removeItem(kept(page));
  if (page === "resident") location.reload();
  else location.assign(`/sign-in?to=${page}`);
}

/** What the hub refused, with its words for the reader. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? String(status));
  }
}

/** Name of this tab: the newest session of a device wins, so two tabs must not share one. */
function deviceName(): string {
  const found = sessionStorage.getItem("baiying.device");
  if (found) return found;
  const made = `page-${Math.random().toString(36).slice(2, 12)}`;
  sessionStorage.setItem("baiying.device", made);
  return made;
}

export const device = deviceName();
export const secure = signal(window.isSecureContext);

interface Sending {
  method?: "GET" | "POST";
  body?: unknown;
  token?: string | undefined;
  idempotencyKey?: string;
}

/** One HTTP exchange under `/v1`; throws `Refused`, or `TypeError` when there is no network. */
export async function exchange<A>(path: string, { method = "GET", body, token, idempotencyKey }: Sending): Promise<A> {
  const headers: Record<string, string> = { "accept-language": document.documentElement.lang };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers["authorization"] = `Bearer ${token}`;
  if (idempotencyKey) headers["idempotency-key"] = idempotencyKey;
  const answer = await fetch(`/v1${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, problemIn(text));
  return (text ? JSON.parse(text) : undefined) as A;
}

/** A proxy in between may answer without a problem document. */
function problemIn(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return { title: text.slice(0, 200) };
  }
}

export const signIn = (how: SignIn) =>
  exchange<Session>("/sessions", { method: "POST", body: how, idempotencyKey: uuid7() });

/** Makes this device known to a district, so that it can call for help without an account. */
export const registerDevice = (district: string) =>
  exchange<Session>("/devices", { method: "POST", body: { district }, idempotencyKey: uuid7() });

const RENEW_EACH_MS = 3_600_000;

/** A wall hangs for weeks and its sign-in is good for hours: the token is exchanged while it still holds. */
export function keepSignedIn(page: Page): void {
  setInterval(() => {
    const token = sessionOf(page)?.token;
    if (!token) return;
    exchange<Session>("/sessions/renew", { method: "POST", body: {}, token, idempotencyKey: uuid7() })
      .then((session) => keepSession(page, session))
      // Refused or no network: the next hour, or the next connection, finds out which.
      .catch(() => undefined);
  }, RENEW_EACH_MS);
}

export const takeTicket = (token: string) =>
  exchange<WsTicket>("/ws-tickets", { method: "POST", body: {}, token, idempotencyKey: uuid7() });
