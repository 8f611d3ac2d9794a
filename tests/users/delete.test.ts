import { describe, expect, test } from "vitest"
import { eraseDeletedUsers } from "../../src/services/account/erase-users.ts"
import { isLive, sendCode, sendResetCode, signInWithPassword } from "../helpers/accounts.ts"
import { count, expectProblem, times, until } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { addRoom, countRows } from "../helpers/rooms.ts"
import { useTestApp } from "../helpers/use-app.ts"

const NOTHING = { users: 0, sessions: 0, chatrooms: 0, messages: 0 }

describe("DELETE /user/me", () => {
  const app = useTestApp({ worker: false })

  const remove = (token: string) => app.http.delete("/user/me", { token })
  const erased = (userId: string) => until(async () => expect(await countRows(app, userId)).toEqual(NOTHING))

  test("erases the user and all of their data, and nothing else", async () => {
    const [leaving, staying] = [await signIn(app), await signIn(app)]
    for (const { user } of [leaving, staying]) await addRoom(app, user.id, 10)
    await app.query("INSERT INTO usage_counters (user_id, day, used) VALUES ($1, now(), 3)", leaving.user.id)
    const answer = await remove(leaving.token)
    expect([answer.status, answer.body]).toEqual([202, { status: "deleting" }])
    await erased(leaving.user.id)
    const all = { users: 1, sessions: 1, chatrooms: 1, messages: 10 }
    expect(await countRows(app, staying.user.id)).toEqual(all)
  })

  test("ends all sessions and frees the number at once", async () => {
    const user = await signInWithPassword(app)
    const other = await signIn(app, { mobileNumber: user.mobileNumber })
    await remove(user.token)
    expect([await isLive(app, user.token), await isLive(app, other.token)]).toEqual([false, false])
    expectProblem(
      await app.http.post("/auth/refresh", { refreshToken: other.refreshToken }),
      401,
      "refresh_token_invalid",
    )
    const again = await signIn(app, { mobileNumber: user.mobileNumber })
    expect(again.user.id).not.toBe(user.user.id)
    expect(again.user).toMatchObject({ name: null, hasPassword: false })
  })

  test("takes the codes of the number with it", async () => {
    const { mobileNumber, token } = await signIn(app)
    const code = await sendResetCode(app, mobileNumber)
    await remove(token)
    await app.http.post("/auth/signup", { mobileNumber })
    expectProblem(await app.http.post("/auth/verify-otp", { mobileNumber, otp: code }), 401, "otp_invalid")
  })

  test("doesn't deadlock with sign-ins of the same user", async () => {
    await times(20, async () => {
      const { mobileNumber, token, user } = await signIn(app)
      const otp = await sendCode(app, mobileNumber)
      const answers = await Promise.all([
        app.http.post("/auth/verify-otp", { mobileNumber, otp }),
        remove(token),
        app.http.post("/auth/verify-otp", { mobileNumber, otp }),
      ])
      expect(count(answers, 500)).toBe(0)
      expect(answers[1]?.status).toBe(202)
      const late = answers.find(({ status }) => status === 200)
      if (late) expect(await isLive(app, late.body.token)).toBe(false)
      await erased(user.id)
    })
  })

  test("may be requested many times at once", async () => {
    const { token, user } = await signIn(app)
    await addRoom(app, user.id, 1_200)
    const answers = await times(10, () => remove(token))
    expect(count(answers, 202) + count(answers, 401)).toBe(10)
    await erased(user.id)
  })

  test("erases a long conversation in batches, by several processes, and continues after one that was interrupted", async () => {
    const { user } = await signIn(app)
    await addRoom(app, user.id, 5_000)
    await addRoom(app, user.id, 3)
    await app.query("UPDATE users SET deleted_at = now(), mobile_number = NULL WHERE id = $1", user.id)
    await times(3, () => eraseDeletedUsers(app.ctx))
    // A room that another process has locked, and what takes longer than one call may, is left to the next call.
    await until(async () => {
      await eraseDeletedUsers(app.ctx)
      expect(await countRows(app, user.id)).toEqual(NOTHING)
    })
  })
})
