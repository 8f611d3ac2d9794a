import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest"
import { askAbout } from "../../packages/client/examples/attachments.ts"
import type { Attachment } from "../../packages/client/src/index.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attachments-"))
})
afterAll(() => rm(folder, { recursive: true }))

test("the example uploads a text, asks about it and prints the reply", async () => {
  const file = join(folder, "notes.md")
  await writeFile(file, "some notes")
  let printed = ""
  const question = { url: app.url, number: newMobileNumber(), file, message: "What is this?" }
  const reply = await askAbout(question, (text) => {
    printed += text
  })
  expect(reply).toContain("Attached: text/plain (10 bytes).")
  expect(printed).toBe(`notes.md: text/markdown, 10 bytes\n${reply}\n`)
})

test("a blob, bytes and a stream arrive alike, whatever they are called", async () => {
  const { client } = await signedIn(app)
  const bytes = new TextEncoder().encode("some text")
  for (const file of [new Blob([bytes]), bytes, new Blob([bytes]).stream()]) {
    const stored = await client.upload(file, { name: "it's 100% héllo (1) 你好.txt", type: "text/plain" })
    expectTypeOf(stored).toEqualTypeOf<Attachment>()
    expect(stored).toMatchObject({ name: "it's 100% héllo (1) 你好.txt", type: "text/plain", bytes: 9 })
    expect(await client.call("GET /attachment/{id}", { params: { id: stored.id } })).toBe("some text")
  }
})

test("a stream is sent again with a renewed token", async () => {
  const { client, tokens } = await signedIn(app)
  const current = await tokens.get()
  if (current) await tokens.set({ ...current, token: "expired" })
  const stored = await client.upload(new Blob(["some text"]).stream(), { name: "a.txt" })
  expect(stored.bytes).toBe(9)
  expect((await tokens.get())?.token).not.toBe("expired")
})

test("an upload is refused with the service's code, and ends when it is aborted", async () => {
  const { client } = await signedIn(app)
  const unknown = client.upload(new Uint8Array([0, 1, 2, 255]), { name: "a.bin" })
  await expect(unknown).rejects.toMatchObject({ name: "ApiError", code: "attachment_type_unknown" })
  const stop = new AbortController()
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>()
  const stopped = client.upload(endless, { name: "a.txt", signal: stop.signal })
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" })
})
