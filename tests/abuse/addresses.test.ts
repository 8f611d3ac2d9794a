import { describe, expect, test } from "vitest"
import { sendCode, signUp } from "../helpers/accounts.ts"
import type { TestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

/** Everything that proxies and clients put an address into. */
const NAMES = [
  "X-Forwarded-For",
  "X-Real-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Forwarded",
  "Forwarded-For",
  "Forwarded",
  "Via",
  "True-Client-IP",
  "CF-Connecting-IP",
  "Fastly-Client-IP",
  "X-Originating-IP",
  "X-Remote-Addr",
]

const bare = useTestApp({ worker: false })
const behindOne = useTestApp({ worker: false, beside: bare, config: { http: { trustProxy: 1 } } })

/** The address by which the service counted a sign-in. */
async function countedAs(app: TestApp, headers: Record<string, string>): Promise<string> {
  const mobileNumber = await signUp(app)
  const otp = await sendCode(app, mobileNumber)
  const { body } = await app.http.post("/auth/verify-otp", { mobileNumber, otp }, { headers })
  const sessions = await app.http.get("/auth/sessions", { token: body.token })
  return sessions.body[0].address
}

describe("without a proxy", () => {
  test.each(NAMES)("a spoofed %s changes nothing", async (name) => {
    const value = name === "Forwarded" ? "for=203.0.113.1" : "203.0.113.1"
    expect(await countedAs(bare, { [name]: value })).toBe("127.0.0.1")
  })

  test("spoofed addresses are all counted on one limit", async () => {
    const left = async (address: string) => {
      const { headers } = await bare.http.post(
        "/auth/login",
        {},
        { headers: { "X-Forwarded-For": address, "X-Real-IP": address } },
      )
      return Number(/r=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1])
    }
    const first = await left("203.0.113.1")
    expect(await left("203.0.113.2")).toBe(first - 1)
    expect(await left("2001:db8::1")).toBe(first - 2)
  })
})

describe("behind one proxy", () => {
  test.each([
    ["203.0.113.1", "203.0.113.1"],
    ["1.1.1.1, 203.0.113.1", "203.0.113.1"],
    ["1.1.1.1, 2.2.2.2, 3.3.3.3, 203.0.113.1", "203.0.113.1"],
    ["127.0.0.1, 203.0.113.1", "203.0.113.1"],
    ["::ffff:203.0.113.1", "203.0.113.1"],
    ["::ffff:cb00:7101", "203.0.113.1"],
    ["203.0.113.1:54321", "203.0.113.1"],
    ["[2001:db8:1:2::5]:443", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff::5", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"],
    ["unknown", "unknown"],
    ["<script>", "unknown"],
    ["1.2.3", "unknown"],
    ["99999", "unknown"],
  ])("X-Forwarded-For: %s is counted as %s", async (value, address) => {
    expect(await countedAs(behindOne, { "X-Forwarded-For": value })).toBe(address)
  })

  test.each(NAMES.slice(1))("a spoofed %s changes nothing", async (name) => {
    const headers = { "X-Forwarded-For": "203.0.113.1", [name]: "for=198.51.100.1, 198.51.100.1" }
    expect(await countedAs(behindOne, headers)).toBe("203.0.113.1")
  })
})
