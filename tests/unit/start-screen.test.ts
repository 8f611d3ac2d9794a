import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { withAdminToken } from "../../src/boot/admin-token.ts"
import { startScreen } from "../../src/boot/start-screen.ts"
import { readConfig } from "../../src/config/env.ts"

const URL_HERE = "http://localhost:3977"

type Admin = ReturnType<typeof readConfig>["admin"]

function linesOf(variables: Record<string, string>, url: string | null, admin?: Admin): string[] {
  const given = readConfig(variables)
  const config = {
    ...given,
    admin: admin ?? given.admin,
    database: { ...given.database, url: "postgres://127.0.0.1/app" },
    jwt: { ...given.jwt, secret: "a secret" },
    gemini: { ...given.gemini, apiKey: "simulator" },
    stripe: { ...given.stripe, secretKey: "sk_test_simulator" },
  }
  const parts = { database: true, gemini: true, stripe: true }
  return startScreen({ config, parts }, url).split("\n")
}

test.each(["https://chat.example.com", ""])(
  "it says where it listens, and the public address %s",
  (PUBLIC_URL) => {
    const [, listening, address] = linesOf({ PUBLIC_URL }, URL_HERE)
    expect(listening).toBe(`  Listening on ${URL_HERE}`)
    if (PUBLIC_URL) expect(address).toContain(PUBLIC_URL)
    else expect(address).toBe("")
  },
)

test("a worker listens nowhere", () => {
  expect(linesOf({ PUBLIC_URL: "https://chat.example.com" }, null).join("\n")).not.toMatch(/Listening|https:/)
})

describe("the operators' page", () => {
  const operatorsOf = (variables: Record<string, string>, admin?: Admin) =>
    linesOf(variables, URL_HERE, admin).find((line) => line.includes(`${URL_HERE}/admin`))

  test("is shown with a token that was made for this start, and with no other", () => {
    const secret = "a-token-from-the-environment-0123456789"
    expect(operatorsOf({}, { token: "made-just-now", isTemporary: true })).toContain("made-just-now")
    const configured = operatorsOf({ ADMIN_TOKEN: secret })
    expect(configured).toMatch(/with ADMIN_TOKEN$/)
    expect(configured).not.toContain(secret)
    expect(operatorsOf({})).toMatch(/closed until ADMIN_TOKEN is set$/)
  })

  test("gets a token of its own at a terminal outside production, where none is set", () => {
    const made = withAdminToken(readConfig({}), true).admin
    expect(made).toEqual({ token: expect.stringMatching(/^[\w-]{22}$/), isTemporary: true })
    expect(withAdminToken(readConfig({}), true).admin.token).not.toBe(made.token)
    expect(withAdminToken(readConfig({}), false).admin.token).toBeNull()
    expect(withAdminToken(readConfig({ ADMIN_TOKEN: "mine" }), true).admin.token).toBe("mine")
    const production = { ...readConfig({}), production: true }
    expect(withAdminToken(production, true).admin.token).toBeNull()
  })
})

test("the README shows it as it is", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")
  const admin = { token: "qkQ1vQwq5mTtZ0rX8nYB2g", isTemporary: true }
  expect(readme).toContain(linesOf({}, "http://localhost:3000", admin).join("\n"))
})
