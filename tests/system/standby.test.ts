import { expect, test } from "vitest"
import { waitForPostgres } from "../../src/config/postgres-ready.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { openFolder, openReplicatedStores } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { ask, createRoom, makePro, send } from "../helpers/chat.ts"
import { expectCompleted, type Reply, testStack } from "./kit.ts"
import { query } from "./programs.ts"

test("kill the primary, promote the standby: the service goes on there, and each accepted prompt ends in one reply", async () => {
  const stack = testStack()
  const folder = await openFolder(stack)
  const { databaseUrl, postgres, standby } = await openReplicatedStores(
    stack,
    "postgres",
    folder,
    "synchronous",
  )
  const app = stack.use(await startTestApp({ databaseUrl }))
  const user = await signIn(app)
  await makePro(app, user)
  const room = await createRoom(app, user)
  expect((await ask(app, user, room, "before")).status).toBe("completed")

  const replies: Reply[] = []
  let asked = 0
  const prompts = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const message = `[[gemini: chunks=5 delay=50]] question ${asked++}`
      const { status, body } = await send(app, user, room, message)
      if (status === 202) replies.push(body.reply)
      else expect(status).toBe(503)
    }
  }
  await until("ten are accepted", () => prompts(1).then(() => replies.length >= 10))
  const stopped = postgres.stopAtOnce()
  await prompts(5)
  await stopped
  await standby.promote()
  await expect.poll(async () => (await app.http.get("/health/ready")).body.status).toBe("ready")
  const accepted = replies.length
  await until("five more are accepted", () => prompts(1).then(() => replies.length >= accepted + 5))
  // So does a process that starts now.
  await waitForPostgres(databaseUrl, { onWait: () => undefined, signal: AbortSignal.timeout(MINUTE) })

  await expectCompleted(app, user, replies)
  // One whose commit the primary took with it may be there, too, though its sender was told 503.
  const doubled = "SELECT content FROM messages WHERE role = 'user' GROUP BY content HAVING count(*) > 1"
  expect(await query(standby.url, doubled)).toEqual([])
  const unpaired = `SELECT p.content FROM messages AS p LEFT JOIN messages AS r ON r.parent_id = p.id AND r.role = 'model'
    WHERE p.role = 'user' GROUP BY p.id, p.content HAVING count(r.id) <> 1`
  expect(await query(standby.url, unpaired)).toEqual([])
})
