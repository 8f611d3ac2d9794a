import type { LogLine } from "./child.ts"

/** One worker process's try at a reply. */
export interface Attempt {
  replyId: string
  attempt: number
  pid: number
  /** ms since 1970, by this machine's clock. */
  startedAt: number
  /** What its worker logged of its end; null: nothing yet, or nothing ever. */
  end: { event: "reply_finished" | "attempt_failed"; at: number } | null
}

export type Attempts = ReturnType<typeof createAttempts>

/** Collects what the workers log about replies. */
export function createAttempts() {
  const byReply = new Map<string, Attempt[]>()
  const running = new Set<Attempt>()
  const endings = new Map<string, number>()
  let total = 0
  const of = (replyId: string) => byReply.get(replyId) ?? []
  return {
    see(pid: number, { event, replyId, attempt, time }: LogLine) {
      if (typeof replyId !== "string") return
      const isStart = event === "reply_started"
      const isEnd = event === "reply_finished" || event === "attempt_failed"
      // A worker that has lost a reply logs nothing about it.
      for (const one of of(replyId)) if (isStart || (isEnd && one.pid === pid)) running.delete(one)
      const ended = isEnd && of(replyId).find((one) => one.pid === pid && one.attempt === attempt)
      if (ended) ended.end = { event, at: Date.parse(time) }
      if (event === "reply_finished") endings.set(replyId, (endings.get(replyId) ?? 0) + 1)
      if (!isStart) return
      const begun = { replyId, attempt: Number(attempt), pid, startedAt: Date.parse(time), end: null }
      byReply.set(replyId, [...of(replyId), begun])
      running.add(begun)
      total += 1
    },
    /** What the process has begun and, as far as it logged, not ended. */
    runningOn: (pid: number) => [...running].filter((one) => one.pid === pid),
    of,
    /** How often a reply was logged as finished. */
    endings: (replyId: string) => endings.get(replyId) ?? 0,
    total: () => total,
  }
}
