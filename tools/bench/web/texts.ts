import { insertChain } from "../../lib/chain.ts"
import type { Desk } from "./desk.ts"

const PROMPT = "What should I cook for six friends on Friday, two of whom don't eat meat?"

const REPLY = `A **vegetable lasagne** keeps warm for an hour, and what is left tastes better the day after.

- tomatoes, aubergines and a good mozzarella
- sheets of pasta, which needn't be cooked first
- basil, if you have some

Bake it for forty minutes at 180 °C, let it rest for ten, and put a green salad on the table meanwhile.`

/** Writes a room of so many messages straight into the tables. The newest one ends with its number, from 0 on. */
export async function fillRoom({ site, user }: Desk, messages: number): Promise<string> {
  const room = await insertChain(site.pool, { userId: user.id, messages, prompt: PROMPT, reply: REPLY })
  await site.pool.query("UPDATE chatrooms SET name = $2 WHERE id = $1", [room, `${messages} messages`])
  await site.pool.query("ANALYZE chatrooms, messages")
  return room
}

const PARTS = [
  "A **queue** keeps what arrives until somebody has time for it, and so it _levels_ what comes in waves.\n\n",
  "1. What arrives is written down before it is acknowledged.\n2. A worker takes it, and says so.\n3. What a worker drops, another takes.\n\n",
  "| part | holds | loses |\n| --- | --- | --- |\n| log | all | nothing |\n| cache | some | most of it |\n\n",
  "```ts\nfor await (const job of queue) {\n  await work(job) // and nothing is lost meanwhile\n}\n```\n\n",
  "> Nothing is lost, some things come twice, and `order` holds within a room.\n\n",
]

/**
 * Markdown of the kind that models write, in so many chunks of about `size` characters, with a mark at the end of each.
 * A word is never broken by a mark, and each mark can be seen as soon as it comes: none ends a row of a table, where
 * Markdown drops a cell too many, and none stands in a table's head, which waits for the line below it.
 */
export function markedText(chunks: number, size: number): string {
  const words = wordsForever()
  let text = ""
  for (let mark = 0; mark < chunks; mark += 1) {
    let [chunk, last] = ["", ""]
    while (chunk.length < size) {
      last = words.next().value
      chunk += last
    }
    // Before the space, so that what begins a line still does.
    const end = isWholeLine(last) ? chunk.length : chunk.trimEnd().length
    text += `${chunk.slice(0, end)} §${mark};${chunk.slice(end) || " "}`
  }
  return text
}

/** A table's head with the first word below it, a line that begins code, or a word: with the bars before and the space behind it. */
const WORD = /\|.*\n\| ---.*\n\| \S+\s*|(?:\|\s+)*(?:```\w*\n+|\S+\s*)/g

function* wordsForever(): Generator<string, never> {
  for (;;) yield* PARTS.join("").match(WORD) ?? []
}

/** What begins code or ends it stands alone on its line. */
const isWholeLine = (words: string) => /```\w*\n+$/.test(words)
