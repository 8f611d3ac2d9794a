import { statfs } from "node:fs/promises"
import { DiskFull } from "./errors.ts"

/** A new cluster with its first WAL segment, and some room to work. */
export const NEW_CLUSTER_BYTES = 64 * 2 ** 20
/** Two 16 MiB WAL segments, without which PostgreSQL can't even recover. */
const RECOVERY_BYTES = 2 * 16 * 2 ** 20

/**
 * Replaces an error by a clearer one if its cause may be a full disk.
 * @throws {DiskFull} if less than `needed` bytes are free under the folder
 */
export async function throwIfDiskFull(folder: string, cause: unknown, needed = RECOVERY_BYTES) {
  const disk = await statfs(folder).catch(() => undefined)
  if (disk && disk.bavail * disk.bsize < needed) throw new DiskFull(folder, disk.bavail * disk.bsize, cause)
}
