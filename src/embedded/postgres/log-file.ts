import { copyFile, open, stat, truncate } from "node:fs/promises"
import { TIMING } from "../../config/timing.ts"

const MAX_BYTES = 4 * 2 ** 20
const TAIL_BYTES = 4096
const TAIL_LINES = 20

/**
 * Moves a log of 4 MiB or more, to which another process appends, to `<file>.1`. Truncating it in place is safe because
 * PostgreSQL writes in append mode.
 */
export async function boundLog(file: string): Promise<void> {
  const size = await sizeOf(file)
  if (size < MAX_BYTES) return
  await copyFile(file, `${file}.1`)
  await truncate(file)
}

/** Bounds the log every minute until the returned function is called. */
export function keepLogBounded(file: string): () => void {
  const timer = setInterval(() => boundLog(file).catch(() => {}), TIMING.embedded.logCheckMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Returns the last lines written after `offset` bytes, at most 4 KiB. */
export async function tailOf(file: string, offset: number): Promise<string> {
  try {
    const size = await sizeOf(file)
    const start = Math.max(offset <= size ? offset : 0, size - TAIL_BYTES)
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start)
    return buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n").slice(-TAIL_LINES).join("\n")
  } catch {
    return ""
  }
}

export async function sizeOf(file: string): Promise<number> {
  const { size } = await stat(file).catch(() => ({ size: 0 }))
  return size
}
