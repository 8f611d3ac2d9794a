import { describe, expect, test } from "vitest"
import { newMobileNumber, type TestApp } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { converse, say, statusesIn } from "./kit/raw.ts"
import { snapshot } from "./kit/snapshot.ts"

const app = useTestApp({ worker: false })
const ann = useUser(app)
const bob = useUser(app)

/** What a front end might let through behind the request that it saw. */
const SMUGGLED = () =>
  `PATCH /user/me HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\nAuthorization: Bearer ${ann.token}\r\n` +
  'Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{"name":"smuggled"}'

const head = (...headers: string[]) =>
  `POST /auth/login HTTP/1.1\r\nHost: x\r\n${headers.join("\r\n")}\r\n\r\n`

describe("a request whose end two readers see in different places is refused, and what follows isn't run", () => {
  test.each([
    ["a length and chunks", `${head("Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n`],
    ["chunks and a length", `${head("Transfer-Encoding: chunked", "Content-Length: 4")}0\r\n\r\n`],
    ["two lengths", head("Content-Length: 0", "Content-Length: 44")],
    ["two equal lengths", head("Content-Length: 0", "Content-Length: 0")],
    ["a list of lengths", head("Content-Length: 0, 44")],
    ["a signed length", head("Content-Length: +0")],
    ["a negative length", head("Content-Length: -1")],
    ["a length in hex", head("Content-Length: 0x0")],
    ["a length in other digits", head("Content-Length: \u00b2")],
    ["a length of too many digits", `${head(`Content-Length: ${"9".repeat(40)}`)}`],
    ["a space before the colon", `${head("Transfer-Encoding : chunked")}0\r\n\r\n`],
    ["chunked, then something else", `${head("Transfer-Encoding: chunked, identity")}0\r\n\r\n`],
    ["chunked twice", `${head("Transfer-Encoding: chunked", "Transfer-Encoding: cow")}0\r\n\r\n`],
    ["something like chunked", `${head("Transfer-Encoding: xchunked")}0\r\n\r\n`],
    ["a vertical tab before chunked", `${head("Transfer-Encoding:\u000bchunked")}0\r\n\r\n`],
    ["a folded header", `${head("Transfer-Encoding:\r\n chunked")}0\r\n\r\n`],
    ["a bare line feed", `POST /auth/login HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n0\n\n`],
    ["a bare carriage return", `${head("X-A: b\rTransfer-Encoding: chunked")}0\r\n\r\n`],
    ["a NUL in a header", head("X-A: b\u0000c")],
    ["a chunk size with a sign", `${head("Transfer-Encoding: chunked")}+0\r\n\r\n`],
    ["a chunk size with 0x", `${head("Transfer-Encoding: chunked")}0x0\r\n\r\n`],
    ["a chunk size that overflows", `${head("Transfer-Encoding: chunked")}10000000000000000\r\n`],
    ["a chunk longer than it says", `${head("Transfer-Encoding: chunked")}1\r\n{}}}\r\n0\r\n\r\n`],
    ["another version", `GET / HTTP/3.0\r\nHost: x\r\n\r\n`],
    ["HTTP/2's preface", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`],
    ["a method in small letters", `get / HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])("%s", async (_, request) => {
    const before = await snapshot(app)
    const said = await say(app.url, request + SMUGGLED())
    expect(statusesIn(said).filter((status) => status < 400 || status >= 500)).toEqual([])
    expect(said).not.toContain("smuggled")
    expect(app.logs()).not.toContain("smuggled")
    expect(await snapshot(app)).toEqual(before)
  })

  test("whereas behind a whole request the next one is run", async () => {
    const changed = SMUGGLED()
      .replaceAll("smuggled", "allright")
      .replace("\r\nHost", "\r\nConnection: close\r\nHost")
    const said = await say(app.url, `GET / HTTP/1.1\r\nHost: x\r\n\r\n${changed}`)
    expect(statusesIn(said)).toEqual([200, 200])
    expect(said).toContain('"name":"allright"')
  })
})

test("a request without a host is refused, a tunnel not opened", async () => {
  expect(statusesIn(await say(app.url, "GET / HTTP/1.1\r\n\r\n"))).toEqual([400])
  expect(statusesIn(await say(app.url, "CONNECT internal:22 HTTP/1.1\r\nHost: internal:22\r\n\r\n"))).toEqual(
    [],
  )
})

test.each([
  ["two", "Host: a.example\r\nHost: b.example"],
  ["two that are equal", "Host: a.example\r\nHost: a.example"],
  ["two, one of them empty", "Host: a.example\r\nHost: "],
  ["a list", "Host: a.example, b.example"],
  ["one with a path", "Host: a.example/b"],
  ["one with a user", "Host: ann@a.example"],
  ["one with a space", "Host: a.example b.example"],
])("a request with %s for a host is refused", async (_, hosts) => {
  const said = await say(app.url, `GET /health/live HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`)
  expect(statusesIn(said)).toEqual([400])
})

test.each(["localhost", "localhost:3000", "127.0.0.1:80", "[::1]:3000", "chat_1.example.com", ""])(
  "a request for the host %j is answered",
  async (host) => {
    const said = await say(app.url, `GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    expect(statusesIn(said)).toEqual([200])
  },
)

describe("a code in the response", () => {
  const askFor = async (at: TestApp, host: string, path = "/auth/send-otp") => {
    const body = JSON.stringify({ mobileNumber: newMobileNumber() })
    const headers = `Host: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    const said = await say(at.url, `POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n${body}`)
    return { statuses: statusesIn(said), hasCode: /"otp":"\d{6}"/.test(said) }
  }
  const publicUrl = "https://chat.example.com"
  const named = useTestApp({ beside: app, worker: false, config: { http: { publicUrl } } })
  const shared = useTestApp({ beside: app, worker: false, config: { production: true, http: { publicUrl } } })

  test.each([
    "localhost",
    "LOCALHOST:3000",
    "127.0.0.1:3000",
    "192.168.1.20",
    "[::1]:3000",
    "chat.example.com:3000",
  ])("is shown to who asks %s", async (host) => {
    for (const path of ["/auth/send-otp", "/auth/forgot-password"])
      expect(await askFor(named, host, path)).toEqual({ statuses: [202], hasCode: true })
  })

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "chat.example.com.evil.example",
    "",
  ])("isn't shown to a page whose name %j was bound to this machine", async (host) => {
    for (const path of ["/auth/send-otp", "/auth/forgot-password"])
      expect(await askFor(named, host, path)).toEqual({ statuses: [202], hasCode: false })
    expect(named.logs()).toContain("code not shown")
  })

  test("is shown under any name where production is set to show it", async () => {
    expect(await askFor(shared, "evil.example")).toEqual({ statuses: [202], hasCode: true })
  })
})

test("an upgrade is not made, and the request answered as it is", async () => {
  for (const protocol of ["websocket", "h2c", "TLS/1.0"]) {
    const said = await say(
      app.url,
      `GET /user/me HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${protocol}\r\n\r\n`,
    )
    expect([protocol, statusesIn(said)]).toEqual([protocol, [401]])
  }
})

test("an absolute or doubled path leads nowhere else", async () => {
  for (const path of [
    "http://evil.example/user/me",
    "//evil.example/user/me",
    "/../user/me",
    "/\\evil.example",
  ]) {
    const said = await say(
      app.url,
      `GET ${path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`,
    )
    expect([path, [401, 404].includes(statusesIn(said)[0] as number)]).toEqual([path, true])
    expect(said).not.toContain("evil.example")
  }
})

test("a hundred requests of two users down one connection are answered in their order, each with its own", async () => {
  await createRoom(app, ann, { name: "of ann" })
  await createRoom(app, bob, { name: "of bob" })
  const users = Array.from({ length: 100 }, (_, i) => (i * 7 + (i >> 3)) % 2)
  const lines = users.map((who, i) => {
    const path = i % 3 ? "/chatroom" : "/user/me"
    const last = i === users.length - 1 ? "Connection: close\r\n" : ""
    return `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: n${i}\r\n${last}Authorization: Bearer ${[ann, bob][who]?.token}\r\n\r\n`
  })
  const answers = (await say(app.url, lines.join(""))).split(/(?=HTTP\/1\.1 )/)
  expect(answers).toHaveLength(100)
  answers.forEach((answer, i) => {
    const [own, other] = users[i] === 0 ? [ann, bob] : [bob, ann]
    expect(answer).toContain(`X-Request-Id: n${i}\r\n`)
    expect(answer).toContain(i % 3 ? (users[i] === 0 ? "of ann" : "of bob") : own.user.id)
    expect(answer).not.toContain(i % 3 ? (users[i] === 0 ? "of bob" : "of ann") : other.user.id)
  })
})

test("requests behind an open stream on one connection wait, and don't pile up answers", async () => {
  const room = await createRoom(app, ann)
  const { socket, said } = converse(app.url)
  const auth = `Host: x\r\nAuthorization: Bearer ${ann.token}\r\n\r\n`
  socket.write(`GET /chatroom/${room.id}/events HTTP/1.1\r\n${auth}`)
  for (let i = 0; i < 300; i++) socket.write(`GET /user/me/export HTTP/1.1\r\n${auth}`)
  await expect.poll(said).toContain("event: chatroom")
  expect((await app.http.get("/health/live")).status).toBe(200)
  expect(statusesIn(said())).toEqual([200])
  socket.destroy()
})
