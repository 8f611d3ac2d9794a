import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { found, indexed, marked, search, write } from "./search-kit.ts"

const app = useTestApp({ timing: { search: { indexMs: 50 } } })
const ann = useUser(app, { pro: true })

describe("words", () => {
  test("are indexed", async () => {
    await write(app, ann, [
      "The runners were running along the river in the evening.",
      "Ich habe gestern viele Häuser in der Straße gesehen und nicht gekauft.",
      "Les chevaux de mon père mangeaient dans la prairie, pour la première fois.",
      "Мы читали интересные книги о городе",
      "Crème brûlée",
      "A naïve RÉSUMÉ",
    ])
    await indexed(app, ann)
  })

  test.each([
    ["run", "The runners"],
    ["river evenings", "The runners"],
    ["RUNNING", "The runners"],
    ["haus", "Ich habe"],
    ["häusern", "Ich habe"],
    ["strasse", "Ich habe"],
    ["cheval", "Les chevaux"],
    ["mangeait", "Les chevaux"],
    ["prairies", "Les chevaux"],
    ["книга", "Мы читали"],
    ["городов", "Мы читали"],
    ["creme brulee", "Crème"],
    ["CRÈME", "Crème"],
    ["naive resume", "A naïve"],
    ["ｎａｉｖｅ", "A naïve"],
    ["river Häuser", null],
  ])("%s finds %s", async (q, begin) => {
    const texts = await found(ann, `${q} `)
    expect(texts.map((text) => text.slice(0, begin?.length ?? 0))).toEqual(begin === null ? [] : [begin])
  })

  test("the last word may be unfinished, and any word that ends in an asterisk", async () => {
    expect(await found(ann, "evening riv")).toHaveLength(1)
    expect(await found(ann, "riv evening")).toEqual([])
    expect(await found(ann, "riv* evening")).toHaveLength(1)
    expect(await found(ann, "riv ")).toEqual([])
  })

  test("words in quotes must follow one another as they stand", async () => {
    expect(await found(ann, '"along the river"')).toHaveLength(1)
    expect(await found(ann, '"the along river"')).toEqual([])
    expect(await found(ann, '"runner"')).toEqual([])
    expect(await found(ann, "„viele Häuser“ gekauft")).toHaveLength(1)
    expect(await found(ann, '"along the')).toHaveLength(1)
  })
})

test("words of two characters are found in Chinese, Japanese, Korean and Thai", async () => {
  const bob = await signIn(app)
  const texts = [
    "我昨天在北京大学学习中文。",
    "東京都に住んでいます。ｶﾞｲﾄﾞ",
    "저는 학교에서 공부합니다",
    "ฉันรักภาษาไทย",
  ]
  await write(app, bob, texts)
  await indexed(app, bob)
  for (const [q, n] of [
    ["北京", 0],
    ["京大", 0],
    ["北京大学", 0],
    ["文", 0],
    ["京都", 1],
    ["ガイド", 1],
    ["学校", null],
    ["학교", 2],
    ["ภาษา", 3],
    ["北大", null],
    ["北京 中文", 0],
    ['"北京大学 学习"', 0],
    ['"北京大学 中文"', null],
  ] as const)
    expect([q, await found(bob, q)]).toEqual([q, n === null ? [] : [texts[n]]])
  const [one] = (await search(bob, "北京大学")).body
  expect(one && marked(one)).toEqual(["北京大学"])
  const [single] = (await search(bob, "文")).body
  expect(single && marked(single)).toEqual(["文"])
})

describe("an excerpt", () => {
  test("marks matches by UTF-16 code units, whatever stands before them", async () => {
    const bob = await signIn(app)
    await write(app, bob, [`👩‍👩‍👧 𝒳 é ${"é".normalize("NFD")} Quokkas jumped over a quokka`])
    await indexed(app, bob)
    const [one] = (await search(bob, "quokka jumping")).body
    expect(one && marked(one)).toEqual(["Quokkas", "jumped", "quokka"])
    expect(one?.message?.content.slice(one.excerpt.start)).toBe(one?.excerpt.text)
  })

  test("is the piece of a long text that has most of what was looked for", async () => {
    const bob = await signIn(app)
    const filler = "lorem ipsum dolor ".repeat(100)
    await write(app, bob, [`needle ${filler} needle and 😀 thread ${filler}`])
    await indexed(app, bob)
    const [one] = (await search(bob, "needle thread")).body
    expect(one && marked(one)).toEqual(["needle", "thread"])
    expect(one?.excerpt.text.length).toBeLessThan(300)
    const { start = 0, text = "" } = one?.excerpt ?? {}
    expect(one?.message?.content.slice(start, start + text.length)).toBe(text)
  })
})

test("names of rooms come first, archived rooms say so, and nobody's default name is found", async () => {
  const bob = await signIn(app)
  const room = await createRoom(app, bob, { name: "Zebra crossing" })
  await createRoom(app, bob)
  await write(app, bob, ["a zebra and another zebra"])
  await indexed(app, bob)
  expect(await found(bob, "zebra")).toEqual(["Zebra crossing", "a zebra and another zebra"])
  expect(await found(bob, "new chat")).toEqual([])
  await bob.http.patch(`/chatroom/${room.id}`, { name: "Okapi", archived: true })
  await indexed(app, bob)
  expect(await found(bob, "crossing")).toEqual([])
  const [one] = (await search(bob, "okapi")).body
  expect(one).toMatchObject({ message: null, room: { id: room.id, archivedAt: expect.any(String) } })
})

test("a prompt and its reply are found soon after they were written, and what waits is counted", async () => {
  const room = await createRoom(app, ann)
  await ask(app, ann, room, "Where do axolotls live?")
  await indexed(app, ann)
  const { body, headers } = await search(ann, "axolotl")
  expect(body.map(({ message }) => message?.role)).toContain("user")
  expect(headers.get("x-search-pending")).toBe("0")
})

test("temporary rooms are never found, from the moment on when they are made so", async () => {
  const bob = await signIn(app)
  const hidden = await write(app, bob, ["a secret numbat"], { temporary: true, name: "Numbat" })
  const room = await write(app, bob, ["an open numbat"], { name: "Numbats" })
  await indexed(app, bob)
  expect(await found(bob, "numbat")).toEqual(["Numbats", "an open numbat"])
  await bob.http.patch(`/chatroom/${room.id}`, { temporary: true })
  expect(await found(bob, "numbat")).toEqual([])
  await indexed(app, bob)
  expect(await documents(bob.user.id)).toBe(0)
  await bob.http.patch(`/chatroom/${hidden.id}`, { temporary: false })
  await indexed(app, bob)
  expect(await found(bob, "numbat")).toEqual(["Numbat", "a secret numbat"])
})

const documents = async (userId: string) =>
  (await app.query("SELECT count(*)::int AS count FROM search_documents WHERE user_id = $1", userId))[0].count

describe("what is gone", () => {
  test("is not in the index: a changed text, a message, a room", async () => {
    const bob = await signIn(app)
    const { id, messages } = await write(app, bob, ["first wombat", "second wombat", "third wombat"])
    const other = await write(app, bob, ["other wombat"], { name: "Wombats" })
    await indexed(app, bob)
    expect(await found(bob, "wombat")).toHaveLength(5)
    await app.query("UPDATE messages SET content = 'first koala' WHERE id = $1", messages[0])
    await indexed(app, bob)
    expect(await found(bob, "wombat")).toHaveLength(4)
    expect(await found(bob, "koala")).toEqual(["first koala"])
    await app.query("DELETE FROM messages WHERE id = $1", messages[1])
    expect((await found(bob, "wombat")).toSorted()).toEqual(["Wombats", "other wombat", "third wombat"])
    await bob.http.delete(`/chatroom/${other.id}`)
    expect(await found(bob, "wombat")).toEqual(["third wombat"])
    await bob.http.delete(`/chatroom/${id}`)
    expect(await documents(bob.user.id)).toBe(0)
  })

  test("is not indexed any more if it went before", async () => {
    const bob = await signIn(app)
    const { id } = await write(app, bob, ["a dugong"])
    await app.query("DELETE FROM chatrooms WHERE id = $1", id)
    await indexed(app, bob)
    expect(await documents(bob.user.id)).toBe(0)
  })

  test("includes everything of a deleted user", async () => {
    const bob = await signIn(app)
    await write(app, bob, ["a dugong", "another"])
    await indexed(app, bob)
    await write(app, bob, ["one that waits"])
    await bob.http.delete("/user/me")
    const rows = () =>
      app.query(
        `SELECT id FROM users WHERE id = $1
         UNION ALL SELECT user_id FROM search_users WHERE user_id = $1
         UNION ALL SELECT user_id FROM search_documents WHERE user_id = $1
         UNION ALL SELECT user_id FROM search_queue WHERE user_id = $1`,
        bob.user.id,
      )
    await expect.poll(rows).toEqual([])
  })
})

test("a stranger's texts are never found, whatever part of the index they are in", async () => {
  const [bob, eve] = [await signIn(app), await signIn(app)]
  await write(app, bob, ["the vault opens with cassowary", "北京大学"], { name: "Cassowary" })
  await write(app, eve, ["nothing of note"])
  await Promise.all([indexed(app, bob), indexed(app, eve)])
  const [{ key }] = await app.query("SELECT key FROM search_users WHERE user_id = $1", bob.user.id)
  const part = `${Number(key).toString(16)}.0:`
  for (const q of [
    "cassowary",
    '"opens with cassowary"',
    "c*",
    "北京",
    `${part}cassowary`,
    `#cassowary' | '${part}cassowary`,
    `${part}*`,
  ])
    expect([q, await found(eve, q)]).toEqual([q, []])
  // Even where both had the same part.
  await app
    .query("UPDATE search_users SET key = $2 WHERE user_id = $1", eve.user.id, key)
    .catch(() => undefined)
  const taken = await app.query(
    "SELECT id FROM search_matches($1, $2, NULL, 0, 400, 512) WHERE id IS NOT NULL",
    eve.user.id,
    "'#cassowary'",
  )
  expect(taken).toEqual([])
  expect(await found(bob, "cassowary")).toHaveLength(2)
})
