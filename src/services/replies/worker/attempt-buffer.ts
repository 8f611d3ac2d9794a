import type { Context } from "../../context.ts"
import { NO_META, type ResponseMeta } from "../provider/gemini.ts"
import { type CallBudget, MAX_CALLS } from "../provider/model-fallback.ts"
import type { ReplyPart } from "../stream/reply-log.ts"
import type { Attempt } from "./claim-reply.ts"
import { createGrowingText, type GrowingText } from "./growing-text.ts"
import { type GrantedTools, NO_TOOLS } from "./reply-tools.ts"

/** The attempt is stale: the reply was taken over, ended or deleted, so there is nothing more to write. */
export class LeaseLost extends Error {}

/** The user cancelled the reply; its text so far is kept. */
export class CancelRequested extends Error {}

/** More of a model's thoughts is left out: the summaries of a long reply are a few thousand characters. */
const MAX_THOUGHTS = 100_000

/** The growing text of an attempt, whose lease is renewed until it is closed. */
export interface AttemptBuffer {
  attempt: Attempt
  startedAt: number
  readonly text: string
  /** The summaries of what the model thinks. */
  readonly thoughts: string
  /** The calls made to Gemini, how many are left to the reply, and what they used. */
  calls: CallBudget
  tools: GrantedTools
  /** What Gemini has reported so far, tokens included. */
  metadata: ResponseMeta
  /** Aborts when the lease is lost, the user cancels or the worker stops; the reason says which. */
  signal: AbortSignal
  add(part: ReplyPart, piece: string): void
  /** Adds what waits for the other half of its character, which won't come. */
  flush(): void
  /** Ends the renewals. */
  close(): void
}

/** @param stopping aborts when the worker stops */
export function openAttemptBuffer(ctx: Context, attempt: Attempt, stopping: AbortSignal): AttemptBuffer {
  const ended = new AbortController()
  const parts: Record<ReplyPart, GrowingText> = {
    text: createGrowingText(
      Number.POSITIVE_INFINITY,
      logger(ctx, attempt, "text", () => parts.text.value),
    ),
    thought: createGrowingText(
      MAX_THOUGHTS,
      logger(ctx, attempt, "thought", () => parts.thought.value),
    ),
  }
  const buffer: AttemptBuffer = {
    attempt,
    startedAt: performance.now(),
    get text() {
      return parts.text.value
    },
    get thoughts() {
      return parts.thought.value
    },
    calls: { made: 0, most: MAX_CALLS - attempt.failures, uses: [] },
    tools: NO_TOOLS,
    metadata: NO_META,
    signal: AbortSignal.any([ended.signal, stopping]),
    add: (part, piece) => parts[part].add(piece),
    flush() {
      parts.thought.flush()
      parts.text.flush()
    },
    close() {
      release()
      unsubscribe()
    },
  }
  const release = ctx.leases.renew({
    attempt,
    text: () => buffer.text,
    thoughts: () => buffer.thoughts,
    end: (why) => ended.abort(why === "lost" ? new LeaseLost() : new CancelRequested()),
  })
  const cancel = () => ended.abort(new CancelRequested())
  const unsubscribe = ctx.cancellations.listen(attempt, cancel)
  return buffer
}

/** Returns a function that appends to the reply log what a part has more than the log. */
function logger(
  { replyLog }: Context,
  { id, number: attempt }: Attempt,
  part: ReplyPart,
  read: () => string,
) {
  let logged = 0
  return (more: string) => {
    const value = read()
    // Cutting the end off a text that grows would copy all of it, for each piece.
    const isInStep = logged + more.length === value.length
    const entry = { attempt, part, offset: logged, text: isInStep ? more : value.slice(logged) }
    logged = value.length
    void replyLog.append(id, entry).then((outcome) => {
      // What the log lost is appended again with the next piece.
      if (outcome !== "kept") logged = Math.min(logged, outcome === "gone" ? 0 : entry.offset)
    })
  }
}
