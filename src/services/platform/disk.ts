import { statfs } from "node:fs/promises"
import type { Context } from "../context.ts"

/** Bytes that are free where the embedded database and secret are kept; null where there is no such folder. */
export async function freeDisk(ctx: Context): Promise<number | null> {
  const disk = await statfs(ctx.config.dataDir).catch(() => null)
  return disk && disk.bavail * disk.bsize
}
