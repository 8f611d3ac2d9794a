import { statfs } from "node:fs/promises"
import type { Context } from "../context.ts"

/** Returns the free bytes of the disk that holds `DATA_DIR`, or null where that folder doesn't exist. */
export async function freeDisk(ctx: Context): Promise<number | null> {
  const disk = await statfs(ctx.config.dataDir).catch(() => null)
  return disk && disk.bavail * disk.bsize
}
