import { randomBytes } from "node:crypto"
import { request } from "node:http"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import { converse, statusesIn } from "../abuse/kit/raw.ts"
import { count, expectProblem, times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { makePro } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { download, gif, jpeg, pdf, png, pngWith, stored, upload, uploadForm, webp } from "./kit.ts"

const MB = 1024 * 1024
const app = useTestApp({ worker: false, timing: { http: { connectionsCheckMs: 100 } } })
const ann = useUser(app)
const bob = useUser(app)

describe("a file that is uploaded", () => {
  test("can be downloaded by its owner, safely", async () => {
    const image = png(3, 2)
    const { status, body, headers } = await upload(ann, image, { name: 'héllo "1".png' })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.any(String),
      name: "héllo _1_.png",
      type: "image/png",
      bytes: image.length,
      width: 3,
      height: 2,
    })
    expect(headers.get("location")).toBe(`/attachment/${body.id}`)
    const back = await download(app, ann, body.id)
    expect(back.bytes.equals(image)).toBe(true)
    expect(Object.fromEntries(back.headers)).toMatchObject({
      "content-type": "image/png",
      "content-length": String(image.length),
      "content-disposition": expect.stringMatching(/^attachment; .*filename\*=utf-8''h%C3%A9llo%20_1_\.png/i),
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    })
    expect((await ann.http.delete(`/attachment/${body.id}`)).status).toBe(204)
    expectProblem(await ann.http.get(`/attachment/${body.id}`), 404, "not_found")
  })

  test.each<[string, Buffer, string, object]>([
    ["a.png", png(3, 2), "image/png", { width: 3, height: 2 }],
    ["a.jpg", jpeg(640, 480), "image/jpeg", { width: 640, height: 480 }],
    ["a.gif", gif(300, 5), "image/gif", { width: 300, height: 5 }],
    ["a.webp", webp(700, 9), "image/webp", { width: 700, height: 9 }],
    ["a.pdf", pdf(7), "application/pdf", { pages: 7 }],
    ["a.txt", Buffer.from("plain"), "text/plain", {}],
    ["a.md", Buffer.from("# Title"), "text/markdown", {}],
    ["a.csv", Buffer.from("a,b\n1,2"), "text/csv", {}],
    ["a.json", Buffer.from("{}"), "application/json", {}],
    ["a.py", Buffer.from("print('é')"), "text/x-python", {}],
    ["a.svg", Buffer.from("<svg onload='alert(1)'/>"), "text/plain", {}],
    ["a.html", Buffer.from("<script>alert(1)</script>"), "text/plain", {}],
    ["liar.txt", png(1, 1), "image/png", { width: 1, height: 1 }],
    ["liar.png", Buffer.from("<html>"), "text/plain", {}],
  ])("%s has the type of its content", async (name, bytes, type, facts) => {
    const { body } = await upload(ann, bytes, { name, type: "text/html" })
    expect(body).toEqual({ id: body.id, name, type, bytes: bytes.length, ...facts })
    const served = (await download(app, ann, body.id)).headers.get("content-type")
    expect(served).toBe(/^image|pdf/.test(type) ? type : "text/plain; charset=utf-8")
  })

  test("may be the file of a form", async () => {
    const form = new FormData()
    form.set("note", "beside it")
    form.set("file", new Blob([new Uint8Array(png(5, 5))]), "../secret/of/a form.png")
    const { status, body } = await uploadForm(app, ann, form)
    expect([status, body.name, body.width]).toEqual([201, "a form.png", 5])
  })

  test("comes back as it was, whatever its bytes and however they arrive", async () => {
    const user = await signIn(app)
    await makePro(app, user)
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 2_000 }),
      fc.constantFrom(256 * 1024, 256 * 1024 + 1, 3 * MB),
    )
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.integer({ min: 1_000, max: 100_000 }), { minLength: 1, maxLength: 5 }),
        async (size, cuts) => {
          // Any bytes may stand in a chunk of a PNG.
          const bytes = pngWith(randomBytes(size))
          const id = await uploadInPieces(user.token, bytes, cuts)
          expect((await download(app, user, id)).bytes.equals(bytes)).toBe(true)
        },
      ),
      { numRuns: 12 },
    )
    const { bytes, sum } = await stored(app, user)
    expect(bytes).toBe(sum)
  })
})

function uploadInPieces(token: string, bytes: Buffer, cuts: number[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${app.url}/attachment`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    })
    sent.on("response", async (response) => {
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part)
      resolve(JSON.parse(Buffer.concat(parts).toString()).id)
    })
    sent.on("error", reject)
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = cuts[turn % cuts.length] as number
      sent.write(bytes.subarray(at, at + size))
      at += size
    }
    sent.end()
  })
}

test("a user's files are nobody else's, and need a token", async () => {
  const { body } = await upload(ann, "private")
  for (const id of [body.id, newId()]) {
    expectProblem(await bob.http.get(`/attachment/${id}`), 404, "not_found")
    expectProblem(await bob.http.delete(`/attachment/${id}`), 404, "not_found")
  }
  expectProblem(await app.http.get(`/attachment/${body.id}`), 401, "unauthenticated")
  expectProblem(await app.http.post("/attachment", "text"), 401, "unauthenticated")
  expectProblem(await ann.http.get("/attachment/1"), 400, "invalid_request")
  expect((await download(app, ann, body.id)).bytes.toString()).toBe("private")
})

const zip = Buffer.concat([Buffer.from("PK\x03\x04\x14\0\0\0\x08\0", "latin1"), Buffer.alloc(40_000)])

describe("what is two things at once", () => {
  test.each<[string, Buffer, string]>([
    [
      "a PDF with a zip in it",
      Buffer.concat([pdf(1).subarray(0, 9), zip, pdf(1).subarray(9)]),
      "application/pdf",
    ],
    [
      "an image with a page behind it",
      Buffer.concat([jpeg(2, 2), Buffer.from("<script>alert(1)</script>")]),
      "image/jpeg",
    ],
    ["an image with a zip behind it", Buffer.concat([png(2, 2), zip]), "image/png"],
    ["a page with a program in it", Buffer.from("<script src=x></script>\nMZ"), "text/plain"],
  ])("%s is kept as it is, and served as nothing that runs", async (_, bytes, type) => {
    const { status, body } = await upload(ann, bytes, { name: "photo\u202egnp.html", type: "text/html" })
    expect([status, body.type, body.name]).toEqual([201, type, "photognp.html"])
    const back = await download(app, ann, body.id)
    expect(back.bytes.equals(bytes)).toBe(true)
    expect(Object.fromEntries(back.headers)).toMatchObject({
      "content-type": type === "text/plain" ? "text/plain; charset=utf-8" : type,
      "content-disposition": "attachment; filename=photognp.html",
      "x-content-type-options": "nosniff",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    })
  })
})

describe("refused, with nothing left, is", () => {
  const broken = (bytes: Buffer, at: number) => bytes.subarray(0, bytes.length - at)
  test.each<[string, Buffer, number, string]>([
    ["no byte at all", Buffer.alloc(0), 400, "attachment_invalid"],
    [
      "a PNG of 60,000 × 60,000 pixels",
      png(1, 1, { width: 60_000, height: 60_000 }),
      400,
      "attachment_invalid",
    ],
    [
      "a GIF with a frame of 60,000 × 60,000 pixels on a small screen",
      gif(30, 30, { width: 60_000, height: 60_000 }),
      400,
      "attachment_invalid",
    ],
    ["a PDF that ends long before its bytes", Buffer.concat([pdf(1), zip]), 400, "attachment_invalid"],
    ["a PNG without pixels", png(1, 1, { width: 0, height: 1 }), 400, "attachment_invalid"],
    ["a PNG that is cut off", broken(png(30, 30), 14), 400, "attachment_invalid"],
    ["a JPEG that is cut off", broken(jpeg(30, 30), 2), 400, "attachment_invalid"],
    ["a GIF that is cut off", broken(gif(30, 30), 1), 400, "attachment_invalid"],
    ["a WebP that is cut off", broken(webp(30, 30), 1), 400, "attachment_invalid"],
    ["a PDF that is cut off", broken(pdf(1), 10), 400, "attachment_invalid"],
    ["a PDF of 1,001 pages", pdf(1_001), 400, "attachment_invalid"],
    [
      "a page that begins like a GIF",
      Buffer.from("GIF89a/*<html>*/=1;alert(1)//"),
      400,
      "attachment_invalid",
    ],
    ["a program", Buffer.from("\x7fELF\x02\x01\x01\0\0\0", "latin1"), 415, "attachment_type_unknown"],
    ["a zip", Buffer.from("PK\x03\x04\x14\0\0\0", "latin1"), 415, "attachment_type_unknown"],
    ["text in UTF-16", Buffer.from("hello", "utf16le"), 415, "attachment_type_unknown"],
    ["text in Latin-1", Buffer.from("h\xe9llo", "latin1"), 415, "attachment_type_unknown"],
    ["too many bytes", Buffer.alloc(10 * MB + 1, "a"), 413, "attachment_too_large"],
    ["far too many bytes", Buffer.alloc(30 * MB, "a"), 413, "attachment_too_large"],
  ])("%s", async (_, bytes, status, code) => {
    const user = await signIn(app)
    expectProblem(await upload(user, bytes), status, code)
    expect(await stored(app, user)).toMatchObject({ files: 0, chunks: 0, bytes: 0 })
  })

  test("a form with two files, a thousand parts, none, or a broken one", async () => {
    const user = await signIn(app)
    const two = new FormData()
    two.set("a", new Blob(["one"]), "a.txt")
    two.set("b", new Blob(["two"]), "b.txt")
    const many = new FormData()
    for (let i = 0; i < 1_000; i++) many.append("field", `${i}`)
    many.set("file", new Blob(["one"]), "a.txt")
    const none = new FormData()
    none.set("field", "x")
    for (const form of [two, many, none])
      expectProblem(await uploadForm(app, user, form), 400, "invalid_request")
    for (const [type, body] of [
      ["multipart/form-data", "x"],
      ["multipart/form-data; boundary=x", "--x\r\n"],
      [
        "multipart/form-data; boundary=x",
        '--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhal',
      ],
    ] as const)
      expectProblem(await upload(user, body, { type }), 400, "invalid_request")
    expect(await stored(app, user)).toMatchObject({ files: 0, chunks: 0, bytes: 0 })
  })

  test("a body of more than its length says, or at most what the length says is taken", async () => {
    const user = await signIn(app)
    const { socket, said, closed } = converse(app.url)
    socket.write(
      `POST /attachment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Length: 3\r\n\r\nabcdef`,
    )
    await closed
    expect(statusesIn(said()).at(-1)).toBe(400)
    expect((await stored(app, user)).sum).toBeLessThanOrEqual(3)
  })

  test("what is interrupted", async () => {
    const user = await signIn(app)
    const head = `POST /attachment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Length: ${MB}\r\n\r\n`
    const { socket } = converse(app.url)
    socket.write(head)
    socket.write(Buffer.alloc(MB / 2, "a"))
    await expect.poll(() => stored(app, user)).toMatchObject({ files: 1, chunks: 2, bytes: MB / 2 })
    socket.destroy()
    await expect.poll(() => stored(app, user)).toMatchObject({ files: 0, chunks: 0, bytes: 0 })
  })
})

test("an upload that is slow is cut off, and leaves nothing", async () => {
  await using strict = await startTestApp({
    beside: app,
    worker: false,
    timing: {
      http: { uploadTimeoutMs: 60_000, slowUploadMs: 300, requestTimeoutMs: 200, connectionsCheckMs: 100 },
    },
  })
  const user = await signIn(app)
  const { socket, said, closed } = converse(strict.url)
  socket.write(
    `POST /attachment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Length: 5000\r\n\r\n`,
  )
  const timer = setInterval(() => socket.write("a"), 20)
  await closed
  clearInterval(timer)
  expect(statusesIn(said())).toEqual([408])
  await expect.poll(() => stored(app, user)).toMatchObject({ files: 0, bytes: 0 })
})

describe("the space of a user", () => {
  test("is never exceeded, by uploads at once either, and free again after a deletion", async () => {
    await using small = await startTestApp({
      beside: app,
      worker: false,
      config: { attachments: { basicBytes: (5 / 8) * MB, proBytes: 2 * MB } },
    })
    const user = await signIn(small)
    // A chunk each: of longer ones, one that is refused may still hold what another would have needed.
    const answers = await times(4, () => upload(user, Buffer.alloc(MB / 4, "a")))
    expect([count(answers, 201), count(answers, 403)]).toEqual([2, 2])
    expectProblem(
      answers.find(({ status }) => status === 403) as (typeof answers)[0],
      403,
      "storage_quota_exceeded",
    )
    const { bytes, sum } = await stored(app, user)
    expect([bytes, sum]).toEqual([MB / 2, MB / 2])
    const other = await signIn(small)
    await times(4, () => upload(other, Buffer.alloc(0.4 * MB, "a")))
    const long = await stored(app, other)
    expect([long.bytes, long.bytes <= (5 / 8) * MB]).toEqual([long.sum, true])
    const one = answers.find(({ status }) => status === 201)
    expect((await user.http.delete(`/attachment/${one?.body.id}`)).status).toBe(204)
    expect((await upload(user, Buffer.alloc(MB / 4, "a"))).status).toBe(201)
    await makePro(app, user)
    expect((await upload(user, Buffer.alloc(MB, "a"))).status).toBe(201)
  })

  test("is used by few uploads at once", async () => {
    const user = await signIn(app)
    const head = `POST /attachment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Length: 5\r\n\r\n`
    const open = Array.from({ length: 4 }, () => converse(app.url))
    for (const { socket } of open) socket.write(head)
    await expect.poll(() => stored(app, user)).toMatchObject({ files: 4 })
    expectProblem(await upload(user, "one more"), 429, "rate_limited")
    for (const { socket } of open) socket.destroy()
    await expect.poll(() => stored(app, user)).toMatchObject({ files: 0 })
  })
})

test("an export names the files, and where they are", async () => {
  const user = await signIn(app)
  const { body } = await upload(user, "in the export", { name: "a.txt" })
  const exported = await user.http.get("/user/me/export")
  expect(exported.body.attachments).toMatchObject([
    { id: body.id, name: "a.txt", bytes: 13, content: `/attachment/${body.id}` },
  ])
})
