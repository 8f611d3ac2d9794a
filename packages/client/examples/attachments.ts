import { openAsBlob } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { textOf } from "../src/index.ts"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/attachments.ts [--url URL] [--number NUMBER] FILE MESSAGE…

Uploads an image, a PDF or a text, asks about it and prints the reply.
`

/** Asks about a file, and gives the reply's final text. */
export async function askAbout(
  { url, number, file, message }: { url: string; number: string; file: string; message: string },
  print: (text: string) => void,
): Promise<string> {
  const client = await signIn({ url, number })
  const { id, name, type, bytes } = await client.upload(await openAsBlob(file), { name: basename(file) })
  print(`${name}: ${type}, ${bytes} bytes\n`)
  const room = await client.call("POST /chatroom", { body: { name: "Example" } })
  const { events } = await client.ask({ chatroomId: room.id, message, attachments: [id] })
  let reply = ""
  for await (const text of textOf(events)) reply = text
  print(`${reply}\n`)
  return reply
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
  const [file, ...words] = positionals
  const message = words.join(" ")
  if (values.help || file === undefined || message === "") process.stdout.write(HELP)
  else await askAbout({ ...values, file, message }, (text) => process.stdout.write(text))
}
