import fc from "fast-check"
import {
  hasStream,
  type OpenApi,
  type Operation,
  operationsOf,
  type Parameter,
  resolve,
} from "../../src/routes/openapi/types.ts"
import type { Draft, Identity } from "./draft.ts"
import { type Signature, stripeEvents } from "./events.ts"
import { hostileHeaders, hostileQueries, hostileSegments, nonsenseTokens, toHeaderText } from "./hostile.ts"
import { hostileBodies } from "./hostile-bodies.ts"
import { breakOneThing } from "./nearly.ts"
import { withPairs } from "./pairs.ts"
import { drawnTexts, valuesOf } from "./values.ts"

interface Target {
  method: string
  template: string
  operation: Operation
  parameters: Parameter[]
  body: fc.Arbitrary<unknown> | null
  fields: string[]
  /** Whether the body is a file. */
  isFile: boolean
  /** Most bodies are signed so, where they have to be. */
  signatures: fc.Arbitrary<Signature | undefined>
}

/** Requests to every endpoint of the document: two of five as documented, as many with one thing wrong, the rest hostile. */
export function draftsOf(document: OpenApi): fc.Arbitrary<Draft> {
  const targets = operationsOf(document).map((operation) => describe(document, operation))
  return fc.constantFrom(...targets.flatMap(repeat)).chain((target) => {
    const valid = validDrafts(document, target)
    return fc.oneof(
      { weight: 2, arbitrary: valid },
      { weight: 2, arbitrary: valid.chain((draft) => breakOneThing(draft, target.parameters)) },
      { weight: 1, arbitrary: hostileDrafts(target) },
    )
  })
}

/** What ends a user or a room is drawn less often, what needs one to be there more. */
function repeat(target: Target): Target[] {
  const { method, template, parameters } = target
  const ends = method === "DELETE" || /logout$|\/suspend$/.test(template)
  return Array.from({ length: (ends ? 1 : 4) + 2 * inPlace(parameters, "path").length }, () => target)
}

function describe(
  document: OpenApi,
  { method, path: template, operation }: ReturnType<typeof operationsOf>[number],
): Target {
  const schema = operation.requestBody?.content["application/json"]?.schema
  const parameters = operation.parameters.map((parameter) => resolve(document, parameter))
  const isSigned = parameters.some(({ name }) => name === "Stripe-Signature")
  const bodies = isSigned ? stripeEvents : valuesOf(document, schema ?? {})
  return {
    method,
    template,
    operation,
    parameters,
    body: schema ? withPairs(template, bodies) : null,
    fields: Object.keys((schema?.properties as object | undefined) ?? {}),
    isFile: operation.requestBody?.content["application/octet-stream"] !== undefined,
    signatures: isSigned ? SIGNATURES : fc.constant(undefined),
  }
}

const SIGNATURES = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Signature>("good") },
  { weight: 1, arbitrary: fc.constantFrom<Signature | undefined>("stale", "forged", undefined) },
)

const SECURED: Record<string, Identity> = { accessToken: "own", adminToken: "admin", metricsToken: "admin" }

function validDrafts(document: OpenApi, target: Target): fc.Arbitrary<Draft> {
  const { method, template, operation, parameters, body, isFile, signatures } = target
  const scheme = Object.keys(operation.security[0] ?? {})[0]
  const drawn = (place: Parameter["in"]) =>
    someOf(
      byName(inPlace(parameters, place), (parameter) => headerOrQuery(document, parameter)),
      inPlace(parameters, place).flatMap(({ name, required }) => (required ? name : [])),
    )
  const streams = hasStream(document, operation)
  return fc
    .record({
      pick: fc.nat(),
      query: drawn("query"),
      headers: drawn("header"),
      stream: fc.boolean(),
      json: body ?? fc.constant(undefined),
      text: FILES,
      params: fixedParams(parameters),
      otherwise: unknownIds(parameters),
      signature: signatures,
    })
    .map(({ pick, query, headers, stream, json, text, params, otherwise, signature }) => ({
      intent: "valid",
      method,
      template,
      identity: scheme ? (SECURED[scheme] ?? "nonsense") : "nobody",
      params,
      otherwise,
      pick,
      stranger: false,
      signature,
      query: new URLSearchParams(query).toString(),
      headers: {
        ...headers,
        ...(body ? { "content-type": "application/json" } : {}),
        ...(isFile ? { "content-type": "text/plain" } : {}),
        ...(stream && streams ? { accept: "text/event-stream" } : {}),
      },
      ...(body ? { body: { json } } : {}),
      ...(isFile ? { body: { raw: text } } : {}),
    }))
}

/** Texts, which any model reads. */
const FILES = fc
  .string({ unit: fc.constantFrom(..."aZ 09.é—\n"), minLength: 1, maxLength: 200 })
  .map((text) => `Notes: ${text}`)

const inPlace = (parameters: Parameter[], place: Parameter["in"]) =>
  parameters.filter((parameter) => parameter.in === place)

function byName<T>(parameters: Parameter[], draw: (parameter: Parameter) => T): Record<string, T> {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, draw(parameter)]))
}

/** Those that are required and any of the others. */
function someOf(
  entries: Record<string, fc.Arbitrary<string>>,
  requiredKeys: string[] = [],
): fc.Arbitrary<Record<string, string>> {
  return fc.record(entries, { requiredKeys }) as fc.Arbitrary<Record<string, string>>
}

/** Waits are short here, so that a run isn't spent on them; so are the keys few, so that they come again. */
const SHORT: Record<string, fc.Arbitrary<string>> = {
  Prefer: fc.constantFrom("wait=0", "wait=1"),
  "Idempotency-Key": fc.integer({ min: 1, max: 50 }).map((n) => `key-${n}`),
  "Last-Event-ID": fc.constantFrom("0-0", "1-1", "1-5", "1.0.0-0", "2.1.1-4"),
  "X-Request-Id": fc.stringMatching(/^[\w.:-]{1,40}$/),
}

function headerOrQuery(document: OpenApi, { in: place, name, schema }: Parameter): fc.Arbitrary<string> {
  if (SHORT[name]) return SHORT[name]
  if (name === "If-None-Match") return fc.constantFrom("*", '"x"', 'W/"x", "y"')
  // Only a server knows a cursor.
  if (name === "cursor") return fc.constant("$cursor")
  if (schema.format === "date" || schema.format === "uuid") return drawnTexts(schema, name).map(String)
  const texts = valuesOf(document, { ...schema, format: undefined }).map((value) =>
    typeof value === "object" ? "x" : String(value),
  )
  return place === "header" ? texts.map(toHeaderText) : texts
}

/** Parameters that are words of the document, not ids. */
function fixedParams(parameters: Parameter[]): fc.Arbitrary<Record<string, string>> {
  const fixed = inPlace(parameters, "path").filter(({ schema }) => Array.isArray(schema.enum))
  return fc.record(byName(fixed, ({ schema }) => fc.constantFrom(...(schema.enum as string[]))))
}

/** Ids in the form that the document asks for, of nothing. */
function unknownIds(parameters: Parameter[]): fc.Arbitrary<Record<string, string>> {
  const draw = ({ name, schema }: Parameter) =>
    drawnTexts(schema, name).map((text) => encodeURIComponent(String(text)))
  return fc.record(byName(inPlace(parameters, "path"), draw))
}

function hostileDrafts(target: Target): fc.Arbitrary<Draft> {
  const { method, template, parameters, body, fields, signatures } = target
  return fc
    .record({
      identity: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Identity>("own") },
        {
          weight: 5,
          arbitrary: fc.constantFrom<Identity>("other", "nobody", "admin", "refresh", "nonsense"),
        },
      ),
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant(method) },
        { weight: 1, arbitrary: fc.constantFrom("PUT", "HEAD", "OPTIONS", "DELETE", "POST", "PATCH", "GET") },
      ),
      pick: fc.nat(),
      stranger: fc.boolean(),
      params: someOf(byName(inPlace(parameters, "path"), () => hostileSegments)),
      query: fc.oneof({ weight: 2, arbitrary: fc.constant("") }, { weight: 1, arbitrary: hostileQueries }),
      headers: hostileHeaders,
      token: nonsenseTokens,
      body: hostileBodies(fields.length > 0 ? fields : ["x"]),
      withBody: fc.integer({ min: 0, max: 9 }).map((n) => n < (body ? 9 : 1)),
      signature: signatures,
    })
    .map(({ identity, token, headers, body: raw, withBody, ...rest }) => ({
      intent: "hostile",
      template,
      otherwise: {},
      identity,
      ...rest,
      headers: {
        ...(withBody ? { "content-type": "application/json" } : {}),
        ...headers,
        ...(identity === "nonsense" ? { authorization: token } : {}),
      },
      ...(withBody ? { body: raw } : {}),
    }))
}
