import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readRedisUrl } from "../../src/config/redis-url.ts"

const nobody = { username: undefined, password: undefined }

describe("readRedisUrl", () => {
  test("one server stays as it is", () => {
    expect(readRedisUrl("rediss://u:p@cache:6380/2")).toEqual({
      kind: "single",
      url: "rediss://u:p@cache:6380/2",
    })
  })

  test("a cluster", () => {
    expect(readRedisUrl("rediss+cluster://me:p%40ss:w@one,two:7001,[::1]:7002")).toEqual({
      kind: "cluster",
      nodes: [
        { host: "one", port: 6379 },
        { host: "two", port: 7001 },
        { host: "::1", port: 7002 },
      ],
      access: { username: "me", password: "p@ss:w", tls: true },
    })
  })

  test("sentinels", () => {
    expect(readRedisUrl("redis+sentinel://:pw@one,two:7001/main/3?sentinel_password=other")).toEqual({
      kind: "sentinel",
      sentinels: [
        { host: "one", port: 26_379 },
        { host: "two", port: 7001 },
      ],
      name: "main",
      db: 3,
      access: { username: undefined, password: "pw", tls: false },
      sentinel: { ...nobody, password: "other" },
    })
  })

  test.each([
    "http://cache",
    "redis+cluster://",
    "redis+cluster://one,",
    "redis+cluster://one:x",
    "redis+cluster://one/0",
    "redis+sentinel://one,two",
    "redis+sentinel://one/",
    "redis+sentinel://one/main/x",
    "redis+sentinel://%zz@one/main",
    "redis+other://one",
    "one:6379",
  ])("%s is none", (url) => {
    expect(readRedisUrl(url)).toBeNull()
  })

  test("any credentials and nodes come back as they were", () => {
    const host = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter((name) => !name.endsWith("-"))
    const nodes = fc.array(fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }), { minLength: 1 })
    const word = fc.string({ minLength: 1, unit: "grapheme" })
    fc.assert(
      fc.property(word, word, nodes, (username, password, nodes) => {
        const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`
        const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join(",")
        expect(readRedisUrl(`redis+cluster://${user}@${hosts}`)).toEqual({
          kind: "cluster",
          nodes,
          access: { username, password, tls: false },
        })
      }),
    )
  })

  test("nothing makes it throw", () => {
    const text = fc.string().map((rest) => `redis+sentinel://${rest}`)
    fc.assert(fc.property(fc.oneof(fc.string(), text), (url) => void readRedisUrl(url)))
  })
})
