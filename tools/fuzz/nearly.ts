import fc from "fast-check"
import type { Parameter } from "../../src/routes/openapi/types.ts"
import { type Draft, type Identity, isRemembered } from "./draft.ts"
import type { Signature } from "./events.ts"
import { hostileSegments, hostileTexts } from "./hostile.ts"

/** The same request with one thing wrong. */
export function breakOneThing(draft: Draft, parameters: Parameter[]): fc.Arbitrary<Draft> {
  const namesIn = (place: Parameter["in"]) =>
    parameters.filter((parameter) => parameter.in === place).map(({ name }) => name)
  const [inPath, inQuery] = [namesIn("path"), namesIn("query")]
  const ways: fc.Arbitrary<Partial<Draft>>[] = [
    fc.constantFrom<Identity>("nobody", "other", "refresh", "admin", "own").map((identity) => ({ identity })),
    fc.constantFrom("a=b", "limit=0", "limit=101", "limit=ten", "cursor=x").map((query) => ({ query })),
  ]
  if (inPath.length > 0) {
    const name = fc.constantFrom(...inPath)
    ways.push(
      fc.constant({ stranger: true }),
      fc
        .tuple(name, fc.oneof(fc.uuid(), hostileSegments))
        .map(([name, segment]) => ({ params: { [name]: segment } })),
    )
  }
  if (inQuery.length > 0) {
    const pair = fc.tuple(fc.constantFrom(...inQuery), hostileTexts)
    ways.push(
      pair.map(([name, text]) => ({ query: new URLSearchParams([[name, text.slice(0, 2_000)]]).toString() })),
    )
  }
  if (draft.signature)
    ways.push(
      fc
        .constantFrom<Signature | undefined>("stale", "forged", undefined)
        .map((signature) => ({ signature })),
    )
  if (draft.body && "json" in draft.body)
    ways.push(...brokenBodies(draft, (draft.body.json ?? {}) as Record<string, unknown>))
  return fc.oneof(...ways).map((change) => ({ ...draft, ...change, intent: "nearly valid" }))
}

const WRONG = [null, 0, 1.5, -1, true, "", " ", [], {}, [null], "x".repeat(33_000), "\u0000", "\ud83d"]

function brokenBodies(draft: Draft, body: Record<string, unknown>): fc.Arbitrary<Partial<Draft>>[] {
  const names = Object.keys(body)
  const json = (value: unknown): Partial<Draft> => ({ body: { json: value } })
  const raw = (text: string): Partial<Draft> => ({ body: { raw: text } })
  const types = ["text/plain", "application/json; charset=latin1", "application/xml", "application/json;"]
  const ways: fc.Arbitrary<Partial<Draft>>[] = [
    fc.string({ maxLength: 10 }).map((name) => json({ ...body, [name]: 1 })),
    fc.constant(json([body])),
    fc.constant(json({})),
    fc.constant(raw("")),
    fc.constant(raw(plain(body).slice(0, -1))),
    fc.constantFrom(...types).map((type) => ({ headers: { ...draft.headers, "content-type": type } })),
  ]
  if (names.length === 0) return ways
  const name = fc.constantFrom(...names)
  return [
    ...ways,
    name.map((name) => json(Object.fromEntries(Object.entries(body).filter(([key]) => key !== name)))),
    fc.tuple(name, fc.constantFrom(...WRONG)).map(([name, wrong]) => json({ ...body, [name]: wrong })),
    name.map((name) => json({ ...body, [name.toUpperCase()]: body[name] })),
    fc.tuple(name, hostileTexts).map(([name, text]) => json({ ...body, [name]: text })),
  ]
}

/** Where nothing can be looked up any more. */
function plain(body: unknown): string {
  return JSON.stringify(body, (_, value) => (isRemembered(value) ? value.otherwise : value))
}
