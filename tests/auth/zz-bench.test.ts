import { test } from "vitest"
import { newMobileNumber, startTestApp } from "../helpers/app.ts"
test("bench", async () => {
  const app = await startTestApp({ worker: false, config: { logLevel: "silent", otp: { daily: { perAddress: 1e9, perPrefix: 1e9, total: 1e9 } } } })
  const numbers = Array.from({ length: 2000 }, () => newMobileNumber())
  const phase = async (name: string, work: (n: string) => Promise<unknown>) => {
    const s = performance.now(); let i = 0
    await Promise.all(Array.from({ length: 20 }, async () => { while (i < numbers.length) await work(numbers[i++] as string) }))
    console.log(name, Math.round(2000 / ((performance.now() - s) / 1000)), "/s")
  }
  const codes = new Map<string, string>()
  await phase("signup", (n) => app.http.post("/auth/signup", { mobileNumber: n }))
  await phase("send", async (n) => { codes.set(n, (await app.http.post("/auth/send-otp", { mobileNumber: n })).body.otp) })
  await phase("verify", (n) => app.http.post("/auth/verify-otp", { mobileNumber: n, otp: codes.get(n) }))
  await app.close()
})
