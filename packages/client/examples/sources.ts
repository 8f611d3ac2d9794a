import { parseArgs } from "node:util"
import type { Message } from "../src/index.ts"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/sources.ts [--url URL] [--number NUMBER] MESSAGE…

Lets the model search the web and read pages that MESSAGE names, and prints the reply with numbered sources.
`

/** Asks in a room that searches, and prints the reply once it is whole: sources come at its end. */
export async function askWithSources(
  { url, number, message }: { url: string; number: string; message: string },
  print: (text: string) => void,
): Promise<void> {
  const client = await signIn({ url, number })
  const body = { name: "Example", webSearch: true, urlContext: true }
  const room = await client.call("POST /chatroom", { body })
  const { events } = await client.ask({ chatroomId: room.id, message })
  for await (const { event, data } of events) if (event === "done") print(withSources(data))
}

/** The text with a number after each part that a source supports, then the sources and what was searched for. */
export function withSources({ content, citations, searchQueries, notices }: Message): string {
  const sources = [...new Set(citations.map(nameOf))]
  let text = content
  // From the end, so that the offsets before stay right.
  for (const citation of citations.toSorted((a, b) => b.end - a.end)) {
    const mark = `[${sources.indexOf(nameOf(citation)) + 1}]`
    if (citation.end > 0) text = text.slice(0, citation.end) + mark + text.slice(citation.end)
  }
  return [
    text,
    ...sources.map((source, n) => `[${n + 1}] ${source}`),
    // Google's terms require these links.
    ...searchQueries.map((query) => `https://www.google.com/search?q=${encodeURIComponent(query)}`),
    ...notices.map((notice) => notice.message),
    "",
  ].join("\n")
}

const nameOf = ({ title, uri }: Message["citations"][number]) => [title, uri].filter(Boolean).join(" ")

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string", default: "http://localhost:3000" },
      number: { type: "string", default: anyNumber() },
      help: { type: "boolean", default: false },
    },
  })
  const message = positionals.join(" ")
  if (values.help || message === "") process.stdout.write(HELP)
  else await askWithSources({ ...values, message }, (text) => process.stdout.write(text))
}
