import { splitAtWholeCharacter } from "../../../utils/text.ts"
import type { Context } from "../../context.ts"
import type { ResponseMeta } from "../provider/gemini.ts"
import type { Claim } from "./claim-reply.ts"

/** Another worker holds the reply, or it was ended or deleted: this attempt has nothing more to write. */
export class LeaseLost extends Error {}

/** The user has asked to stop: what came is kept. */
export class CancelRequested extends Error {}

/** The text of one attempt while it grows, held by a renewal every second. */
export interface AttemptBuffer {
  claim: Claim
  startedAt: number
  text: string
  /** What Gemini has said of it so far, and of the tokens it bills. */
  meta: ResponseMeta
  /** Aborts when the claim is lost, the user cancels or the worker stops; the reason says which. */
  signal: AbortSignal
  add(piece: string): void
  /** Ends the renewals. */
  close(): void
}

/** @param stopping aborts when the worker stops */
export function openAttemptBuffer(ctx: Context, claim: Claim, stopping: AbortSignal): AttemptBuffer {
  const ended = new AbortController()
  const live = openLiveText(ctx, claim)
  let unsent = ""
  const buffer: AttemptBuffer = {
    claim,
    startedAt: performance.now(),
    text: "",
    meta: { finishReason: null, usage: null, model: null },
    signal: AbortSignal.any([ended.signal, stopping]),
    add(piece) {
      const [whole, rest] = splitAtWholeCharacter(unsent + piece)
      unsent = rest
      if (!whole) return
      buffer.text += whole
      live.grow(buffer.text)
    },
    close() {
      release()
      unsubscribe()
    },
  }
  const release = ctx.leases.renew({
    claim,
    text: () => buffer.text,
    end: (why) => ended.abort(why === "lost" ? new LeaseLost() : new CancelRequested()),
  })
  const unsubscribe = ctx.cancellations.listen(claim, () => ended.abort(new CancelRequested()))
  return buffer
}

/** The text as listeners get it from the log: what the log has lost is appended once more with the next piece. */
function openLiveText(ctx: Context, { id, attempt }: Claim) {
  let appended = 0
  const lost = (from: number) => {
    appended = Math.min(appended, from)
  }
  return {
    /** @param text all that the attempt has written */
    grow(text: string) {
      const offset = appended
      appended = text.length
      void ctx.replyLog.append(id, { attempt, offset, text: text.slice(offset) }).then((how) => {
        if (how === "gone") lost(0)
        if (how === "failed") lost(offset)
      })
    },
  }
}
