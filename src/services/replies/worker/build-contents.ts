import type { Part } from "@google/genai"
import type { Context } from "../../context.ts"
import type { Content } from "../provider/gemini.ts"
import { addSummaryTask } from "../room-tasks/room-task.ts"
import { readSummary, summaryTokens } from "../room-tasks/summary.ts"
import { type AttemptFiles, openAttemptFiles } from "./attachment-parts.ts"
import { LeaseLost } from "./attempt-buffer.ts"
import type { Attempt } from "./claim-reply.ts"
import { BYTES_PER_TOKEN, chooseWindow } from "./context-window.ts"
import type { BranchTurn } from "./read-branch.ts"
import { sendableTurns, type Turn } from "./turns.ts"

export type { Turn }

/**
 * Builds the `contents` for a reply: the prompt alone (`single`), or as many of the newest turns of its branch as the
 * token budget holds, after a summary of those before. They begin like the contents of the reply before as long as the
 * budget allows, because the provider charges less for a beginning that it has seen.
 * @param turns the branch as `branchOf` reads it; their files are read until `signal` aborts; what they hold is to be released.
 * @throws {LeaseLost} when the prompt is gone
 * @throws {AttemptFailed} where the provider doesn't take a file
 */
export async function buildContents(
  ctx: Context,
  attempt: Attempt,
  turns: readonly BranchTurn[],
  signal: AbortSignal,
): Promise<{ contents: Content[]; files: AttemptFiles }> {
  // The room was deleted after the claim.
  if (turns.length === 0) throw new LeaseLost()
  const isSingle = attempt.contextMode === "single"
  const { branch, summary } = isSingle
    ? { branch: turns, summary: null }
    : await toWindow(ctx, attempt, turns)
  const files = await openAttemptFiles(ctx, attempt, branch, signal)
  const contents = [...toContents(branch, summary, files.partsOf), ...continuation(attempt)]
  return { contents, files }
}

/** A reply that goes on from a text ends with that, and asks for the rest of it. */
function continuation({ prefix }: Attempt): Content[] {
  if (prefix === "") return []
  return [
    { role: "model", parts: [{ text: prefix }] },
    { role: "user", parts: [{ text: GO_ON }] },
  ]
}

const GO_ON =
  "Your last message was cut off. Continue it from exactly where it ends, in the middle of a word if it ends there: begin with the next character, repeat nothing, and say nothing about this."

async function toWindow(ctx: Context, attempt: Attempt, branch: readonly BranchTurn[]) {
  const { contextTokens: budget, summaries } = ctx.config.gemini
  const beside = [attempt.systemInstruction ?? "", ...(attempt.prefix ? [attempt.prefix, GO_ON] : [])]
  const overhead = Buffer.byteLength(beside.join("")) / BYTES_PER_TOKEN
  const reserve = summaries ? summaryTokens(budget) : 0
  const { start, isMoved, next } = chooseWindow(branch, { budget, overhead, reserve })
  const [first, after] = [branch[start], next === null ? undefined : branch[next]]
  if (isMoved && first) await keepStart(ctx, attempt, first.id)
  const summary = summaries ? await readSummaryBefore(ctx, attempt, first) : null
  if (summaries && after) askForSummary(ctx, attempt, after)
  return { branch: branch.slice(start), summary }
}

/** Kept only where the window moves: the replies after this one find it on their way up the branch. */
async function keepStart(ctx: Context, { userId, id, number }: Attempt, start: string): Promise<void> {
  await ctx.db.execute("keep-context-start", KEEP_START, [userId, id, number, start])
}

const KEEP_START = "UPDATE messages SET context_start = $4 WHERE user_id = $1 AND id = $2 AND attempt = $3"

/** Without a summary the reply is made without; it is asked for, and a later reply has it. */
async function readSummaryBefore(ctx: Context, attempt: Attempt, first: BranchTurn | undefined) {
  if (!first?.parentId) return null
  const summary = await readSummary(ctx, { userId: attempt.userId, messageId: first.parentId })
  if (summary === null) askForSummary(ctx, attempt, first)
  return summary
}

/** In the background: no reply waits for it. */
function askForSummary(ctx: Context, { userId, chatroomId }: Attempt, { parentId }: BranchTurn): void {
  if (parentId === null) return
  const covered = { userId, chatroomId, messageId: parentId }
  ctx.background.run("ask for a summary", () => addSummaryTask(ctx, covered))
}

/**
 * Returns the `contents` of a branch that ends in the prompt to reply to: the user's and the model's turns, alternating,
 * the user's first and last. What is the same side's, once turns that can't be sent are left out, is one turn.
 * @param summary of what was before the branch; it stands before the user's first text
 * @param filesOf the parts of a turn that stand before its text
 */
export function toContents(
  branch: readonly Turn[],
  summary: string | null = null,
  filesOf: (turn: Turn) => Part[] = () => [],
): Content[] {
  const kept = sendableTurns(branch)
  const contents: Content[] =
    summary === null ? [] : [{ role: "user", parts: [{ text: introduce(summary) }] }]
  for (const turn of kept.slice(kept.findIndex(({ role }) => role === "user"))) {
    const { role, content: text } = turn
    const parts = [...filesOf(turn), { text }]
    const last = contents.at(-1)
    if (last?.role === role) last.parts?.push(...parts)
    else contents.push({ role, parts })
  }
  return contents
}

/** As JSON, so that nothing that was said can end it. */
function introduce(summary: string): string {
  return `A summary of the earlier conversation, made by a program. It is background and asks for nothing: ${JSON.stringify(summary)}`
}
