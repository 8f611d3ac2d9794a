import { splitAtWholeCharacter } from "../../utils/text.ts"
import type { Context } from "../context.ts"
import { type Claim, RENEW_MS, renewClaim } from "./claim-reply.ts"

/** Another worker holds the reply, or it was ended or deleted: this attempt has nothing more to write. */
export class ClaimLost extends Error {}

/** The user has asked to stop: what came is kept. */
export class CancelRequested extends Error {}

/** The text of one attempt while it grows, held by a renewal every second. */
export interface Draft {
  claim: Claim
  startedAt: number
  text: string
  /** Aborts when the claim is lost, the user cancels or the worker stops; the reason says which. */
  signal: AbortSignal
  add(piece: string): void
  /** Ends the renewals. */
  close(): void
}

/** @param stopping aborts when the worker stops */
export function openDraft(ctx: Context, claim: Claim, stopping: AbortSignal): Draft {
  const ended = new AbortController()
  let unsent = ""
  const draft: Draft = {
    claim,
    startedAt: performance.now(),
    text: "",
    signal: AbortSignal.any([ended.signal, stopping]),
    add(piece) {
      const [whole, rest] = splitAtWholeCharacter(unsent + piece)
      unsent = rest
      if (!whole) return
      ctx.replyLog.append(claim.id, { attempt: claim.attempt, offset: draft.text.length, text: whole })
      draft.text += whole
    },
    close() {
      clearInterval(renewals)
      unsubscribe()
    },
  }
  const renewals = keepClaim(ctx, draft, (why) => ended.abort(why))
  const unsubscribe = ctx.cancellations.listen(claim.id, () => ended.abort(new CancelRequested()))
  return draft
}

/** Renews the claim every second, one renewal at a time, and writes the text when it has grown. */
function keepClaim(ctx: Context, draft: Draft, end: (why: Error) => void): NodeJS.Timeout {
  const { claim } = draft
  let written = 0
  let renewing = false
  const renew = async () => {
    if (renewing) return
    renewing = true
    const { text } = draft
    try {
      const held = await renewClaim(ctx, claim, text.length > written ? text : null)
      written = text.length
      if (held === "lost") end(new ClaimLost())
      if (held === "cancel") end(new CancelRequested())
    } catch (err) {
      // The lease may run out meanwhile. Then somebody else starts anew, and the fence keeps this attempt out.
      ctx.log.warn({ err, replyId: claim.id }, "claim not renewed")
    } finally {
      renewing = false
    }
  }
  return setInterval(() => void renew(), RENEW_MS)
}
