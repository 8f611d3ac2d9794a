import { parseArgs } from "node:util"
import { type ChatClient, type Chatroom, createClient, memoryTokens } from "../src/index.ts"

const HELP = `Usage: node packages/client/examples/rooms.ts --token TOKEN [--url URL]

Shows a user's chatrooms, and again whenever one of them changes on any device. TOKEN is an access token.
`

/** Keeps a list of the user's rooms up to date and hands it over whenever it changes, until `signal` aborts. */
export async function watchRooms(
  client: ChatClient,
  show: (rooms: Chatroom[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const rooms = new Map<string, Chatroom>()
  for await (const { event, data } of client.followRooms({ signal })) {
    if (event === "reset") {
      rooms.clear()
      for await (const room of client.list("GET /chatroom")) rooms.set(room.id, room)
    }
    if (event === "chatroom") rooms.set(data.id, data)
    if (event === "deleted") rooms.delete(data.id)
    const newestFirst = (a: Chatroom, b: Chatroom) => (activityOf(a) < activityOf(b) ? 1 : -1)
    show([...rooms.values()].sort(newestFirst))
  }
}

const activityOf = ({ lastMessageAt, createdAt }: Chatroom) => lastMessageAt ?? createdAt

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      url: { type: "string", default: "http://localhost:3000" },
      token: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help || !values.token) process.stdout.write(HELP)
  else {
    const client = createClient({
      baseUrl: values.url,
      tokens: memoryTokens({ token: values.token, refreshToken: "" }),
    })
    const print = (rooms: Chatroom[]) =>
      process.stdout.write(`${rooms.map(({ name }) => name).join(" · ") || "no rooms"}\n`)
    await watchRooms(client, print, new AbortController().signal)
  }
}
