import { expect, test } from "vitest"
import { times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, makePro, send } from "../helpers/chat.ts"

const CONNECTIONS = 4

test("connections whose server has become a standby are given up: a 503 for each, then all goes on", async () => {
  await using app = await startTestApp({ config: { database: { poolSize: CONNECTIONS } }, worker: false })
  const user = await signIn(app)
  await makePro(app, user)
  const room = await createRoom(app, user)
  const clients = await times(CONNECTIONS, () => app.pool.connect())
  for (const client of clients) {
    await client.query("SET default_transaction_read_only = on")
    client.release()
  }

  const first = await send(app, user, room, "during")
  expect(first).toMatchObject({ status: 503, body: { code: "unavailable" } })
  await expect.poll(async () => (await send(app, user, room, "after")).status).toBe(202)
  const answers = await times(20, () => send(app, user, room, "later"))
  const refused = answers.filter(({ status }) => status !== 202)
  expect(refused.every(({ status }) => status === 503)).toBe(true)
  expect(refused.length).toBeLessThan(CONNECTIONS)
  expect((await send(app, user, room, "at last")).status).toBe(202)
})
