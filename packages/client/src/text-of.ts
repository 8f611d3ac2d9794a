import type { StreamEvent } from "./follow.ts"
import type { Endpoints } from "./types.ts"

type ReplyEvents = Endpoints["GET /chatroom/{id}/message/{messageId}/stream"]["events"]

/** The text so far, after every event of a reply's stream; it starts again on `reset`. */
export async function* textOf(events: AsyncIterable<StreamEvent<ReplyEvents>>): AsyncGenerator<string> {
  let text = ""
  for await (const { event, data } of events) {
    if (event === "delta") text += data.text
    if (event === "reset") text = ""
    if (event === "done") text = data.content
    yield text
  }
}
