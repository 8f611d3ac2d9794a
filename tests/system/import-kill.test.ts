import { expect, test } from "vitest"
import { signIn, startTestApp } from "../helpers/app.ts"
import { startProcess, testStack } from "./kit.ts"

const ROOMS = 600
const STRIKES = 3

test("kill -9 of workers in the middle of an import leaves each room once, and whole", async () => {
  const stack = testStack()
  const app = stack.use(await startTestApp({ worker: false }))
  const user = await signIn(app)
  const { status, body } = await user.http.post("/chatroom/import", JSON.stringify(rooms()))
  expect(status).toBe(202)
  const { id } = body
  const done = async () => (await user.http.get(`/import/${id}`)).body.done as number
  const env = {
    DATABASE_URL: app.stores.database.url,
    JWT_SECRET: "x".repeat(32),
    GEMINI_BASE_URL: app.gemini.url,
  }
  for (let strike = 0; strike < STRIKES; strike++) {
    const before = await done()
    const worker = await startProcess(stack, { entry: "src/worker.ts", env })
    await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(before + 20)
    await worker.kill("SIGKILL")
    expect((await user.http.get(`/import/${id}`)).body.status).toBe("running")
    // As when its lease has run out.
    await app.query("UPDATE imports SET lease_until = now() WHERE id = $1", id)
  }
  await startProcess(stack, { entry: "src/worker.ts", env })
  await expect.poll(done, { timeout: 120_000 }).toBe(ROOMS)
  await expect.poll(async () => (await user.http.get(`/import/${id}`)).body.status).toBe("completed")
  const found = await app.query(
    `SELECT name, last_position, (SELECT count(*)::int FROM messages WHERE chatroom_id = c.id) AS messages
     FROM chatrooms AS c WHERE user_id = $1 ORDER BY c.id`,
    user.user.id,
  )
  expect(found).toEqual(
    Array.from({ length: ROOMS }, (_, n) => ({ name: `room ${n}`, last_position: 3, messages: 3 })),
  )
})

function rooms() {
  const ids = ["01a20380-35df-77b7-a96a-565deb07f9f4", "01a20380-35df-77b7-a96a-565deb07f9f5"]
  const messages = [
    { id: ids[0], role: "user", content: "Hello" },
    { id: ids[1], parentId: ids[0], role: "model", content: "Hello!" },
    { id: "01a20380-35df-77b7-a96a-565deb07f9f6", parentId: ids[0], role: "model", content: "Hi!" },
  ]
  return Array.from({ length: ROOMS }, (_, n) => ({
    format: "chatroom",
    version: 1,
    chatroom: { name: `room ${n}` },
    messages,
  }))
}
