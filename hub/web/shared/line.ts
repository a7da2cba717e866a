import { signal } from "@preact/signals";

import { Outbox } from "./outbox";
import { Rows, type View } from "./rows";
import type { Page } from "./session";
import { Stream } from "./stream";
import type { CommandError, CommandResult } from "./wire.gen";

/** A page's line to the hub: the rows it shows, the stream that fills them, and what was not answered yet. */
export function connect<V extends View>(page: Page) {
  const rows = new Rows<V>();
  // One needs the other: the outbox sends by the stream, the stream hands it results.
  const box: { out: Outbox | null } = { out: null };
  const stream: Stream<V> = new Stream<V>(page, rows, {
    result: (result: CommandResult) => box.out?.result(result),
    welcomed: () => box.out?.reconnected(),
  });
  const outbox = new Outbox(page, (frame) => stream.send(frame));
  box.out = outbox;
  return { rows, stream, outbox };
}

/** What the hub refused last, in its words; goes with the next touch. */
export const notice = signal("");
export const tellRefusal = (_: unknown, error: CommandError | null) => {
  if (error) notice.value = error.detail;
};
