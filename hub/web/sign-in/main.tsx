import "../shared/colours.css";
import "../shared/light.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { switchLanguage } from "../shared/language";
import { keepSession, pageOf, Refused, signIn } from "../shared/session";
import type { Session, SignIn } from "../shared/wire.gen";
import { say } from "../shared/words";

/** The code of a one-time link stands behind `#`, so that it is in no server's log. */
const code = location.hash.slice(1) || (new URLSearchParams(location.search).get("link") ?? "");

const working = signal(code !== "");
const trouble = signal("");
const signedIn = signal<Session | null>(null);

async function enter(how: SignIn): Promise<void> {
  working.value = true;
  trouble.value = "";
  try {
    go(await signIn(how));
  } catch (error) {
    trouble.value = error instanceof Refused ? error.message : say("noHub");
  }
  working.value = false;
}

function go(session: Session): void {
  const page = pageOf(session);
  if (!page) return void (signedIn.value = session);
  keepSession(page, session);
  location.replace(`/${page}`);
}

function Page() {
  return (
    <main class="narrow">
      <header class="top">
        <h1>{say("name")}</h1>
        <button class="small" onClick={switchLanguage} aria-label={say("otherLabel")}>
          {say("other")}
        </button>
      </header>
      {signedIn.value ? <NoPage session={signedIn.value} /> : working.value ? <p>{say(code ? "linkWorking" : "loading")}</p> : <Form />}
    </main>
  );
}

function Form() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    void enter({ password: { account: String(fields.get("account")), password: String(fields.get("password")) } });
  };
  return (
    <form onSubmit={submit}>
      <p class="trouble" role="alert">
        {trouble.value && (code ? say("linkBad") + trouble.value : trouble.value)}
      </p>
      <label>
        {say("account")}
        <input name="account" autocomplete="username" required />
      </label>
      <label>
        {say("password")}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button class="main">{say("signIn")}</button>
      <p class="second">{say("noDefault")}</p>
    </form>
  );
}

/** Reviewers and other systems have no page yet: said plainly, instead of a page that does nothing. */
function NoPage({ session }: { session: Session }) {
  return (
    <>
      <p>{say("signedInAs", session.name)}</p>
      <p class="second">{say("noPageForRole")}</p>
      <p>
        <a href="/">/</a>
      </p>
    </>
  );
}

document.documentElement.className = "light";
render(<Page />, document.getElementById("page")!);
if (code) {
  history.replaceState(null, "", "/sign-in");
  void enter({ link: { code } });
}
