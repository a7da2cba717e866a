import "../shared/colours.css";
import "../shared/light.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { timeOfDay } from "../shared/clock";
import { exchange, goToSignIn, keepSignedIn, Refused, sessionOf } from "../shared/session";
import { Top } from "../shared/top";
import { uuid7 } from "../shared/uuid";
import type { NewUser, OneTimeLink, Role, UserRow } from "../shared/wire.gen";
import { roleName, say } from "../shared/words";

/** Roles that an administrator hands out by a link; volunteers get theirs by `hub invite`, residents need none. */
const ROLES: Role[] = ["operator", "wall", "admin"];
const [ACCOUNT_LENGTH_MAX, NAME_LENGTH_MAX] = [40, 60];

const users = signal<UserRow[]>([]);
const made = signal<{ account: string; link: OneTimeLink } | null>(null);
const trouble = signal("");

/** Who may work here: accounts, and a link for each new one. No case content. */
function Admin() {
  return (
    <div class="narrow">
      <Top title={sessionOf("admin")?.name} />
      <main class="below">
        {trouble.value && (
          <p class="trouble" role="alert">
            {trouble.value}
          </p>
        )}
        {made.value && <Made account={made.value.account} link={made.value.link} />}
        <NewAccount />
        <Accounts />
        <p class="second">{say("adminRest")}</p>
      </main>
    </div>
  );
}

function Made({ account, link }: { account: string; link: OneTimeLink }) {
  const address = new URL(link.path, location.href).href;
  return (
    <section class="panel" role="status" data-made={account}>
      <p>
        <b>{say("linkMade", account, timeOfDay(Date.parse(link.expires_at)))}</b>
      </p>
      <label>
        {say("linkHow")}
        <input readOnly value={address} onFocus={({ currentTarget }) => currentTarget.select()} />
      </label>
    </section>
  );
}

function NewAccount() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const account = String(fields.get("account"));
    const body: NewUser = { account, name: String(fields.get("name")), role: String(fields.get("role")) as Role, districts: [] };
    void told(async () => {
      made.value = { account, link: await exchange<OneTimeLink>("/users", { method: "POST", body, token: token(), idempotencyKey: uuid7() }) };
      form.reset();
      await read();
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h2>{say("newAccount")}</h2>
      <label>
        {say("role")}
        <select name="role">
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {roleName(role)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say("accountName")}
        <input name="account" required maxLength={ACCOUNT_LENGTH_MAX} pattern="[a-z0-9._\-]+" autocapitalize="off" />
      </label>
      <label>
        {say("personName")}
        <input name="name" required maxLength={NAME_LENGTH_MAX} />
      </label>
      <button class="main">{say("makeLink")}</button>
    </form>
  );
}

function Accounts() {
  const disable = (account: string) =>
    told(async () => {
      await exchange(`/users/${account}/disable`, { method: "POST", token: token(), idempotencyKey: uuid7() });
      await read();
    });
  return (
    <section class="panel" aria-label={say("accounts")}>
      <h2>{say("accounts")}</h2>
      <ul class="plain-list">
        {users.value.map(({ account, name, role, disabled }) => (
          <li key={account} data-account={account}>
            <b>{name}</b> {account} · {roleName(role)}{" "}
            {disabled ? say("disabled") : <button class="small" onClick={() => void disable(account)}>{say("disable")}</button>}
          </li>
        ))}
      </ul>
    </section>
  );
}

const token = () => sessionOf("admin")?.token;

async function read(): Promise<void> {
  users.value = await exchange<UserRow[]>("/users", { token: token() });
}

/** Does something, and says what the hub refused of it. */
async function told(act: () => Promise<void>): Promise<void> {
  try {
    await act();
    trouble.value = "";
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return goToSignIn("admin");
    trouble.value = error instanceof Refused ? error.message : say("noHub");
  }
}

render(<Admin />, document.getElementById("page")!);
if (sessionOf("admin")) void told(read);
else goToSignIn("admin");
keepSignedIn("admin");
