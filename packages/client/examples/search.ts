import { parseArgs } from "node:util"
import type { SearchResult } from "../src/index.ts"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/search.ts [--url URL] [--number NUMBER] QUERY…

Prints which of your messages and chatrooms match, the matches in [brackets].
`

/** Prints every match on a line of its own. @returns how many there are */
export async function search(
  { url, number, query }: { url: string; number: string; query: string },
  print: (text: string) => void,
): Promise<number> {
  const client = await signIn({ url, number })
  let count = 0
  for await (const { room, message, excerpt } of client.search(query)) {
    count++
    print(`${room.name}${message ? `, ${message.role}` : ""}: ${bracket(excerpt)}\n`)
  }
  return count
}

/** Puts the matches in brackets. Offsets count what JavaScript's strings count. */
function bracket({ text, matches }: SearchResult["excerpt"]): string {
  let from = 0
  const pieces = matches.map(({ start, end }) => {
    const piece = `${text.slice(from, start)}[${text.slice(start, end)}]`
    from = end
    return piece
  })
  return pieces.join("") + text.slice(from)
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string", default: "http://localhost:3000" },
      number: { type: "string", default: anyNumber() },
      help: { type: "boolean", default: false },
    },
  })
  const query = positionals.join(" ")
  if (values.help || query === "") process.stdout.write(HELP)
  else await search({ ...values, query }, (text) => process.stdout.write(text))
}
