import { Readable } from "node:stream"
import { until } from "../../lib/until.ts"
import { type Site, startApi } from "../helpers/site.ts"
import type { User } from "../helpers/users.ts"

export interface ImportPace {
  /** Bytes of the file. */
  bytes: number
  /** Messages of each conversation in it. */
  messages: number
}

export interface Imported {
  bytes: number
  conversations: number
  messages: number
  uploadMs: number
  /** From the response to the end of the import. */
  importMs: number
  /** Of the one process that takes the file and imports it. */
  rssBefore: number
  rssPeak: number
}

/** Uploads a file of ChatGPT's form and waits until all of it is imported, in a process that does nothing else. */
export async function measureImport(site: Site, user: User, pace: ImportPace): Promise<Imported> {
  await using stack = new AsyncDisposableStack()
  const { api, url } = await startApi(site.machine, site.env, "all")
  stack.defer(() => api.stop())
  const { rssBytes: rssBefore } = await api.usage()
  const authorization = `Bearer ${user.token}`
  const startedAt = performance.now()
  const response = await fetch(`${url}/chatroom/import`, {
    method: "POST",
    headers: { authorization, "Content-Type": "application/json" },
    body: Readable.toWeb(Readable.from(fileOf(pace))) as ReadableStream<Uint8Array>,
    duplex: "half",
  })
  const body = (await response.json()) as { id: string; bytes: number }
  if (!response.ok) throw new Error(`the import was answered ${response.status}: ${JSON.stringify(body)}`)
  const uploadedAt = performance.now()
  const done = await until(
    "the import has ended",
    async () => {
      const found = await fetch(`${url}/import/${body.id}`, { headers: { authorization } })
      const report = (await found.json()) as { status: string; chatrooms: string[]; problems: object[] }
      if (report.status === "failed" || report.problems.length > 0) throw new Error(JSON.stringify(report))
      return report.status === "completed" && report
    },
    { timeoutMs: 600_000, everyMs: 100 },
  )
  const importMs = performance.now() - uploadedAt
  const conversations = (done as { chatrooms: string[] }).chatrooms.length
  const { peakRssBytes } = await api.usage()
  return {
    bytes: body.bytes,
    conversations,
    messages: conversations * pace.messages,
    uploadMs: uploadedAt - startedAt,
    importMs,
    rssBefore,
    rssPeak: peakRssBytes,
  }
}

const PROMPT = "What should I cook for six friends on Friday, two of whom don't eat meat? "
const REPLY = "A vegetable lasagne keeps warm for an hour, and what is left tastes better the day after. "

function* fileOf({ bytes, messages }: ImportPace): Generator<Buffer> {
  const first = Buffer.from(conversationOf(0, messages))
  const count = Math.floor((bytes - 2) / (first.length + 10))
  for (let n = 0; n < count; n++) yield Buffer.from(`${n === 0 ? "[" : ","}${conversationOf(n, messages)}`)
  yield Buffer.from("]")
}

/** One branch, with as much around each message as ChatGPT writes. */
function conversationOf(n: number, messages: number): string {
  const mapping: Record<string, object> = {}
  for (let m = 0; m < messages; m++) {
    const id = nodeId(n, m)
    const isPrompt = m % 2 === 0
    mapping[id] = {
      id,
      message: {
        id,
        author: { role: isPrompt ? "user" : "assistant", name: null, metadata: {} },
        create_time: 1.7e9 + n * 1_000 + m,
        update_time: null,
        content: { content_type: "text", parts: [(isPrompt ? PROMPT : REPLY).repeat(isPrompt ? 2 : 9)] },
        status: "finished_successfully",
        end_turn: isPrompt ? null : true,
        weight: 1,
        metadata: isPrompt ? {} : { model_slug: "gpt-4o", finish_details: { type: "stop" }, citations: [] },
        recipient: "all",
        channel: null,
      },
      parent: m === 0 ? null : nodeId(n, m - 1),
      children: m === messages - 1 ? [] : [nodeId(n, m + 1)],
    }
  }
  const last = nodeId(n, messages - 1)
  return JSON.stringify({
    title: `Plans ${n}`,
    create_time: 1.7e9,
    update_time: 1.7e9,
    mapping,
    current_node: last,
  })
}

const nodeId = (n: number, m: number) =>
  `${String(n).padStart(8, "0")}-0000-4000-8000-${String(m).padStart(12, "0")}`
