import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { IMPORTS } from "../../src/config/limits.ts"
import type { IncomingRoom } from "../../src/services/transfer/incoming-room.ts"
import { FileRefused, Refused } from "../../src/services/transfer/problems.ts"
import { parseConversation, readConversation } from "../../src/services/transfer/read-conversation.ts"
import { isStorableText } from "../../src/utils/text.ts"

const read = (value: unknown): Promise<IncomingRoom> =>
  readConversation(parseConversation(Buffer.from(typeof value === "string" ? value : JSON.stringify(value))))

/** Why a conversation is refused, and where. */
async function refusal(value: unknown) {
  try {
    await read(value)
  } catch (error) {
    if (error instanceof Refused) return [error.code, error.path.join(".")]
    throw error
  }
  return null
}

type Tree = Record<
  string,
  { parent?: string | null; children?: string[]; role?: string; time?: unknown; text?: unknown }
>

function chatGpt(tree: Tree, rest: object = {}) {
  const mapping = Object.fromEntries(
    Object.entries(tree).map(
      ([id, { parent = null, children = [], role = "user", time = 1.7e9, text = id }]) => [
        id,
        {
          id,
          parent,
          children,
          message: { author: { role }, create_time: time, content: { content_type: "text", parts: [text] } },
        },
      ],
    ),
  )
  return { title: "T", create_time: 1.7e9, mapping, current_node: Object.keys(tree).at(-1), ...rest }
}

function openWebUi(tree: Tree) {
  const messages = Object.fromEntries(
    Object.entries(tree).map(
      ([id, { parent = null, children = [], role = "user", time = 1.7e9, text = id }]) => [
        id,
        { id, parentId: parent, childrenIds: children, role, content: text, timestamp: time },
      ],
    ),
  )
  return { chat: { title: "T", history: { messages, currentId: Object.keys(tree).at(-1) } } }
}

const ids = (n: number) => `01a20380-35df-77b7-a96a-${String(n).padStart(12, "0")}`

function own(messages: object[], chatroom: object = {}) {
  return {
    format: "chatroom",
    version: 1,
    chatroom: { name: "T", ...chatroom },
    messages: messages.map((message, n) => ({ id: ids(n), role: "user", content: "x", ...message })),
  }
}

describe.each([
  ["ChatGPT", chatGpt, "mapping"],
  ["Open WebUI", openWebUi, "chat.history.messages"],
] as const)("a tree of %s", (_, make, path) => {
  test.each<[string, Tree, string, string]>([
    ["a parent that isn't there", { a: { parent: "z" } }, "parent_unknown", ".a"],
    ["a child that isn't there", { a: { children: ["z"] } }, "child_unknown", ".a"],
    ["a child of another", { a: { children: ["c"] }, b: {}, c: { parent: "b" } }, "child_unknown", ".a"],
    ["a child twice", { a: { children: ["b", "b"] }, b: { parent: "a" } }, "duplicate_id", ".a"],
    ["itself as parent", { a: { parent: "a" } }, "cycle", ""],
    ["a circle", { a: {}, b: { parent: "c" }, c: { parent: "b" } }, "cycle", ""],
    ["a prototype as parent", { a: { parent: "__proto__" } }, "parent_unknown", ".a"],
    ["a property of all objects as parent", { a: { parent: "constructor" } }, "parent_unknown", ".a"],
  ])("with %s is refused", async (_, tree, code, at) => {
    expect(await refusal(make(tree))).toEqual([code, `${path}${at}`])
  })

  test.each([
    ["a role that nobody knows", { a: { role: "admin" } }, "role_unknown"],
    ["a role that all objects have", { a: { role: "toString" } }, "role_unknown"],
    ["a time before 2000", { a: { time: 1 } }, "time_invalid"],
    ["a time in the year 5000", { a: { time: 9e10 } }, "time_invalid"],
    ["a time before all", { a: { time: -1e300 } }, "time_invalid"],
    ["a time that is none", { a: { time: "soon" } }, "time_invalid"],
    ["a time of another type", { a: { time: [] } }, "invalid"],
    ["a text of another type", { a: { text: 5 } }, "invalid"],
    ["a text that is too long", { a: { text: "x".repeat(IMPORTS.maxTextUnits + 1) } }, "text_too_long"],
    ["nothing in it", {}, "no_messages"],
    [
      "too many messages",
      Object.fromEntries(Array.from({ length: 20_001 }, (_, n) => [`m${n}`, {}])),
      "too_many_messages",
    ],
  ])("with %s is refused", async (_, tree, code) => {
    expect((await refusal(make(tree as Tree)))?.[0]).toBe(code)
  })

  test("of one long branch is read without a recursion", async () => {
    const tree: Tree = {}
    for (let n = 0; n < IMPORTS.maxMessages; n++)
      tree[`m${n}`] = { parent: n === 0 ? null : `m${n - 1}`, role: n % 2 ? "assistant" : "user" }
    const { messages, head } = await read(make(tree))
    expect(messages.map(({ parent }) => parent)).toEqual(messages.map((_, n) => (n === 0 ? null : n - 1)))
    expect(head).toBe(IMPORTS.maxMessages - 1)
  })

  test("keeps who follows whom, in which order, whatever the tree", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ parent: fc.nat(), time: fc.integer({ min: 1.6e9, max: 1.7e9 }) }), {
          minLength: 1,
          maxLength: 40,
        }),
        async (nodes) => {
          const tree: Tree = {}
          for (const [n, { parent, time }] of nodes.entries()) {
            const above = n === 0 || parent % (n + 1) === n ? null : `m${parent % n}`
            tree[`m${n}`] = { parent: above, children: [], time, role: "user" }
            if (above) tree[above]?.children?.push(`m${n}`)
          }
          const { messages, head } = await read(make(tree))
          const nameOf = (n: number | null) => (n === null ? null : messages[n]?.content)
          expect(messages.length).toBe(nodes.length)
          for (const [n, { content, parent, createdAt }] of messages.entries()) {
            expect(nameOf(parent)).toBe(tree[content]?.parent)
            expect(createdAt.getTime()).toBe((tree[content]?.time as number) * 1_000)
            if (parent !== null) expect(parent).toBeLessThan(n)
          }
          for (const [id, { children }] of Object.entries(tree))
            expect(
              messages.filter(({ parent }) => nameOf(parent) === id).map(({ content }) => content),
            ).toEqual(children)
          expect(nameOf(head)).toBe(Object.keys(tree).at(-1))
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe("an exported chatroom", () => {
  test.each<[string, object, string, string]>([
    ["another version", { ...own([]), version: 2 }, "version_unknown", "version"],
    ["no name", own([], { name: "" }), "invalid", "chatroom.name"],
    ["a name that is too long", own([], { name: "x".repeat(201) }), "invalid", "chatroom.name"],
    ["a model that can't be one", own([], { model: "../x" }), "invalid", "chatroom.model"],
    ["a parent that comes later", own([{ parentId: ids(1) }, {}]), "parent_unknown", "messages.0.parentId"],
    ["a message that follows itself", own([{ parentId: ids(0) }]), "parent_unknown", "messages.0.parentId"],
    ["an id twice", own([{}, { id: ids(0) }]), "duplicate_id", "messages.1.id"],
    [
      "an id twice, in capitals",
      own([{ id: "01A20380-35DF-77B7-A96A-000000000009" }, { id: "01a20380-35df-77b7-a96a-000000000009" }]),
      "duplicate_id",
      "messages.1.id",
    ],
    ["an id that is none", own([{ id: "x" }]), "invalid", "messages.0.id"],
    ["a role that nobody knows", own([{ role: "system" }]), "invalid", "messages.0.role"],
    ["a text that is none", own([{ content: null }]), "invalid", "messages.0.content"],
    [
      "a text that is too long",
      own([{ thoughts: "x".repeat(500_001) }]),
      "text_too_long",
      "messages.0.thoughts",
    ],
    [
      "a time that is none",
      own([{ createdAt: "0000-01-01T00:00:00.000Z" }]),
      "time_invalid",
      "messages.0.createdAt",
    ],
    [
      "a source that runs",
      own([{ citations: [{ uri: "javascript:alert(1)", title: null, license: null, start: 0, end: 0 }] }]),
      "invalid",
      "messages.0.citations.0.uri",
    ],
    [
      "counts beyond an integer",
      own([{ usage: { promptTokens: 2 ** 31, outputTokens: 0, totalTokens: 0 } }]),
      "invalid",
      "messages.0.usage.promptTokens",
    ],
    [
      "a cost that is none",
      own([{ cost: { amount: "NaN", currency: "USD" } }]),
      "invalid",
      "messages.0.cost.amount",
    ],
    [
      "a code that is words",
      own([{ role: "model", status: "failed", error: { code: "Not a code", message: "x" } }]),
      "invalid",
      "messages.0.error.code",
    ],
    ["too many messages", own(Array.from({ length: 20_001 }, () => ({}))), "too_many_messages", ""],
  ])("with %s is refused", async (_, value, code, path) => {
    expect(await refusal(value)).toEqual([code, path])
  })

  test("needs little, and what wasn't finished is cancelled", async () => {
    const { messages, head, settings } = await read(
      own([{}, { role: "model", status: "running", parentId: ids(0) }]),
    )
    expect(messages.map(({ role, status, parent }) => [role, status, parent])).toEqual([
      ["user", "completed", null],
      ["model", "cancelled", 0],
    ])
    expect([head, settings.name, settings.nameBy]).toEqual([1, "T", "user"])
  })

  test("whose shown message isn't there shows the newest", async () => {
    const { head, notes } = await read(own([{}, {}], { headId: ids(7) }))
    expect([head, notes]).toEqual([1, ["head_unknown"]])
  })
})

describe("what is in a file", () => {
  test.each([
    [1],
    ['"x"'],
    [null],
    [[]],
    [{}],
    [{ mapping: 1 }],
    [{ chat: [] }],
    [{ messages: {} }],
    [{ format: "chat" }],
  ])("%j is no conversation", async (value) => expect((await refusal(value))?.[0]).toBe("format_unknown"))

  test("that no store takes is replaced, and said", async () => {
    const text =
      '{"format":"chatroom","version":1,"chatroom":{"name":"a\\u0000b"},"messages":[{"id":"' +
      ids(0) +
      '","role":"user","content":"\\ud800 \\ud83d\\ude80 \\\\u0000"}]}'
    const { settings, messages, notes } = await read(text)
    expect([settings.name, messages[0]?.content]).toEqual(["a\ufffdb", "\ufffd 🚀 \\u0000"])
    expect(notes).toEqual(["characters_replaced"])
    expect((await read(text.replaceAll(/\\u0000b|\\ud800/g, ""))).notes).toEqual([])
  })

  test("and isn't JSON or UTF-8 refuses the file", () => {
    const codeOf = (bytes: Buffer) => {
      try {
        return parseConversation(bytes)
      } catch (error) {
        return (error as FileRefused).code
      }
    }
    expect(codeOf(Buffer.from('{"a":tru}'))).toBe("not_json")
    expect(codeOf(Buffer.from('{"a":"\u0000"}'))).toBe("not_json")
    expect(codeOf(Buffer.from([0x22, 0xff, 0x22]))).toBe("not_utf8")
    // A lone surrogate, in what is nearly UTF-8.
    expect(codeOf(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe("not_utf8")
  })

  test("never changes what objects have, and ends in a room or a refusal, whatever is changed in it", async () => {
    const fixtures = ["chatgpt", "open-webui"].map((name) =>
      readFileSync(new URL(`../transfer/fixtures/${name}.json`, import.meta.url), "utf8"),
    )
    const strange = fc.oneof(
      fc.constantFrom(
        "null",
        "{}",
        "[]",
        "1e999",
        "-0",
        '""',
        "true",
        '{"__proto__":{"x":1}}',
        '"\\ud800"',
        "[[[]]]",
      ),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fixtures), fc.nat(), strange, async (text, at, value) => {
        const [conversation] = JSON.parse(text)
        // Some value anywhere in it, and the names of some keys, are replaced.
        const plain = JSON.stringify(conversation)
        const places = [...plain.matchAll(/:("[^"]*"|[\d.]+|null|true|false|\[\]|\{\})/g)]
        const place = places[at % places.length] as RegExpMatchArray
        const start = (place.index as number) + 1
        const changed = plain.slice(0, start) + value + plain.slice(start + (place[1] as string).length)
        try {
          const room = await read(changed)
          for (const { parent, content, createdAt } of room.messages) {
            expect(isStorableText(content)).toBe(true)
            expect(Number.isNaN(createdAt.getTime())).toBe(false)
            expect(parent === null || parent < room.messages.length).toBe(true)
          }
        } catch (error) {
          if (!(error instanceof Refused || error instanceof FileRefused)) throw error
        }
        expect(({} as { x?: unknown }).x).toBeUndefined()
      }),
      { numRuns: 600 },
    )
  })
})

test("ChatGPT's replies in several nodes are one, unless a branch begins between them", async () => {
  const straight = chatGpt({
    u: { children: ["a"] },
    a: { parent: "u", role: "assistant", children: ["b"] },
    b: { parent: "a", role: "assistant" },
  })
  expect((await read(straight)).messages.map(({ content }) => content)).toEqual(["u", "a\n\nb"])
  const branched = chatGpt({
    u: { children: ["a"] },
    a: { parent: "u", role: "assistant", children: ["t", "s"] },
    t: { parent: "a", role: "tool", children: ["b"] },
    s: { parent: "a", role: "tool", children: ["c"] },
    b: { parent: "t", role: "assistant" },
    c: { parent: "s", role: "assistant" },
  })
  expect((await read(branched)).messages.map(({ content, parent }) => [content, parent])).toEqual([
    ["u", null],
    ["a", 0],
    ["b", 1],
    ["c", 1],
  ])
})

test("thoughts that many replies follow are those of the first", async () => {
  const conversation = chatGpt({
    u: { children: ["t"] },
    t: { parent: "u", role: "assistant", children: ["a", "b"] },
    a: { parent: "t", role: "assistant" },
    b: { parent: "t", role: "assistant" },
  })
  const thinking = conversation.mapping.t as { message: { content: object } }
  thinking.message.content = { content_type: "thoughts", thoughts: [{ summary: "Hm", content: "so" }] }
  expect((await read(conversation)).messages.map(({ content, thoughts }) => [content, thoughts])).toEqual([
    ["u", ""],
    ["a", "**Hm**\n\nso"],
    ["b", ""],
  ])
})
