import { expect, test } from "vitest"
import { HOUR } from "../../src/utils/time.ts"
import { PASSWORD, signInWithPassword, signUp } from "../helpers/accounts.ts"
import { count, times } from "../helpers/answers.ts"
import { newMobileNumber, signIn, startTestApp } from "../helpers/app.ts"

const proxied = { http: { trustProxy: 1 } }
const from = (address: string) => ({ headers: { "X-Forwarded-For": address } })

test("a wrong password, a user without one, a sign-up and an unknown number are all answered at a time of their own", async () => {
  await using app = await startTestApp({ worker: false, timing: { auth: { failedLoginMs: HOUR } } })
  const user = await signInWithPassword(app)
  const kinds = {
    wrong: user.mobileNumber,
    tooLong: user.mobileNumber,
    none: (await signIn(app)).mobileNumber,
    signedUp: await signUp(app),
    unknown: newMobileNumber(),
  }
  const answered: [string, number][] = []
  const logins = Object.entries(kinds).map(async ([kind, mobileNumber]) => {
    const password = kind === "tooLong" ? PASSWORD.padEnd(73, "!") : `${PASSWORD}!`
    const { status } = await app.http.post("/auth/login", { mobileNumber, password })
    answered.push([kind, status])
  })
  // Each of these takes the whole way, a hash included.
  const right = { mobileNumber: user.mobileNumber, password: PASSWORD }
  for (let i = 0; i < 10; i++) expect((await app.http.post("/auth/login", right)).status).toBe(200)
  expect(answered).toEqual([])
  await app.close()
  await Promise.all(logins)
  expect(answered.map(([kind, status]) => `${kind} ${status}`).sort()).toEqual(
    Object.keys(kinds)
      .map((kind) => `${kind} 401`)
      .sort(),
  )
})

test("a failed login is answered after that time and not before", async () => {
  await using app = await startTestApp({ worker: false, timing: { auth: { failedLoginMs: 200 } } })
  const startedAt = performance.now()
  const body = { mobileNumber: newMobileNumber(), password: PASSWORD }
  expect((await app.http.post("/auth/login", body)).status).toBe(401)
  // The server's own time begins a little later, and a timer may be a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThan(195)
})

test("guesses at unknown numbers from six addresses cost a user no turn", async () => {
  // So slow a hash that those of the guesses would take minutes.
  const config = { ...proxied, password: { bcryptCost: 12 } }
  await using app = await startTestApp({
    worker: false,
    config,
    timing: { auth: { failedLoginMs: HOUR } },
  })
  const { mobileNumber } = await signInWithPassword(app)
  const stop = new AbortController()
  const guesses = times(180, (index) =>
    app.http
      .post(
        "/auth/login",
        { mobileNumber: `+1202555${1_000 + index}`, password: PASSWORD },
        { ...from(`198.51.100.${index % 6}`), signal: stop.signal },
      )
      .then(({ status }) => status)
      .catch(() => null),
  )
  const login = () =>
    app.http.post("/auth/login", { mobileNumber, password: PASSWORD }, from("198.51.100.77"))
  for (let i = 0; i < 3; i++) expect((await login()).status).toBe(200)
  await expect
    .poll(() => app.query("SELECT count(*)::int FROM counters WHERE scope = 'login_number'"))
    .toEqual([{ count: 181 }])
  expect((await login()).status).toBe(200)
  stop.abort()
  // Of what came at once, an address may have more waiting than it may.
  const statuses = await guesses
  expect(statuses.filter((status) => status !== null && status !== 503)).toEqual([])
})

test("guesses at users' numbers from one address leave others their turn", async () => {
  const config = { ...proxied, password: { bcryptCost: 10 } }
  await using app = await startTestApp({ worker: false, config })
  const victim = await signInWithPassword(app)
  const known: string[] = []
  for (let i = 0; i < 6; i++) known.push((await signInWithPassword(app)).mobileNumber)
  const guesses = times(60, (index) => {
    const body = { mobileNumber: known[index % known.length], password: "a guess" }
    return app.http.post("/auth/login", body, from("198.51.100.1"))
  })
  const body = { mobileNumber: victim.mobileNumber, password: PASSWORD }
  expect((await app.http.post("/auth/login", body, from("198.51.100.2"))).status).toBe(200)
  const answers = await guesses
  expect(count(answers, 401) + count(answers, 503)).toBe(60)
  expect(count(answers, 503)).toBeGreaterThan(0)
})

test("many numbers tried from one address are counted together, right passwords aren't", async () => {
  const config = { ...proxied, rateLimitScale: 1 }
  await using app = await startTestApp({ worker: false, config })
  const { mobileNumber } = await signInWithPassword(app)
  const login = (number: string, password: string, address: string) =>
    app.http.post("/auth/login", { mobileNumber: number, password }, from(address))
  for (let i = 0; i < 5; i++) expect((await login(mobileNumber, PASSWORD, "198.51.100.1")).status).toBe(200)
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) {
    const answers = await times(10, (n) => login(`+1202555${1_000 + 10 * i + n}`, PASSWORD, "198.51.100.1"))
    statuses.push(...answers.map(({ status }) => status))
  }
  expect(statuses.filter((status) => status === 401)).toHaveLength(100)
  expect(statuses.filter((status) => status === 429)).toHaveLength(10)
  expect((await login(mobileNumber, PASSWORD, "198.51.100.2")).status).toBe(200)
})
