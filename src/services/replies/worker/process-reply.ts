import { SECOND } from "../../../utils/time.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { MAX_ATTEMPTS, QUEUE_NAME } from "../accept/reply-queue.ts"
import { AttemptFailed } from "../provider/failures.ts"
import { CircuitOpen, streamReply } from "../provider/model-fallback.ts"
import { RpmLimitReached } from "../provider/rpm-limit.ts"
import { type AttemptBuffer, CancelRequested, LeaseLost, openAttemptBuffer } from "./attempt-buffer.ts"
import { buildContents } from "./build-contents.ts"
import { type Attempt, claimReply } from "./claim-reply.ts"
import { type Ending, finishReply, requeueReply } from "./finish-reply.ts"
import { recordCooldown } from "./model-wait.ts"

/**
 * What became of a run. `failed`: for good. `retry`: the attempt failed and the queue is to try again, not before
 * `inMs` from now. `later`: the same without a failure; with `forAll`, no other reply can be made before then either.
 */
export type Run =
  | { outcome: "finished" | "nothing-to-do" }
  | { outcome: "failed"; failure: AttemptFailed }
  | { outcome: "retry"; failure: AttemptFailed; inMs: number }
  | { outcome: "later"; inMs: number; forAll?: boolean }

/**
 * A reply with more takeovers probably kills its workers. The limit is high, so that a bad release or a lack of memory,
 * which kills workers every few seconds for minutes, doesn't fail replies that merely were in flight.
 */
const MAX_TAKEOVERS = 100

/**
 * Makes one reply: claims it, streams it from Gemini into the reply log and writes the end. May be called any number
 * of times, by several workers at once: one of them gets the claim, and its attempt number fences every later write.
 * @param stopping aborts when the worker stops: the reply is handed back to the queue
 */
export async function processReply(ctx: Context, reply: MessageKey, stopping: AbortSignal): Promise<Run> {
  const claimed = await claimReply(ctx, reply)
  if ("waitMs" in claimed) return { outcome: "later", inMs: claimed.waitMs }
  if ("none" in claimed) return { outcome: "nothing-to-do" }
  const { attempt } = claimed
  const attributes = {
    "messaging.system": "bullmq",
    "messaging.destination.name": QUEUE_NAME,
    "chat.reply.id": reply.id,
    "chat.reply.attempt": attempt.number,
  }
  const parent = attempt.traceparent
  return ctx.tracing.span(`process ${QUEUE_NAME}`, { kind: "consumer", parent, attributes }, async (span) => {
    const run = await runAttempt(ctx, attempt, stopping)
    span.set({ "chat.reply.outcome": run.outcome })
    if ("failure" in run) span.fail(run.failure)
    return run
  })
}

async function runAttempt(ctx: Context, attempt: Attempt, stopping: AbortSignal): Promise<Run> {
  ctx.events.replyStarted(logFields(attempt))
  const buffer = openAttemptBuffer(ctx, attempt, stopping)
  const { signal } = buffer
  try {
    if (attempt.cancelRequested) throw new CancelRequested()
    ctx.replyLog.begin(attempt.id, attempt.number)
    if (attempt.takeovers > MAX_TAKEOVERS)
      throw new AttemptFailed("misconfigured", "its workers died too often")
    const contents = await buildContents(ctx, attempt)
    const request = { contents, systemInstruction: attempt.systemInstruction, signal }
    for await (const item of streamReply(ctx, attempt.model, request)) {
      if (item.type === "metadata") buffer.metadata = item.metadata
      else {
        if (buffer.text === "") observeFirstText(ctx, buffer)
        buffer.add(item.text)
      }
    }
    return await end(ctx, buffer, { status: "completed" })
  } catch (error) {
    return await recover(ctx, buffer, error, stopping)
  } finally {
    buffer.close()
  }
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
    failure = null,
  }: { status: Ending["status"]; content?: string; failure?: AttemptFailed | null },
): Promise<Run> {
  const { attempt, metadata, startedAt } = buffer
  const ending: Ending = { ...metadata, status, content, errorCode: failure?.code ?? null }
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
  })
  return failure ? { outcome: "failed", failure } : { outcome: "finished" }
}

async function recover(ctx: Context, buffer: AttemptBuffer, error: unknown, stopping: AbortSignal) {
  const { attempt } = buffer
  if (error instanceof LeaseLost) return STALE
  if (error instanceof CancelRequested) {
    const content = attempt.cancelRequested ? attempt.content : buffer.text
    return end(ctx, buffer, { status: "cancelled", content })
  }
  if (stopping.aborted) return handBack(ctx, buffer, { outcome: "later", inMs: 0 })
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
  const failures = attempt.failures + 1
  if (!failure.retryable || failures >= MAX_ATTEMPTS) return end(ctx, buffer, { status: "failed", failure })
  const inMs = Math.max(ctx.timing.replies.firstRetryMs * 2 ** (failures - 1), failure.retryAfterMs)
  return handBack(ctx, buffer, { outcome: "retry", failure, inMs })
}

function toFailure(error: unknown): AttemptFailed {
  if (error instanceof CircuitOpen) return new AttemptFailed("provider_busy", "overloaded for too long")
  return error instanceof AttemptFailed
    ? error
    : new AttemptFailed("internal", "unexpected error", { cause: error })
}

/** Hands the reply back to the queue; only a `retry` counts as a failure. */
async function handBack(ctx: Context, buffer: AttemptBuffer, run: Extract<Run, { inMs: number }>) {
  const { attempt } = buffer
  const failed = run.outcome === "retry"
  // The lease is renewed meanwhile: the wait for a connection may outlast it. Only `running` replies are renewed.
  if (!(await requeueReply(ctx, attempt, { delayMs: run.inMs, failed }))) return STALE
  buffer.close()
  ctx.replyLog.announce(attempt.id, { final: false })
  return run
}
