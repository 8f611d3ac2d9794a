import pg from "pg"
import { expect, onTestFinished, test } from "vitest"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, finalReply, send } from "../helpers/chat.ts"

test("a worker holds its replies also while its pool has no connection free", async () => {
  const app = await startTestApp({ config: { database: { poolSize: 2 } } })
  onTestFinished(() => app.close())
  const watcher = new pg.Client({ connectionString: app.ctx.config.database.url })
  await watcher.connect()
  onTestFinished(() => watcher.end())
  const user = await signIn(app)
  const { body } = await send(app, user, await createRoom(app, user), "[[gemini: chunks=100 delay=100]] long")
  const isRunning = "SELECT 1 FROM messages WHERE id = $1 AND status = 'running'"
  await expect.poll(async () => (await watcher.query(isRunning, [body.reply.id])).rowCount).toBe(1)

  const taken = await Promise.all([app.pool.connect(), app.pool.connect()])
  const { rows } = await watcher.query("SELECT now() + interval '6 seconds' AS later")
  const isHeld = "SELECT 1 FROM messages WHERE id = $1 AND attempt = 1 AND lease_until > $2 AND content <> ''"
  try {
    await expect
      .poll(async () => (await watcher.query(isHeld, [body.reply.id, rows[0].later])).rowCount)
      .toBe(1)
  } finally {
    for (const client of taken) client.release()
  }
  expect(await finalReply(app, user, body.reply, 25_000)).toMatchObject({ status: "completed" })
  const { rows: ended } = await watcher.query("SELECT attempt FROM messages WHERE id = $1", [body.reply.id])
  expect(ended).toEqual([{ attempt: 1 }])
}, 60_000)
