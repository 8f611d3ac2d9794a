import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { createParser } from "eventsource-parser"
import { beforeAll, expect, test } from "vitest"
import { HOUR, SECOND } from "../../src/utils/time.ts"
import { collect, joinDeltas, type ServerEvent } from "../../tools/lib/http.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const SLOW_READER_MS = 3 * SECOND

const app = useTestApp({ timing: { http: { slowReaderMs: SLOW_READER_MS } } })
const patient = useTestApp(() => ({
  beside: app,
  worker: false,
  config: { http: { streamsPerUser: 2 } },
  timing: { http: { slowReaderMs: HOUR } },
}))
const ann = useUser(app)
let path: string

/** More than the buffers of both ends take, and those of the system between them. */
const TEXT = "abcdefghij".repeat(2_000_000)

beforeAll(async () => {
  const reply = await ask(app, ann, await createRoom(app, ann), "to be a long one")
  await app.pool.query("UPDATE messages SET content = $2 WHERE id = $1", [reply.id, TEXT])
  path = `/chatroom/${reply.chatroomId}/message/${reply.id}/stream`
})

test("a reader that takes nothing for too long is cut off, and has the whole text when it comes back", async () => {
  const since = performance.now()
  const headers = { Authorization: `Bearer ${ann.token}` }
  const [response] = (await once(request(app.url + path, { headers }).end(), "response")) as [IncomingMessage]
  expect(app.ctx.streamLimit.count()).toBe(1)
  await expect.poll(() => app.ctx.streamLimit.count(), { timeout: 30 * SECOND }).toBe(0)
  expect(performance.now() - since).toBeGreaterThan(SLOW_READER_MS - 100)
  const before = await readRest(response)
  expect(before.map(({ event }) => event)).not.toContain("done")
  // A finished reply is one event, which is not to be had by halves.
  const last = before.at(-1)?.id
  const resume = last === undefined ? {} : { headers: { "Last-Event-ID": last } }
  const after = await collect(ann.http.events(path, resume))
  expect(joinDeltas([...before, ...after]) === TEXT).toBe(true)
})

test("readers that take nothing make room at once for the same user's newest streams", async () => {
  const most = patient.ctx.config.http.streamsPerUser
  const headers = { Authorization: `Bearer ${ann.token}` }
  const open = async () => {
    const sent = request(patient.url + path, { headers }).end()
    const [response] = await once(sent, "response")
    return { response: response as IncomingMessage, hangUp: () => sent.destroy() }
  }
  const frozen = await Promise.all(Array.from({ length: most }, open))
  const newest = await Promise.all(Array.from({ length: most }, open))
  expect(patient.ctx.streamLimit.count()).toBe(most)
  // Each was in the middle of its event and is cut off, to come back for the whole of it.
  for (const { response } of frozen)
    expect((await readRest(response)).map(({ event }) => event)).not.toContain("done")
  for (const { hangUp } of newest) hangUp()
  await expect.poll(() => patient.ctx.streamLimit.count()).toBe(0)
})

test("a reader that is waited for again and again leaves no listeners behind", async () => {
  const warnings: string[] = []
  const note = ({ name }: Error) => warnings.push(name)
  process.on("warning", note)
  const events = await collect(ann.http.events(path))
  process.off("warning", note)
  expect(joinDeltas(events) === TEXT).toBe(true)
  expect(warnings).not.toContain("MaxListenersExceededWarning")
})

/** What has come before the connection broke. */
async function readRest(response: IncomingMessage): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  const parser = createParser({
    onEvent: ({ event = "message", id, data }) => events.push({ event, id, data: JSON.parse(data) }),
  })
  response.on("data", (bytes: Buffer) => parser.feed(bytes.toString("latin1")))
  await once(response, "close").catch(() => undefined)
  return events
}
