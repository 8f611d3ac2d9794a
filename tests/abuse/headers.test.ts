import { beforeAll, describe, expect, test } from "vitest"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { requestHead, requestRaw, say, statusesIn } from "./kit/raw.ts"
import { checkEach, type Endpoint, pathOf, rows, useIds } from "./kit/rows.ts"

const FRIEND = "https://chat.example"

const app = useTestApp({ worker: false, config: { http: { corsOrigins: [FRIEND] } } })
const bare = useTestApp({ worker: false, beside: app })
const ann = useUser(app)
const ids = useIds(app, ann)

interface Seen {
  what: string
  status: number
  headers: Headers
  text: string
}

async function see(path: string, { method = "GET", headers = {}, token = "", at = app } = {}): Promise<Seen> {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {}
  const answer = await requestHead(at.url + path, { method, headers: { ...authorization, ...headers } })
  return { what: `${method} ${path}`, ...answer }
}

const readable = rows.filter(({ method }) => method === "get")

const tokenFor = (row: Endpoint) =>
  row.auth === "admin" ? app.ctx.config.admin.token : row.auth === "user" ? ann.token : ""

/** Every route: those that read as they answer to who may call them. */
async function everyRoute(headers: Record<string, string>): Promise<Seen[]> {
  return Promise.all(
    rows.map((row) =>
      row.method === "get"
        ? see(pathOf(row, ids), { headers, token: tokenFor(row) ?? "" })
        : see(pathOf(row), { headers, method: row.method.toUpperCase() }),
    ),
  )
}

/** Every route as it answers to who may call it, to nobody, and what lies beside the routes. */
async function everything(headers: Record<string, string> = {}): Promise<Seen[]> {
  return Promise.all([
    ...readable.map((row) => see(pathOf(row, ids), { headers, token: tokenFor(row) ?? "" })),
    ...readable.map((row) => see(pathOf(row), { headers, token: tokenFor(row) ?? "" })),
    ...rows.map((row) => see(pathOf(row), { headers, method: row.method.toUpperCase() })),
    ...rows.map((row) => see(row.path, { headers, method: "PUT" })),
    see("/", { headers: { ...headers, Accept: "text/html" } }),
    see("/nowhere", { headers }),
    see("/%E0%A4%A", { headers }),
    see("/chatroom?limit=x", { headers, token: ann.token }),
    see("/auth/login", { headers, method: "POST" }),
  ])
}

describe("every answer, streams, pages and errors too,", () => {
  let seen: Seen[]
  beforeAll(async () => {
    seen = await everything()
  })

  const EXPECTED: [string, RegExp][] = [
    ["content-security-policy", /default-src 'none'.*frame-ancestors 'none'.*base-uri 'none'/],
    ["x-content-type-options", /^nosniff$/],
    ["x-frame-options", /^(?:DENY|SAMEORIGIN)$/],
    ["referrer-policy", /^no-referrer$/],
    ["strict-transport-security", /^max-age=(?:3153\d{4}|[4-9]\d{7}|\d{9,});/],
    ["cross-origin-opener-policy", /^same-origin$/],
    ["cross-origin-resource-policy", /^same-(?:site|origin)$/],
    ["x-request-id", /^[\w.:-]{1,128}$/],
    ["cache-control", /no-store|no-cache|private|max-age|immutable/],
  ]

  /** What may be in the pages of allowed origins, and the script that puts it there. */
  const EMBEDDED: [what: RegExp, name: string, expected: string | RegExp | null][] = [
    [/^GET \/embed(?:\/|$)/, "x-frame-options", null],
    [
      /^GET \/embed(?:\/|$)/,
      "content-security-policy",
      /default-src 'none'.*frame-ancestors https:\/\/chat\.example; base-uri 'none'/,
    ],
    [/^GET \/embed(?:[/.]|$)/, "cross-origin-resource-policy", "cross-origin"],
  ]

  test.each(EXPECTED)("has %s", async (name, form) => {
    for (const { what, status, headers } of seen) {
      const other = EMBEDDED.find(([path, header]) => status === 200 && path.test(what) && header === name)
      const expected = other ? other[2] : form
      const matcher = expected instanceof RegExp ? expect.stringMatching(expected) : expected
      expect([what, headers.get(name)]).toEqual([what, matcher])
    }
  })

  test("allows no foreign and no inline script", async () => {
    for (const { what, headers } of seen) {
      const policy = headers.get("content-security-policy") as string
      const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? "'none'"
      expect([what, scripts]).not.toEqual([what, expect.stringMatching(/unsafe-inline|\*|https?:|data:/)])
      expect([what, policy]).not.toEqual([
        what,
        expect.stringMatching(/default-src[^;]*(?:\*|https?:|data:)/),
      ])
    }
  })

  test("doesn't say what it is made of, and shows no stack", async () => {
    for (const { what, headers, text } of seen) {
      for (const name of ["x-powered-by", "server", "x-aspnet-version", "x-runtime"])
        expect([what, headers.get(name)]).toEqual([what, null])
      expect([what, text]).not.toEqual([
        what,
        expect.stringMatching(/node_modules|\bat .*\(.*:\d+:\d+\)|express/i),
      ])
    }
  })

  test("sets no cookie but an operator's, for the paths below /admin alone", async () => {
    for (const { what, headers } of seen) {
      const none = what.endsWith(" /admin/session")
        ? /^$|^admin_session=.*; Path=\/admin; HttpOnly; SameSite=Strict/
        : /^$/
      expect([what, headers.get("set-cookie") ?? ""]).toEqual([what, expect.stringMatching(none)])
    }
  })

  test("names its type, so that nothing has to be guessed", async () => {
    for (const { what, status, headers, text } of seen)
      if (text)
        expect([what, status, headers.get("content-type")]).toEqual([
          what,
          status,
          expect.stringMatching(/^[\w-]+\/[\w.+-]+(?:; ?charset=utf-8)?$/i),
        ])
  })
})

describe("pages of another origin", () => {
  const STRANGERS = [
    "https://evil.example",
    "http://chat.example",
    "https://chat.example.evil.example",
    "https://evilchat.example",
    "https://chat.example:8443",
    "https://CHAT.example.",
    "https://sub.chat.example",
    "null",
    "file://",
    "*",
  ]

  const allowing = (seen: Seen[]) =>
    seen
      .filter(
        ({ headers }) =>
          headers.has("access-control-allow-origin") || headers.has("access-control-allow-credentials"),
      )
      .map(({ what }) => what)

  test.each(STRANGERS)("%s may read nothing", async (Origin) => {
    expect(allowing(await everyRoute({ Origin }))).toEqual([])
  })

  test("may read no other kind of answer, either", async () => {
    expect(allowing(await everything({ Origin: STRANGERS[0] as string }))).toEqual([])
  })

  test("that was named may read everything, but send no cookies", async () => {
    for (const { what, headers } of await everything({ Origin: FRIEND })) {
      expect([what, headers.get("access-control-allow-origin")]).toEqual([what, FRIEND])
      expect([what, headers.get("access-control-allow-credentials")]).toEqual([what, null])
      expect([what, headers.get("vary")]).toEqual([what, expect.stringContaining("Origin")])
    }
  })

  const preflight = (Origin: string, at = app) =>
    see("/chatroom", {
      at,
      method: "OPTIONS",
      headers: {
        Origin,
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
      },
    })

  test("learn from a preflight whether they may ask", async () => {
    const friend = await preflight(FRIEND)
    expect(friend.status).toBe(204)
    expect(friend.headers.get("access-control-allow-origin")).toBe(FRIEND)
    expect(friend.headers.get("access-control-allow-methods")).toContain("DELETE")
    for (const stranger of STRANGERS)
      expect((await preflight(stranger)).headers.get("access-control-allow-origin")).toBeNull()
  })

  test("may read nothing where none was named", async () => {
    for (const Origin of [FRIEND, ...STRANGERS]) {
      const { headers, status } = await preflight(Origin, bare)
      expect([Origin, status]).toEqual([Origin, 405])
      for (const name of headers.keys()) expect(name).not.toMatch(/^access-control-/)
    }
  })
})

describe("a method that a route doesn't have", () => {
  test.each(["PUT", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "SEARCH", "LOCK", "PURGE", "LINK", "M-SEARCH"])(
    "%s, is answered 405 with those it has",
    async (method) => {
      const having = rows.filter((row) => row.method === method.toLowerCase()).map((row) => row.path)
      const paths = new Set(rows.map((row) => row.path).filter((path) => !having.includes(path)))
      await Promise.all(
        [...paths].map(async (path) => {
          const { status, headers, text } = await requestRaw(bare.url + path, {
            method,
            headers: [
              ["X-Echo", "canary"],
              ["Authorization", `Bearer ${ann.token}`],
            ],
          })
          expect([path, status]).toEqual([path, 405])
          const has = rows.filter((row) => row.path === path).map((row) => row.method.toUpperCase())
          expect(String(headers.allow).split(", ").sort()).toEqual(has.sort())
          // TRACE would send the headers back.
          expect(text).not.toMatch(/canary|eyJ/)
        }),
      )
    },
  )

  test("and that nobody knows, is refused", async () => {
    expect(statusesIn(await say(app.url, "FOO / HTTP/1.1\r\nHost: x\r\n\r\n"))).toEqual([400])
  })
})

describe("what a client sends doesn't come back as a header", () => {
  const BREAKS = ["%0d%0aX-Evil:1", "%0aX-Evil:1", "%E5%98%8D%E5%98%8AX-Evil:1", "\u010d\u010aX-Evil:1"]

  /** Node throws at a line break in a header, so one that got there would be a 500. */
  function expectNoHeader({ what, status, headers }: Seen): void {
    expect([what, status < 500, headers.get("x-evil")]).toEqual([what, true, null])
  }

  test.each(BREAKS)("a line break (%s) in the path", async (breaks) => {
    await checkEach(readable, async (row) => {
      const path = `${pathOf(row, ids)}${row.path.endsWith("/") ? "" : "/"}${breaks}`
      expectNoHeader(await see(path, { token: tokenFor(row) ?? "" }))
    })
  })

  test.each(BREAKS)("a line break (%s) in the query", async (breaks) => {
    await checkEach(readable, async (row) => {
      for (const query of [`cursor=${breaks}`, `limit=1${breaks}`, `x=${breaks}`, breaks])
        expectNoHeader(await see(`${pathOf(row, ids)}?${query}`, { token: tokenFor(row) ?? "" }))
    })
  })

  test.each(BREAKS)("a line break (%s) in the query of a list with a further page", async (breaks) => {
    await createRoom(app, ann)
    await createRoom(app, ann)
    const list = (query: string) => see(`/chatroom?${query}`, { token: ann.token })
    const link = /^<\/chatroom\?limit=1&cursor=([\w-]+)>; rel="next"$/
    const cursor = link.exec((await list("limit=1")).headers.get("link") ?? "")?.[1]
    expect(cursor).toBeDefined()
    expect((await list(`limit=1&cursor=${cursor}`)).headers.get("link")).toMatch(link)
    for (const query of [`cursor=${breaks}`, `cursor=${cursor}${breaks}`, `cursor=${breaks}${cursor}`]) {
      const seen = await list(`limit=1&${query}`)
      expectNoHeader(seen)
      expect(seen.headers.get("link") ?? `<none>; rel="next"`).toMatch(/^<[\w/?=&-]+>; rel="next"$/)
    }
  })

  test.each([["a b"], ["a\tb"], ["é"], ["<script>"], ["a;b"], ["x".repeat(129)], ["a,b"], ['"'], ["a", "b"]])(
    "request ids of the form %s %s",
    async (...sent) => {
      const ids = sent.map((id): [string, string] => ["X-Request-Id", Buffer.from(id).toString("latin1")])
      const { headers } = await requestRaw(`${app.url}/`, { headers: ids })
      expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/)
    },
  )

  test("the host that was asked for: links and locations begin at the root", async () => {
    const hosts: [string, string][] = [
      ["X-Forwarded-Host", "evil.example"],
      ["X-Forwarded-Proto", "javascript"],
      ["Forwarded", "host=evil.example"],
      ["X-Original-URL", "/user/me"],
      ["X-Rewrite-URL", "/user/me"],
      ["Authorization", `Bearer ${ann.token}`],
    ]
    await createRoom(app, ann)
    const page = await requestRaw(`${app.url}/chatroom?limit=1`, { headers: hosts })
    expect(page.status).toBe(200)
    expect(page.headers.link).toMatch(/^<\/chatroom\?limit=1&cursor=[\w-]+>; rel="next"$/)
    const made = await requestRaw(`${app.url}/chatroom`, {
      method: "POST",
      headers: [...hosts, ["Content-Type", "application/json"]],
      body: "{}",
    })
    expect(made.headers.location).toMatch(/^\/chatroom\/[0-9a-f-]{36}$/)
  })

  test("and nothing redirects", async () => {
    for (const path of [
      "//evil.example",
      "//evil.example/%2f..",
      "/\\evil.example",
      "/chatroom//evil.example/..",
      "/.evil.example",
    ]) {
      const { status, headers } = await see(path)
      expect([path, status >= 300 && status < 400, headers.get("location")]).toEqual([path, false, null])
    }
  })
})
