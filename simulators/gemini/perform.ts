import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises"
import type { Plan, Write } from "./plan.ts"

const HEADERS = {
  server: "gemini-simulator",
  vary: "Origin",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
}

/** Told as things happen, so that the log of calls is true at any moment. */
export type Progress = { onStatus(status: number): void; onWrite(): void; onEnd(): void }

/**
 * Carries out a plan on a response. Rejects with an AbortError as soon as `signal` says that the client is
 * gone; a stalled plan waits for just that.
 */
export async function perform(plan: Plan, res: ServerResponse, signal: AbortSignal, progress: Progress) {
  if (plan.opening === "stall") return untilAborted(signal)
  if (plan.opening === "cut") return cut(res, progress)
  const [first, ...rest] = plan.writes
  if (first) await wait(first, signal)
  res.writeHead(plan.status, { ...HEADERS, ...plan.headers })
  res.flushHeaders()
  progress.onStatus(plan.status)
  if (first) await write(res, first, signal, progress)
  for (const next of rest) {
    await wait(next, signal)
    await write(res, next, signal, progress)
  }
  await finish(plan, res, signal, progress)
}

async function finish({ ending }: Plan, res: ServerResponse, signal: AbortSignal, progress: Progress) {
  if (ending === "stall") return untilAborted(signal)
  if (ending === "cut") {
    await nextTurn(undefined, { signal })
    return cut(res, progress)
  }
  res.end()
  if (!res.writableFinished) await once(res, "finish", { signal })
  progress.onEnd()
}

/** Without a delay it still gives way once, so that a lost client is noticed between two chunks. */
async function wait({ waitMs }: Write, signal: AbortSignal) {
  await (waitMs > 0 ? pause(waitMs, undefined, { signal }) : nextTurn(undefined, { signal }))
}

async function write(res: ServerResponse, { bytes }: Write, signal: AbortSignal, progress: Progress) {
  const hasRoom = res.write(bytes)
  progress.onWrite()
  if (!hasRoom) await once(res, "drain", { signal })
}

/** Closes the connection without ending the body; what was written before still arrives. */
function cut(res: ServerResponse, progress: Progress) {
  progress.onEnd()
  res.socket?.destroySoon()
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await once(signal, "abort")
  signal.throwIfAborted()
}
