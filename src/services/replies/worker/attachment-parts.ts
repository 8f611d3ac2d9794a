import type { Part } from "@google/genai"
import { discardCopy, forgetCopies, keepCopy } from "../../attachments/provider-copies.ts"
import { readContent } from "../../attachments/read-attachment.ts"
import { factsAbout } from "../../chat/model-facts.ts"
import type { Context } from "../../context.ts"
import { AttemptFailed } from "../provider/failures.ts"
import type { Attempt } from "./claim-reply.ts"

/** A turn of a branch, as far as its files go: the entries of its message. */
export interface TurnWithFiles {
  attachments?: readonly unknown[]
}

/** The files of a call's turns, as the provider takes them. */
export interface AttemptFiles {
  /** Returns the parts of a turn that stand before its text. */
  partsOf(turn: TurnWithFiles): Part[]
  /** Lets go of what was read into memory, once the provider has answered: no other model is asked then. */
  release(): void
  /**
   * To be asked when a call has failed. Copies that were uploaded for earlier replies may be out of reach, as after a
   * change of the key: they are forgotten, and the next attempt uploads them again.
   */
  afterFailure(error: unknown): Promise<unknown>
}

interface FileRow {
  id: string
  name: string
  readAs: string
  bytes: number
  objectKey: string | null
  copyName: string | null
  copyUri: string | null
}

/** A file that a turn names. */
interface Named {
  turn: TurnWithFiles
  id: string
}

/**
 * Reads the files that turns name: into the request as far as one may be large, the newest first, by the provider's
 * Files API beyond. Waits while the replies of this process hold as many bytes as they may together.
 * @throws {AttemptFailed} where the provider doesn't take a file; the signal's reason
 */
export async function openAttemptFiles(
  ctx: Context,
  attempt: Pick<Attempt, "userId" | "model">,
  turns: readonly TurnWithFiles[],
  signal: AbortSignal,
): Promise<AttemptFiles> {
  const named = turns.toReversed().flatMap((turn) => idsOf(turn).map((id) => ({ turn, id })))
  if (named.length === 0) return NO_FILES
  const rows = await readRows(ctx, attempt.userId, named)
  const readable = factsAbout(attempt.model).attachments
  const { inline, remote } = divide(named, rows, readable, ctx.config.attachments.inlineBytesPerCall)
  const bytes = inline.reduce((sum, { id }) => sum + (rows.get(id)?.bytes ?? 0), 0)
  const giveBack = await ctx.inlineFiles.acquire(bytes, signal)
  try {
    return await readAll(ctx, attempt, { named, rows, inline, remote, giveBack }, signal)
  } catch (error) {
    giveBack()
    throw error
  }
}

const NO_FILES: AttemptFiles = {
  partsOf: () => [],
  release: () => undefined,
  afterFailure: async (error) => error,
}

/** Entries without an id are of files that aren't kept here. */
function idsOf({ attachments = [] }: TurnWithFiles): string[] {
  return attachments.flatMap((entry) => (entry as { id?: string | null }).id ?? [])
}

async function readRows(
  ctx: Context,
  userId: string,
  named: readonly Named[],
): Promise<Map<string, FileRow>> {
  const ids = [...new Set(named.map(({ id }) => id))]
  const { rows } = await ctx.db.execute<FileRow>("read-files", READ, [userId, ids])
  return new Map(rows.map((row) => [row.id, row]))
}

/** A copy that is about to expire isn't used: the call may take a while. */
const READ = `
  SELECT id, name, read_as AS "readAs", bytes::int AS bytes, object_key AS "objectKey",
    CASE WHEN file_expires_at > now() + interval '1 hour' THEN file_name END AS "copyName",
    CASE WHEN file_expires_at > now() + interval '1 hour' THEN file_uri END AS "copyUri"
  FROM attachments WHERE user_id = $1 AND id = ANY ($2::uuid[]) AND ready_at IS NOT NULL`

function divide(
  named: readonly Named[],
  rows: ReadonlyMap<string, FileRow>,
  readable: readonly string[],
  most: number,
) {
  const inline: Named[] = []
  const remote: Named[] = []
  let left = most
  for (const one of named) {
    const row = rows.get(one.id)
    if (!row || !readable.includes(row.readAs)) continue
    if (row.bytes <= left) {
      left -= row.bytes
      inline.push(one)
    } else remote.push(one)
  }
  return { inline, remote }
}

interface Plan {
  named: readonly Named[]
  rows: ReadonlyMap<string, FileRow>
  inline: readonly Named[]
  remote: readonly Named[]
  giveBack: () => void
}

async function readAll(
  ctx: Context,
  { userId }: Pick<Attempt, "userId">,
  { named, rows, inline, remote, giveBack }: Plan,
  signal: AbortSignal,
): Promise<AttemptFiles> {
  const parts = new Map<Named, Part>()
  const used: string[] = []
  for (const one of inline) parts.set(one, await toInline(ctx, userId, rows.get(one.id) as FileRow))
  for (const one of remote) {
    const row = rows.get(one.id) as FileRow
    if (row.copyName) used.push(row.copyName)
    parts.set(one, await toRemote(ctx, userId, row, signal))
  }
  const release = () => {
    for (const { inlineData } of parts.values()) if (inlineData) inlineData.data = ""
    giveBack()
  }
  return {
    partsOf: (turn) =>
      named.filter((one) => one.turn === turn).flatMap((one) => describe(rows.get(one.id), parts.get(one))),
    release,
    async afterFailure(error) {
      if (used.length === 0 || !(error instanceof AttemptFailed) || error.retryable) return error
      if (error.code !== "misconfigured" && error.code !== "provider_refused") return error
      await forgetCopies(ctx, userId, used)
      return new AttemptFailed("interrupted", `a copy of a file may be gone: ${error.message}`, {
        cause: error,
      })
    },
  }
}

/** A model knows a file by its name, and hears of one that it can't read. As JSON, so that no name can end it. */
function describe(row: FileRow | undefined, part: Part | undefined): Part[] {
  if (!row) return []
  const name = JSON.stringify(row.name)
  return part
    ? [{ text: `File ${name}:` }, part]
    : [{ text: `The file ${name} can't be read by this model.` }]
}

async function toInline(ctx: Context, userId: string, row: FileRow): Promise<Part> {
  const chunks: Buffer[] = []
  for await (const chunk of readContent(ctx, userId, row)) chunks.push(chunk)
  return { inlineData: { mimeType: row.readAs, data: Buffer.concat(chunks).toString("base64") } }
}

/** Sent on as it is read, so that it takes no memory. */
async function toRemote(ctx: Context, userId: string, row: FileRow, signal: AbortSignal): Promise<Part> {
  const { readAs: mimeType, bytes, copyUri } = row
  if (copyUri) return { fileData: { mimeType, fileUri: copyUri } }
  const content = readContent(ctx, userId, row)
  const copy = await ctx.providerFiles.upload({ type: mimeType, bytes, content }, signal, (name) =>
    discardCopy(ctx, name).catch((err: unknown) => {
      // The attempt ends by what has stopped it; the provider deletes the copy two days later.
      ctx.log.warn({ err }, "an unused copy of a file can't be noted for deletion")
    }),
  )
  await keepCopy(ctx, { userId, id: row.id }, copy)
  return { fileData: { mimeType, fileUri: copy.uri } }
}
