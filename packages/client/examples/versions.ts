import { parseArgs } from "node:util"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/versions.ts [--url URL] [--number NUMBER] MESSAGE…

Asks, asks for another reply, interrupts a reply and continues it, copies the branch into a room of its own and deletes it.
`

/** Goes through the versions of a conversation. */
export async function versions(
  { url, number, message }: { url: string; number: string; message: string },
  print: (text: string) => void,
): Promise<{ roomId: string; forkId: string }> {
  const client = await signIn({ url, number })
  const { id: chatroomId } = await client.call("POST /chatroom", { body: { name: "Example" } })
  const first = await client.ask({ chatroomId, message })
  for await (const _ of first.events);
  const again = await client.regenerate({ chatroomId, messageId: first.prompt.reply.id })
  for await (const { event, data } of again.events)
    if (event === "done")
      print(`version ${data.siblings.position} of ${data.siblings.count}: ${data.content}\n`)

  const long = await client.ask({ chatroomId, message: `At length: ${message}` })
  for await (const { event } of long.events) if (event === "delta") break
  const other = await client.ask({ chatroomId, message: "Stop. In one word, please.", onBusy: "interrupt" })
  for await (const _ of other.events);
  const cut = await client.call("GET /chatroom/{id}/message/{messageId}", {
    params: { id: chatroomId, messageId: long.prompt.reply.id },
  })
  if (cut.status === "cancelled") {
    const rest = await client.continueReply({ chatroomId, messageId: cut.id })
    for await (const { event, data } of rest.events)
      if (event === "done") print(`continued: ${data.content}\n`)
  }

  const fork = await client.fork({ chatroomId, messageId: again.reply.id })
  await client.deleteMessage({ chatroomId, messageId: first.prompt.id })
  return { roomId: chatroomId, forkId: fork.id }
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
  else await versions({ ...values, message }, (text) => process.stdout.write(text))
}
