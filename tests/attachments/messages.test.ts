import { describe, expect, test } from "vitest"
import { collectAttachments } from "../../src/services/attachments/collect-attachments.ts"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { newId } from "../../src/utils/ids.ts"
import { expectProblem, times, until } from "../helpers/answers.ts"
import { type SignedIn, signIn, startTestApp } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, makePro, promptsUsed, send } from "../helpers/chat.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { download, gif, pdf, png, pngWith, stored, upload } from "./kit.ts"

const KB = 1024
/** Small, so that tests needn't send megabytes. */
const PER_CALL = 100 * KB
const PER_PROCESS = 250 * KB
const app = useTestApp({
  config: { attachments: { inlineBytesPerCall: PER_CALL, inlineBytesPerProcess: PER_PROCESS } },
  timing: { gemini: { filePollMs: 20 }, replies: { firstRetryMs: 50 } },
})
const ann = useUser(app, { pro: true })
const bob = useUser(app)

async function uploaded(
  user: SignedIn,
  bytes: Buffer | string = "some text",
  name = "a.txt",
): Promise<string> {
  const { status, body } = await upload(user, bytes, { name })
  expect(status).toBe(201)
  return body.id
}

/** The call that made the reply to a prompt. */
const callOf = (prompt: string) => app.gemini.calls().findLast((call) => call.prompt === prompt)

describe("a message with files", () => {
  test("shows them, in its order, and the model gets them before the text", async () => {
    const room = await createRoom(app, ann)
    const image = png(20, 10)
    const [text, picture, document] = [
      await uploaded(ann, "some notes", "notes.md"),
      await uploaded(ann, image, "a.png"),
      await uploaded(ann, pdf(2), "b.pdf"),
    ]
    const { body } = await send(app, ann, room, "Look at these", { attachments: [picture, text, document] })
    const files = [
      { id: picture, name: "a.png", type: "image/png", bytes: image.length, width: 20, height: 10 },
      { id: text, name: "notes.md", type: "text/markdown", bytes: 10 },
      { id: document, name: "b.pdf", type: "application/pdf", bytes: pdf(2).length, pages: 2 },
    ]
    expect([body.attachments, body.reply.attachments]).toEqual([files, []])
    expect((await finalReply(app, ann, body.reply)).status).toBe("completed")
    const found = await ann.http.get(`/chatroom/${room.id}/message/${body.id}`)
    expect(found.body.attachments).toEqual(files)
    const [content] = callOf("Look at these")?.contents ?? []
    expect(content?.parts).toMatchObject([
      { text: 'File "a.png":' },
      { inlineData: { mimeType: "image/png", data: image.toString("base64") } },
      { text: 'File "notes.md":' },
      { inlineData: { mimeType: "text/plain", data: Buffer.from("some notes").toString("base64") } },
      { text: 'File "b.pdf":' },
      { inlineData: { mimeType: "application/pdf" } },
      { text: "Look at these" },
    ])
  })

  test("keeps them in the context, and another message may name them, too", async () => {
    const room = await createRoom(app, ann)
    const id = await uploaded(ann)
    await ask(app, ann, room, "first of two", { attachments: [id] })
    const { body } = await send(app, ann, room, "second of two", { attachments: [id] })
    await finalReply(app, ann, body.reply)
    expect(callOf("second of two")?.media).toHaveLength(2)
    expectProblem(await ann.http.delete(`/attachment/${id}`), 409, "attachment_in_use")
  })

  test("is sent once under one key", async () => {
    const room = await createRoom(app, ann)
    const id = await uploaded(ann)
    const headers = { "Idempotency-Key": newId() }
    const body = { message: "once", attachments: [id] }
    const answers = await times(3, () => ann.http.post(`/chatroom/${room.id}/message`, body, { headers }))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect(answers[0]?.body.attachments).toEqual(answers[2]?.body.attachments)
    const other = await ann.http.post(`/chatroom/${room.id}/message`, { message: "once" }, { headers })
    expectProblem(other, 422, "idempotency_conflict")
  })

  test("that aren't there, or another's, or twice, or five, is refused whole", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const own = await uploaded(user)
    const hers = await uploaded(ann)
    const five = [...(await times(4, () => uploaded(user))), own]
    const refused = (attachments: unknown) => send(app, user, room, "refused", { attachments } as object)
    for (const ids of [[newId()], [hers], [own, hers]]) expectProblem(await refused(ids), 404, "not_found")
    for (const ids of [[own, own], [own, own.toUpperCase()], five, ["x"], "x", [null]])
      expectProblem(await refused(ids), 400, "invalid_request")
    expectProblem(await refused([await uploaded(user, gif(1, 1), "a.gif")]), 400, "attachment_unsupported")
    expect(await promptsUsed(app, user)).toBe(0)
    expect((await user.http.get(`/chatroom/${room.id}/message`)).body).toEqual([])
    expect((await send(app, user, room, "fine", { attachments: five.slice(0, 4) })).status).toBe(202)
  })

  test("that a model doesn't know to read is refused, and later ones do without old ones", async () => {
    await using plain = await startTestApp({
      beside: app,
      worker: false,
      config: { gemini: { model: "gemini-unknown", models: [{ name: "gemini-unknown", tier: "basic" }] } },
    })
    const room = await createRoom(plain, bob)
    const id = await uploaded(bob)
    expectProblem(await send(plain, bob, room, "no", { attachments: [id] }), 400, "attachment_unsupported")
  })
})

/** A whole image of about as many bytes, which a context holds many of. */
const image = (bytes: number, seed: number) => pngWith(Buffer.alloc(bytes, seed))

describe("large files", () => {
  test("go by the Files API once, and again when that copy is gone", async () => {
    const room = await createRoom(app, ann)
    const files = await times(2, (n) => uploaded(ann, image(80 * KB, n), `${n}.png`))
    app.gemini.files.behaviour = { processingMs: 100 }
    await ask(app, ann, room, "read both", { attachments: files })
    app.gemini.files.behaviour = {}
    const sent = (prompt: string) => callOf(prompt)?.contents[0]?.parts ?? []
    expect(sent("read both").filter(({ inlineData }) => inlineData)).toHaveLength(1)
    expect(sent("read both").filter(({ fileData }) => fileData)).toHaveLength(1)
    expect(app.gemini.files.all).toHaveLength(1)
    await ask(app, ann, room, "and again")
    expect(sent("and again").filter(({ fileData }) => fileData)).toHaveLength(1)
    expect(app.gemini.files.all).toHaveLength(1)
    // As after a change of the key: the provider knows no file of ours.
    const [forgotten] = app.gemini.files.all
    app.gemini.files.clear()
    expect((await ask(app, ann, room, "and once more")).status).toBe("completed")
    expect(app.gemini.files.all).toHaveLength(1)
    expect(await app.query("SELECT key FROM attachment_garbage")).toEqual([{ key: forgotten?.name }])
    // As two days after the upload.
    app.gemini.files.expireAll()
    await app.query("UPDATE attachments SET file_expires_at = now()")
    expect((await ask(app, ann, room, "and much later")).status).toBe("completed")
    expect(app.gemini.files.all.filter(({ expiresAt }) => expiresAt > 0)).toHaveLength(1)
    await app.query("UPDATE attachment_garbage SET next_try_at = now()")
    await cleanUp(app.ctx)
    expect(await app.query("SELECT FROM attachment_garbage")).toEqual([])
    expect(app.ctx.inlineFiles.held()).toBe(0)
  })

  test("that the Files API doesn't take fail the reply within its attempts", async () => {
    const room = await createRoom(app, ann)
    const files = await times(2, (n) => uploaded(ann, image(80 * KB, n + 10)))
    const before = app.gemini.files.all.length
    const failure = { code: 503, status: "UNAVAILABLE", message: "The service is overloaded." }
    app.gemini.files.behaviour = { failure }
    const reply = await ask(app, ann, room, "never read", { attachments: files })
    app.gemini.files.behaviour = { becomes: "FAILED" }
    const refused = await ask(app, ann, room, "nor this")
    app.gemini.files.behaviour = {}
    const codes = [reply.status, reply.error?.code, refused.error?.code]
    expect(codes).toEqual(["failed", "provider_busy", "provider_refused"])
    expect(callOf("never read")).toBeUndefined()
    expect(app.ctx.inlineFiles.held()).toBe(0)
    await untilFiles(before)
  })

  test("are deleted from the Files API if the reply ends before they are ready there", async () => {
    const room = await createRoom(app, ann)
    const attachments = await times(2, (n) => uploaded(ann, image(80 * KB, n + 12)))
    const before = app.gemini.files.all.length
    app.gemini.files.behaviour = { processingMs: 600_000 }
    const { body } = await send(app, ann, room, "cancelled meanwhile", { attachments })
    await until(async () => expect(app.gemini.files.all).toHaveLength(before + 1))
    await cancel(ann, body.reply)
    app.gemini.files.behaviour = {}
    await untilFiles(before)
  })

  /** What was uploaded in vain goes. */
  const untilFiles = (count: number) =>
    until(async () => {
      await cleanUp(app.ctx)
      expect(app.gemini.files.all).toHaveLength(count)
    })

  test("of many replies at once are held within bounds", async () => {
    const files = [await uploaded(ann, image(90 * KB, 20))]
    let most = 0
    const { acquire } = app.ctx.inlineFiles
    app.ctx.inlineFiles.acquire = async (...args) => {
      const giveBack = await acquire(...args)
      most = Math.max(most, app.ctx.inlineFiles.held())
      return giveBack
    }
    const replies = await times(8, async (n) => {
      const room = await createRoom(app, ann)
      return ask(app, ann, room, `[[gemini: delay=50]] at once ${n}`, { attachments: files })
    })
    app.ctx.inlineFiles.acquire = acquire
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill("completed"))
    expect(most).toBeGreaterThan(PER_CALL)
    expect(most).toBeLessThanOrEqual(PER_PROCESS)
  })
})

describe("a file goes", () => {
  const exists = async (user: SignedIn, id: string) => (await download(app, user, id)).status === 200

  test("a day after its upload, unless a message names it", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const [named, unnamed] = [await uploaded(user), await uploaded(user)]
    await ask(app, user, room, "keep it", { attachments: [named] })
    await cleanUp(app.ctx)
    expect([await exists(user, named), await exists(user, unnamed)]).toEqual([true, true])
    await setAppNow(app.pool, new Date(Date.now() + 25 * 3_600_000))
    await cleanUp(app.ctx)
    await setAppNow(app.pool, new Date())
    const [{ files }] = [await stored(app, user)]
    expect(files).toBe(1)
    expect(await exists(user, named)).toBe(true)
  })

  test("with the last of its messages, and gives its space back", async () => {
    const user = await signIn(app)
    const id = await uploaded(user)
    const rooms = await times(2, () => createRoom(app, user))
    for (const room of rooms) await ask(app, user, room, "in two rooms", { attachments: [id] })
    for (const [n, room] of rooms.entries()) {
      await user.http.delete(`/chatroom/${room.id}`)
      await cleanUp(app.ctx)
      expect(await exists(user, id)).toBe(n === 0)
    }
    expect(await stored(app, user)).toEqual({ files: 0, chunks: 0, bytes: 0, sum: 0 })
  })

  test("not while somebody holds it, which ends a round of collecting", async () => {
    const user = await signIn(app)
    const client = await app.pool.connect()
    try {
      await client.query("BEGIN")
      // As of interrupted uploads, as many as are collected at once.
      await app.query(
        `INSERT INTO attachments (user_id, id, name, type, read_as, expires_at)
         SELECT $1, gen_random_uuid(), 'a.txt', 'text/plain', 'text/plain', app_now() - interval '1 year'
         FROM generate_series(1, 100)`,
        user.user.id,
      )
      await client.query("SELECT FROM attachments WHERE user_id = $1 FOR UPDATE", [user.user.id])
      const attachments = { ...app.ctx.timing.attachments, collectMs: 3_600_000 }
      await collectAttachments({ ...app.ctx, timing: { ...app.ctx.timing, attachments } })
      expect(await stored(app, user)).toMatchObject({ files: 100 })
    } finally {
      await client.query("ROLLBACK")
      client.release()
    }
    await collectAttachments(app.ctx)
    expect(await stored(app, user)).toMatchObject({ files: 0 })
  })

  test("with its user, from the provider, too", async () => {
    const user = await signIn(app)
    await makePro(app, user)
    const room = await createRoom(app, user)
    const before = app.gemini.files.all.length
    const files = await times(2, (n) => uploaded(user, image(80 * KB, n + 30)))
    await ask(app, user, room, "to be forgotten", { attachments: files })
    await uploaded(user)
    expect(app.gemini.files.all).toHaveLength(before + 1)
    await user.http.delete("/user/me")
    await expect.poll(() => app.query("SELECT FROM users WHERE id = $1", user.user.id)).toEqual([])
    await expect.poll(() => app.gemini.files.all.length).toBe(before)
    for (const table of ["attachments", "attachment_chunks", "message_attachments", "attachment_usage"])
      expect(await app.query(`SELECT FROM ${table} WHERE user_id = $1`, user.user.id)).toEqual([])
  })

  test("or stays, whatever sends, deletions and collections race", async () => {
    const user = await signIn(app)
    await makePro(app, user)
    const rooms = await times(3, () => createRoom(app, user))
    for (let round = 0; round < 12; round++) {
      const id = await uploaded(user)
      await app.query("UPDATE attachments SET expires_at = app_now() WHERE id = $1", id)
      const [sent, again, deleted] = await Promise.all([
        send(app, user, rooms[0] as { id: string }, `race ${round}`, { attachments: [id] }),
        send(app, user, rooms[1] as { id: string }, `race ${round}`, { attachments: [id] }),
        user.http.delete(`/attachment/${id}`),
        cleanUp(app.ctx),
        cleanUp(app.ctx),
      ])
      const named = [sent, again].filter(({ status }) => status === 202).length
      for (const { status } of [sent, again]) expect([202, 404]).toContain(status)
      expect(named > 0 ? [404, 409] : [204, 404]).toContain(deleted.status)
      expect(await exists(user, id)).toBe(named > 0)
      expect(await app.query("SELECT FROM message_attachments WHERE attachment_id = $1", id)).toHaveLength(
        named,
      )
    }
    for (const room of rooms) await user.http.delete(`/chatroom/${room.id}`)
    await cleanUp(app.ctx)
    expect(await stored(app, user)).toEqual({ files: 0, chunks: 0, bytes: 0, sum: 0 })
  })
})
