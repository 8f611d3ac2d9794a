import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { CallBudgetSpent } from "./call-budget.ts"
import { type Claim, claimReply } from "./claim-reply.ts"
import { CancelRequested, ClaimLost, type Draft, openDraft } from "./draft.ts"
import { GenerationFailed } from "./failures.ts"
import { type Ending, finishReply, requeueReply } from "./finish-reply.ts"
import type { Told } from "./gemini.ts"
import { askModels, ModelResting } from "./models.ts"
import { MAX_REST_MS, noteRest } from "./patience.ts"
import { buildContents } from "./prompt.ts"
import { FIRST_RETRY_MS, MAX_ATTEMPTS, QUEUE_NAME } from "./queue.ts"

/**
 * What became of a run. `failed`: for good. `retry`: an attempt failed and the queue is to try again.
 * `later`: nothing failed, but the reply can't be made before `inMs` from now; with `forAll`, nor can any other.
 */
export type Run =
  | { outcome: "finished" | "nothing-to-do" }
  | { outcome: "failed" | "retry"; failure: GenerationFailed }
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
export async function runGeneration(ctx: Context, replyId: string, signal: AbortSignal): Promise<Run> {
  const result = await claimReply(ctx, replyId)
  if ("waitMs" in result) return { outcome: "later", inMs: result.waitMs }
  if ("none" in result) return { outcome: "nothing-to-do" }
  const { claim } = result
  const attributes = {
    "messaging.system": "bullmq",
    "messaging.destination.name": QUEUE_NAME,
    "chat.reply.id": replyId,
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
  const draft = openDraft(ctx, claim, signal)
  try {
    if (claim.cancelRequested) throw new CancelRequested()
    ctx.replyLog.begin(replyId, claim.attempt)
    if (claim.takeovers > MAX_TAKEOVERS)
      throw new GenerationFailed("misconfigured", "its workers died too often")
    await generate(ctx, draft)
    const ending: Ending = { ...draft.told, status: "completed", content: draft.text, errorCode: null }
    return (await conclude(ctx, draft, ending)) ? { outcome: "finished" } : STALE
  } catch (error) {
    return await recover(ctx, draft, error, signal)
  } finally {
    draft.close()
  }
}

async function generate(ctx: Context, draft: Draft): Promise<void> {
  const { claim, signal } = draft
  const onTold = (told: Told) => {
    draft.told = told
  }
  const contents = await buildContents(ctx, claim)
  const { systemInstruction } = claim
  await askModels(ctx, claim.model, {
    request: { contents, systemInstruction, signal, onTold },
    hasText: () => draft.text !== "",
    onText: (text) => {
      if (draft.text === "")
        ctx.metrics.firstChunkSeconds.observe((performance.now() - draft.startedAt) / SECOND)
      draft.add(text.replaceAll("\u0000", ""))
    },
  })
}

/** Another attempt has the reply: what this one found out is void. */
const STALE: Run = { outcome: "nothing-to-do" }

/** @returns false when the attempt is stale */
async function conclude(ctx: Context, draft: Draft, ending: Ending): Promise<boolean> {
  // Kept up to the write: the wait for a connection and for the room may be longer than a lease.
  const write = () => finishReply(ctx, draft.claim, { ending, release: () => draft.close() })
  if (!(await ctx.tracing.span("write reply", {}, write))) return false
  ctx.events.replyFinished({
    replyId: draft.claim.id,
    attempt: draft.claim.attempt,
    requestId: draft.claim.requestId,
    status: ending.status,
    code: ending.errorCode,
    durationMs: Math.round(performance.now() - draft.startedAt),
    promptTokens: ending.usage?.promptTokens ?? null,
    outputTokens: ending.usage?.outputTokens ?? null,
    thoughtTokens: ending.usage?.thoughtTokens ?? null,
    totalTokens: ending.usage?.totalTokens ?? null,
  })
  return true
}

async function recover(ctx: Context, draft: Draft, error: unknown, stopping: AbortSignal): Promise<Run> {
  const { claim, text, told } = draft
  if (error instanceof ClaimLost) return STALE
  if (error instanceof CancelRequested) {
    const content = claim.cancelRequested ? claim.content : text
    const ending: Ending = { ...told, status: "cancelled", content, errorCode: null }
    return (await conclude(ctx, draft, ending)) ? { outcome: "finished" } : STALE
  }
  if (stopping.aborted) return later(ctx, draft, 0)
  const restedMs = await noteRest(ctx, claim, error instanceof ModelResting)
  if (error instanceof CallBudgetSpent) return later(ctx, draft, error.waitMs, { forAll: true })
  if (error instanceof ModelResting && restedMs < MAX_REST_MS) return later(ctx, draft, error.restMs)
  return fail(ctx, draft, toFailure(error))
}

/** Hands the reply back without a failure. */
async function later(ctx: Context, draft: Draft, inMs: number, { forAll = false } = {}): Promise<Run> {
  const isBack = await handBack(ctx, draft, { delayMs: inMs, failed: false })
  return isBack ? { outcome: "later", inMs, forAll } : STALE
}

async function fail(ctx: Context, draft: Draft, failure: GenerationFailed): Promise<Run> {
  const { claim, text, told } = draft
  const { id: replyId, attempt, requestId } = claim
  ctx.events.attemptFailed({ replyId, attempt, requestId, code: failure.code, err: failure })
  const failures = claim.failures + 1
  if (failure.retryable && failures < MAX_ATTEMPTS) {
    const delayMs = Math.max(FIRST_RETRY_MS * 2 ** (failures - 1), failure.retryAfterMs)
    return (await handBack(ctx, draft, { delayMs, failed: true })) ? { outcome: "retry", failure } : STALE
  }
  const ending: Ending = { ...told, status: "failed", content: text, errorCode: failure.code }
  return (await conclude(ctx, draft, ending)) ? { outcome: "failed", failure } : STALE
}

function toFailure(error: unknown): GenerationFailed {
  if (error instanceof ModelResting) return new GenerationFailed("provider_busy", "overloaded for too long")
  return error instanceof GenerationFailed
    ? error
    : new GenerationFailed("internal", "unexpected error", { cause: error })
}

async function handBack(
  ctx: Context,
  draft: Draft,
  how: { delayMs: number; failed: boolean },
): Promise<boolean> {
  // Kept meanwhile, as the wait for a connection may be longer than a lease. A renewal renews what is `running` alone.
  if (!(await requeueReply(ctx, draft.claim, how))) return false
  draft.close()
  ctx.replyLog.announce(draft.claim.id, { final: false })
  return true
}
