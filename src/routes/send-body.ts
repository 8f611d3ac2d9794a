import type { Response } from "express"
import type { Context } from "../services/context.ts"

/** What is given to the socket at once: more of a long body would lie in its buffers, out of sight. */
const PIECE_BYTES = 64 * 1024

/** Less than this lies in the kernel's buffers, whoever reads it. */
export const LONG_BYTES = PIECE_BYTES

/**
 * Writes a part of a body, or all of it, no faster than the client reads, and resolves when there is room for more or
 * the client is gone. `boot/slow-readers.ts` ends the wait for a client that doesn't read.
 * @param isShared whether `bytes` are kept anyway, for everybody
 */
export async function writeBody(
  ctx: Pick<Context, "unsentBodies">,
  res: Response,
  bytes: Uint8Array | string,
  { isShared = false } = {},
): Promise<void> {
  if (res.destroyed) return
  if (bytes.length <= PIECE_BYTES / 4) {
    if (!res.write(bytes)) await drained(res)
    return
  }
  const body = typeof bytes === "string" ? Buffer.from(bytes) : bytes
  using held = isShared ? null : ctx.unsentBodies.hold(body.length, () => res.destroy())
  for (let start = 0; start < body.length && !res.destroyed; start += PIECE_BYTES) {
    if (!res.write(body.subarray(start, start + PIECE_BYTES))) await drained(res)
    held?.progress()
  }
}

function drained(res: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off("drain", done)
      res.off("close", done)
      resolve()
    }
    res.on("drain", done)
    res.on("close", done)
    if (res.destroyed) done()
  })
}
