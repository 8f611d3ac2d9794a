import { parseArgs } from "node:util"
import { ApiError, createClient, textOf } from "../src/index.ts"

const HELP = `Usage: node packages/client/examples/chat.ts [--url URL] [--number NUMBER] MESSAGE…

Signs in by a code (of a server that shows codes in its replies), sends a message and prints the reply as it comes.
`

/** Sends one message as a new or known user and gives the reply's final text. */
export async function chat(
  { url, number, message }: { url: string; number: string; message: string },
  print: (text: string) => void,
): Promise<string> {
  const client = createClient({ baseUrl: url })
  await client.call("POST /auth/signup", { body: { mobileNumber: number } }).catch(ignoreKnown)
  const { otp } = await client.call("POST /auth/send-otp", { body: { mobileNumber: number } })
  if (!otp) throw new Error("The server sends codes by SMS; this example can't read them.")
  await client.call("POST /auth/verify-otp", { body: { mobileNumber: number, otp } })
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

function ignoreKnown(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== "mobile_number_taken") throw error
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string", default: "http://localhost:3000" },
      // Another one each time: a number has five prompts a day.
      number: { type: "string", default: `202555${String(Math.floor(Date.now() / 1000)).slice(-4)}` },
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
