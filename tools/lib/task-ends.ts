import type { LogLine } from "./child.ts"

/** How many calls for the titles, or summaries, of one room have ended by the workers' logs. */
interface EndCount {
  /** What the call used was recorded. */
  recorded: number
  /** Recorded or not. */
  all: number
}

export type TaskEnds = ReturnType<typeof createTaskEnds>

/** Failures before a call. */
const WITHOUT_CALL = new Set<unknown>(["stale", "abandoned"])

/** What a room's tasks of one kind are known by. */
export const taskName = (kind: string, roomId: string) => `${kind} ${roomId}`

/** Collects what the workers log about titles and summaries, at the level `debug`. */
export function createTaskEnds() {
  const byTask = new Map<string, EndCount>()
  const of = (task: string) => byTask.get(task) ?? { recorded: 0, all: 0 }
  return {
    see({ event, chatroomId, kind, outcome, code }: LogLine) {
      if (event !== "room_task_ended") return
      const hasFailed = outcome === "failed" || outcome === "given_up"
      if (outcome === "needless" || outcome === "busy" || (hasFailed && WITHOUT_CALL.has(code))) return
      // An `internal` failure may come before the call or after it; what is stopped is stopped in its middle.
      const isRecorded = outcome === "done" || (hasFailed && code !== "internal")
      const task = taskName(String(kind), String(chatroomId))
      const { recorded, all } = of(task)
      byTask.set(task, { recorded: recorded + Number(isRecorded), all: all + 1 })
    },
    of,
  }
}
