import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { startScreen } from "../../src/boot/start-screen.ts"
import { readConfig } from "../../src/config/env.ts"

const URL_HERE = "http://localhost:3977"

function linesOf(variables: Record<string, string>, url: string | null): string[] {
  const given = readConfig(variables)
  const config = {
    ...given,
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

test("the README shows it as it is", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")
  expect(readme).toContain(linesOf({}, "http://localhost:3000").join("\n"))
})
