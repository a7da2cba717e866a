import { timeOfDay } from "./clock";
import type { AidRow, Progress } from "./wire.gen";
import { say } from "./words";

/** What came of asking a neighbouring district; nothing once it is no longer needed. */
function told({ district, state, people, answer_by }: AidRow): string | null {
  switch (state) {
    case "asked":
      return say("aidAsked", district, timeOfDay(Date.parse(answer_by), true));
    case "given":
      return say("aidGiven", district, people);
    case "ended":
      return people > 0 ? say("aidDone", district, people) : say("aidNobody", district);
    case "expired":
      return say("aidExpired", district);
    case "withdrawn":
      return null;
  }
}

/** Aid between districts, on a card: for whom this is, or who was asked and what came of it, the last first. */
export function AidLine({ progress }: { progress: Progress }) {
  const asked = (progress.aids ?? []).map(told).filter((words) => words !== null);
  const words = progress.aid_for ? [say("aidFor", progress.aid_for)] : asked.reverse().slice(0, 2);
  return words.length > 0 ? <p class="aid">{words.join(" · ")}</p> : null;
}
