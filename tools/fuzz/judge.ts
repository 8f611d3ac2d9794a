import { createParser, type EventSourceMessage } from "eventsource-parser"
import type { Content } from "../../src/routes/openapi/types.ts"
import type { Contract } from "../lib/contract.ts"
import type { Answer, Call } from "./call.ts"
import type { Draft } from "./draft.ts"

/** Fields with more rules than a schema can say, so the document alone can't decide. */
const MORE_RULES = [
  "body.mobileNumber",
  "body.newPassword",
  "body.parentId",
  "body.headId",
  "body.messageId",
  "body.model",
  "body.returnUrl",
  "query.cursor",
  // The first and the last day are in their order.
  "query.from",
]

/** What is wrong with an answer, one line each. */
export function judge(contract: Contract, draft: Draft, call: Call, answer: Answer): string[] {
  const { status, headers, text } = answer
  if (status >= 500) return [`status ${status}: ${text.slice(0, 300)}`]
  let body: unknown
  try {
    body = bodyOf(answer)
  } catch {
    return [`no JSON: ${text.slice(0, 300)}`]
  }
  const { method, path } = call
  return [
    ...contract.check({ method, path, status, headers, body }),
    ...judgeEvents(contract, call, answer),
    ...judgeRefusal(draft, status, body),
    ...judgeAcceptance(contract, call, status),
  ]
}

/** Parses the body where it is JSON. @throws {SyntaxError} */
export function bodyOf({ headers, text }: Answer): unknown {
  return headers.get("content-type")?.includes("json") && text !== "" ? JSON.parse(text) : text
}

function judgeEvents(contract: Contract, call: Call, { headers, text }: Answer): string[] {
  if (!headers.get("content-type")?.startsWith("text/event-stream")) return []
  const faults: string[] = []
  const onEvent = ({ event = "message", data }: EventSourceMessage) => {
    for (const fault of contract.checkEvent(call, event, JSON.parse(data)))
      faults.push(`event ${event}: ${fault}`)
  }
  createParser({ onEvent }).feed(text)
  return faults
}

/** What the document allows must not be refused as invalid. */
function judgeRefusal({ intent }: Draft, status: number, body: unknown): string[] {
  if (intent !== "valid" || status !== 400) return []
  const { code, errors = [] } = body as { code: string; errors?: { path: string; message: string }[] }
  if (code !== "invalid_request") return []
  const unforeseen = errors.filter(({ path }) => !MORE_RULES.includes(path))
  if (errors.length > 0 && unforeseen.length === 0) return []
  return [`refused although the document allows it: ${JSON.stringify(unforeseen)}`]
}

/** What the document forbids must not be taken. White space around a text doesn't count. */
function judgeAcceptance(contract: Contract, { method, path, body }: Call, status: number): string[] {
  const found = contract.find(method, path)
  // Where a body may be missing, an empty one is none.
  if (status >= 300 || !body || !found?.operation.requestBody) return []
  const { content: contents } = found.operation.requestBody
  const content = contents["application/json"] as Content | undefined
  // Of a file only its content decides, perhaps later.
  if (!content || contents["multipart/form-data"]) return []
  const sent = parseJson(body)
  const trimmed = parseJson(body, (_, value) => (typeof value === "string" ? value.trim() : value))
  const faults = contract.validate(content.schema, sent)
  if (faults.length === 0 || contract.validate(content.schema, trimmed).length === 0) return []
  return faults.map((fault) => `taken although the document forbids it: ${fault}`)
}

/** RFC 8259 lets a reader ignore a byte order mark, and the server does. @throws {SyntaxError} */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ""), reviver)
}

/** The document's words for what is asked for, to count by. */
export function nameOf(contract: Contract, { method, path }: Call): string {
  const found = contract.find(method, path)
  return found ? `${method} ${found.template}` : "(no such endpoint)"
}
