import { SECOND } from "../../../utils/time.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { FIRST_RETRY_MS, MAX_ATTEMPTS, QUEUE_NAME } from "../accept/reply-queue.ts"
import { AttemptFailed } from "../provider/failures.ts"
import type { ResponseMeta } from "../provider/gemini.ts"
import { askModels, CircuitOpen } from "../provider/model-fallback.ts"
import { RpmLimitReached } from "../provider/rpm-limit.ts"
import { type AttemptBuffer, CancelRequested, LeaseLost, openAttemptBuffer } from "./attempt-buffer.ts"
import { buildContents } from "./build-contents.ts"
import { type Claim, claimReply } from "./claim-reply.ts"
import { type Ending, finishReply, requeueReply } from "./finish-reply.ts"
import { MAX_COOLDOWN_MS, recordCooldown } from "./model-wait.ts"

/**
 * What became of a run. `failed`: for good. `retry`: an attempt failed and the queue is to try again.
 * `later`: nothing failed, but the reply can't be made before `inMs` from now; with `forAll`, nor can any other.
 */
export type Run =
  | { outcome: "finished" | "nothing-to-do" }
  | { outcome: "failed" | "retry"; failure: AttemptFailed }
  | { outcome: "later"; inMs: number; forAll?: boolean }

/**
 * A reply whose workers die this often kills them. So often that replies which were merely there don't come to it, when
 * workers die every few seconds for minutes, of memory or of a bad release.
 */
const MAX_TAKEOVERS = 100

/**
 * Makes one reply: claims it, streams it from Gemini into the reply log, writes the end. May be called any number
 * of times, by several workers at once: the claim lets one through, and its attempt fences every later write.
 * @param signal the worker is stopping: the reply is handed back to the queue
 */
export async function processReply(ctx: Context, reply: MessageKey, signal: AbortSignal): Promise<Run> {
  const result = await claimReply(ctx, reply)
  if ("waitMs" in result) return { outcome: "later", inMs: result.waitMs }
  if ("none" in result) return { outcome: "nothing-to-do" }
  const { claim } = result
  const attributes = {
    "messaging.system": "bullmq",
    "messaging.destination.name": QUEUE_NAME,
    "chat.reply.id": reply.id,
    "chat.reply.attempt": claim.attempt,
  }
  const parent = claim.traceparent
  return ctx.tracing.span(`process ${QUEUE_NAME}`, { kind: "consumer", parent, attributes }, async (span) => {
    const run = await runAttempt(ctx, claim, signal)
    span.set({ "chat.reply.outcome": run.outcome })
    if ("failure" in run) span.fail(run.failure.code)
    return run
  })
}

async function runAttempt(ctx: Context, claim: Claim, signal: AbortSignal): Promise<Run> {
  const replyId = claim.id
  ctx.events.replyStarted({ replyId, attempt: claim.attempt, requestId: claim.requestId })
  const buffer = openAttemptBuffer(ctx, claim, signal)
  try {
    if (claim.cancelRequested) throw new CancelRequested()
    ctx.replyLog.begin(replyId, claim.attempt)
    if (claim.takeovers > MAX_TAKEOVERS)
      throw new AttemptFailed("misconfigured", "its workers died too often")
    await generate(ctx, buffer)
    const ending: Ending = { ...buffer.meta, status: "completed", content: buffer.text, errorCode: null }
    return (await conclude(ctx, buffer, ending)) ? { outcome: "finished" } : STALE
  } catch (error) {
    return await recover(ctx, buffer, error, signal)
  } finally {
    buffer.close()
  }
}

async function generate(ctx: Context, buffer: AttemptBuffer): Promise<void> {
  const { claim, signal } = buffer
  const onMeta = (meta: ResponseMeta) => {
    buffer.meta = meta
  }
  const contents = await buildContents(ctx, claim)
  const { systemInstruction } = claim
  await askModels(ctx, claim.model, {
    request: { contents, systemInstruction, signal, onMeta },
    hasText: () => buffer.text !== "",
    onText: (text) => {
      if (buffer.text === "")
        ctx.metrics.firstChunkSeconds.observe((performance.now() - buffer.startedAt) / SECOND)
      buffer.add(text.replaceAll("\u0000", ""))
    },
  })
}

/** Another attempt has the reply: what this one found out is void. */
const STALE: Run = { outcome: "nothing-to-do" }

/** @returns false when the attempt is stale */
async function conclude(ctx: Context, buffer: AttemptBuffer, ending: Ending): Promise<boolean> {
  // Kept up to the write: the wait for a connection and for the room may be longer than a lease.
  const write = () => finishReply(ctx, buffer.claim, { ending, release: () => buffer.close() })
  if (!(await ctx.tracing.span("write reply", {}, write))) return false
  ctx.events.replyFinished({
    replyId: buffer.claim.id,
    attempt: buffer.claim.attempt,
    requestId: buffer.claim.requestId,
    status: ending.status,
    code: ending.errorCode,
    durationMs: Math.round(performance.now() - buffer.startedAt),
    promptTokens: ending.usage?.promptTokens ?? null,
    outputTokens: ending.usage?.outputTokens ?? null,
    thoughtTokens: ending.usage?.thoughtTokens ?? null,
    totalTokens: ending.usage?.totalTokens ?? null,
  })
  return true
}

async function recover(
  ctx: Context,
  buffer: AttemptBuffer,
  error: unknown,
  stopping: AbortSignal,
): Promise<Run> {
  const { claim, text, meta } = buffer
  if (error instanceof LeaseLost) return STALE
  if (error instanceof CancelRequested) {
    const content = claim.cancelRequested ? claim.content : text
    const ending: Ending = { ...meta, status: "cancelled", content, errorCode: null }
    return (await conclude(ctx, buffer, ending)) ? { outcome: "finished" } : STALE
  }
  if (stopping.aborted) return later(ctx, buffer, 0)
  const cooledDownMs = await recordCooldown(ctx, claim, error instanceof CircuitOpen)
  if (error instanceof RpmLimitReached) return later(ctx, buffer, error.waitMs, { forAll: true })
  if (error instanceof CircuitOpen && cooledDownMs < MAX_COOLDOWN_MS)
    return later(ctx, buffer, error.cooldownMs)
  return fail(ctx, buffer, toFailure(error))
}

/** Hands the reply back without a failure. */
async function later(
  ctx: Context,
  buffer: AttemptBuffer,
  inMs: number,
  { forAll = false } = {},
): Promise<Run> {
  const isBack = await handBack(ctx, buffer, { delayMs: inMs, failed: false })
  return isBack ? { outcome: "later", inMs, forAll } : STALE
}

async function fail(ctx: Context, buffer: AttemptBuffer, failure: AttemptFailed): Promise<Run> {
  const { claim, text, meta } = buffer
  const { id: replyId, attempt, requestId } = claim
  ctx.events.attemptFailed({ replyId, attempt, requestId, code: failure.code, err: failure })
  const failures = claim.failures + 1
  if (failure.retryable && failures < MAX_ATTEMPTS) {
    const delayMs = Math.max(FIRST_RETRY_MS * 2 ** (failures - 1), failure.retryAfterMs)
    return (await handBack(ctx, buffer, { delayMs, failed: true })) ? { outcome: "retry", failure } : STALE
  }
  const ending: Ending = { ...meta, status: "failed", content: text, errorCode: failure.code }
  return (await conclude(ctx, buffer, ending)) ? { outcome: "failed", failure } : STALE
}

function toFailure(error: unknown): AttemptFailed {
  if (error instanceof CircuitOpen) return new AttemptFailed("provider_busy", "overloaded for too long")
  return error instanceof AttemptFailed
    ? error
    : new AttemptFailed("internal", "unexpected error", { cause: error })
}

async function handBack(
  ctx: Context,
  buffer: AttemptBuffer,
  how: { delayMs: number; failed: boolean },
): Promise<boolean> {
  // Kept meanwhile, as the wait for a connection may be longer than a lease. A renewal renews what is `running` alone.
  if (!(await requeueReply(ctx, buffer.claim, how))) return false
  buffer.close()
  ctx.replyLog.announce(buffer.claim.id, { final: false })
  return true
}
