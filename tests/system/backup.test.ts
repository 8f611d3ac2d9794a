import { join } from "node:path"
import { expect, test } from "vitest"
import { takeBaseBackup } from "../../tools/lib/base-backup.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, promptsUsed, send } from "../helpers/chat.ts"
import { findPrograms, run, startPostgresOf } from "./debian-postgres.ts"
import { expectCompleted, openEmbeddedPostgres, testStack } from "./kit.ts"

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
)

test("a base backup of the running server: the service goes on with the same data", async () => {
  const stack = testStack()
  const folders = [await openFolder(stack), await openFolder(stack)] as const
  const source = await openEmbeddedPostgres(stack, folders[0], { wal_level: "replica", max_wal_senders: "2" })
  const before = await useService(source.url)
  await takeBaseBackup(source.url, folders[0], folders[1])
  await source.stop()

  const target = await openEmbeddedPostgres(stack, folders[1])
  await goOn(stack, target.url, before)
})

/** Makes a user with an answered prompt and a pending one, which was accepted when no worker was there any more. */
async function useService(databaseUrl: string) {
  const first = await startTestApp({ databaseUrl })
  const user = await signIn(first)
  const room = await createRoom(first, user, { name: "Kept" })
  await ask(first, user, room, "What is kept?")
  await first.close()
  await using app = await startTestApp({ databaseUrl, worker: false })
  const { body } = await send(app, user, room, "What is made later?")
  const messages = await firstMessages(app, user, room)
  return { user, room, messages, used: await promptsUsed(app, user), pending: body.reply }
}

/** Another process on the restored database: the same tokens, data and quota; what waited is answered. */
async function goOn(
  stack: AsyncDisposableStack,
  databaseUrl: string,
  { user, room, messages, used, pending }: Awaited<ReturnType<typeof useService>>,
): Promise<void> {
  const app = stack.use(await startTestApp({ databaseUrl }))
  expect(await firstMessages(app, user, room)).toEqual(messages)
  expect(await promptsUsed(app, user)).toBe(used)
  await expectCompleted(app, user, [pending])
  expect((await ask(app, user, room, "And now?")).status).toBe("completed")
  const refreshed = await app.http.post("/auth/refresh", { refreshToken: user.refreshToken })
  expect(refreshed.status).toBe(200)
}

async function firstMessages(app: TestApp, user: SignedIn, room: { id: string }): Promise<unknown> {
  const { body } = await app.http.get(`/chatroom/${room.id}/message?limit=2`, { token: user.token })
  expect(body).toHaveLength(2)
  return body
}
