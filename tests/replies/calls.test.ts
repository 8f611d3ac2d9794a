import { expect, test } from "vitest"
import { signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { createRoom, finalReply, promptsUsed, send } from "../helpers/chat.ts"

const TIMING = { replies: { leaseMs: 1_000, renewMs: 300, firstRetryMs: 50, sweepMs: 100 } }

/** Makes PostgreSQL refuse updates of messages under a condition. @returns what ends it */
async function refuse(app: TestApp, condition: string): Promise<() => Promise<unknown>> {
  await app.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`)
  await app.query(`
    CREATE TRIGGER refuse BEFORE UPDATE ON messages FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION refuse()`)
  return () => app.query("DROP TRIGGER refuse ON messages")
}

test("a text that can't be written costs three calls, and the reply ends without it", async () => {
  await using app = await startTestApp({ timing: TIMING })
  await refuse(app, "NEW.status IN ('completed', 'failed') AND NEW.content <> ''")
  const user = await signIn(app)
  const { reply } = (await send(app, user, await createRoom(app, user), "unwritable")).body
  expect(await finalReply(app, user, reply)).toMatchObject({
    status: "failed",
    content: "",
    error: { code: "internal" },
  })
  expect(app.gemini.calls()).toHaveLength(3)
  expect(await promptsUsed(app, user)).toBe(0)
})

test.each([
  ["no end", "NEW.status IN ('completed', 'failed')"],
  [
    "neither an end nor another attempt",
    "OLD.status = 'running' AND NEW.status <> 'running' AND NEW.takeovers = OLD.takeovers",
  ],
])(
  "while %s can be written, takeovers cost no more than three calls",
  async (_, condition) => {
    await using app = await startTestApp({ timing: TIMING })
    const allow = await refuse(app, condition)
    const user = await signIn(app)
    const { reply } = (await send(app, user, await createRoom(app, user), "unwritable")).body
    const takeovers = async () =>
      (await app.query("SELECT takeovers FROM messages WHERE id = $1", reply.id))[0].takeovers
    await expect.poll(takeovers, { timeout: 30_000 }).toBeGreaterThanOrEqual(4)
    expect(app.gemini.calls()).toHaveLength(3)
    await allow()
    expect(await finalReply(app, user, reply)).toMatchObject({
      status: "failed",
      error: { code: "internal" },
    })
    expect(app.gemini.calls()).toHaveLength(3)
  },
  60_000,
)
