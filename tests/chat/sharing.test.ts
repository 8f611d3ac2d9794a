import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import { count, expectProblem, readPages, times, until } from "../helpers/answers.ts"
import { type SignedIn, signIn, startTestApp } from "../helpers/app.ts"
import { ask, cancel, createRoom, promptsUsed, send } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { readMetrics } from "../operators/kit.ts"

const SECRET = "a secret for tests, as long as it must be"

const app = useTestApp({ timing: { sharing: { viewsMs: 50 } } })
const ann = useUser(app, { pro: true })
const bob = useUser(app)

const share = (room: { id: string }, body: object = {}, user: SignedIn = ann) =>
  user.http.post(`/chatroom/${room.id}/share`, body)
const tokenOf = (url: string) => new URL(url).pathname.replace("/shared/", "")
const read = (url: string, query = "") => app.http.get(`/shared/${tokenOf(url)}${query}`)
const continueIt = (url: string, user: SignedIn, headers: Record<string, string> = {}) =>
  user.http.post(`/shared/${tokenOf(url)}/continue`, undefined, { headers })

/** A room with an answered question. */
async function talkedIn(question = "hello", settings: object = {}) {
  const room = await createRoom(app, ann, { name: "Talk", ...settings })
  const reply = await ask(app, ann, room, question)
  return { room, reply }
}

async function shared(question?: string, settings?: object) {
  const { room, reply } = await talkedIn(question, settings)
  const { body } = await share(room)
  return { room, reply, url: body.url as string }
}

const contentsOf = (body: { messages: { content: string }[] }) => body.messages.map(({ content }) => content)

describe("a shared conversation", () => {
  test("is what it was when it was shared, for anybody with the link, without names, numbers and ids", async () => {
    const { room, reply } = await talkedIn("a question", { systemInstruction: "canary instruction 77" })
    await ann.http.put(`/chatroom/${room.id}/message/${reply.id}/feedback`, {
      rating: "up",
      reason: "canary 78",
    })
    await ann.http.patch("/user/me", { name: "Canary Ann" })
    const { status, body } = await share(room)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      title: "Talk",
      messages: 2,
      views: 0,
      notice: expect.stringContaining("copy"),
    })
    await ask(app, ann, room, "a later question")
    await ann.http.patch(`/chatroom/${room.id}`, { name: "Renamed" })
    const answer = await read(body.url)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ title: "Talk", messageCount: 2, createdAt: body.createdAt })
    expect(answer.body.messages).toEqual([
      expect.objectContaining({ role: "user", content: "a question", attachments: [], status: "completed" }),
      expect.objectContaining({ role: "model", content: reply.content, model: reply.model }),
    ])
    const text = JSON.stringify([answer.body, ...answer.headers])
    const hidden = [
      ann.user.id,
      ann.mobileNumber.slice(1),
      room.id,
      reply.id,
      reply.parentId,
      "anary",
      "Token",
      "cost",
    ]
    for (const secret of hidden) expect(text).not.toContain(secret)
  })

  test("is kept by no cache and no search engine, and sends no address along", async () => {
    const { url } = await shared()
    for (const Accept of ["application/json", "text/html,*/*"]) {
      const { headers } = await app.http.get(`/shared/${tokenOf(url)}`, { headers: { Accept } })
      expect(headers.get("cache-control")).toBe("no-store")
      expect(headers.get("x-robots-tag")).toContain("noindex")
      expect(headers.get("referrer-policy")).toBe("no-referrer")
      expect(headers.get("vary")).toContain("Accept")
      expect(headers.get("set-cookie")).toBeNull()
    }
  })

  test("leaves out a prompt whose reply failed, and what isn't finished", async () => {
    const { room } = await talkedIn("first")
    await ask(app, ann, room, "[[gemini: safety after=0]] refused")
    await ask(app, ann, room, "second")
    const { body: running } = await send(app, ann, room, "[[gemini: stall after=2]] running")
    const { body } = await share(room)
    const { messages } = (await read(body.url)).body
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(["user", "model", "user", "model"])
    expect([messages[0].content, messages[2].content]).toEqual(["first", "second"])
    await cancel(ann, running.reply)
  })

  test("leaves out what the web was searched for, which only the user who asked may see", async () => {
    const { room } = await talkedIn("first", { webSearch: true })
    const searched = await ask(app, ann, room, "second [[gemini: searches=1]]")
    expect(searched.searchQueries).not.toEqual([])
    await ann.http.patch(`/chatroom/${room.id}`, { webSearch: false })
    await ask(app, ann, room, "third")
    const { body } = await share(room)
    expect(body.notice).toContain("searched the web")
    const answer = await read(body.url)
    const text = JSON.stringify(answer.body)
    expect([text.includes("second"), text.includes("third")]).toEqual([false, true])
    expect(text).not.toContain(JSON.stringify(searched.content))
    const copy = await continueIt(body.url, bob)
    expect(JSON.stringify((await bob.http.get(`/chatroom/${copy.body.id}`)).body)).not.toContain("second")
  })

  test("keeps what came of a reply that was cancelled", async () => {
    const { room } = await talkedIn("first")
    const { body: running } = await send(app, ann, room, "[[gemini: stall after=2]] cut")
    await until(async () => {
      const path = `/chatroom/${room.id}/message/${running.reply.id}`
      expect((await ann.http.get(path)).body.content).not.toBe("")
    })
    const { body: cut } = await cancel(ann, running.reply)
    const { body } = await share(room)
    const { messages } = (await read(body.url)).body
    expect(messages.at(-1)).toMatchObject({ content: cut.content, status: "cancelled" })
  })

  test("names attachments without ids, as do copies, which keep their order", async () => {
    const { room, reply } = await talkedIn("look at these")
    const files = ["b.png", "a.pdf"].map((name, i) => ({
      id: newId(),
      name,
      type: "image/png",
      bytes: i,
      width: 3,
    }))
    await app.query(
      "UPDATE messages SET attachments = $2 WHERE id = $1",
      reply.parentId,
      JSON.stringify(files),
    )
    const { body: link } = await share(room)
    const shown = files.map(({ name, type, bytes }) => ({ name, type, bytes }))
    expect((await read(link.url)).body.messages[0].attachments).toEqual(shown)
    const { body: copy } = await continueIt(link.url, bob)
    const { body } = await bob.http.get(`/chatroom/${copy.id}`)
    expect(body.messages[0].attachments).toEqual(shown.map((file) => ({ id: null, ...file })))
  })

  test("is the branch that the room shows, or that of a message", async () => {
    const { room, reply } = await talkedIn("beginning")
    await ask(app, ann, room, "one way", { parentId: reply.id })
    const other = await ask(app, ann, room, "another way", { parentId: reply.id })
    const { body: shown } = await share(room)
    expect(contentsOf((await read(shown.url)).body)).toContain("another way")
    expect(contentsOf((await read(shown.url)).body)).not.toContain("one way")
    const { body: early } = await share(room, { messageId: reply.id })
    expect(contentsOf((await read(early.url)).body)).toEqual(["beginning", reply.content])
    const { body: byPrompt } = await share(room, { messageId: other.parentId })
    expect(byPrompt.messages).toBe(2)
  })

  test("comes in pages, the oldest first, however long it is", async () => {
    const room = { id: await addRoom(app, ann.user.id, 10_000) }
    const { status, body } = await share(room)
    expect({ status, messages: body.messages }).toEqual({ status: 201, messages: 10_000 })
    const pages = await readPages(app.http, `/shared/${tokenOf(body.url)}?limit=100`)
    expect(pages).toHaveLength(100)
    const contents = pages.flatMap(contentsOf)
    expect(contents).toEqual(Array.from({ length: 10_000 }, (_, n) => `hello ${n}`))
    const odd = await readPages(app.http, `/shared/${tokenOf(body.url)}?limit=33`, 4)
    expect(odd.flatMap(contentsOf)).toEqual(contents.slice(0, 4 * 33))
  })

  test("of long texts comes in shorter pages", async () => {
    const room = { id: await addRoom(app, ann.user.id, 30, "x".repeat(100_000)) }
    const { body } = await share(room)
    const pages = await readPages(app.http, `/shared/${tokenOf(body.url)}`)
    expect(pages.length).toBeGreaterThan(4)
    expect(pages.flatMap(contentsOf)).toHaveLength(30)
  })

  test("refuses cursors that it didn't give out", async () => {
    const { url } = await shared()
    const cursors = ["x", "W10", ...[-1, 1.5, 2 ** 40, "a"].map((n) => btoa(JSON.stringify([n])))]
    for (const cursor of cursors) expectProblem(await read(url, `?cursor=${cursor}`), 400, "invalid_request")
    expect((await read(url, `?cursor=${btoa("[99]")}`)).body.messages).toEqual([])
  })
})

describe("a page for browsers", () => {
  const page = (url: string, query = "") =>
    app.http.get(`/shared/${tokenOf(url)}${query}`, {
      headers: { Accept: "text/html,application/xhtml+xml" },
    })

  test("has the text as text, whatever is in it", async () => {
    const attack = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&</div></style>`
    const { url } = await shared(attack, { name: `</title><script>alert(2)</script>` })
    const { headers, body } = await page(url)
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(body).not.toMatch(/<script>|<img|<\/title><script/)
    expect(body).toContain(
      "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;",
    )
    const policy = headers.get("content-security-policy") as string
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*/)
  })

  test("says in words that a link leads nowhere", async () => {
    const { room, url } = await shared()
    await ann.http.delete(`/chatroom/${room.id}/share`)
    for (const dead of [url, url.replace(/[^/]+$/, "none")]) {
      const { status, headers, body } = await page(dead)
      expect([status, headers.get("cache-control")]).toEqual([404, "no-store"])
      expect(body).toContain("This link was withdrawn, or it has never existed.")
    }
  })

  test("links sources of the web alone", async () => {
    const { room, reply } = await talkedIn()
    const citations = ["https://example.com/a?b=1&c=<2>", "javascript:alert(1)", "data:text/html,x", "no url"]
    const cited = citations.map((uri, i) => ({ uri, title: `Source ${i}`, license: null, start: 0, end: 1 }))
    await app.query("UPDATE messages SET citations = $2 WHERE id = $1", reply.id, JSON.stringify(cited))
    const { body } = await page((await share(room)).body.url)
    expect(body).toContain('<a href="https://example.com/a?b=1&amp;c=&lt;2&gt;" rel="nofollow noopener')
    expect(body.match(/<a href/g)).toHaveLength(1)
    for (const i of citations.keys()) expect(body).toContain(`Source ${i}`)
  })

  test("leads to the next one", async () => {
    const room = { id: await addRoom(app, ann.user.id, 6) }
    const { body: link } = await share(room)
    const { body } = await page(link.url, "?limit=3")
    const next = /<a href="([^"]+)" rel="next"/.exec(body)?.[1]?.replaceAll("&amp;", "&") as string
    expect(contentsOf((await app.http.get(next)).body)).toEqual(["hello 3", "hello 4", "hello 5"])
    expect((await page(link.url)).body).not.toContain('rel="next"')
  })
})

describe("the link of a room", () => {
  test("can be asked for, stays when it is shared again, and is another after it was withdrawn", async () => {
    const { room, url } = await shared()
    expect((await ann.http.get(`/chatroom/${room.id}/share`)).body).toMatchObject({ url, messages: 2 })
    await ask(app, ann, room, "more")
    const again = await share(room)
    expect({ status: again.status, body: again.body }).toMatchObject({
      status: 200,
      body: { url, messages: 4 },
    })
    expect((await read(url)).body.messages).toHaveLength(4)
    expect((await ann.http.delete(`/chatroom/${room.id}/share`)).status).toBe(204)
    expectProblem(await read(url), 404, "not_found")
    expectProblem(await ann.http.get(`/chatroom/${room.id}/share`), 404, "not_found")
    expectProblem(await ann.http.delete(`/chatroom/${room.id}/share`), 404, "not_found")
    const { body } = await share(room)
    expect(body.url).not.toBe(url)
    expectProblem(await read(url), 404, "not_found")
    expect((await read(body.url)).status).toBe(200)
  })

  test("has 256 bits, of which no store and no log has more than a hash", async () => {
    const { url } = await shared()
    const token = tokenOf(url)
    expect(Buffer.from(token, "base64url")).toHaveLength(32)
    await read(url)
    await read(`${url}x`)
    await continueIt(url, bob)
    await app.admin.post("/admin/shares/withdraw", { url })
    expect(app.logs()).not.toContain(token)
    expect((await app.admin.get("/metrics")).body).not.toContain(token)
    const rows = await app.query(
      "SELECT s::text AS row FROM shares AS s UNION ALL SELECT a::text FROM admin_audit AS a",
    )
    for (const { row } of rows) expect(row).not.toContain(token)
    const routes = app.logs().match(/"route":"\/shared[^"]*"/g) ?? []
    expect(new Set(routes)).toEqual(
      new Set(['"route":"/shared/:token"', '"route":"/shared/:token/continue"']),
    )
  })

  test("outlives a change of the secret; once the old secret is gone, sharing again makes another", async () => {
    const { room, url } = await shared()
    const rotated = { beside: app, worker: false }
    const secret = "another secret, which is as long as it must be"
    await using next = await startTestApp({ ...rotated, config: { jwt: { secret, previousSecret: SECRET } } })
    await using last = await startTestApp({ ...rotated, config: { jwt: { secret } } })
    const { token } = await signInAt(last)
    const own = { token }
    expect((await next.http.get(`/chatroom/${room.id}/share`, own)).body.url).toBe(url)
    expect((await last.http.get(`/chatroom/${room.id}/share`, own)).body.url).toBeNull()
    expect((await last.http.get(`/shared/${tokenOf(url)}`)).status).toBe(200)
    const { body } = await last.http.post(`/chatroom/${room.id}/share`, undefined, own)
    expect(body.url).not.toBe(url)
    expect((await last.http.get(`/shared/${tokenOf(url)}`)).status).toBe(404)
    expect((await last.http.get(`/shared/${tokenOf(body.url)}`)).status).toBe(200)
  })

  async function signInAt(at: typeof app): Promise<SignedIn> {
    await app.query("DELETE FROM one_time_codes")
    return signIn(at, { mobileNumber: ann.mobileNumber })
  }

  test("counts who reads its first page, and browsers that fetch it ahead don't", async () => {
    const { room, url } = await shared()
    const counted = async () =>
      readMetrics((await app.admin.get("/metrics")).body).sum("chat_share_views_total")
    const before = await counted()
    await times(25, () => read(url))
    await read(url, `?cursor=${btoa("[1]")}`)
    for (const [name, value] of Object.entries({
      "Sec-Purpose": "prefetch;prerender",
      Purpose: "prefetch",
      "X-Moz": "prefetch",
    }))
      await app.http.get(`/shared/${tokenOf(url)}`, { headers: { [name]: value } })
    expect((await fetch(url.replace(/^.*(?=\/shared)/, app.url), { method: "HEAD" })).status).toBe(200)
    const views = async () => (await ann.http.get(`/chatroom/${room.id}/share`)).body.views
    await until(async () => expect(await views()).toBe(25))
    expect((await counted()) - before).toBe(25)
    const { rows } = await app.pool.query("SELECT * FROM shares WHERE chatroom_id = $1", [room.id])
    expect(Object.keys(rows[0]).sort()).toEqual(
      [
        "user_id",
        "id",
        "chatroom_id",
        "message_id",
        "token_hash",
        "title",
        "messages",
        "views",
        "created_at",
      ].sort(),
    )
  })

  test("is another one where it is shared again while it is being withdrawn", async () => {
    const { room, url } = await shared()
    const client = await app.pool.connect()
    try {
      await client.query("BEGIN")
      await client.query("DELETE FROM shares WHERE chatroom_id = $1", [room.id])
      const again = share(room)
      const waiting = "SELECT FROM pg_locks WHERE NOT granted"
      await until(async () => expect(await app.query(waiting)).not.toEqual([]))
      await client.query("COMMIT")
      const { status, body } = await again
      expect(status).toBe(201)
      expect(body.url).not.toBe(url)
      expect((await read(body.url)).body.messages).toHaveLength(2)
    } finally {
      client.release()
    }
    expectProblem(await read(url), 404, "not_found")
  })

  test("is one, however many devices share at once, and dead if one withdraws last", async () => {
    const { room } = await talkedIn()
    const answers = await times(20, () => share(room))
    expect([count(answers, 201), count(answers, 200)]).toEqual([1, 19])
    expect(new Set(answers.map(({ body }) => body.url)).size).toBe(1)
    const mixed = await times(20, (i) =>
      i % 2 ? share(room) : ann.http.delete(`/chatroom/${room.id}/share`),
    )
    for (const { status } of mixed) expect([200, 201, 204, 404]).toContain(status)
    const { status, body } = await ann.http.get(`/chatroom/${room.id}/share`)
    const dead = mixed.map((answer) => answer.body?.url).filter((url) => url && url !== body.url)
    for (const url of dead) expectProblem(await read(url), 404, "not_found")
    if (status === 200) expect((await read(body.url)).body.messages).toHaveLength(2)
  })

  test("is in its owner's export", async () => {
    const { room, url } = await shared()
    const { body } = await ann.http.get("/user/me/export")
    expect(body.shares).toContainEqual(
      expect.objectContaining({ chatroomId: room.id, url, title: "Talk", messages: 2, views: 0 }),
    )
  })
})

describe("sharing is refused", () => {
  test("without anything to share", async () => {
    const room = await createRoom(app, ann)
    expectProblem(await share(room), 409, "nothing_to_share")
    await ask(app, ann, room, "[[gemini: safety after=0]] refused")
    expectProblem(await share(room), 409, "nothing_to_share")
    expect(await app.query("SELECT 1 FROM shares WHERE chatroom_id = $1", room.id)).toEqual([])
  })

  test("for what isn't the user's, or isn't in the room", async () => {
    const { room, reply } = await talkedIn()
    const { room: other, reply: elsewhere } = await talkedIn()
    expectProblem(await share(room, {}, bob), 404, "not_found")
    expectProblem(await bob.http.get(`/chatroom/${room.id}/share`), 404, "not_found")
    expectProblem(await bob.http.delete(`/chatroom/${room.id}/share`), 404, "not_found")
    expectProblem(await app.http.post(`/chatroom/${room.id}/share`), 401, "unauthenticated")
    expectProblem(await share({ id: newId() }), 404, "not_found")
    for (const messageId of [elsewhere.id, newId(), other.id, "x", null])
      expectProblem(await share(room, { messageId }), 400, "invalid_request")
    expectProblem(await share(room, { messageId: reply.id, public: true }), 400, "invalid_request")
  })
})

describe("a link is dead", () => {
  test("once its room is deleted, or the message that it ends in", async () => {
    const [one, two] = [await shared(), await shared()]
    await ann.http.delete(`/chatroom/${one.room.id}`)
    await app.query("DELETE FROM messages WHERE id = $1", two.reply.parentId)
    for (const { url } of [one, two]) expectProblem(await read(url), 404, "not_found")
    const left = await app.query(
      "SELECT 1 FROM share_chunks AS c WHERE NOT EXISTS (SELECT 1 FROM shares WHERE id = share_id)",
    )
    expect(left).toEqual([])
  })

  test("while its owner is suspended, and at once when they delete their account", async () => {
    const owner = await signIn(app)
    const room = await createRoom(app, owner)
    await ask(app, owner, room, "hello")
    const { url } = (await share(room, {}, owner)).body
    await app.admin.post(`/admin/users/${owner.user.id}/suspend`)
    expectProblem(await read(url), 404, "not_found")
    expectProblem(await continueIt(url, bob), 404, "not_found")
    await app.admin.post(`/admin/users/${owner.user.id}/unsuspend`)
    expect((await read(url)).status).toBe(200)
    await app.query("DELETE FROM one_time_codes")
    const again = await signIn(app, owner)
    // A room that is locked keeps the erasure waiting, but not the withdrawal.
    const client = await app.pool.connect()
    await client.query("BEGIN")
    await client.query("SELECT 1 FROM chatrooms WHERE id = $1 FOR UPDATE", [room.id])
    await again.http.delete("/user/me")
    expectProblem(await read(url), 404, "not_found")
    expectProblem(await continueIt(url, bob), 404, "not_found")
    await client.query("ROLLBACK")
    client.release()
  })

  test("once an operator has withdrawn it, which is audited", async () => {
    const { room, url } = await shared()
    for (const reported of ["nothing", `${url}x`, url.replace("/shared/", "/else/")])
      expectProblem(await app.admin.post("/admin/shares/withdraw", { url: reported }), 404, "not_found")
    for (const body of [{}, { url: "" }, { url: 1 }, { url: "x".repeat(2_001) }])
      expectProblem(await app.admin.post("/admin/shares/withdraw", body), 400, "invalid_request")
    const { status, body } = await app.admin.post("/admin/shares/withdraw", { url: ` ${url}?limit=3#x ` })
    expect({ status, userId: body.userId }).toEqual({ status: 200, userId: ann.user.id })
    expectProblem(await read(url), 404, "not_found")
    expectProblem(await ann.http.get(`/chatroom/${room.id}/share`), 404, "not_found")
    const [entry] = (await app.admin.get("/admin/audit?limit=1")).body
    expect(entry).toMatchObject({ action: "withdraw_share", targetId: body.id, outcome: "ok" })
    expectProblem(await ann.http.post("/admin/shares/withdraw", { url }), 401, "unauthenticated")
  })
})

describe("guessing links", () => {
  test("finds nothing in a thousand tries, which all look the same", async () => {
    const { url } = await shared()
    const token = tokenOf(url)
    const shapes = new Set<string>()
    for (let round = 0; round < 10; round++) {
      const answers = await times(100, (i) => {
        const guess = createHash("sha256").update(`${round} ${i}`).digest("base64url")
        return app.http.get(
          `/shared/${[guess, token.slice(1), `${token}A`, `${token.slice(0, -2)}AA`][i % 4]}`,
        )
      })
      for (const { status, body, headers } of answers)
        shapes.add(JSON.stringify([status, { ...body, requestId: "" }, [...headers.keys()].sort()]))
    }
    expect(shapes.size).toBe(1)
    expect([...shapes][0]).toContain("[404,")
  })

  test("of any form is 404", async () => {
    for (const guess of ["x", "%00", "%F0%9F%98%80", "..%2f..%2fetc", "'%20OR%201=1", "a".repeat(8_000)])
      expectProblem(await app.http.get(`/shared/${guess}`), 404, "not_found")
  })

  test("is slowed by the address's limit", async () => {
    await using slow = await startTestApp({ beside: app, worker: false, config: { rateLimitScale: 0.1 } })
    const answers = await times(60, (i) => slow.http.get(`/shared/guess-${i}`))
    expect([count(answers, 404), count(answers, 429)]).toEqual([30, 30])
  })
})

describe("continuing as a copy", () => {
  test("gives the reader a room of their own, which takes no unit and stays", async () => {
    const { room, reply, url } = await shared("a question", { systemInstruction: "canary instruction" })
    const before = await promptsUsed(app, bob)
    const { status, body: copy, headers } = await continueIt(url, bob)
    expect(status).toBe(201)
    expect(headers.get("location")).toBe(`/chatroom/${copy.id}`)
    expect(copy).toMatchObject({ name: "Talk", nameBy: "user", systemInstruction: null, model: reply.model })
    await ann.http.delete(`/chatroom/${room.id}`)
    const { body } = await bob.http.get(`/chatroom/${copy.id}`)
    expect(contentsOf(body)).toEqual(["a question", reply.content])
    expect(body.headId).toBe(body.messages[1].id)
    expect(body.messages[1]).toMatchObject({
      ...{ parentId: body.messages[0].id, usage: null, cost: null, feedback: null, thoughts: "" },
      ...{ createdAt: reply.createdAt, completedAt: reply.completedAt, model: reply.model },
    })
    expect(JSON.stringify(body)).not.toMatch(new RegExp(`${ann.user.id}|${room.id}|${reply.id}|canary`))
    expect(await promptsUsed(app, bob)).toBe(before)
    const next = await ask(app, bob, copy, "and then?")
    expect(next.status).toBe("completed")
    expect(app.gemini.calls().at(-1)?.contents).toHaveLength(3)
  })

  test("is done once under a key", async () => {
    const { url } = await shared()
    const key = { "Idempotency-Key": "copy-once" }
    const answers = await times(8, () => continueIt(url, bob, key))
    expect(count(answers, 201)).toBe(8)
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    const replayed = answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true")
    expect(replayed).toHaveLength(7)
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    const other = await shared()
    expectProblem(await continueIt(other.url, bob, key), 422, "idempotency_conflict")
  })

  test("takes ten thousand messages, in their order", async () => {
    const room = { id: await addRoom(app, ann.user.id, 10_000) }
    const { body: link } = await share(room)
    const { status, body: copy } = await continueIt(link.url, bob)
    expect(status).toBe(201)
    const rows = await app.query(
      `SELECT count(*)::int AS messages, count(DISTINCT parent_id)::int AS parents, max(position) AS last,
         bool_and(content = 'hello ' || (position - 1)) AS "inOrder"
       FROM messages WHERE chatroom_id = $1`,
      copy.id,
    )
    expect(rows).toEqual([{ messages: 10_000, parents: 9_999, last: 10_000, inOrder: true }])
    const [{ last_position }] = await app.query("SELECT last_position FROM chatrooms WHERE id = $1", copy.id)
    expect(last_position).toBe(10_000)
  })

  test("copies the whole or nothing, while it is withdrawn and shared again", async () => {
    const room = { id: await addRoom(app, ann.user.id, 1_000) }
    const [early] = await app.query(
      "SELECT id FROM messages WHERE chatroom_id = $1 AND position = 99",
      room.id,
    )
    const { body: link } = await share(room)
    const change = (i: number) => share(room, i % 2 ? { messageId: early.id } : {})
    const [copies] = await Promise.all([
      times(6, () => continueIt(link.url, bob)),
      times(6, change).then(() => ann.http.delete(`/chatroom/${room.id}/share`)),
    ])
    for (const { status, body } of copies) {
      expect([201, 404, 503]).toContain(status)
      if (status !== 201) continue
      const [{ n }] = await app.query(
        "SELECT count(*)::int AS n FROM messages WHERE chatroom_id = $1",
        body.id,
      )
      expect([100, 1_000]).toContain(n)
    }
    const empty = await app.query(
      "SELECT 1 FROM chatrooms AS c WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM messages WHERE chatroom_id = c.id)",
      bob.user.id,
    )
    expect(empty).toEqual([])
    expectProblem(await continueIt(link.url, bob), 404, "not_found")
  })

  test("needs a user, and is limited for each", async () => {
    const { url } = await shared()
    expectProblem(await app.http.post(`/shared/${tokenOf(url)}/continue`), 401, "unauthenticated")
    expectProblem(await continueIt(`${url}x`, bob), 404, "not_found")
    await using slow = await startTestApp({ beside: app, worker: false, config: { rateLimitScale: 0.1 } })
    const path = `/shared/${tokenOf(url)}/continue`
    const answers = await times(6, () => slow.http.post(path, undefined, { token: bob.token }))
    expect([count(answers, 201), count(answers, 429)]).toEqual([3, 3])
  })
})
