import { expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { indexed, type Result, search, write } from "./search-kit.ts"

const app = useTestApp({ timing: { search: { indexMs: 50 } } })

const nextOf = (link: string | null) => /<([^>]+)>; rel="next"/.exec(link ?? "")?.[1]

test("pages show every match once and nothing else, best first, whatever is written and deleted meanwhile", async () => {
  const ann = await signIn(app)
  // More than are ranked together, in more than one part of the index.
  const texts = Array.from({ length: 1_300 }, (_, n) => {
    const walrus = n % 2 === 0 ? "walrus ".repeat(1 + (n % 5)) : "seal"
    return `${walrus} number ${n}`
  })
  const { messages } = await write(app, ann, texts)
  await indexed(app, ann)
  const wanted = messages.filter((_, n) => n % 2 === 0)
  const gone = new Set<string>()
  const seen: string[] = []
  let path: string | undefined = "/search?q=walrus&limit=97"
  for (let pages = 0; path; pages++) {
    const { status, body, headers } = await ann.http.get(path)
    expect(status).toBe(200)
    seen.push(...(body as Result[]).map(({ message }) => message?.id ?? ""))
    if (pages === 1) {
      await write(
        app,
        ann,
        Array.from({ length: 50 }, () => "walrus walrus walrus"),
      )
      await indexed(app, ann)
    }
    if (pages === 2) {
      for (const id of wanted.filter((id) => !seen.includes(id)).slice(0, 20)) gone.add(id)
      await app.query("DELETE FROM messages WHERE id = ANY ($1::uuid[])", [...gone])
    }
    path = nextOf(headers.get("link"))
  }
  expect(new Set(seen).size).toBe(seen.length)
  expect(new Set(seen)).toEqual(new Set(wanted.filter((id) => !gone.has(id))))
})

test("what has more of the words in less text comes first, and the newer of two that are alike", async () => {
  const ann = await signIn(app)
  await write(app, ann, [
    "an otter among many other animals of the river and of the sea and of the lakes",
    "an otter and another otter",
    "an otter and another otter",
  ])
  await indexed(app, ann)
  const { body } = await search(ann, "otter ")
  expect(body.map(({ message }) => message?.content.length)).toEqual([26, 26, 78])
  expect((body[0]?.message?.id ?? "") > (body[1]?.message?.id ?? "")).toBe(true)
})

test("a page ends where its texts become too long", async () => {
  const ann = await signIn(app)
  await write(
    app,
    ann,
    Array.from({ length: 8 }, (_, n) => `ibex ${n} ${"x".repeat(200_000)}`),
  )
  await indexed(app, ann)
  const sizes: number[] = []
  const seen = new Set<string>()
  for (let path: string | undefined = "/search?q=ibex&limit=8"; path; ) {
    const { body, headers } = await ann.http.get(path)
    sizes.push(body.length)
    for (const { message } of body) seen.add(message.id)
    path = nextOf(headers.get("link"))
  }
  expect(seen.size).toBe(8)
  expect(Math.max(...sizes)).toBeLessThan(5)
})
