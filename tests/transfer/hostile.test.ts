import { request } from "node:http"
import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { IMPORTS } from "../../src/config/limits.ts"
import { expectProblem, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { fixture, importFile, stored, untilEnded, upload } from "./kit.ts"

const MB = 1024 * 1024
const NOTHING = { imports: 0, chunks: 0, rooms: 0, messages: 0 }
/** A twentieth of what they are: the bounds don't depend on their size, and 100 MB take a minute on a busy machine. */
const imports = { maxBytes: 5 * MB, conversation: { maxBytes: 2 * MB } }
const app = useTestApp({ config: { imports }, timing: { imports: { pollMs: 20 } } })

const room = (name: string) => ({
  format: "chatroom",
  version: 1,
  chatroom: { name },
  messages: [{ id: "01a20380-35df-77b7-a96a-565deb07f9f4", role: "user", content: "x" }],
})

describe("an upload that can't be a file of conversations leaves nothing:", () => {
  test.each<[string, string | Uint8Array, number, string]>([
    ["nothing", "", 400, "invalid_request"],
    ["text", "Hello", 400, "invalid_request"],
    ["a number", "17", 400, "invalid_request"],
    ["an archive", "PK\x03\x04\x14\x00", 415, "unsupported_media_type"],
    ["something compressed", new Uint8Array(gzipSync(fixture("chatgpt"))), 415, "unsupported_media_type"],
  ])("%s", async (_, body, status, code) => {
    const user = await signIn(app)
    expectProblem(await upload(user, body), status, code)
    expect(await stored(app, user)).toEqual(NOTHING)
  })

  test("more than it may have, also without a length", async () => {
    const user = await signIn(app)
    const bytes = new Uint8Array(imports.maxBytes + 1).fill(0x20)
    bytes[0] = 0x5b
    expectProblem(await upload(user, bytes), 413, "payload_too_large")
    const { status, body } = await sendInPieces(user.token, bytes)
    expect([status, JSON.parse(body).code]).toEqual([413, "payload_too_large"])
    expect(await stored(app, user)).toEqual(NOTHING)
  })

  test("one that is interrupted", async () => {
    const user = await signIn(app)
    const sent = request(`${app.url}/chatroom/import`, {
      method: "POST",
      headers: { Authorization: `Bearer ${user.token}`, "Content-Length": 5 * MB },
    })
    sent.on("error", () => undefined)
    sent.write(Buffer.alloc(2 * MB, "["))
    await expect.poll(async () => (await stored(app, user)).chunks).toBeGreaterThan(3)
    sent.destroy()
    await expect.poll(() => stored(app, user)).toEqual(NOTHING)
    // And nothing is in the way of the next.
    expect((await importFile(user, [room("whole")])).status).toBe("completed")
  })
})

function sendInPieces(token: string, bytes: Uint8Array): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${app.url}/chatroom/import`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    })
    sent.on("response", async (response) => {
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part)
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() })
    })
    sent.on("error", reject)
    for (let at = 0; at < bytes.length; at += MB) sent.write(bytes.subarray(at, at + MB))
    sent.end()
  })
}

describe("a file that is broken fails, and leaves nothing but its report:", () => {
  const many = JSON.stringify(Array.from({ length: 30 }, (_, n) => room(`room ${n}`)))
  test.each<[string, string | Uint8Array, string]>([
    ["cut off", many.slice(0, -2), "cut_off"],
    ["no JSON at its end", `${many.slice(0, -1)},{"a":tru}]`, "not_json"],
    ["something behind it", `${many} ${many}`, "not_json"],
    ["NUL in it", many.replace("room 29", "\u0000"), "not_json"],
    [
      "not UTF-8 at its end",
      new Uint8Array(Buffer.from(many.replace("room 29", "\xff"), "latin1")),
      "not_utf8",
    ],
    ["nothing that is known", '[{"a":1},{"b":2}]', "format_unknown"],
    ["numbers", "[1,2,3]", "format_unknown"],
    ["the export of an account", '{"user":{},"chatrooms":[]}', "format_unknown"],
    ["too many conversations", `[${Array(10_001).fill("{}").join(",")}]`, "too_many_conversations"],
    ["a million levels, never closed", "[".repeat(1_000_000), "cut_off"],
  ])("%s", async (_, body, code) => {
    const user = await signIn(app)
    const { status, chatrooms, problems } = await importFile(user, body)
    expect({ status, chatrooms, problems }).toEqual({
      status: "failed",
      chatrooms: [],
      problems: [{ code, message: expect.any(String), where: null }],
    })
    expect(await stored(app, user)).toEqual({ ...NOTHING, imports: 1 })
  })
})

test("of a bad conversation nothing comes in, and the others do", async () => {
  const user = await signIn(app)
  const deep = `{"mapping":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`
  const long = JSON.stringify(room("x".repeat(imports.conversation.maxBytes)))
  const chain = Object.fromEntries(
    Array.from({ length: IMPORTS.maxMessages + 1 }, (_, n) => [
      `m${n}`,
      { parent: n === 0 ? null : `m${n - 1}`, message: null },
    ]),
  )
  const items = [
    JSON.stringify(room("first")),
    deep,
    long,
    JSON.stringify({ mapping: chain, title: "a chain" }),
    JSON.stringify({ mapping: { a: { parent: "b" }, b: { parent: "a" } } }),
    '{"__proto__":{"polluted":true},"mapping":{"__proto__":{"parent":"__proto__"}}}',
    JSON.stringify({ ...room("bad"), messages: [{ id: "1", role: "user", content: 5 }] }),
    "null",
    JSON.stringify(room("last")),
  ]
  const { status, done, total, chatrooms, problems } = await importFile(user, `[${items.join(",")}]`)
  expect({ status, done, total, rooms: chatrooms.length }).toEqual({
    status: "completed",
    done: 9,
    total: 9,
    rooms: 2,
  })
  expect(problems.map(({ code, where }: { code: string; where: string }) => [code, where])).toEqual([
    ["too_deep", "[1]"],
    ["too_large", "[2]"],
    ["too_many_messages", "[3]"],
    ["cycle", "[4].mapping"],
    ["cycle", "[5].mapping"],
    ["invalid", "[6].messages[0].id"],
    ["format_unknown", "[7]"],
  ])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  expect(await stored(app, user)).toEqual({ imports: 1, chunks: 0, rooms: 2, messages: 2 })
})

describe("a user has", () => {
  test("one import at a time, however many come at once", async () => {
    const user = await signIn(app)
    const body = JSON.stringify(Array.from({ length: 100 }, (_, n) => room(`room ${n}`)))
    const answers = await times(4, () => upload(user, body))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([202, 409, 409, 409])
    const taken = answers.find(({ status }) => status === 202)
    const path = taken?.headers.get("location") as string
    expect((await untilEnded(user, path)).status).toBe("completed")
    expect(await stored(app, user)).toEqual({ imports: 1, chunks: 0, rooms: 100, messages: 100 })
  })

  test("a number of imports a day, of which those that were refused aren't counted", async () => {
    const user = await signIn(app)
    await app.query(
      "INSERT INTO counters (scope, key, used, ends_at) VALUES ('import', $1, 19, now() + interval '1 hour')",
      user.user.id,
    )
    for (let n = 0; n < 3; n++) expectProblem(await upload(user, "Hello"), 400, "invalid_request")
    await importFile(user, [room("the last of the day")])
    const refused = await upload(user, [room("one more")])
    expectProblem(refused, 429, "rate_limited")
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(await stored(app, user)).toMatchObject({ imports: 1, rooms: 1 })
  })
})
