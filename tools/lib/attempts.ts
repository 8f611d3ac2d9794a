import type { LogLine } from "./child.ts"

/** One worker process's try at a reply. */
export interface Attempt {
  replyId: string
  attempt: number
  pid: number
  /** ms since 1970, by this machine's clock. */
  startedAt: number
}

/** What the workers say of replies in their logs. */
export interface Attempts {
  see(pid: number, line: LogLine): void
  /** What the process has begun and, as far as it said, not ended. */
  runningOn(pid: number): Attempt[]
  of(replyId: string): Attempt[]
  /** How often a reply was said to be finished. */
  endings(replyId: string): number
  total(): number
}

export function createAttempts(): Attempts {
  const byReply = new Map<string, Attempt[]>()
  const open = new Map<number, Map<string, Attempt>>()
  const endings = new Map<string, number>()
  let total = 0
  const openOn = (pid: number) => {
    const known = open.get(pid) ?? new Map<string, Attempt>()
    open.set(pid, known)
    return known
  }
  const begin = (begun: Attempt) => {
    const earlier = byReply.get(begun.replyId) ?? []
    // Whoever lost the reply says nothing of it.
    for (const { pid } of earlier) openOn(pid).delete(begun.replyId)
    total += 1
    byReply.set(begun.replyId, [...earlier, begun])
    openOn(begun.pid).set(begun.replyId, begun)
  }
  return {
    see(pid, { event, replyId, attempt, time }) {
      if (typeof replyId !== "string") return
      if (event === "reply_started")
        begin({ replyId, attempt: Number(attempt), pid, startedAt: Date.parse(time) })
      if (event === "reply_finished" || event === "attempt_failed") openOn(pid).delete(replyId)
      if (event === "reply_finished") endings.set(replyId, (endings.get(replyId) ?? 0) + 1)
    },
    runningOn: (pid) => [...openOn(pid).values()],
    of: (replyId) => byReply.get(replyId) ?? [],
    endings: (replyId) => endings.get(replyId) ?? 0,
    total: () => total,
  }
}
