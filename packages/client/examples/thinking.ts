import { parseArgs } from "node:util"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/thinking.ts [--url URL] [--number NUMBER] MESSAGE…

Lets the model think hard, and prints what it thinks and then its reply as they come.
`

/** Sends one message, and gives what the model thought and replied. */
export async function think(
  { url, number, message }: { url: string; number: string; message: string },
  print: (text: string) => void,
): Promise<{ thoughts: string; text: string }> {
  const client = await signIn({ url, number })
  const room = await client.call("POST /chatroom", { body: { name: "Example", thinking: "high" } })
  const { events } = await client.ask({ chatroomId: room.id, message })
  const heard = { thoughts: "", text: "" }
  for await (const { event, data } of events) {
    if (event === "reset") Object.assign(heard, { thoughts: "", text: "" })
    if (event === "thought") heard.thoughts += data.text
    if (event === "delta") heard.text += data.text
    if (event === "thought" || event === "delta") print(data.text)
  }
  return heard
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
    await think({ url: values.url, number: values.number, message }, (text) => process.stdout.write(text))
    process.stdout.write("\n")
  }
}
