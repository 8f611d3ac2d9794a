import { expect, test } from "vitest"
import { find } from "../abuse/kit/search.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { PASSWORD, sendResetCode, wrong } from "./kit.ts"

test("the log never has a number, a code, a password or a token", async () => {
  const app = await startTestApp({ worker: false })
  try {
    const { http } = app
    const user = await signIn(app)
    const { mobileNumber, token, refreshToken } = user
    await http.post("/auth/change-password", { newPassword: PASSWORD }, { token })
    const refreshed = await http.post("/auth/refresh", { refreshToken })
    const loggedIn = await http.post("/auth/login", { mobileNumber, password: PASSWORD })
    await http.post("/auth/login", { mobileNumber, password: "a wrong password" })
    await http.post("/auth/signup", { mobileNumber, name: "Ada" })
    const code = await sendResetCode(app, mobileNumber)
    await http.post("/auth/verify-otp", { mobileNumber, otp: wrong(code) })
    await http.post("/auth/reset-password", { mobileNumber, otp: code, newPassword: "a new password" })
    await http.post("/auth/verify-otp", `{"mobileNumber":"${mobileNumber}","otp":"${code}"`)
    await http.get(`/user/me?token=${token}`, { token })
    await http.delete("/user/me", { token: (await signIn(app, { mobileNumber })).token })
    const secrets = {
      mobileNumber: mobileNumber.slice(1),
      code,
      password: PASSWORD,
      wrongPassword: "a wrong password",
      newPassword: "a new password",
      token,
      signature: token.split(".")[2] as string,
      refreshToken,
      refreshed: refreshed.body.refreshToken,
      loggedIn: loggedIn.body.token,
    }
    const log = app.logs()
    expect(log).toContain("signed in")
    expect(find(secrets, [{ name: "log", text: log }])).toEqual([])
  } finally {
    await app.close()
  }
})
