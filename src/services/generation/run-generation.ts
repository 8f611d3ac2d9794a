import { splitAtWholeCharacter } from "../../utils/text.ts"
import type { Context } from "../context.ts"
import { type Claim, claimReply, RENEW_MS, renewClaim } from "./claim-reply.ts"
import { GenerationFailed } from "./failures.ts"
import { type Ending, finishReply, requeueReply } from "./finish-reply.ts"
import type { Completion } from "./gemini.ts"
import { buildContents } from "./prompt.ts"
import { FIRST_RETRY_MS, MAX_ATTEMPTS } from "./queue.ts"

/**
 * What became of a run. `failed`: for good. `retry`: an attempt failed and the queue is to try again.
 * `later`: nothing failed, but the reply can't be made before `inMs` from now.
 */
export type Run =
  | { outcome: "finished" | "nothing-to-do" }
  | { outcome: "failed" | "retry"; failure: GenerationFailed }
  | { outcome: "later"; inMs: number }

/** A reply whose workers die this often kills them. */
const MAX_CLAIMS = 20

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
  const model = claim.model ?? ctx.config.gemini.model
  ctx.events.replyStarted({ replyId, attempt: claim.attempt, requestId: claim.requestId, model })
  ctx.replyLog.begin(replyId, claim.attempt)
  const draft = createDraft(ctx, claim, signal)
  try {
    if (claim.attempt > MAX_CLAIMS) throw new GenerationFailed("misconfigured", "its workers died too often")
    const completion = await generate(ctx, claim, model, draft)
    return (await conclude(ctx, draft, completed(draft, completion))) ? { outcome: "finished" } : STALE
  } catch (error) {
    return await recover(ctx, draft, error, signal)
  } finally {
    draft.close()
  }
}

/** Another worker holds the reply, or it was cancelled or deleted: this attempt has nothing more to write. */
class ClaimLost extends Error {}

/** The text of one attempt while it grows, kept alive by a renewal every second. */
interface Draft {
  claim: Claim
  startedAt: number
  text: string
  /** Aborts when the claim is lost or the worker stops. */
  signal: AbortSignal
  add(piece: string): void
  close(): void
}

function createDraft(ctx: Context, claim: Claim, stopping: AbortSignal): Draft {
  const lost = new AbortController()
  let unsent = ""
  let renewing = false
  const draft: Draft = {
    claim,
    startedAt: performance.now(),
    text: "",
    signal: AbortSignal.any([lost.signal, stopping]),
    add(piece) {
      const [whole, rest] = splitAtWholeCharacter(unsent + piece)
      unsent = rest
      if (whole)
        ctx.replyLog.append(claim.id, { attempt: claim.attempt, offset: draft.text.length, text: whole })
      draft.text += whole
    },
    close: () => clearInterval(timer),
  }
  const renew = async () => {
    if (renewing) return
    renewing = true
    try {
      if (!(await renewClaim(ctx, claim, draft.text))) lost.abort(new ClaimLost())
    } catch (err) {
      // The lease may run out meanwhile. Then somebody else starts anew, and the fence keeps this attempt out.
      ctx.log.warn({ err, replyId: claim.id }, "claim not renewed")
    } finally {
      renewing = false
    }
  }
  const timer = setInterval(() => void renew(), RENEW_MS)
  return draft
}

async function generate(ctx: Context, claim: Claim, model: string, draft: Draft): Promise<Completion> {
  const contents = await buildContents(ctx, claim)
  const { systemInstruction } = claim
  const stream = ctx.gemini.stream({ model, contents, systemInstruction, signal: draft.signal })
  for (;;) {
    const next = await stream.next()
    if (next.done) return next.value
    draft.add(next.value.replaceAll("\u0000", ""))
  }
}

function completed(draft: Draft, { finishReason, usage, model }: Completion): Ending {
  return { status: "completed", content: draft.text, errorCode: null, finishReason, usage, model }
}

/** Another attempt has the reply: what this one found out is void. */
const STALE: Run = { outcome: "nothing-to-do" }

/** @returns false when the attempt is stale */
async function conclude(ctx: Context, draft: Draft, ending: Ending): Promise<boolean> {
  draft.close()
  if (!(await finishReply(ctx, draft.claim, ending))) return false
  ctx.events.replyFinished({
    replyId: draft.claim.id,
    attempt: draft.claim.attempt,
    requestId: draft.claim.requestId,
    status: ending.status,
    code: ending.errorCode,
    durationMs: Math.round(performance.now() - draft.startedAt),
    totalTokens: ending.usage?.totalTokens ?? null,
  })
  return true
}

async function recover(ctx: Context, draft: Draft, error: unknown, stopping: AbortSignal): Promise<Run> {
  const { claim, text } = draft
  if (error instanceof ClaimLost) return STALE
  if (stopping.aborted)
    return (await handBack(ctx, draft, { delayMs: 0, failed: false })) ? { outcome: "later", inMs: 0 } : STALE
  const failure = toFailure(error)
  ctx.events.attemptFailed({
    replyId: claim.id,
    attempt: claim.attempt,
    requestId: claim.requestId,
    code: failure.code,
    err: failure,
  })
  const failures = claim.failures + 1
  if (failure.retryable && failures < MAX_ATTEMPTS) {
    const delayMs = Math.max(FIRST_RETRY_MS * 2 ** (failures - 1), failure.retryAfterMs)
    return (await handBack(ctx, draft, { delayMs, failed: true })) ? { outcome: "retry", failure } : STALE
  }
  const ending = {
    status: "failed",
    content: text,
    errorCode: failure.code,
    finishReason: null,
    usage: null,
    model: null,
  } as const
  return (await conclude(ctx, draft, ending)) ? { outcome: "failed", failure } : STALE
}

function toFailure(error: unknown): GenerationFailed {
  return error instanceof GenerationFailed
    ? error
    : new GenerationFailed("internal", "unexpected error", { cause: error })
}

async function handBack(
  ctx: Context,
  draft: Draft,
  how: { delayMs: number; failed: boolean },
): Promise<boolean> {
  draft.close()
  if (!(await requeueReply(ctx, draft.claim, how))) return false
  ctx.replyLog.announce(draft.claim.id, { final: false })
  return true
}
