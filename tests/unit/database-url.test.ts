import { describe, expect, test } from "vitest"
import { readDatabaseUrl } from "../../src/config/database-url.ts"

describe("readDatabaseUrl", () => {
  test("several hosts: the first one's URL and all addresses", () => {
    expect(readDatabaseUrl("postgres://me:p,w@one,two:5433,[::1]:5434/app?sslmode=no-verify")).toEqual({
      url: "postgres://me:p,w@one/app?sslmode=no-verify",
      hosts: [
        { host: "one", port: 5432 },
        { host: "two", port: 5433 },
        { host: "::1", port: 5434 },
      ],
    })
  })

  test("one host stays as it is", () => {
    const url = "postgresql://me:p%40w@db:6543/app"
    expect(readDatabaseUrl(url)).toEqual({ url, hosts: [{ host: "db", port: 6543 }] })
  })

  test("a socket has no host", () => {
    const url = "postgres:///app?host=/run/postgresql"
    expect(readDatabaseUrl(url)).toEqual({ url, hosts: [] })
  })

  test.each([
    "mysql://db/app",
    "postgres:app",
    "postgres://one,/app",
    "postgres://one:x/app",
    "postgres://me:%zz@db/app",
    "one,two",
  ])("%s is none", (url) => {
    expect(readDatabaseUrl(url)).toBeNull()
  })
})
