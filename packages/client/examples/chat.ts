import { parseArgs } from "node:util"
import { textOf } from "../src/index.ts"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/chat.ts [--url URL] [--number NUMBER] MESSAGE…

Signs in by a code (of a server that shows codes in its replies), sends a message and prints the reply as it comes.
`

/** Sends one message as a new or known user and gives the reply's final text. */
export async function chat(
  { url, number, message }: { url: string; number: string; message: string },
  print: (text: string) => void,
): Promise<string> {
  const client = await signIn({ url, number })
  const room = await client.call("POST /chatroom", { body: { name: "Example" } })
  const { events } = await client.ask({ chatroomId: room.id, message })
  let shown = ""
  for await (const text of textOf(events)) {
    // A new attempt begins anew.
    print(text.startsWith(shown) ? text.slice(shown.length) : `\n${text}`)
    shown = text
  }
  return shown
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
    await chat({ url: values.url, number: values.number, message }, (text) => process.stdout.write(text))
    process.stdout.write("\n")
  }
}
