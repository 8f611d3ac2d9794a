import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { type S3Simulator, startS3Simulator } from "../../simulators/s3/server.ts"
import { createObjectStore } from "../../src/services/attachments/object-store.ts"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { createHttp } from "../../tools/lib/http.ts"
import { expectProblem, times } from "../helpers/answers.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { download, pngWith, stored, upload } from "./kit.ts"

/** With characters that a URL needs encoded. */
const KEYS = { region: "eu-1", accessKeyId: "AK+ID", secretAccessKey: "canary/of the+store=%" }
const MB = 1024 * 1024

let s3: S3Simulator
beforeAll(async () => {
  s3 = await startS3Simulator({ ...KEYS, bucket: "files" })
})
afterAll(() => s3.close())

const app = useTestApp(() => ({
  config: { attachments: { url: s3.attachmentsUrl("/chat") } },
  timing: { replies: { firstRetryMs: 50 } },
}))
const ann = useUser(app, { pro: true })

const objects = () => [...s3.objects.values()].map(({ bytes }) => bytes.toString("latin1"))

async function uploaded(user: SignedIn, bytes: Buffer | string, name = "a.txt"): Promise<string> {
  const { status, body } = await upload(user, bytes, { name })
  expect(status).toBe(201)
  return body.id
}

/** The same user at another process. */
const at = ({ url }: TestApp, user: SignedIn): SignedIn => ({
  ...user,
  http: createHttp(url, { token: user.token }),
})

/** Lets what waits to be deleted elsewhere be due. */
async function collect() {
  await app.query("UPDATE attachment_garbage SET next_try_at = now()")
  await cleanUp(app.ctx)
}

describe("with ATTACHMENTS_URL a file", () => {
  test("is in the bucket alone, comes back as it was, and goes with its row", async () => {
    const user = await signIn(app)
    const bytes = pngWith(randomBytes(3 * MB))
    const id = await uploaded(user, bytes, "a.png")
    expect(await stored(app, user)).toEqual({ files: 1, chunks: 0, bytes: bytes.length, sum: bytes.length })
    const [key, object] = [...s3.objects].find(([, one]) => one.bytes.equals(bytes)) ?? []
    expect(key).toMatch(/^chat\/[0-9a-f-]{36}$/)
    expect(key).not.toContain(id)
    expect(object?.bytes.equals((await download(app, user, id)).bytes)).toBe(true)
    expect((await user.http.delete(`/attachment/${id}`)).status).toBe(204)
    await collect()
    expect(s3.objects.has(key as string)).toBe(false)
    expect(await stored(app, user)).toMatchObject({ files: 0, bytes: 0 })
    expect(s3.refused).toEqual([])
  })

  test("gets to the model", async () => {
    const id = await uploaded(ann, "read from a bucket")
    const room = await createRoom(app, ann)
    expect((await ask(app, ann, room, "what's in it?", { attachments: [id] })).status).toBe("completed")
    const call = app.gemini.calls().findLast(({ prompt }) => prompt === "what's in it?")
    expect(JSON.stringify(call?.contents)).toContain(Buffer.from("read from a bucket").toString("base64"))
  })

  test("goes with its user", async () => {
    const user = await signIn(app)
    await times(3, (n) => uploaded(user, `of somebody who leaves ${n}`))
    expect(objects().filter((text) => text.startsWith("of somebody who leaves"))).toHaveLength(3)
    await user.http.delete("/user/me")
    await expect.poll(() => objects().filter((text) => text.startsWith("of somebody who leaves"))).toEqual([])
  })

  test("that was stored before is still read from the database", async () => {
    await using before = await startTestApp({ beside: app, worker: false })
    const { body } = await upload(at(before, ann), "in the database")
    expect((await download(app, ann, body.id)).bytes.toString()).toBe("in the database")
  })
})

describe("while the store", () => {
  test("refuses an upload, or drops it, it is 503 and nothing stays", async () => {
    const user = await signIn(app)
    for (const as of [
      { status: 503, code: "SlowDown" },
      { status: 403, code: "AccessDenied" },
      "cut",
    ] as const) {
      s3.fail({ method: "PUT", as })
      expectProblem(await upload(user, "not stored"), 503, "unavailable")
    }
    // It has the object, but its response is lost.
    s3.fail({ method: "PUT", as: "lost-response" })
    expectProblem(await upload(user, "stored nevertheless"), 503, "unavailable")
    expect(await stored(app, user)).toEqual({ files: 0, chunks: 0, bytes: 0, sum: 0 })
    expect(objects()).toContain("stored nevertheless")
    await collect()
    expect(objects().filter((text) => /^(not )?stored/.test(text))).toEqual([])
  })

  test("doesn't delete an object, it is tried again", async () => {
    const id = await uploaded(ann, "hard to delete")
    s3.fail({ method: "DELETE", as: { status: 500, code: "InternalError" } })
    await ann.http.delete(`/attachment/${id}`)
    await collect()
    expect(objects()).toContain("hard to delete")
    await collect()
    expect(objects()).not.toContain("hard to delete")
  })

  test("can't be read, a download is 503, one that has begun is cut off, and replies try again", async () => {
    const id = await uploaded(ann, "hard to read")
    const path = `/attachment/${id}`
    s3.fail({ method: "GET", as: { status: 500, code: "InternalError" } })
    expectProblem(await ann.http.get(path), 503, "unavailable")
    s3.fail({ method: "GET", as: "cut" })
    await expect(download(app, ann, id)).rejects.toThrow()
    s3.fail({ method: "GET", as: { status: 500, code: "InternalError" } })
    const room = await createRoom(app, ann)
    expect((await ask(app, ann, room, "try again", { attachments: [id] })).status).toBe("completed")
    expect((await download(app, ann, id)).bytes.toString()).toBe("hard to read")
  })

  test("is silent, or gone, it is 503", async () => {
    await using strict = await startTestApp({
      beside: app,
      worker: false,
      config: { attachments: { url: s3.attachmentsUrl("/chat") } },
      timing: { attachments: { objectTimeoutMs: 300 } },
    })
    const user = at(strict, ann)
    const id = await uploaded(user, "from a silent store")
    s3.fail({ method: "GET", as: "hang" }, { method: "PUT", as: "hang" })
    expectProblem(await user.http.get(`/attachment/${id}`), 503, "unavailable")
    expectProblem(await upload(user, "to a silent store"), 503, "unavailable")
    await using gone = await startTestApp({
      beside: app,
      worker: false,
      config: { attachments: { url: "s3+http://a:b@127.0.0.1:9/files" } },
    })
    expectProblem(await at(gone, ann).http.get(`/attachment/${id}`), 503, "unavailable")
    expectProblem(await upload(at(gone, ann), "to no store"), 503, "unavailable")
  })

  test("knows another secret, it is 503, and no log has either", async () => {
    await using wrong = await startTestApp({
      beside: app,
      worker: false,
      config: { attachments: { url: s3.attachmentsUrl().replace("canary", "canard") } },
    })
    expectProblem(await upload(at(wrong, ann), "unsigned"), 503, "unavailable")
    expect(s3.refused).toEqual(["SignatureDoesNotMatch"])
    expect(objects()).not.toContain("unsigned")
    expect(wrong.logs()).toMatch(/403 SignatureDoesNotMatch/)
    expect(app.logs() + wrong.logs()).not.toMatch(/canar[yd]/)
  })
})

test("a reader that takes its time isn't cut off by the store's time-out", async () => {
  const store = createObjectStore(s3.attachmentsUrl(), 60_000)
  const bytes = randomBytes(2 * MB)
  s3.objects.set("slow", { bytes, changedAt: new Date() })
  const chunks: Buffer[] = []
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  try {
    for await (const chunk of store?.get("slow", new AbortController().signal) ?? []) {
      chunks.push(chunk)
      vi.advanceTimersByTime(61_000)
    }
  } finally {
    vi.useRealTimers()
  }
  expect(chunks.length).toBeGreaterThan(1)
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
})
