import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { expect, test } from "vitest"
import { findRunningPostgres } from "../../src/embedded/postgres/find-running.ts"
import { startChild } from "../../tools/lib/child.ts"
import { createHttp } from "../../tools/lib/http.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { newCanary } from "../abuse/kit/full-life.ts"
import { openEmbeddedPostgres, testStack } from "./kit.ts"
import { query } from "./programs.ts"

/** The files below `folder` that hold one of the texts. */
function filesWith(folder: string, texts: string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = readFileSync(file)
      return texts.some((text) => bytes.includes(text))
    })
    .map((file) => relative(folder, file))
}

test("of a user who has left nothing is in DATA_DIR but in the WAL, once the tables are rewritten", async () => {
  const stack = testStack()
  const folder = await openFolder(stack)
  const PORT = String(await freePort())
  const server = startChild({ entry: "src/server.ts", env: { PORT, DATA_DIR: folder }, cwd: folder })
  stack.defer(async () => void (server.isAlive() && (await server.kill("SIGKILL"))))
  await server.printed("Listening on")
  const canaries = await liveAndLeave(`http://127.0.0.1:${PORT}`)
  const url = (await findRunningPostgres(folder)) as string
  await expect.poll(() => query(url, "SELECT FROM users")).toEqual([])
  await server.kill("SIGTERM")
  expect(canaries.filter((canary) => server.output().includes(canary))).toEqual([])
  const outside = filesWith(folder, canaries).filter((file) => !file.startsWith("postgres/cluster/"))
  expect(outside).toEqual([])

  const database = await openEmbeddedPostgres(stack, folder)
  await query(database.url, "VACUUM FULL")
  await query(database.url, "CHECKPOINT")
  await database.stop()
  const cluster = filesWith(folder, canaries).filter((file) => !file.startsWith("postgres/cluster/pg_wal/"))
  expect(cluster).toEqual([])
})

/** @returns words that were the user's, and the number */
async function liveAndLeave(url: string): Promise<string[]> {
  const mobileNumber = "+12025550147"
  const [name, instruction, prompt, file, content] = ["name", "instruction", "prompt", "file", "content"].map(
    newCanary,
  ) as [string, string, string, string, string]
  const open = createHttp(url)
  await open.post("/auth/signup", { mobileNumber, name })
  const { otp } = (await open.post("/auth/send-otp", { mobileNumber })).body
  const { token } = (await open.post("/auth/verify-otp", { mobileNumber, otp })).body
  const http = createHttp(url, { token })
  const room = (await http.post("/chatroom", { name, systemInstruction: instruction })).body
  const headers = {
    "Content-Type": "text/plain",
    "Content-Disposition": `attachment; filename="${file}.txt"`,
  }
  const attachment = (await http.post("/attachment", content, { headers })).body
  const body = { message: prompt, attachments: [attachment.id] }
  const sent = await http.post(`/chatroom/${room.id}/message`, body, { headers: { Prefer: "wait=30" } })
  expect([sent.status, sent.body.reply.status]).toEqual([201, "completed"])
  expect((await http.post(`/chatroom/${room.id}/share`, {})).status).toBe(201)
  expect((await http.post("/subscribe/pro")).status).toBe(200)
  expect((await http.delete("/user/me")).status).toBe(202)
  return [mobileNumber.slice(1), name, instruction, prompt, file, content]
}
