import { isDeepStrictEqual } from "node:util"
import type { Call } from "../../simulators/gemini/calls.ts"
import { sha256Of } from "../../simulators/gemini/media.ts"
import { continuedBy } from "../../simulators/gemini/request.ts"
import { type Turn, toContents } from "../../src/services/replies/worker/build-contents.ts"
import { askedBy } from "./charges.ts"
import type { Exchange, SentFile } from "./exchange.ts"
import { branchOf, type Row, type Stored } from "./stored.ts"

/** Judges whether replies have what one single call to the provider sent. */
export type OneCall = (exchange: Exchange, reply: Row) => boolean

/**
 * Finds, for a completed or cancelled reply, one call that was sent its branch, with the files as they were uploaded, and
 * that sent its text: all of it, or for a cancelled reply the text up to one of the chunks.
 */
export function createOneCall(
  calls: readonly Call[],
  exchanges: readonly Exchange[],
  stored: Stored,
): OneCall {
  const byPrompt = Map.groupBy(calls, askedBy)
  const files = new Map(exchanges.map((exchange) => [exchange.text, exchange.files]))
  return ({ text }, reply) => {
    if (!reply.content.startsWith(reply.prefix)) return false
    if (reply.status === "cancelled" && reply.content === reply.prefix) return true
    const sent = (byPrompt.get(text) ?? []).filter((call) => hasSent(call, reply))
    if (sent.length === 0) return false
    const contents = contentsFor(branchOf(stored, reply.parent_id), files)
    return sent.some((call) => isDeepStrictEqual(split(call), { contents, goesOnFrom: reply.prefix }))
  }
}

function hasSent({ told }: Call, { content, prefix, status }: Row): boolean {
  const text = content.slice(prefix.length)
  const ends = status === "completed" ? told.slice(-1) : told
  const sha256 = sha256Of(Buffer.from(text))
  return ends.some((end) => end.characters === text.length && end.sha256 === sha256)
}

/** The branch that a call was sent, and the text that it is to go on from. */
function split({ request, contents }: Call) {
  const continued = request && continuedBy(request)
  return continued
    ? { contents: continued.before.contents, goesOnFrom: continued.said }
    : { contents, goesOnFrom: "" }
}

function contentsFor(branch: Row[], files: ReadonlyMap<string, SentFile[]>) {
  const turns = branch.map((row) => ({ ...row, errorCode: row.error_code }) as Turn)
  // By the text, which no other prompt has: copies have it, too.
  const contents = toContents(turns, null, ({ content }) => partsOf(files.get(content)))
  // As it goes over the wire.
  return JSON.parse(JSON.stringify(contents))
}

/** The model is told a file's name before its content. */
function partsOf(files: readonly SentFile[] = []) {
  return files.flatMap(({ name, type, bytes }) => [
    { text: `File ${JSON.stringify(name)}:` },
    { inlineData: { mimeType: type, data: bytes.toString("base64") } },
  ])
}
