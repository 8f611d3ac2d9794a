import type { Message } from "../api/client.ts"

/**
 * The messages that lead to `headId`, oldest first, as far as they are known; null where the way leads to a message that
 * isn't, before it has met `oldestId`, the beginning of what was loaded.
 */
export function branchTo(
  headId: string,
  oldestId: string | undefined,
  find: (id: string) => Message | undefined,
): string[] | null {
  const ids: string[] = []
  for (let id: string | null = headId; id !== null; ) {
    const message = find(id)
    if (!message) return null
    ids.push(id)
    if (id === oldestId) break
    id = message.parentId
  }
  return ids.reverse()
}
