import { expect, test } from "vitest"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { found, indexed, search, write } from "./search-kit.ts"

const app = useTestApp({ timing: { search: { indexMs: 50 } } })
const ann = useUser(app, { pro: true })

test.each(["%", "*", ":*", "'", "''", '"', '""', "!&|()", "\\", "#", "~", "<->", "....", "😀", "́"])(
  "%s alone finds nothing",
  async (q) => {
    expect((await search(ann, q)).body).toEqual([])
  },
)

test("what means something to PostgreSQL means nothing here", async () => {
  await write(app, ann, ["alpha beta", "gamma"])
  await indexed(app, ann)
  for (const q of [
    "alpha & !gamma ",
    "alpha | gamma ",
    "alpha' | 'gamma ",
    "alpha <-> gamma ",
    "gamma:* alpha ",
    "alpha'::tsquery); SELECT 1 -- ",
  ])
    expect([q, await found(ann, q)]).toEqual([q, []])
  for (const q of ["(alpha) & (beta) ", "alpha:* beta", "alpha\\ 'beta' ", "alpha%beta", "%alpha% "])
    expect([q, await found(ann, q)]).toEqual([q, ["alpha beta"]])
})

test.each([
  ["nothing", ""],
  ["an empty text", "q="],
  ["white space", "q=%20%09"],
  ["10 kB", `q=${"a".repeat(10_240)}`],
  ["201 characters", `q=${"a".repeat(201)}`],
  ["NUL", "q=a%00b"],
  ["two questions", "q=a&q=b"],
  ["an object", "q[a]=b"],
  ["a cursor of another list", `q=a&cursor=${btoa('["2026-01-01T00:00:00.000Z"]')}`],
  ["a negative place", `q=a&cursor=${btoa("[-1,5]")}`],
  ["a place beyond all", `q=a&cursor=${btoa("[0,1e300]")}`],
  ["no cursor", "q=a&cursor=%25"],
  ["a limit of 0", "q=a&limit=0"],
])("%s is refused", async (_, query) => {
  const { status, body } = await ann.http.get(`/search?${query}`)
  expect([status, body.code]).toEqual([400, "invalid_request"])
})

test("halves of characters and broken encodings are no fault of the server", async () => {
  for (const query of ["q=%ED%A0%80", "q=a%FF", "q=%F0%9F%98", "q=%"]) {
    const { status } = await ann.http.get(`/search?${query}`)
    expect([query, status < 500]).toEqual([query, true])
  }
})

test("any text can be written and indexed", async () => {
  const texts = [
    `'${"\\"}':1A & | ! <-> :* $1 %s #.0:x`,
    "x".repeat(100_000),
    "word ".repeat(40_000),
    Array.from({ length: 30_000 }, (_, n) => `w${n}`).join(" "),
    "字".repeat(30_000),
    "́́́",
    `${"😀".repeat(100)} tail`,
    `${"a".repeat(63)}😀 𝒳𝒳`,
    "\ufffe\uffff \u202e rtl",
    `ก${"\u0e48".repeat(10_000)} ${"\ufdfa".repeat(200)} ${"e\u0301\u0302".repeat(5_000)}`,
    Array.from({ length: 16_000 }, (_, n) => `𝒳${n}${"𝒴".repeat(60)}`).join(" "),
  ]
  await write(app, ann, texts)
  await indexed(app, ann)
  expect(await found(ann, "rtl ")).toHaveLength(1)
  expect(await found(ann, "w16382 ")).toHaveLength(1)
  expect(await found(ann, "tail ")).toHaveLength(1)
  expect(await found(ann, "xxx*")).toHaveLength(1)
})

test("nobody searches without signing in", async () => {
  expect((await app.http.get("/search?q=a")).status).toBe(401)
})
