import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest"
import { transfer } from "../../packages/client/examples/transfer.ts"
import type { ExportedChatroom, Import } from "../../packages/client/src/index.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp({ timing: { imports: { pollMs: 20 } } })
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "transfer-"))
})
afterAll(() => rm(folder, { recursive: true }))

const CHATGPT = fileURLToPath(new URL("../transfer/fixtures/chatgpt.json", import.meta.url))

test("the example imports ChatGPT's conversations and writes one as Markdown", async () => {
  const file = join(folder, "conversations.json")
  await copyFile(CHATGPT, file)
  let printed = ""
  const { chatrooms, written } = await transfer({ url: app.url, number: newMobileNumber(), file }, (text) => {
    printed += text
  })
  expect(chatrooms).toHaveLength(1)
  expect(printed).toBe(`completed: 1 of 1 conversations\nwrote ${written}\n`)
  expect(await readFile(written as string, "utf8")).toContain("> What is the capital of Australia?\n")
})

test("a room is exported as an object or as Markdown, and comes back as an object or as text", async () => {
  const { client, room } = await signedIn(app)
  const { events } = await client.ask({ chatroomId: room.id, message: "Hello" })
  for await (const _ of events);
  const exported = await client.exportChatroom(room.id)
  expectTypeOf(exported).toEqualTypeOf<ExportedChatroom>()
  expect(exported.messages.map(({ role }) => role)).toEqual(["user", "model"])
  const text = await client.exportChatroom(room.id, { format: "markdown" })
  expectTypeOf(text).toEqualTypeOf<string>()
  expect(text).toContain("> Hello\n")
  for (const file of [exported, JSON.stringify([exported, exported])]) {
    const begun = await client.importChatrooms(file)
    expectTypeOf(begun).toEqualTypeOf<Import>()
    await expect.poll(async () => (await client.getImport(begun.id)).status).toBe("completed")
  }
  expect(
    await app.query(
      "SELECT 1 FROM chatrooms WHERE user_id = (SELECT user_id FROM chatrooms WHERE id = $1)",
      room.id,
    ),
  ).toHaveLength(4)
})

test("a file that can't be one is refused", async () => {
  const { client } = await signedIn(app)
  await expect(client.importChatrooms("PK\x03\x04")).rejects.toMatchObject({ status: 415 })
  await expect(client.getImport("01a20380-35df-77b7-a96a-565deb07f9f4")).rejects.toMatchObject({
    status: 404,
  })
})
