import { join } from "node:path"
import { expect, test } from "vitest"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, promptsUsed, send } from "../helpers/chat.ts"
import { takeBaseBackup } from "./base-backup.ts"
import { findPrograms, run, startPostgresOf } from "./debian-postgres.ts"
import { testStack } from "./kit.ts"

const programs = findPrograms()

test.skipIf(programs === null)(
  "pg_dump into an empty server: the service goes on with the same data",
  async () => {
    const stack = testStack()
    const folders = [await openFolder(stack), await openFolder(stack)] as const
    const source = await startPostgresOf(stack, programs as string, folders[0])
    const before = await useService(source)
    const file = join(folders[0], "backup")
    run(programs as string, "pg_dump", "--format=custom", `--file=${file}`, source)

    const target = await startPostgresOf(stack, programs as string, folders[1])
    run(programs as string, "pg_restore", "--no-owner", "--exit-on-error", `--dbname=${target}`, file)
    await goOn(stack, target, before)
  },
  2 * MINUTE,
)

test(
  "a base backup of the running server: the service goes on with the same data",
  async () => {
    const stack = testStack()
    const folders = [await openFolder(stack), await openFolder(stack)] as const
    const settings = { wal_level: "replica", max_wal_senders: "2" }
    const source = await startEmbeddedPostgres({ dataDir: folders[0], settings })
    stack.defer(() => source.stop())
    const before = await useService(source.url)
    await takeBaseBackup(source.url, folders[0], folders[1])
    await source.stop()

    const target = await startEmbeddedPostgres({ dataDir: folders[1] })
    stack.defer(() => target.stop())
    await goOn(stack, target.url, before)
  },
  2 * MINUTE,
)

interface Before {
  user: SignedIn
  room: { id: string }
  messages: unknown
  used: number
  /** Accepted, and not yet made when the backup was taken. */
  pending: { id: string; chatroomId: string }
}

/** A user with an answered prompt and one that waits: no worker is there any more. */
async function useService(databaseUrl: string): Promise<Before> {
  await using stack = new AsyncDisposableStack()
  const first = await startTestApp({ databaseUrl })
  const user = await signIn(first)
  const room = await createRoom(first, user, { name: "Kept" })
  await ask(first, user, room, "What is kept?")
  await first.close()
  const app = await startTestApp({ databaseUrl, worker: false })
  stack.defer(() => app.close())
  const { body } = await send(app, user, room, "What is made later?")
  const messages = await firstMessages(app, user, room)
  return { user, room, messages, used: await promptsUsed(app, user), pending: body.reply }
}

/** Another process on the restored database: the same tokens, data and quota; what waited is answered. */
async function goOn(stack: AsyncDisposableStack, databaseUrl: string, before: Before): Promise<void> {
  const app = await startTestApp({ databaseUrl })
  stack.defer(() => app.close())
  const { user, room, pending } = before
  expect(await firstMessages(app, user, room)).toEqual(before.messages)
  expect(await promptsUsed(app, user)).toBe(before.used)
  expect(await finalReply(app, user, pending)).toMatchObject({ id: pending.id, status: "completed" })
  expect((await ask(app, user, room, "And now?")).status).toBe("completed")
  const refreshed = await app.http.post("/auth/refresh", { refreshToken: user.refreshToken })
  expect(refreshed.status).toBe(200)
}

async function firstMessages(app: TestApp, user: SignedIn, room: { id: string }): Promise<unknown> {
  const { body } = await app.http.get(`/chatroom/${room.id}/message?limit=2`, { token: user.token })
  expect(body).toHaveLength(2)
  return body
}
