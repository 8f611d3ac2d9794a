import { randomBytes } from "node:crypto"
import { expect } from "vitest"
import { createHttp } from "../../../tools/lib/http.ts"
import { upload } from "../../attachments/kit.ts"
import { payerOf } from "../../billing/kit.ts"
import { sendCode } from "../../helpers/accounts.ts"
import { newMobileNumber, type SignedIn, signIn, type TestApp } from "../../helpers/app.ts"
import { ask, createRoom, send } from "../../helpers/chat.ts"
import { exported, importFile } from "../../transfer/kit.ts"
import { converse } from "./raw.ts"

/** A word that nobody else has said, in a form that no language's stemming changes. */
export const newCanary = (kind: string) => `zq${kind}${randomBytes(6).toString("hex")}7`

/** What somebody leaves behind who has used everything, and where. */
export interface Life {
  user: SignedIn
  /** By what they are, words that are the user's alone. */
  canaries: Record<string, string>
  room: { id: string }
  /** What the room was created with. */
  roomBody: object
  /** A reply in it. */
  reply: { id: string }
}

/**
 * Lives a whole life in the service, a canary in everything that a user can say or be told. A feature that keeps
 * something more of users adds it here; `erasure.test.ts` fails for a table that stays empty.
 * @param other another process, which keeps files in the database
 */
export async function liveFully(app: TestApp, other: TestApp): Promise<Life> {
  const canaries: Record<string, string> = {}
  const say = (kind: string) => (canaries[kind] ??= newCanary(kind))
  const user = await signUpAndMove(app, canaries, say)
  const { room, roomBody } = await createNamedRoom(user, say)
  const reply = await talk(app, other, { user, room, say })
  await transfer(app, user, await haveMore(app, user, say), say)
  await pay(app, user)
  const shared = await user.http.post(`/chatroom/${room.id}/share`, {})
  expect(shared.status).toBe(201)
  canaries.share = shared.body.url.split("/").at(-1)
  expect((await app.http.get(`/shared/${canaries.share}`)).status).toBe(200)
  expect((await user.http.get(`/search?q=${say("archived")}`)).status).toBe(200)
  for (const path of ["/chatroom", "/chatroom?archived=true", `/chatroom/${room.id}`, "/user/me/export"])
    expect((await user.http.get(path)).status).toBe(200)
  await expect.poll(() => app.query("SELECT FROM search_queue WHERE user_id = $1", user.user.id)).toEqual([])
  await send(app, user, room, "to be deleted").then(({ body }) =>
    user.http.delete(`/chatroom/${room.id}/message/${body.id}`),
  )
  return { user, canaries, room, roomBody, reply }
}

type Say = (kind: string) => string

/** Signs up under a name, signs in from a browser, changes the number, and asks for yet another one. */
async function signUpAndMove(app: TestApp, canaries: Record<string, string>, say: Say): Promise<SignedIn> {
  const first = await signIn(app)
  const headers = { "User-Agent": say("browser") }
  const sent = await app.http.post("/auth/send-otp", { mobileNumber: first.mobileNumber })
  const verified = await app.http.post(
    "/auth/verify-otp",
    { mobileNumber: first.mobileNumber, otp: sent.body.otp },
    { headers },
  )
  const http = createHttp(app.url, { token: verified.body.token })
  const user: SignedIn = { ...first, ...verified.body, http }
  expect((await http.patch("/user/me", { name: `Ada ${say("name")}` })).status).toBe(200)
  expect((await http.post("/auth/change-password", { newPassword: say("password") })).status).toBe(204)
  await app.http.post("/auth/login", { mobileNumber: user.mobileNumber, password: "not it" })
  const [second, third] = [newMobileNumber(), newMobileNumber()]
  const proof = await http.post("/user/me/mobile-number", { mobileNumber: second })
  const changed = { mobileNumber: second, otp: proof.body.otp }
  expect((await http.post("/user/me/mobile-number/verify", changed)).status).toBe(200)
  await sendCode(app, second)
  expect((await http.post("/user/me/mobile-number", { mobileNumber: third })).status).toBe(202)
  for (const [kind, number] of Object.entries({ first: first.mobileNumber, second, third }))
    canaries[`${kind} number`] = number.slice(1)
  return { ...user, mobileNumber: second }
}

async function createNamedRoom(user: SignedIn, say: Say) {
  const settings = { name: `About ${say("room")}`, systemInstruction: `Be ${say("instruction")}.` }
  const more = { thinking: "high", webSearch: true, urlContext: true, pinned: true }
  const headers = { "Idempotency-Key": say("key") }
  const roomBody = { ...settings, ...more }
  const { status, body } = await user.http.post("/chatroom", roomBody, { headers })
  expect(status).toBe(201)
  return { room: body as { id: string }, roomBody }
}

/** Sends prompts with files, and gets replies with thoughts and sources, once more, stopped and failed. */
async function talk(
  app: TestApp,
  other: TestApp,
  { user, room, say }: { user: SignedIn; room: { id: string }; say: Say },
): Promise<{ id: string }> {
  const files = [
    await upload(user, `in a bucket: ${say("object")}`, { name: `${say("file")}.txt` }),
    await upload(
      { ...user, http: createHttp(other.url, { token: user.token }) },
      `in chunks: ${say("chunk")}`,
      { name: `${say("stored")}.md` },
    ),
  ]
  const attachments = files.map(({ body }) => body.id)
  // What the web was searched for isn't shared.
  await ask(app, user, room, `${say("shown")} [[gemini: searches=0]]`)
  const prompt = `${say("prompt")} [[gemini: thoughts=2 searches=2 echo="Reply ${say("reply")}."]]`
  const reply = await ask(app, user, room, prompt, { attachments })
  expect(reply).toMatchObject({ status: "completed", content: expect.stringContaining(say("reply")) })
  expect(JSON.stringify([reply.thoughts, reply.searchQueries])).toContain(say("prompt"))
  const path = `/chatroom/${room.id}/message/${reply.id}`
  expect((await user.http.put(`${path}/feedback`, { rating: "down", reason: say("feedback") })).status).toBe(
    204,
  )
  const again = await user.http.post(
    `${path}/regenerate`,
    {},
    { headers: { "Idempotency-Key": say("again") } },
  )
  expect(again.status).toBe(202)
  const keyed = { headers: { "Idempotency-Key": say("once") } }
  const repeated = await user.http.post(
    `/chatroom/${room.id}/message`,
    { message: `${say("keyed")} [[gemini: blocked]]` },
    keyed,
  )
  expect(repeated.status).toBe(202)
  return reply
}

/** A room that a model names, one so long that it is summarized, one that is temporary, one deleted, one mid-reply. */
async function haveMore(app: TestApp, user: SignedIn, say: Say): Promise<{ id: string }> {
  const untitled = await createRoom(app, user)
  await ask(app, user, untitled, `${say("title")} in a few words`)
  await expect
    .poll(async () => (await user.http.get(`/chatroom/${untitled.id}`)).body.name.toLowerCase())
    .toContain(say("title"))
  const long = await createRoom(app, user, { name: "Long" })
  for (let n = 0; n < 7; n++)
    await ask(app, user, long, `${say("summary")} no. ${n} ${"and so on ".repeat(30)}[[gemini: words=30]]`)
  await expect
    .poll(() => app.query("SELECT FROM room_summaries WHERE user_id = $1", user.user.id))
    .not.toEqual([])
  await createRoom(app, user, { temporary: true, name: say("temporary") })
  await createRoom(app, user, { archived: true, name: say("archived") })
  const deleted = await createRoom(app, user, { name: "Deleted" })
  await user.http.delete(`/chatroom/${deleted.id}`)
  // Named, so that no title comes to it at a moment of its own.
  const busy = await createRoom(app, user, { name: "Busy" })
  const { body } = await send(app, user, busy, `${say("busy")} [[gemini: words=2000 delay=100]]`)
  await expect
    .poll(async () => (await user.http.get(`/chatroom/${busy.id}/message/${body.reply.id}`)).body.status)
    .toBe("running")
  return untitled
}

/** Imports a conversation, and is in the middle of sending another file. */
async function transfer(app: TestApp, user: SignedIn, room: { id: string }, say: Say): Promise<void> {
  const file = await exported(user, room.id)
  const name = `From elsewhere: ${say("imported")}`
  await importFile(user, { ...file, chatroom: { ...file.chatroom, name } })
  const size = 2 * 1024 * 1024
  const { socket } = converse(app.url)
  socket.write(
    `POST /chatroom/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
  )
  socket.write(`["${say("spooled")}${" ".repeat(size / 2)}`)
  await expect
    .poll(() => app.query("SELECT FROM import_chunks WHERE user_id = $1", user.user.id))
    .not.toEqual([])
}

async function pay(app: TestApp, user: SignedIn): Promise<void> {
  await payerOf(app, user).becomePro()
}
