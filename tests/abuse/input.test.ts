import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { MAX_BODY_BYTES } from "../../src/middleware/json-body.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { bearer, requestHead, requestRaw } from "./kit/raw.ts"
import { bodyOf, checkEach, type Endpoint, fieldsOf, nameOf, pathOf, rows, useIds } from "./kit/rows.ts"

// With a Stripe: an empty body is good enough for a Checkout page.
const app = useTestApp({ stripe: true, worker: false })
const ann = useUser(app)
const ids = useIds(app, ann)

const withBody = rows.filter(({ body }) => body)
const login = withBody.find(({ path }) => path === "/auth/login") as Endpoint
const readable = rows.filter(({ method }) => method === "get")
const withParams = rows.filter(({ path }) => path.includes("/:"))

const tokenFor = (row: Endpoint) => (row.auth === "admin" ? app.ctx.config.admin.token : ann.token)

function attack(
  row: Endpoint,
  body: string | Uint8Array | undefined,
  headers: [string, string][] = [],
  suffix = "",
) {
  return requestHead(app.url + pathOf(row, ids) + suffix, {
    method: row.method.toUpperCase(),
    headers: [bearer(`${tokenFor(row)}`), ["Content-Type", "application/json"], ...headers],
    body: body as string | undefined,
  })
}

/** Refused in the documented form, or taken for what it is: never a failure, never a stack. */
function expectSane(what: unknown, { status, text, headers }: Awaited<ReturnType<typeof attack>>) {
  expect({ what, status, sane: status < 500 }).toEqual({ what, status, sane: true })
  if (status < 400) return
  expect(headers.get("content-type")).toContain("application/problem+json")
  expect(text).not.toMatch(/node_modules|\bat [^"]*:\d+:\d+|SELECT |INSERT |sequelize|zod/i)
}

async function expectWell() {
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect((await app.http.get("/health/live")).status).toBe(200)
  const me = await ann.http.get("/user/me")
  expect([me.body.id, me.body.tier]).toEqual([ann.user.id, "basic"])
}

describe("a bomb", () => {
  /** Ten of them would take twice what the process may. */
  const spaces = Buffer.alloc(40 * 1024 * 1024, " ")
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ])("of %s is refused before it has burst", async (encoding, compress) => {
    const bomb = compress(spaces)
    const before = process.memoryUsage().rss
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => attack(login, bomb, [["Content-Encoding", encoding]])),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(413))
    expect(process.memoryUsage().rss - before).toBeLessThan(10 * 20 * 1024 * 1024)
  })

  test.each(["gzip, gzip", "compress", "zstd", "x-gzip", "identity, br", "nonsense"])(
    "in the encoding %s is refused",
    async (encoding) => {
      const answer = await attack(login, gzipSync(gzipSync("{}")), [["Content-Encoding", encoding]])
      expect([400, 415]).toContain(answer.status)
      expectSane(encoding, answer)
    },
  )

  test("that is no gzip, or half of one, is refused", async () => {
    const half = gzipSync(JSON.stringify({ mobileNumber: "x".repeat(5_000) })).subarray(0, 20)
    for (const body of [half, Buffer.from("{}"), Buffer.from([0x1f, 0x8b])])
      expect((await attack(login, body, [["Content-Encoding", "gzip"]])).status).toBe(400)
  })
})

/** The whole body of a request. */
const BODIES: Record<string, string | Uint8Array> = {
  "an array in an array, and so on": "[".repeat(MAX_BODY_BYTES / 2),
  "deep arrays that end": "[".repeat(100_000) + "]".repeat(100_000),
  "deep objects": `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
  "a million elements": `[${"0,".repeat(200_000)}0]`,
  "fifty thousand keys": `{${Array.from({ length: 30_000 }, (_, i) => `"k${i}":1`).join(",")}}`,
  __proto__: '{"__proto__":{"polluted":true,"tier":"pro"}}',
  "constructor.prototype": '{"constructor":{"prototype":{"polluted":true}}}',
  "__proto__ written otherwise": '{"\\u005f_proto__":{"polluted":true}}',
  "nothing but white space": " ".repeat(1_000),
  null: "null",
  "a number": "1e999",
  text: '"text"',
  "a NUL": "\u0000",
  "a lone surrogate": '{"mobileNumber":"\\ud800"}',
  "bytes that are no UTF-8": new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  "UTF-16": Buffer.from('{"a":1}', "utf16le"),
  "a byte order mark": "\ufeff{}",
  "two documents": "{}{}",
  NaN: '{"mobileNumber":NaN}',
  "a comment": "{/* */}",
  XML: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}

/** What stands in one field of an otherwise good body. */
const VALUES: Record<string, unknown> = {
  null: null,
  "a boolean": true,
  "a number": -1,
  "a large number": 1e308,
  "empty text": "",
  "white space": " \t\u00a0\u3000",
  "a NUL": "a\u0000b",
  "a lone surrogate": "a\ud83d",
  "a lone low surrogate": "\udc00a",
  "long text": "x".repeat(100_000),
  "long text of digits": "1".repeat(100_000),
  "a long line of combining marks": `a${"\u0301".repeat(50_000)}`,
  "marks of direction": "\u202e\u2066123\u2069",
  "digits of other scripts": "＋１２０２５５５０１２３",
  "digits of mixed scripts": "+1٢0٢٥٥٥०१२३",
  "superscripts and Roman numbers": "²³Ⅷ",
  "an array": ["+12025550123"],
  "an object": { toString: "x", valueOf: "x", length: 1 },
  "a deep array": JSON.parse("[".repeat(1_000) + "]".repeat(1_000)),
  "a prototype": JSON.parse('{"__proto__":{"polluted":true}}'),
  "an operator": { $gt: "" },
  "a piece of SQL": "'; DROP TABLE users; --",
  "a template": "{{7*7}}%s%n#{7*7}<%= 7*7 %>",
  "a line break": "a\r\nSet-Cookie: polluted=1",
  "a path": "../../../../etc/passwd",
  "a page": "<script>alert(1)</script>",
}

describe("a body of", () => {
  test.each(Object.keys(BODIES))("%s breaks no route", async (name) => {
    await checkEach(withBody, async (row) =>
      expectSane([nameOf(row), name], await attack(row, BODIES[name] as string)),
    )
    await expectWell()
  })

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-7",
    "application/json/../x",
    "",
  ])("the type '%s' is read by no route", async (type) => {
    await checkEach(withBody, async (row) => {
      const answer = await requestRaw(app.url + pathOf(row, ids), {
        method: row.method.toUpperCase(),
        headers: [
          ["Authorization", `Bearer ${tokenFor(row)}`],
          ...(type ? [["Content-Type", type] as [string, string]] : []),
        ],
        body: JSON.stringify(bodyOf(row)),
      })
      expect([nameOf(row), answer.status]).toEqual([nameOf(row), 415])
    })
  })
})

describe("in every field of every body,", () => {
  test.each(Object.keys(VALUES))("%s breaks nothing", async (name) => {
    await checkEach(withBody, async (row) => {
      for (const field of fieldsOf(row)) {
        const body = { ...(bodyOf(row) as object), [field]: VALUES[name] }
        expectSane([nameOf(row), field, name], await attack(row, JSON.stringify(body)))
      }
    })
    await expectWell()
  })

  test("keys that mean something to JavaScript are refused", async () => {
    await checkEach(withBody, async (row) => {
      for (const key of ["__proto__", "constructor", "prototype", "toString", "__defineGetter__"]) {
        const text = JSON.stringify(bodyOf(row)).replace(
          /\}$/,
          `${fieldsOf(row).length ? "," : ""}"${key}":{"polluted":true}}`,
        )
        const answer = await attack(row, text.replace("{,", "{"))
        expect([nameOf(row), key, answer.status]).toEqual([nameOf(row), key, 400])
      }
    })
    await expectWell()
  })
})

/** What stands behind a path. */
const QUERIES: Record<string, string> = {
  "one key a thousand times": "limit=1&".repeat(1_500),
  "two values of one key": "limit=1&limit=2",
  "an array": "limit[]=1&limit[]=2&cursor[]=x",
  "an array with a large index": "limit[4294967294]=1",
  "nested keys": `a${"[b]".repeat(2_000)}=1`,
  "an operator": "limit[$gt]=1&cursor[$ne]=",
  __proto__: "__proto__[polluted]=1&__proto__.polluted=1&__proto__=1",
  "constructor.prototype": "constructor[prototype][polluted]=1&constructor.prototype.polluted=1",
  "a thousand keys": Array.from({ length: 1_500 }, (_, i) => `k${i}=1`).join("&"),
  "a NUL": "cursor=%00&limit=%00",
  "bytes that are no UTF-8": "cursor=%ff%fe&limit=%c0%80",
  "a percent sign without digits": "cursor=%&limit=%zz%u0031",
  "a lone surrogate": "cursor=%ed%a0%80",
  "digits of other scripts": `limit=${encodeURIComponent("１０")}&q=${encodeURIComponent("٣")}`,
  "a line break": "cursor=a%0d%0aSet-Cookie:%20polluted=1",
  "a large number": "limit=1e308&offset=-1",
  "no number": "limit=NaN&limit=Infinity",
  "a cursor of nothing": `cursor=${Buffer.from("null").toString("base64url")}`,
  "a deep cursor": `cursor=${Buffer.from("[".repeat(200)).toString("base64url")}`,
  "a cursor with a prototype": `cursor=${Buffer.from('{"__proto__":{"polluted":1}}').toString("base64url")}`,
  "a cursor of a year that isn't": `cursor=${Buffer.from('["0000-01-01T00:00:00.000Z","x"]').toString("base64url")}`,
  "a piece of SQL": "limit=1;DROP TABLE users&cursor=' OR ''='",
}

describe("a query with", () => {
  test.each(Object.keys(QUERIES))("%s breaks no route", async (name) => {
    await checkEach(readable, async (row) =>
      expectSane([nameOf(row), name], await attack(row, undefined, [], `?${QUERIES[name]}`)),
    )
    await expectWell()
  })
})

describe("a path with", () => {
  test.each([
    "%00",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fpackage.json",
    "..%5c..%5cpackage.json",
    "%ff",
    "%",
    "null",
    "undefined",
    "[object Object]",
    "0",
    "1e9",
    "__proto__",
    "constructor",
    "' OR 1=1 --",
    "$where",
    "a".repeat(5_000),
    "%0d%0aX-Evil:%201",
    "{00000000-0000-0000-0000-000000000000}",
    "00000000000000000000000000000000",
  ])("'%s' for an id breaks no route", async (value) => {
    await checkEach(withParams, async (row) => {
      const path = row.path.replace(/:\w+/g, value)
      const answer = await attack({ ...row, path }, row.body ? JSON.stringify(bodyOf(row)) : undefined)
      expectSane([nameOf(row), value], answer)
      // The web client reads the id, not the service: the same page for every one.
      if (!["GET /app/chat/:id", "GET /embed/chat/:id"].includes(nameOf(row)))
        expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.text).not.toMatch(/root:|"dependencies"/)
      expect(answer.headers.get("x-evil")).toBeNull()
    })
  })
})

test("hostile headers break no stream, key or wait", async () => {
  const post = rows.find((row) => nameOf(row) === "POST /chatroom/:id/message") as Endpoint
  const stream = rows.find((row) => nameOf(row) === "GET /chatroom/:id/message/:messageId/stream") as Endpoint
  const events = rows.find((row) => nameOf(row) === "GET /chatroom/:id/events") as Endpoint
  for (const value of [
    "999999999-999999999",
    "-1",
    "1e9-1",
    "0".repeat(8_000),
    "1-1-1-1-1",
    "\u00b2-\u00b9",
    "__proto__",
    "{}",
  ])
    for (const row of [stream, events])
      expectSane([nameOf(row), value], await attack(row, undefined, [["Last-Event-ID", value]]))
  for (const [name, value] of [
    ["Idempotency-Key", "x".repeat(8_000)],
    ["Idempotency-Key", "é"],
    ["Prefer", `wait=${"9".repeat(8_000)}`.slice(0, 12_000).replace("wait=9", "wait=-9")],
    ["Prefer", "wait ".repeat(2_000)],
    ["Accept", "text/html,".repeat(1_000)],
    ["If-None-Match", '"a",'.repeat(2_000)],
    ["User-Agent", "\u00ff".repeat(8_000)],
  ] as [string, string][])
    expectSane(
      [name, value.slice(0, 20)],
      await attack(post, JSON.stringify({ message: "" }), [[name, value]]),
    )
})
