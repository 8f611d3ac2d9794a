import { describe, expect, test } from "vitest"
import { contract, expectDocumented } from "../../tools/lib/contract.ts"

const SENT = {
  "x-request-id": "one",
  "ratelimit-policy": '"read";q=1200;w=60',
  ratelimit: '"read";r=1199;t=60',
  "content-type": "application/json; charset=utf-8",
}
const user = {
  id: "01a20380-35df-77b7-a96a-565deb07f9f4",
  mobileNumber: "+11234567890",
  name: null,
  tier: "basic",
  hasPassword: false,
  createdAt: "2026-03-01T09:30:00.000Z",
}
const problem = {
  type: "urn:x",
  title: "x",
  status: 401,
  detail: "x",
  code: "unauthenticated",
  requestId: "one",
}

function check(change: { status?: number; headers?: Record<string, string>; body?: unknown; path?: string }) {
  const { status = 200, headers = {}, body = user, path = "/user/me" } = change
  return contract().check({
    method: "GET",
    path,
    status,
    headers: new Headers({ ...SENT, ...headers }),
    body,
  })
}

describe("a reply is as documented", () => {
  test("when status, headers and body are", () => {
    expect(check({})).toEqual([])
    expect(check({ path: "/User/me/?a=b" })).toEqual([])
  })

  test("and not when its status isn't", () => {
    expect(check({ status: 418 })).toEqual([expect.stringContaining("status 418 of /user/me")])
    expect(check({ path: "/nowhere" })).toEqual([expect.stringContaining("/nowhere")])
  })

  test("and not when a field has another type, is missing or unknown", () => {
    expect(check({ body: { ...user, tier: "gold" } })).toEqual([expect.stringContaining("body/tier")])
    const { name: _, ...nameless } = user
    expect(check({ body: nameless })).toEqual([expect.stringContaining("'name'")])
    expect(check({ body: { ...user, secret: "x" } })).toEqual([expect.stringContaining("secret")])
  })

  test("and not when its type is another", () => {
    expect(check({ headers: { "content-type": "text/html" } })).toEqual(["a body of text/html"])
  })

  test("and not when a header is wrong or not documented", () => {
    expect(check({ headers: { ratelimit: "none" } })).toEqual([expect.stringContaining("header RateLimit")])
    expect(check({ headers: { etag: '"1"' } })).toEqual(["header ETag"])
    const { "x-request-id": _, ...headers } = SENT
    const bare = { method: "GET", path: "/user/me", status: 200, headers: new Headers(headers), body: user }
    expect(contract().check(bare)).toEqual(["header X-Request-Id is missing"])
  })

  test("and not when an error has a code that the endpoint doesn't name", () => {
    const headers = { "content-type": "application/problem+json", "www-authenticate": "Bearer" }
    expect(check({ status: 401, headers, body: problem })).toEqual([])
    const other = check({ status: 401, headers, body: { ...problem, code: "otp_invalid" } })
    expect(other).toEqual([expect.stringContaining("body/code")])
  })

  test("and not when an event of a stream is another", () => {
    const stream = { method: "GET", path: `/chatroom/${user.id}/message/${user.id}/stream` }
    const faults = (event: string, data: unknown) => contract().checkEvent(stream, event, data)
    expect(faults("delta", { text: "Hello" })).toEqual([])
    expect(faults("delta", { text: 1 })).toHaveLength(1)
    expect(faults("elsewhere", {})).toEqual(["event elsewhere"])
  })
})

test("the tests' client refuses what isn't documented", () => {
  const reply = { method: "GET", path: "/user/me", status: 418, headers: new Headers(SENT), body: user }
  expect(() => expectDocumented(reply)).toThrow("GET /user/me → 418")
})
