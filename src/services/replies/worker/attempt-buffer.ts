import { splitAtWholeCharacter } from "../../../utils/text.ts"
import type { Context } from "../../context.ts"
import { NO_META, type ResponseMeta } from "../provider/gemini.ts"
import { type CallBudget, MAX_CALLS } from "../provider/model-fallback.ts"
import type { Attempt } from "./claim-reply.ts"

/** The attempt is stale: the reply was taken over, ended or deleted, so there is nothing more to write. */
export class LeaseLost extends Error {}

/** The user cancelled the reply; its text so far is kept. */
export class CancelRequested extends Error {}

/** The growing text of an attempt, whose lease is renewed until it is closed. */
export interface AttemptBuffer {
  attempt: Attempt
  startedAt: number
  text: string
  /** The calls made to Gemini, how many are left to the reply, and what they used. */
  calls: CallBudget
  /** What Gemini has reported so far, tokens included. */
  metadata: ResponseMeta
  /** Aborts when the lease is lost, the user cancels or the worker stops; the reason says which. */
  signal: AbortSignal
  add(piece: string): void
  /** Adds what waits for the other half of its character, which won't come. */
  flush(): void
  /** Ends the renewals. */
  close(): void
}

/** @param stopping aborts when the worker stops */
export function openAttemptBuffer(ctx: Context, attempt: Attempt, stopping: AbortSignal): AttemptBuffer {
  const ended = new AbortController()
  let logged = 0
  let half = ""
  const buffer: AttemptBuffer = {
    attempt,
    startedAt: performance.now(),
    text: "",
    calls: { made: 0, most: MAX_CALLS - attempt.failures, uses: [] },
    metadata: NO_META,
    signal: AbortSignal.any([ended.signal, stopping]),
    add(piece) {
      // PostgreSQL can't store NUL.
      const [whole, tail] = splitAtWholeCharacter(half + piece.replaceAll("\u0000", ""))
      half = tail
      append(whole)
    },
    flush() {
      append(half)
      half = ""
    },
    close() {
      release()
      unsubscribe()
    },
  }
  /** Half of a character alone can't be stored or sent: it is U+FFFD everywhere. */
  function append(text: string) {
    if (!text) return
    buffer.text += text.toWellFormed()
    const entry = { attempt: attempt.number, offset: logged, text: buffer.text.slice(logged) }
    logged = buffer.text.length
    void ctx.replyLog.append(attempt.id, entry).then((outcome) => {
      // What the log lost is appended again with the next piece.
      if (outcome !== "kept") logged = Math.min(logged, outcome === "gone" ? 0 : entry.offset)
    })
  }
  const release = ctx.leases.renew({
    attempt,
    text: () => buffer.text,
    end: (why) => ended.abort(why === "lost" ? new LeaseLost() : new CancelRequested()),
  })
  const cancel = () => ended.abort(new CancelRequested())
  const unsubscribe = ctx.cancellations.listen(attempt, cancel)
  return buffer
}
