import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises"
import { aborted } from "../shared/server.ts"
import type { Call } from "./calls.ts"
import type { Plan, Write } from "./plan.ts"
import type { Frame } from "./wire.ts"

const HEADERS = {
  server: "gemini-simulator",
  vary: "Origin",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
}

/** Noted as it happens, so that the log of calls is true at any moment. */
type Progress = Pick<Call, "status" | "chunksSent" | "isWhole" | "endedAt">

/**
 * Carries out a plan on a response. Rejects with an AbortError as soon as `signal` says that the client is
 * gone, which is also how a stalled plan ends that isn't `released`. `onFrame` gets each frame as it is written.
 */
export async function perform(
  plan: Plan,
  res: ServerResponse,
  signal: AbortSignal,
  progress: Progress = { status: null, chunksSent: 0, isWhole: false, endedAt: null },
  onFrame: (frame: Frame) => void = () => undefined,
  released?: Promise<void>,
) {
  if (plan.opening === "stall") return stall(signal)
  if (plan.opening === "cut") return cut(res, progress)
  const [first, ...rest] = plan.writes
  if (first) await wait(first, signal)
  res.writeHead(plan.status, { ...HEADERS, ...plan.headers })
  res.flushHeaders()
  progress.status = plan.status
  const send = async (next: Write) => {
    const hasRoom = res.write(next.bytes)
    progress.chunksSent += 1
    if (next.frame) onFrame(next.frame)
    if (!hasRoom) await once(res, "drain", { signal })
  }
  if (first) await send(first)
  const sendAll = async (writes: Write[]) => {
    for (const next of writes) {
      await wait(next, signal)
      await send(next)
    }
  }
  await sendAll(rest)
  if (plan.ending === "stall") {
    if (!plan.held || !released) return stall(signal)
    await Promise.race([released, stall(signal)])
    await sendAll(plan.held)
  }
  if (plan.ending === "cut") {
    await nextTurn(undefined, { signal })
    return cut(res, progress)
  }
  res.end()
  if (!res.writableFinished) await once(res, "finish", { signal })
  progress.isWhole = true
  progress.endedAt = Date.now()
}

/** Without a delay it still yields once, so that a lost client is noticed between two chunks. */
async function wait({ waitMs }: Write, signal: AbortSignal) {
  await (waitMs > 0 ? pause(waitMs, undefined, { signal }) : nextTurn(undefined, { signal }))
}

/** Closes the connection without ending the body; what was written before still arrives. */
function cut(res: ServerResponse, progress: Progress) {
  progress.endedAt = Date.now()
  res.socket?.destroySoon()
}

async function stall(signal: AbortSignal) {
  await aborted(signal)
  signal.throwIfAborted()
}
