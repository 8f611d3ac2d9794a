import {
  type Content,
  type OpenApi,
  type Operation,
  operationsOf,
  type Parameter,
  type ReplyObject,
  resolve,
} from "../../src/routes/openapi/types.ts"
import { createSchemaComparison } from "./breaking-schema.ts"

/** What a client of `before` may stumble over in `after`, one line each: `GET /chatroom: …`. */
export function findBreakingChanges(before: OpenApi, after: OpenApi): string[] {
  const later = new Map(operationsOf(after).map(({ name, operation }) => [name, operation]))
  return operationsOf(before).flatMap(({ name, operation }) => {
    const now = later.get(name)
    if (!now) return [`${name}: removed`]
    return [...new Set(compareOperation(before, after, operation, now))].map((fault) => `${name}: ${fault}`)
  })
}

function compareOperation(before: OpenApi, after: OpenApi, old: Operation, now: Operation): string[] {
  const request = createSchemaComparison(before, after, "request")
  const reply = createSchemaComparison(before, after, "reply")
  return [
    ...compareSecurity(old, now),
    ...compareParameters(
      old.parameters.map((parameter) => resolve(before, parameter)),
      now.parameters.map((parameter) => resolve(after, parameter)),
      request,
    ),
    ...compareRequestBody(old, now, request),
    ...Object.entries(old.responses).flatMap(([status, was]) => {
      const is = now.responses[status]
      // A client that knew an error can live without it.
      if (!is) return Number(status) < 400 ? [`status ${status} removed`] : []
      return compareReply(status, resolve(before, was), resolve(after, is), reply)
    }),
  ]
}

type Compare = ReturnType<typeof createSchemaComparison>

function compareSecurity(old: Operation, now: Operation): string[] {
  const schemeOf = ({ security }: Operation) => Object.keys(security[0] ?? {})[0] ?? "none"
  const [was, is] = [schemeOf(old), schemeOf(now)]
  return is === "none" || is === was ? [] : [`security changed from ${was} to ${is}`]
}

function compareParameters(old: Parameter[], now: Parameter[], compare: Compare): string[] {
  const keyOf = ({ in: place, name }: Parameter) => `${place} parameter ${name}`
  const gone = old.filter((was) => !now.some((is) => keyOf(is) === keyOf(was)))
  return [
    ...gone.map((was) => `${keyOf(was)} removed`),
    ...now.flatMap((is) => {
      const was = old.find((one) => keyOf(one) === keyOf(is))
      if (is.required && !was?.required) return [`${keyOf(is)} became required`]
      return was ? compare(was.schema, is.schema, keyOf(is)) : []
    }),
  ]
}

function compareRequestBody(old: Operation, now: Operation, compare: Compare): string[] {
  if (!now.requestBody) return old.requestBody ? ["request body removed"] : []
  if (!old.requestBody) return now.requestBody.required ? ["request body became required"] : []
  return compareContent(old.requestBody.content, now.requestBody.content, "body", compare)
}

function compareReply(status: string, was: ReplyObject, is: ReplyObject, compare: Compare): string[] {
  const headers = Object.keys(was.headers).filter((name) => !(name in is.headers))
  return [
    ...headers.map((name) => `${status}: header ${name} removed`),
    ...compareContent(was.content ?? {}, is.content ?? {}, status, compare),
  ]
}

function compareContent(
  old: Record<string, Content>,
  now: Record<string, Content>,
  place: string,
  compare: Compare,
): string[] {
  return Object.entries(old).flatMap(([type, was]) => {
    const is = now[type]
    if (!is) return [`${place}: ${type} removed`]
    const events = Object.entries(was["x-events"] ?? {}).flatMap(([event, data]) => {
      const next = is["x-events"]?.[event]
      return next ? compare(data, next, `event ${event}`) : [`event ${event} removed`]
    })
    return [...compare(was.schema, is.schema, place), ...events]
  })
}
