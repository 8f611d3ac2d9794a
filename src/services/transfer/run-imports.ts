import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { IMPORTS } from "../../config/limits.ts"
import { BrokenJson, type JsonItem, splitJsonItems } from "../../utils/json-items.ts"
import { publishRoomListChanged } from "../chat/room-pubsub.ts"
import type { Context } from "../context.ts"
import {
  type ClaimedImport,
  claimImport,
  endImport,
  ImportLost,
  keepResult,
  keepTotal,
  passConversation,
  readFile,
  releaseImport,
} from "./claim-import.ts"
import type { IncomingRoom } from "./incoming-room.ts"
import { FileRefused, type Problem, Refused, toProblem } from "./problems.ts"
import { type ImportFormat, parseConversation, readConversation, recognize } from "./read-conversation.ts"
import { writeRoom } from "./write-room.ts"

/** Imports files in this process, one at a time: a conversation takes many times its bytes of memory. */
export interface Imports {
  /** Begins with an import that is due, unless one is in flight. Resolves when it is claimed. */
  begin(): Promise<void>
  /** Hands back the one in flight. */
  close(): Promise<void>
}

export function createImports(ctx: Context): Imports {
  const stopping = new AbortController()
  let running: Promise<void> | null = null
  return {
    async begin() {
      if (running || stopping.signal.aborted) return
      const claimed = await claimImport(ctx)
      if (!claimed) return
      running = runImport(ctx, claimed, stopping.signal).finally(() => {
        running = null
      })
    },
    async close() {
      stopping.abort()
      await running
    },
  }
}

/** How often an import may stop at one place. Then that conversation, or the whole file, is given up. */
const MAX_STALLS = 3

/** The process stops. */
class Stopped extends Error {}

/** May run twice, even at the same time: each conversation is passed once. */
async function runImport(ctx: Context, claimed: ClaimedImport, signal: AbortSignal): Promise<void> {
  try {
    await importFile(ctx, claimed, signal)
    await endImport(ctx, claimed, null)
    ctx.events.importEnded({ userId: claimed.userId, importId: claimed.id, result: "completed", code: null })
  } catch (error) {
    await settle(ctx, claimed, error).catch((err: unknown) =>
      ctx.log.warn({ err, importId: claimed.id }, "import not settled"),
    )
  }
}

async function settle(ctx: Context, claimed: ClaimedImport, error: unknown): Promise<void> {
  const refused = error instanceof BrokenJson ? toFileRefused(error) : error
  if (refused instanceof ImportLost) return
  if (refused instanceof Stopped) return releaseImport(ctx, claimed)
  if (refused instanceof FileRefused) {
    await endImport(ctx, claimed, toProblem(refused.code))
    const { code } = refused
    return ctx.events.importEnded({ userId: claimed.userId, importId: claimed.id, result: "failed", code })
  }
  // Goes on once the lease has run out.
  ctx.log.warn({ err: error, importId: claimed.id }, "import interrupted")
}

const toFileRefused = ({ isCutOff }: BrokenJson) => new FileRefused(isCutOff ? "cut_off" : "not_json")

/** Reads the file through before anything is written, so that a broken one leaves nothing. */
async function importFile(ctx: Context, claimed: ClaimedImport, signal: AbortSignal): Promise<void> {
  const { stalls, total, done } = claimed
  if (total === null) {
    if (stalls > MAX_STALLS) throw new FileRefused("abandoned")
    await keepTotal(ctx, claimed, await readThrough(ctx, claimed, signal))
  }
  if (done === total) return
  for await (const item of readItems(ctx, claimed, signal)) {
    if (item.n < done) continue
    const isGivenUp = item.n === done && stalls > MAX_STALLS
    await importItem(ctx, claimed, item, isGivenUp ? new Refused("abandoned") : null)
  }
}

async function* readItems(ctx: Context, claimed: ClaimedImport, signal: AbortSignal) {
  for await (const item of splitJsonItems(readFile(ctx, claimed), ctx.config.imports.conversation)) {
    if (signal.aborted) throw new Stopped()
    yield item
  }
}

/** @throws {FileRefused | BrokenJson} */
async function readThrough(ctx: Context, claimed: ClaimedImport, signal: AbortSignal) {
  let total = 0
  let format: ImportFormat | null = null
  let isReadable = false
  for await (const item of readItems(ctx, claimed, signal)) {
    total = item.n + 1
    if (total > IMPORTS.maxConversations) throw new FileRefused("too_many_conversations")
    const { value } = "bytes" in item ? parseConversation(item.bytes) : { value: null }
    // One that is too large may be of any format.
    isReadable ||= "refused" in item
    format ??= recognizeOrNull(value)
  }
  if (format === null && !isReadable && total > 0) throw new FileRefused("format_unknown")
  return { total, format }
}

function recognizeOrNull(value: unknown): ImportFormat | null {
  try {
    return recognize(value)
  } catch (error) {
    if (error instanceof Refused && error.code === "version_unknown") return "chatroom"
    if (error instanceof Refused) return null
    throw error
  }
}

async function importItem(
  ctx: Context,
  claimed: ClaimedImport,
  item: JsonItem,
  givenUp: Refused | null,
): Promise<void> {
  const { n } = item
  const read = await readItem(item, givenUp)
  const chatroomId = await inTransaction(ctx.db.pool, async (client) => {
    await passConversation(ctx, client, claimed, n)
    const id = read.room && (await write(ctx, client, claimed, read.room))
    if (id !== null || read.problems.length > 0)
      await keepResult(client, claimed, { n, chatroomId: id, problems: read.problems })
    return id
  })
  ctx.metrics.importedConversations.inc({ result: chatroomId === null ? "refused" : "imported" })
  if (chatroomId !== null) publishRoomListChanged(ctx, claimed.userId)
}

function write({ config }: Context, client: pg.ClientBase, { userId }: ClaimedImport, room: IncomingRoom) {
  return writeRoom(client, { userId, hasRetention: config.retentionMs !== null }, room)
}

async function readItem(
  item: JsonItem,
  givenUp: Refused | null,
): Promise<{ room: IncomingRoom | null; problems: Problem[] }> {
  try {
    if (givenUp) throw givenUp
    if ("refused" in item) throw new Refused(item.refused)
    const room = await readConversation(parseConversation(item.bytes))
    return { room, problems: room.notes.map((code) => toProblem(code, [item.n])) }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { room: null, problems: [toProblem(error.code, [item.n, ...error.path])] }
  }
}
