import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { waitForPostgres } from "../../src/config/postgres-ready.ts"
import { hasEnded } from "../../src/embedded/postgres/processes.ts"
import { MINUTE, SECOND } from "../../src/utils/time.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { ask, createRoom, makePro, send } from "../helpers/chat.ts"
import { takeBaseBackup } from "./base-backup.ts"
import { expectCompleted, openEmbeddedPostgres, type Reply, testStack } from "./kit.ts"
import { query } from "./programs.ts"

const SETTINGS = { wal_level: "replica", max_wal_senders: "5", wal_keep_size: "64MB", max_connections: "200" }

test("kill the primary, promote the standby: the service goes on there, and each accepted prompt ends in one reply", async () => {
  const stack = testStack()
  const { primary, standby } = await startPair(stack)
  const { host } = new URL(primary.url)
  const databaseUrl = primary.url.replace(host, `127.0.0.1:${standby.port},${host}`)
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
  process.kill(primary.pid, "SIGQUIT")
  await prompts(5)
  await hasEnded(primary.pid, 10 * SECOND)
  await query(standby.url, "SELECT pg_promote()")
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

/** A primary whose commits wait for its standby. */
async function startPair(stack: AsyncDisposableStack) {
  const folders = { primary: await openFolder(stack), standby: await openFolder(stack) }
  const primary = await openEmbeddedPostgres(stack, folders.primary, SETTINGS)
  await takeBaseBackup(primary.url, folders.primary, folders.standby)
  await writeFile(join(folders.standby, "postgres", "cluster", "standby.signal"), "")
  const { port, username, password } = new URL(primary.url)
  const primary_conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password}`
  const standby = await openEmbeddedPostgres(stack, folders.standby, { ...SETTINGS, primary_conninfo })
  await query(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
  await query(primary.url, "SELECT pg_reload_conf()")
  await expect
    .poll(() => query(primary.url, "SELECT sync_state FROM pg_stat_replication"))
    .toEqual([{ sync_state: "sync" }])
  return { primary, standby }
}
