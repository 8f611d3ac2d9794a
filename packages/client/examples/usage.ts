import { parseArgs } from "node:util"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/usage.ts [--url URL] [--number NUMBER] MESSAGE…

Asks in a new chatroom, waits until the service has named it, and prints what the reply cost and what all calls of the
day have used.
`

/** Asks once and prints what that took. Gives the title of the room. */
export async function askAndCount(
  { url, number, message, signal }: { url: string; number: string; message: string; signal?: AbortSignal },
  print: (text: string) => void,
): Promise<string> {
  const client = await signIn({ url, number })
  const room = await client.call("POST /chatroom", { body: {} })
  const { events } = await client.ask({ chatroomId: room.id, message })
  for await (const { event, data } of events) {
    if (event !== "done") continue
    const { usage, cost } = data
    const price = cost ? `${cost.amount} ${cost.currency}` : "an unknown price"
    print(
      `${usage?.promptTokens} tokens read (${usage?.cachedTokens ?? 0} cached), ${usage?.outputTokens} written: ${price}\n`,
    )
  }
  let title = room.name
  const stop = new AbortController()
  const until = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])])
  for await (const { event, data } of client.followRoom(room.id, { signal: until })) {
    if (event !== "chatroom" || data.nameBy !== "model") continue
    title = data.name
    stop.abort()
  }
  print(`The chatroom is called "${title}".\n`)
  for (const { day, model, prompts, cost } of await client.call("GET /user/me/usage")) {
    print(
      `${day} ${model}: ${prompts} prompts, ${cost ? `${cost.amount} ${cost.currency}` : "price unknown"}\n`,
    )
  }
  return title
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
  const message = positionals.join(" ")
  if (values.help || message === "") process.stdout.write(HELP)
  else {
    const signal = AbortSignal.timeout(30_000)
    await askAndCount({ ...values, message, signal }, (text) => process.stdout.write(text))
  }
}
