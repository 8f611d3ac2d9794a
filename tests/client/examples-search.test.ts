import { expect, expectTypeOf, test } from "vitest"
import { search } from "../../packages/client/examples/search.ts"
import type { Chatroom, Message, SearchResult } from "../../packages/client/src/index.ts"
import { indexed, write } from "../chat/search-kit.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp({ timing: { search: { indexMs: 50 } } })

test("the example marks what it finds", async () => {
  const user = await signIn(app)
  const number = user.mobileNumber
  await write(app, user, ["The ferries leave at 😀 nine", "A ferry"], { name: "Ferry" })
  await indexed(app, user)
  // So that another code may be sent at once.
  await app.query("DELETE FROM one_time_codes")
  let printed = ""
  const count = await search({ url: app.url, number, query: "ferry " }, (text) => {
    printed += text
  })
  expect(count).toBe(3)
  expect(printed.split("\n")).toEqual([
    "Ferry: [Ferry]",
    "Ferry, model: A [ferry]",
    "Ferry, user: The [ferries] leave at 😀 nine",
    "",
  ])
})

test("results are read page after page, and typed", async () => {
  const { client } = await signedIn(app)
  const user = await client.call("GET /user/me")
  await write(
    app,
    { user },
    Array.from({ length: 7 }, (_, n) => `tern ${n}`),
  )
  await indexed(app, { user })
  const ids = new Set<string>()
  for await (const result of client.search("tern", { limit: 3 })) {
    expectTypeOf(result).toEqualTypeOf<SearchResult>()
    expectTypeOf(result.room).toEqualTypeOf<Chatroom>()
    expectTypeOf(result.message).toEqualTypeOf<Message | null>()
    ids.add(result.message?.id ?? "")
  }
  expect(ids.size).toBe(7)
})
