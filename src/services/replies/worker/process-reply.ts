import { SECOND } from "../../../utils/time.ts"
import { dropCopies } from "../../chat/drop-copies.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { QUEUE_NAME } from "../accept/reply-queue.ts"
import { toCitations } from "../provider/citations.ts"
import { AttemptFailed } from "../provider/failures.ts"
import { NO_META } from "../provider/gemini.ts"
import { CircuitOpen, MAX_CALLS, streamReply } from "../provider/model-fallback.ts"
import { RpmLimitReached } from "../provider/rpm-limit.ts"
import type { AttemptFiles } from "./attachment-parts.ts"
import { type AttemptBuffer, CancelRequested, LeaseLost, openAttemptBuffer } from "./attempt-buffer.ts"
import { buildContents } from "./build-contents.ts"
import { type Attempt, claimReply } from "./claim-reply.ts"
import { countFailures, type Ending, finishReply, requeueReply } from "./finish-reply.ts"
import { recordCooldown } from "./model-wait.ts"
import type { BranchTurn } from "./read-branch.ts"
import { noticesOf, takeTools, usedTools } from "./reply-tools.ts"

/**
 * What became of a run. `failed`: for good. `retry`: the attempt failed and the queue is to try again, not before
 * `inMs` from now. `later`: the same without a failure; with `forAll`, no other reply can be made before then either.
 */
export type Run =
  | { outcome: "finished" | "nothing-to-do" }
  | { outcome: "failed"; failure: AttemptFailed }
  | { outcome: "retry"; failure: AttemptFailed; inMs: number }
  | { outcome: "later"; inMs: number; forAll?: boolean }

/** A reply that was taken over so often probably kills its workers. */
export const MAX_TAKEOVERS = 5

/**
 * Makes one reply: claims it, streams it from Gemini into the reply log and writes the end. May be called any number
 * of times, by several workers at once: one of them gets the claim, and its attempt number fences every later write.
 * @param stopping aborts when the worker stops: the reply is handed back to the queue
 */
export async function processReply(ctx: Context, reply: MessageKey, stopping: AbortSignal): Promise<Run> {
  // Loaded meanwhile, if this is the first one. The attempt finds out what fails.
  ctx.gemini.prepare().catch(() => undefined)
  const claimed = await claimReply(ctx, reply)
  if ("waitMs" in claimed) return { outcome: "later", inMs: claimed.waitMs }
  if ("none" in claimed) return { outcome: "nothing-to-do" }
  const { attempt, branch } = claimed
  const attributes = {
    "messaging.system": "bullmq",
    "messaging.destination.name": QUEUE_NAME,
    "chat.reply.id": reply.id,
    "chat.reply.attempt": attempt.number,
  }
  const parent = attempt.traceparent
  return ctx.tracing.span(`process ${QUEUE_NAME}`, { kind: "consumer", parent, attributes }, async (span) => {
    const run = await runAttempt(ctx, attempt, branch, stopping)
    if (run.outcome === "nothing-to-do") await dropIfDeleted(ctx, attempt)
    span.set({ "chat.reply.outcome": run.outcome })
    if ("failure" in run) span.fail(run.failure)
    return run
  })
}

/** Until its worker notices, the text of a reply that is deleted while it is made goes on to its log. */
async function dropIfDeleted(ctx: Context, { userId, id }: Attempt): Promise<void> {
  const { rowCount } = await ctx.db.execute("is-reply-there", IS_THERE, [userId, id])
  if (rowCount === 0) dropCopies(ctx, { userId, replyIds: [id] })
}

const IS_THERE = "SELECT FROM messages WHERE user_id = $1 AND id = $2"

async function runAttempt(
  ctx: Context,
  attempt: Attempt,
  branch: readonly BranchTurn[],
  stopping: AbortSignal,
): Promise<Run> {
  ctx.events.replyStarted(logFields(attempt))
  const buffer = openAttemptBuffer(ctx, attempt, stopping)
  const { signal } = buffer
  let files: AttemptFiles | null = null
  try {
    if (attempt.cancelRequested) throw new CancelRequested()
    ctx.replyLog.begin(attempt.id, attempt.number)
    buffer.add("text", attempt.prefix)
    assertHasCalls(attempt)
    const built = await buildContents(ctx, attempt, branch, signal)
    files = built.files
    buffer.tools = await takeTools(ctx, attempt)
    const request = {
      wanted: attempt.model,
      chatroomId: attempt.chatroomId,
      contents: built.contents,
      systemInstruction: attempt.systemInstruction,
      thinking: attempt.thinking,
      tools: buffer.tools.granted,
      signal,
      day: attempt.day,
      calls: buffer.calls,
    }
    let isBegun = false
    for await (const { text, thought, metadata } of streamReply(ctx, request)) {
      buffer.metadata = metadata
      if (thought) buffer.add("thought", thought)
      if (text && !isBegun) {
        isBegun = true
        observeFirstText(ctx, buffer)
        files.release()
      }
      if (text) buffer.add("text", text)
    }
    buffer.flush()
    return await end(ctx, buffer, { status: "completed" })
  } catch (error) {
    const seen = files ? await files.afterFailure(error).catch(() => error) : error
    return await recoverCounted(ctx, buffer, seen, stopping)
  } finally {
    files?.release()
    buffer.close()
  }
}

/** @throws {AttemptFailed} where a call would be one too many, or cost another worker */
function assertHasCalls({ takeovers, failures }: Attempt): void {
  if (takeovers >= MAX_TAKEOVERS)
    throw new AttemptFailed("internal", "its workers died too often", { retryable: false })
  if (failures >= MAX_CALLS)
    throw new AttemptFailed("internal", "its end couldn't be written", { retryable: false })
}

function logFields({ id, number, requestId }: Attempt) {
  return { replyId: id, attempt: number, requestId }
}

function observeFirstText({ metrics }: Context, { startedAt }: AttemptBuffer): void {
  metrics.firstChunkSeconds.observe((performance.now() - startedAt) / SECOND)
}

/** The attempt is stale, and so is its result. */
const STALE: Run = { outcome: "nothing-to-do" }

/** Ends the reply with what the attempt has. */
async function end(
  ctx: Context,
  buffer: AttemptBuffer,
  {
    status,
    content = buffer.text,
    thoughts = buffer.thoughts,
    failure = null,
  }: { status: Ending["status"]; content?: string; thoughts?: string; failure?: AttemptFailed | null },
): Promise<Run> {
  const { attempt, metadata, startedAt } = buffer
  const { finishReason, usage, model, sources, partStarts } = metadata
  const ending: Ending = {
    status,
    content,
    thoughts,
    errorCode: failure?.code ?? null,
    errorMessage: failure?.words ?? null,
    finishReason,
    usage,
    model,
    citations: toCitations(sources, { text: content, before: attempt, partStarts }),
    searchQueries: [...new Set([...attempt.searchQueries, ...sources.queries])],
    notices: buffer.calls.made > 0 ? noticesOf(attempt, buffer.tools, metadata) : [],
    usedTools: usedTools(buffer, { status, code: failure?.code ?? null }),
    uses: buffer.calls.uses,
  }
  // The lease is renewed up to the write: the wait for a connection and for the room may outlast it.
  const write = () => finishReply(ctx, attempt, { ending, release: () => buffer.close() })
  if (!(await ctx.tracing.span("write reply", {}, write))) return STALE
  ctx.events.replyFinished({
    ...logFields(attempt),
    status,
    code: ending.errorCode,
    durationMs: Math.round(performance.now() - startedAt),
    promptTokens: ending.usage?.promptTokens ?? null,
    outputTokens: ending.usage?.outputTokens ?? null,
    thoughtTokens: ending.usage?.thoughtTokens ?? null,
    totalTokens: ending.usage?.totalTokens ?? null,
    notices: ending.notices,
  })
  return failure ? { outcome: "failed", failure } : { outcome: "finished" }
}

/** Counts an attempt's failures also when its end can't be written: the takeover must not begin from none. */
async function recoverCounted(ctx: Context, buffer: AttemptBuffer, error: unknown, stopping: AbortSignal) {
  try {
    return await recover(ctx, buffer, error, stopping)
  } catch (unwritten) {
    // Where this fails, too, the number of takeovers is the limit.
    const lost = { failures: failuresOf(buffer), uses: buffer.calls.uses }
    await countFailures(ctx, buffer.attempt, lost).catch(() => undefined)
    throw unwritten
  }
}

/** What an attempt adds to the failures of its reply: its calls or, without one, itself. */
const failuresOf = ({ calls }: AttemptBuffer) => Math.max(1, calls.made)

async function recover(ctx: Context, buffer: AttemptBuffer, error: unknown, stopping: AbortSignal) {
  const { attempt } = buffer
  if (error instanceof LeaseLost) return STALE
  if (error instanceof CancelRequested) {
    const kept = attempt.cancelRequested ? attempt : { content: buffer.text, thoughts: buffer.thoughts }
    return end(ctx, buffer, { status: "cancelled", content: kept.content, thoughts: kept.thoughts })
  }
  if (stopping.aborted) {
    buffer.calls.made = 0
    return handBack(ctx, buffer, { outcome: "later", inMs: 0 })
  }
  const cooledDownMs = await recordCooldown(ctx, attempt, error instanceof CircuitOpen)
  if (error instanceof RpmLimitReached)
    return handBack(ctx, buffer, { outcome: "later", inMs: error.waitMs, forAll: true })
  if (error instanceof CircuitOpen && cooledDownMs < ctx.timing.gemini.modelWaitMs)
    return handBack(ctx, buffer, { outcome: "later", inMs: error.cooldownMs })
  return fail(ctx, buffer, toFailure(error))
}

async function fail(ctx: Context, buffer: AttemptBuffer, failure: AttemptFailed): Promise<Run> {
  const { attempt } = buffer
  ctx.events.attemptFailed({ ...logFields(attempt), code: failure.code, err: failure })
  const failures = attempt.failures + failuresOf(buffer)
  if (!failure.retryable || failures >= MAX_CALLS) return endFailed(ctx, buffer, failure)
  const inMs = Math.max(ctx.timing.replies.firstRetryMs * 2 ** (failures - 1), failure.retryAfterMs)
  return handBack(ctx, buffer, { outcome: "retry", failure, inMs })
}

/** If what the provider sent can't be written, the reply ends without it. */
async function endFailed(ctx: Context, buffer: AttemptBuffer, failure: AttemptFailed): Promise<Run> {
  try {
    return await end(ctx, buffer, { status: "failed", failure })
  } catch (err) {
    ctx.log.error({ ...logFields(buffer.attempt), err }, "what the provider sent can't be written")
    buffer.metadata = NO_META
    return end(ctx, buffer, { status: "failed", content: buffer.attempt.prefix, thoughts: "", failure })
  }
}

function toFailure(error: unknown): AttemptFailed {
  if (error instanceof CircuitOpen) return new AttemptFailed("provider_busy", "overloaded for too long")
  return error instanceof AttemptFailed
    ? error
    : new AttemptFailed("internal", "unexpected error", { cause: error })
}

/** Hands the reply back to the queue. Calls always count, an attempt without one only if it has failed. */
async function handBack(ctx: Context, buffer: AttemptBuffer, run: Extract<Run, { inMs: number }>) {
  const { attempt } = buffer
  const failures = run.outcome === "retry" ? failuresOf(buffer) : buffer.calls.made
  // The lease is renewed meanwhile: the wait for a connection may outlast it. Only `running` replies are renewed.
  if (!(await requeueReply(ctx, attempt, { delayMs: run.inMs, failures, uses: buffer.calls.uses })))
    return STALE
  buffer.close()
  ctx.replyLog.announce(attempt.id, { final: false })
  return run
}
