import { expect, test } from "vitest"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { DAY } from "../../src/utils/time.ts"
import { count, times, until } from "../helpers/answers.ts"
import { newMobileNumber, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, makePro, send } from "../helpers/chat.ts"
import { setAppNow, setNoon } from "../helpers/clock.ts"
import { countRows } from "../helpers/rooms.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp()
const other = useTestApp({ beside: app, worker: false })

/** Signs in with the number, sends `prompts` one after the other and deletes the account. @returns the statuses */
async function round(mobileNumber: string, prompts: readonly string[], on: TestApp = app) {
  const user = await signIn(on, { mobileNumber })
  const room = await createRoom(on, user)
  const statuses: number[] = []
  for (const prompt of prompts) {
    const { status, body } = await send(on, user, room, prompt)
    statuses.push(status)
    if (status === 202 && prompt !== "") await untilFinal(body.reply.id)
  }
  expect((await user.http.delete("/user/me")).status).toBe(202)
  return { user, statuses }
}

const untilFinal = (id: string) =>
  until(async () => {
    const [row] = await app.query("SELECT completed_at FROM messages WHERE id = $1", id)
    expect(row.completed_at).not.toBeNull()
  })

const keptRows = async () => app.query("SELECT used, given_back FROM usage_of_numbers")

test("three accounts of one number on one day have 5 prompts in all, and nothing else of them stays", async () => {
  await setNoon(app.pool)
  const mobileNumber = newMobileNumber()
  const accepted: number[] = []
  for (const prompts of [3, 5, 5]) {
    const { user, statuses } = await round(mobileNumber, Array(prompts).fill("hello"))
    accepted.push(statuses.filter((status) => status === 202).length)
    await until(async () =>
      expect(await countRows(app, user.user.id)).toMatchObject({ users: 0, messages: 0 }),
    )
  }
  expect(accepted).toEqual([3, 2, 0])
  expect(await keptRows()).toEqual([{ used: 5, given_back: 0 }])
  const [columns] = await app.query(
    "SELECT string_agg(column_name, ',' ORDER BY ordinal_position) AS names FROM information_schema.columns WHERE table_name = 'usage_of_numbers'",
  )
  expect(columns.names).toBe("number_hash,day,used,given_back,web_searches,url_contexts")
  const [row] = await app.query("SELECT number_hash::text AS hash FROM usage_of_numbers")
  expect(row.hash).not.toContain(Buffer.from(mobileNumber).toString("hex"))
  expect((await signIn(app)).user.id).not.toBe("")
})

test("another number has its own five", async () => {
  expect((await round(newMobileNumber(), Array(6).fill("hello"))).statuses).toEqual([
    ...Array(5).fill(202),
    429,
  ])
})

test("units that came back for blocked prompts stay counted, too", async () => {
  const mobileNumber = newMobileNumber()
  const blocked = "[[gemini: blocked]]"
  const accepted: number[] = []
  for (let i = 0; i < 3; i++) {
    const { statuses } = await round(mobileNumber, Array(6).fill(blocked))
    accepted.push(statuses.filter((status) => status === 202).length)
  }
  expect(accepted).toEqual([6, 4, 0])
})

test("what a Pro user has used counts, and an upgrade after it lifts the limit", async () => {
  const mobileNumber = newMobileNumber()
  const pro = await signIn(app, { mobileNumber })
  await makePro(app, pro)
  const room = await createRoom(app, pro)
  for (let i = 0; i < 7; i++) expect((await send(app, pro, room, "hello")).status).toBe(202)
  await pro.http.delete("/user/me")
  const again = await signIn(app, { mobileNumber })
  expect((await send(app, again, await createRoom(app, again), "hello")).status).toBe(429)
  await makePro(app, again)
  expect((await send(app, again, await createRoom(app, again), "hello")).status).toBe(202)
})

test("prompts and deletions at once, on two processes: never more than 5 prompts a day", async () => {
  await setNoon(app.pool)
  await times(8, async (n) => {
    const mobileNumber = newMobileNumber()
    let accepted = 0
    for (let account = 0; account < 3; account++) {
      const user = await signIn(n % 2 ? app : other, { mobileNumber })
      const rooms = await times(4, () => createRoom(app, user))
      const sends = times(8, (i) =>
        send(i % 2 ? app : other, user, rooms[i % 4] as { id: string }, "at once"),
      )
      const deletion = user.http.delete("/user/me")
      accepted += count(await sends, 202)
      expect((await deletion).status).toBe(202)
    }
    const last = await signIn(app, { mobileNumber })
    const room = await createRoom(app, last)
    for (let i = 0; i < 6; i++) accepted += (await send(app, last, room, "after it")).status === 202 ? 1 : 0
    expect(accepted).toBe(5)
  })
})

test("a key that was rotated meanwhile finds the number's use", async () => {
  const mobileNumber = newMobileNumber()
  await round(mobileNumber, ["one", "two"])
  await using rotated = await startTestApp({
    beside: app,
    worker: false,
    config: {
      jwt: { secret: "another secret, as long as it must be", previousSecret: app.ctx.config.jwt.secret },
    },
  })
  const { statuses } = await round(mobileNumber, Array(5).fill("hello"), rotated)
  expect(statuses).toEqual([202, 202, 202, 429, 429])
  expect((await round(mobileNumber, ["hello"], rotated)).statuses).toEqual([429])
})

test("the next day begins anew, and clean-up removes what was kept", async () => {
  const mobileNumber = newMobileNumber()
  await round(mobileNumber, Array(5).fill("hello"))
  expect((await keptRows()).length).toBeGreaterThan(0)
  await setAppNow(app.pool, new Date(Date.now() + 2 * DAY))
  const user = await signIn(app, { mobileNumber })
  expect(await ask(app, user, await createRoom(app, user), "a new day")).toMatchObject({
    status: "completed",
  })
  await cleanUp(app.ctx)
  expect(await keptRows()).toEqual([])
})
