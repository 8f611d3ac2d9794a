import { openAsBlob } from "node:fs"
import { writeFile } from "node:fs/promises"
import { setTimeout } from "node:timers/promises"
import { parseArgs } from "node:util"
import { anyNumber, signIn } from "./sign-in.ts"

const HELP = `Usage: node packages/client/examples/transfer.ts [--url URL] [--number NUMBER] FILE

Imports a file: exported chatrooms, ChatGPT's conversations.json or an export of Open WebUI. Then writes the first
chatroom that came in beside it as Markdown.
`

/** Imports a file, and writes the first of its rooms as Markdown. */
export async function transfer(
  { url, number, file }: { url: string; number: string; file: string },
  print: (text: string) => void,
): Promise<{ chatrooms: string[]; written: string | null }> {
  const client = await signIn({ url, number })
  let found = await client.importChatrooms(await openAsBlob(file, { type: "application/json" }))
  while (found.completedAt === null) {
    await setTimeout(200)
    found = await client.getImport(found.id)
  }
  print(`${found.status}: ${found.chatrooms.length} of ${found.total ?? 0} conversations\n`)
  for (const { where, message } of found.problems) print(`${where ?? "file"}: ${message}\n`)
  const [first] = found.chatrooms
  if (!first) return { chatrooms: [], written: null }
  const written = `${file}.md`
  await writeFile(written, await client.exportChatroom(first, { format: "markdown" }))
  print(`wrote ${written}\n`)
  return { chatrooms: found.chatrooms, written }
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
  const [file] = positionals
  if (values.help || file === undefined) process.stdout.write(HELP)
  else await transfer({ ...values, file }, (text) => process.stdout.write(text))
}
