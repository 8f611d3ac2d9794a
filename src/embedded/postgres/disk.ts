import { statfs } from "node:fs/promises"
import { DiskFull } from "./errors.ts"

/** A new cluster with its first WAL segment, as initdb makes it, and room to work. */
export const NEW_CLUSTER_BYTES = 64 * 2 ** 20
/** Two 16 MiB WAL segments: with less PostgreSQL can't even recover. */
const RECOVERY_BYTES = 2 * 16 * 2 ** 20

/** Throws DiskFull when too little is left under the folder: the better name for whatever just failed there. */
export async function blameFullDisk(folder: string, cause: unknown, needed = RECOVERY_BYTES): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined)
  if (disk && disk.bavail * disk.bsize < needed) throw new DiskFull(folder, disk.bavail * disk.bsize, cause)
}
