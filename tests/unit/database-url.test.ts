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
      place: 'database "app" at one:5432, two:5433, ::1:5434',
      hasPassword: true,
    })
  })

  test("one host stays as it is", () => {
    const url = "postgresql://me:p%40w@db:6543/app"
    expect(readDatabaseUrl(url)).toMatchObject({ url, hosts: [{ host: "db", port: 6543 }] })
  })

  test.each(["", "me:p%40w@", "me@"])("a socket has no host, with and without a user: %s", (user) => {
    const url = `postgres://${user}/app?host=/run/postgresql`
    const place = 'database "app" at /run/postgresql'
    expect(readDatabaseUrl(url)).toEqual({ url, hosts: [], place, hasPassword: user.includes(":") })
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
