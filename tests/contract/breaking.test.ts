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

const rows: Endpoint[] = [get("/user/things", list), post("/user/things", make), get("/user/stream", follow)]
const before = describeApi(rows, "1.0.0")
const changes = (...after: Endpoint[]) => findBreakingChanges(before, describeApi(after, "1.1.0"))
const [listRow, makeRow, followRow] = rows as [Endpoint, Endpoint, Endpoint]

describe("a change is breaking when", () => {
  test.each<[string, Endpoint[], string]>([
    ["an endpoint goes", [listRow, followRow], "POST /user/things: removed"],
    ["a path goes", [listRow, makeRow], "GET /user/stream: removed"],
    [
      "a status goes",
      [listRow, post("/user/things", { ...make, reply: { 202: Thing } }), followRow],
      "POST /user/things: status 201 removed",
    ],
    [
      "a field of a reply goes",
      [
        get("/user/things", { ...list, reply: { 200: z.array(Thing.omit({ kind: true })) } }),
        makeRow,
        followRow,
      ],
      "GET /user/things: 200[].kind removed",
    ],
    [
      "a field of a reply may be absent",
      [listRow, post("/user/things", { ...make, reply: { 201: Thing.partial({ kind: true }) } }), followRow],
      "POST /user/things: 201.kind may be absent",
    ],
    [
      "a field of a reply may be null",
      [
        listRow,
        post("/user/things", { ...make, reply: { 201: Thing.extend({ id: z.uuid().nullable() }) } }),
        followRow,
      ],
      "POST /user/things: 201.id may now be null",
    ],
    [
      "a field of a request is required",
      [listRow, post("/user/things", { ...make, body: NewThing.extend({ colour: z.string() }) }), followRow],
      "POST /user/things: body.colour became required",
    ],
    [
      "a field of a request is refused",
      [listRow, post("/user/things", { ...make, body: NewThing.omit({ kind: true }) }), followRow],
      "POST /user/things: body.kind removed",
    ],
    [
      "an enum of a request is narrowed",
      [
        listRow,
        post("/user/things", { ...make, body: NewThing.extend({ kind: z.enum(["a"]).optional() }) }),
        followRow,
      ],
      "POST /user/things: body.kind no longer takes b",
    ],
    [
      "a type of a request is narrowed",
      [listRow, post("/user/things", { ...make, body: NewThing.extend({ name: z.number() }) }), followRow],
      "POST /user/things: body.name no longer takes string",
    ],
    [
      "a text of a request must be shorter",
      [
        listRow,
        post("/user/things", { ...make, body: NewThing.extend({ name: z.string().max(9) }) }),
        followRow,
      ],
      "POST /user/things: body.name: maxLength narrowed",
    ],
    [
      "a parameter goes",
      [get("/user/things", { ...list, query: z.strictObject({}) }), makeRow, followRow],
      "GET /user/things: query parameter limit removed",
    ],
    [
      "a parameter is required",
      [get("/user/things", { ...list, query: z.strictObject({ limit: z.string() }) }), makeRow, followRow],
      "GET /user/things: query parameter limit became required",
    ],
    [
      "a header goes",
      [get("/user/things", { ...list, responseHeaders: [] }), makeRow, followRow],
      "GET /user/things: 200: header ETag removed",
    ],
    [
      "an event goes",
      [listRow, makeRow, get("/user/stream", { ...follow, reply: { 200: eventStream({ done: Thing }) } })],
      "GET /user/stream: event delta removed",
    ],
    [
      "another key is needed",
      [get("/user/things", { ...list, auth: "admin" }), makeRow, followRow],
      "GET /user/things: security changed from accessToken to adminToken",
    ],
  ])("%s", (_, after, change) => {
    expect(changes(...after)).toEqual([change])
  })
})

test("what only adds, or accepts more, is no breaking change", () => {
  expect(changes(...rows)).toEqual([])
  expect(
    changes(
      get("/user/things", {
        ...list,
        auth: "none",
        query: z.strictObject({ limit: z.string().optional(), cursor: z.string().optional() }),
        reply: { 200: z.array(Thing.extend({ kind: z.enum(["a", "b", "c"]), more: z.string() })) },
      }),
      post("/user/things", {
        ...make,
        body: z.strictObject({
          name: z.string().max(20).optional(),
          kind: z.enum(["a", "b", "c"]).nullable().optional(),
        }),
        errors: ["quota_exceeded"],
      }),
      followRow,
      get("/user/more", { ...list, run: () => ok([]) }),
    ),
  ).toEqual([])
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
