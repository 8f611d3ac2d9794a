import { describe, expect, test } from "vitest"
import { z } from "zod"
import { ok } from "../../src/controllers/http.ts"
import { type Endpoint, eventStream, get, post } from "../../src/routes/endpoint.ts"
import { describeApi } from "../../src/routes/openapi/document.ts"
import { findBreakingChanges } from "../../tools/contract/breaking.ts"
import { isMentioned } from "../../tools/contract/history.ts"

const Thing = z
  .object({ id: z.uuid(), kind: z.enum(["a", "b"]), note: z.string().nullable() })
  .meta({ id: "Thing" })
const NewThing = z.strictObject({ name: z.string().max(10), kind: z.enum(["a", "b"]).optional() })

const common = { summary: "Do", description: "It does.", auth: "user" } as const
const list = {
  ...common,
  query: z.strictObject({ limit: z.string().optional() }),
  reply: { 200: z.array(Thing) },
  responseHeaders: ["ETag"],
  run: function list() {
    return ok([])
  },
} as const
const make = {
  ...common,
  body: NewThing,
  reply: { 201: Thing },
  run: function make() {
    return ok({})
  },
} as const
const follow = {
  ...common,
  reply: { 200: eventStream({ delta: z.object({ text: z.string() }), done: Thing }) },
  run: function follow() {
    return ok({})
  },
} as const

/** The rows with changes to some of them; null takes one away. */
interface Change {
  list?: object | null
  make?: object | null
  follow?: object | null
}

const rowsWith = (change: Change): Endpoint[] => [
  ...(change.list === null ? [] : [get("/user/things", { ...list, ...change.list } as typeof list)]),
  ...(change.make === null ? [] : [post("/user/things", { ...make, ...change.make } as typeof make)]),
  ...(change.follow === null ? [] : [get("/user/stream", { ...follow, ...change.follow } as typeof follow)]),
]
const before = describeApi(rowsWith({}), "1.0.0")
const changes = (...after: Endpoint[]) => findBreakingChanges(before, describeApi(after, "1.1.0"))
const narrowed = (fields: z.ZodRawShape) => ({ make: { body: NewThing.extend(fields) } })

describe("a change is breaking when", () => {
  test.each<[string, Change, string]>([
    ["an endpoint goes", { make: null }, "POST /user/things: removed"],
    ["a path goes", { follow: null }, "GET /user/stream: removed"],
    ["a status goes", { make: { reply: { 202: Thing } } }, "POST /user/things: status 201 removed"],
    [
      "a field of a reply goes",
      { list: { reply: { 200: z.array(Thing.omit({ kind: true })) } } },
      "GET /user/things: 200[].kind removed",
    ],
    [
      "a field of a reply may be absent",
      { make: { reply: { 201: Thing.partial({ kind: true }) } } },
      "POST /user/things: 201.kind may be absent",
    ],
    [
      "a field of a reply may be null",
      { make: { reply: { 201: Thing.extend({ id: z.uuid().nullable() }) } } },
      "POST /user/things: 201.id may now be null",
    ],
    [
      "a field of a request is required",
      narrowed({ colour: z.string() }),
      "POST /user/things: body.colour became required",
    ],
    [
      "a field of a request is refused",
      { make: { body: NewThing.omit({ kind: true }) } },
      "POST /user/things: body.kind removed",
    ],
    [
      "an enum of a request is narrowed",
      narrowed({ kind: z.enum(["a"]).optional() }),
      "POST /user/things: body.kind no longer takes b",
    ],
    [
      "a type of a request is narrowed",
      narrowed({ name: z.number() }),
      "POST /user/things: body.name no longer takes string",
    ],
    [
      "a text of a request must be shorter",
      narrowed({ name: z.string().max(9) }),
      "POST /user/things: body.name: maxLength narrowed",
    ],
    [
      "a parameter goes",
      { list: { query: z.strictObject({}) } },
      "GET /user/things: query parameter limit removed",
    ],
    [
      "a parameter is required",
      { list: { query: z.strictObject({ limit: z.string() }) } },
      "GET /user/things: query parameter limit became required",
    ],
    ["a header goes", { list: { responseHeaders: [] } }, "GET /user/things: 200: header ETag removed"],
    [
      "an event goes",
      { follow: { reply: { 200: eventStream({ done: Thing }) } } },
      "GET /user/stream: event delta removed",
    ],
    [
      "another key is needed",
      { list: { auth: "admin" } },
      "GET /user/things: security changed from accessToken to adminToken",
    ],
  ])("%s", (_, change, found) => {
    expect(changes(...rowsWith(change))).toEqual([found])
  })
})

test("what only adds, or accepts more, is no breaking change", () => {
  expect(changes(...rowsWith({}))).toEqual([])
  const wider = rowsWith({
    list: {
      auth: "none",
      query: z.strictObject({ limit: z.string().optional(), cursor: z.string().optional() }),
      reply: { 200: z.array(Thing.extend({ kind: z.enum(["a", "b", "c"]), more: z.string() })) },
    },
    make: {
      body: z.strictObject({
        name: z.string().max(20).optional(),
        kind: z.enum(["a", "b", "c"]).nullable().optional(),
      }),
      errors: ["quota_exceeded"],
    },
  })
  expect(changes(...wider, get("/user/more", { ...list, run: () => ok([]) }))).toEqual([])
})

describe("the changelog mentions a change", () => {
  const change = "GET /chatroom/{id}: 200.name removed"
  const changelog = (unreleased: string, older = "") =>
    `# Changes\n\n## [Unreleased]\n\n### Changed\n\n${unreleased}\n\n## [1.0.0]\n\n${older}\n`

  test("by the word breaking and the endpoint, in one entry of the unreleased part", () => {
    expect(isMentioned(change, changelog("- Breaking:\n  `GET /chatroom/{id}` has no `name`."))).toBe(true)
    expect(isMentioned(change, "# Changes\n\n## [Unreleased]\n\n- Breaking: `GET /chatroom/{id}`.\n")).toBe(
      true,
    )
  })

  test("and nowhere else", () => {
    expect(isMentioned(change, changelog("- `GET /chatroom/{id}` has no `name`."))).toBe(false)
    expect(isMentioned(change, changelog("- Breaking: `GET /chatroom`."))).toBe(false)
    expect(isMentioned(change, changelog("- Breaking news.\n- `GET /chatroom/{id}` too."))).toBe(false)
    expect(isMentioned(change, changelog("- Nothing.", "- Breaking: `GET /chatroom/{id}`."))).toBe(false)
  })
})
