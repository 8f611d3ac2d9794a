import { readFile, stat } from "node:fs/promises"

const files = new Map<string, Promise<{ bytes: Buffer; changedAt: number }>>()

/**
 * Reads a file that every client gets alike. All responses share its bytes: however many clients read them, and however
 * slowly, they are in memory once.
 */
export async function readSharedFile(path: string): Promise<Buffer> {
  const { mtimeMs: changedAt } = await stat(path)
  const known = await files.get(path)?.catch(() => undefined)
  if (known?.changedAt === changedAt) return known.bytes
  const reading = readFile(path).then((bytes) => ({ bytes, changedAt }))
  files.set(path, reading)
  return (await reading).bytes
}
