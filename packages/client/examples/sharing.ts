import { parseArgs } from "node:util"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/sharing.ts [--url URL] [--number NUMBER] [--reader NUMBER] MESSAGE…

Asks, rates the reply, shares the conversation and prints what is behind the link. Then another user continues it as a
copy, and the link is withdrawn.
`

/** Goes the way of a shared conversation. */
export async function share(
  { url, number, reader, message }: { url: string; number: string; reader: string; message: string },
  print: (text: string) => void,
): Promise<{ link: string; copyId: string }> {
  const author = await signIn({ url, number })
  const room = await author.call("POST /chatroom", { body: { name: "Example" } })
  const { prompt, events } = await author.ask({ chatroomId: room.id, message })
  for await (const _ of events);
  const reply = { id: room.id, messageId: prompt.reply.id }
  const body = { rating: "up" as const }
  await author.call("PUT /chatroom/{id}/message/{messageId}/feedback", { params: reply, body })
  const params = { id: room.id }
  const { url: link, notice } = await author.call("POST /chatroom/{id}/share", { params })
  if (!link) throw new Error("A new link has a URL.")
  print(`${link}\n${notice}\n`)
  const other = await signIn({ url, number: reader })
  const shared = await other.openShared(link)
  for await (const { role, content } of shared.messages) print(`${role}: ${content}\n`)
  const copy = await other.continueShared(link)
  await author.call("DELETE /chatroom/{id}/share", { params })
  return { link, copyId: copy.id }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string", default: "http://localhost:3000" },
      number: { type: "string", default: anyNumber() },
      reader: { type: "string", default: anyNumber().replace("202", "203") },
      help: { type: "boolean", default: false },
    },
  })
  const message = positionals.join(" ")
  if (values.help || message === "") process.stdout.write(HELP)
  else await share({ ...values, message }, (text) => process.stdout.write(text))
}
