import { isDeepStrictEqual } from "node:util"
import type { Call } from "../../simulators/gemini/calls.ts"
import { sha256Of } from "../../simulators/gemini/media.ts"
import { type Turn, toContents } from "../../src/services/replies/worker/build-contents.ts"
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
  const byPrompt = Map.groupBy(calls, ({ prompt }) => prompt)
  const files = new Map(exchanges.map((exchange) => [exchange.promptId, exchange.files]))
  return ({ text }, reply) => {
    if (reply.status === "cancelled" && reply.content === "") return true
    const sent = (byPrompt.get(text) ?? []).filter((call) => hasSent(call, reply))
    if (sent.length === 0) return false
    const contents = contentsFor(branchOf(stored, reply.parent_id), files)
    return sent.some((call) => isDeepStrictEqual(call.contents, contents))
  }
}

function hasSent({ told }: Call, { content, status }: Row): boolean {
  const ends = status === "completed" ? told.slice(-1) : told
  const sha256 = sha256Of(Buffer.from(content))
  return ends.some((end) => end.characters === content.length && end.sha256 === sha256)
}

function contentsFor(branch: Row[], files: ReadonlyMap<string, SentFile[]>) {
  const turns = branch.map((row) => ({ ...row, errorCode: row.error_code }) as Turn & Pick<Row, "id">)
  const contents = toContents(turns, null, (turn) => partsOf(files.get((turn as (typeof turns)[number]).id)))
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
