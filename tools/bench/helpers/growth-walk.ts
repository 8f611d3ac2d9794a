import { type Agent, type IncomingMessage, request } from "node:http"
import type { Timed } from "./growth-endpoints.ts"
import { filledNumberOf } from "./growth-fill.ts"
import { mobileNumberOf, type User } from "./users.ts"

/** Somebody who has been there for a while. */
export interface Regular extends User {
  rooms: { id: string; prompt: string; reply: string }[]
}

/** One of the databases behind its server, with people to walk through it. */
export interface Grown {
  url: string
  adminToken: string
  agent: Agent
  regulars: Regular[]
  /** How many new users there were so far. */
  newcomers: number
}

interface Call {
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the endpoint answers
  body: any
  headers: IncomingMessage["headers"]
}

/** Keeps how long a call took, by the method and the path's pattern. */
export type Note = (endpoint: Timed, ms: number) => void

/** Calls every endpoint in turn, as one regular user, one new one and an operator do. */
export async function walk(grown: Grown, n: number, note: Note): Promise<void> {
  const caller = createCaller(grown, note)
  const regular = grown.regulars[n % grown.regulars.length] as Regular
  await read(caller, regular, n)
  await write(caller, regular)
  await share(caller, regular)
  await comeAndGo(caller, grown)
  await operate(caller, grown, regular)
}

type Caller = (endpoint: Timed, path: string, call?: Call) => Promise<Answer>

async function read(call: Caller, { token, rooms }: Regular, n: number): Promise<void> {
  const room = rooms[n % rooms.length] as Regular["rooms"][number]
  const to = { token }
  await call("GET /chatroom", "/chatroom", to)
  await call("GET /chatroom", "/chatroom?archived=true", to)
  await call("GET /chatroom/:id", `/chatroom/${room.id}`, to)
  await call("GET /chatroom/:id/message", `/chatroom/${room.id}/message`, to)
  await call("GET /chatroom/:id/message/:messageId", `/chatroom/${room.id}/message/${room.reply}`, to)
  const stream = `/chatroom/${room.id}/message/${room.reply}/stream`
  await call("GET /chatroom/:id/message/:messageId/stream", stream, to)
  await call("GET /chatroom/:id/export", `/chatroom/${room.id}/export`, to)
  await call("GET /search", "/search?q=lasagne", to)
  await call("GET /user/me", "/user/me", to)
  await call("GET /user/me/usage", "/user/me/usage", to)
  await call("GET /user/me/export", "/user/me/export", to)
  await call("GET /auth/sessions", "/auth/sessions", to)
  await call("GET /subscription/status", "/subscription/status", to)
  await call("GET /subscription/history", "/subscription/history", to)
  await call("GET /models", "/models", to)
  await call("GET /health/ready", "/health/ready")
}

async function write(call: Caller, { token }: Regular): Promise<void> {
  const { body: room } = await call("POST /chatroom", "/chatroom", { token, body: { name: "Plans" } })
  const path = `/chatroom/${room.id}`
  await call("PATCH /chatroom/:id", path, { token, body: { pinned: true } })
  const ask = async (endpoint: Timed, where: string, body: object) => {
    const { body: answer } = await call(endpoint, where, { token, body })
    const reply = answer.reply ?? answer
    await call("… to the end of a new reply's stream", `${path}/message/${reply.id}/stream`, { token })
    return reply as { id: string; parentId: string }
  }
  const first = await ask("POST /chatroom/:id/message", `${path}/message`, { message: "What should I cook?" })
  const rating = { rating: "up" }
  await call("PUT /chatroom/:id/message/:messageId/feedback", `${path}/message/${first.id}/feedback`, {
    token,
    body: rating,
  })
  const again = `${path}/message/${first.id}/regenerate`
  const second = await ask("POST /chatroom/:id/message/:messageId/regenerate", again, {})
  const { body: forked } = await call("POST /chatroom/:id/fork", `${path}/fork`, {
    token,
    body: { messageId: second.id },
  })
  await call("DELETE /chatroom/:id/message/:messageId", `${path}/message/${first.id}`, { token })
  await call("DELETE /chatroom/:id", path, { token })
  await call("DELETE /chatroom/:id", `/chatroom/${forked.id}`, { token })
  const headers = { "Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="list.txt"' }
  const { body: file } = await call("POST /attachment", "/attachment", {
    token,
    body: "Milk, eggs, bread.",
    headers,
  })
  await call("GET /attachment/:id", `/attachment/${file.id}`, { token })
  await call("DELETE /attachment/:id", `/attachment/${file.id}`, { token })
  await call("PATCH /user/me", "/user/me", { token, body: { name: "A regular" } })
}

async function share(call: Caller, { token, rooms: [room] }: Regular): Promise<void> {
  const path = `/chatroom/${room?.id}/share`
  const { body } = await call("POST /chatroom/:id/share", path, { token, body: {} })
  await call("GET /chatroom/:id/share", path, { token })
  const shared = new URL(body.url).pathname
  await call("GET /shared/:token", shared)
  const { body: copy } = await call("POST /shared/:token/continue", `${shared}/continue`, { token, body: {} })
  await call("DELETE /chatroom/:id/share", path, { token })
  await call("DELETE /chatroom/:id", `/chatroom/${copy.id ?? copy.chatroom?.id}`, { token })
}

/** Somebody signs up, imports a conversation, and deletes the account. */
async function comeAndGo(call: Caller, grown: Grown): Promise<void> {
  const mobileNumber = mobileNumberOf(FIRST_NEWCOMER + grown.newcomers++)
  await call("POST /auth/signup", "/auth/signup", { body: { mobileNumber } })
  const { body: sent } = await call("POST /auth/send-otp", "/auth/send-otp", { body: { mobileNumber } })
  const code = { mobileNumber, otp: sent.otp }
  const { body: signedIn } = await call("POST /auth/verify-otp", "/auth/verify-otp", { body: code })
  const { refreshToken } = signedIn
  const { body: renewed } = await call("POST /auth/refresh", "/auth/refresh", { body: { refreshToken } })
  const { token } = renewed
  const { body: imported } = await call("POST /chatroom/import", "/chatroom/import", {
    token,
    body: CONVERSATION,
  })
  await call("GET /import/:id", `/import/${imported.id}`, { token })
  await call("POST /auth/logout", "/auth/logout", { token })
  const { body: later } = await call("POST /auth/send-otp", "/auth/send-otp", { body: { mobileNumber } })
  const again = { mobileNumber, otp: later.otp }
  const { body: back } = await call("POST /auth/verify-otp", "/auth/verify-otp", { body: again })
  await call("DELETE /user/me", "/user/me", { token: back.token })
}

/** Behind those that `filledNumberOf` names. */
const FIRST_NEWCOMER = 7_000_000

const CONVERSATION = {
  format: "chatroom",
  version: 1,
  chatroom: { name: "Imported" },
  messages: [
    { id: "01980000-0000-7000-8000-000000000001", role: "user", content: "Hello, how are you?" },
    {
      id: "01980000-0000-7000-8000-000000000002",
      parentId: "01980000-0000-7000-8000-000000000001",
      role: "model",
      content: "Hello! I am fine.",
    },
  ],
}

async function operate(call: Caller, { adminToken: token }: Grown, { id }: Regular): Promise<void> {
  const to = { token }
  await call("GET /admin/replies", "/admin/replies", to)
  await call("GET /admin/feedback", "/admin/feedback", to)
  await call("POST /admin/users/search", "/admin/users/search", {
    token,
    body: { mobileNumber: filledNumberOf(1) },
  })
  await call("GET /admin/users/:id", `/admin/users/${id}`, to)
  await call("GET /admin/billing/events", "/admin/billing/events", to)
  await call("GET /admin/usage", "/admin/usage", to)
  await call("GET /admin/usage/users", "/admin/usage/users", to)
  await call("GET /admin/activity", "/admin/activity?range=day", to)
  await call("GET /admin/activity", "/admin/activity?range=month", to)
  await call("GET /admin/audit", "/admin/audit", to)
  await call("GET /admin/system", "/admin/system", to)
  await call("GET /metrics", "/metrics", to)
}

/** @throws for an answer that isn't 2xx */
function createCaller({ url, agent }: Grown, note: Note): Caller {
  return async (endpoint, path, { token, body, headers = {} } = {}) => {
    const method = /^[A-Z]+/.exec(endpoint)?.[0] ?? "GET"
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body)
    const startedAt = performance.now()
    const response = await send(url + path, text, {
      method,
      agent,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(text === undefined
          ? {}
          : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
        ...headers,
      },
    })
    const found = Buffer.concat(await response.toArray()).toString()
    const ms = performance.now() - startedAt
    const { statusCode = 0 } = response
    if (statusCode < 200 || statusCode >= 300)
      throw new Error(`${method} ${path} was answered with ${statusCode}: ${found}`)
    note(endpoint, ms)
    const isJson = response.headers["content-type"]?.includes("json")
    return { body: isJson && found ? JSON.parse(found) : found, headers: response.headers }
  }
}

function send(url: string, text: string | undefined, options: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).once("error", reject).end(text)
  })
}
