import type { Context } from "../../context.ts"
import { cheapestModel } from "../../usage/cheapest-model.ts"
import { type CircuitBreaker, createCircuitBreaker } from "../provider/circuit-breaker.ts"
import { AttemptFailed } from "../provider/failures.ts"
import { takeLeftOverCall } from "../provider/left-over-calls.ts"
import { callModel, type TaskRequest } from "./call-model.ts"
import {
  claimRoomTasks,
  delayRoomTask,
  giveUpRoomTask,
  type RoomTask,
  type RoomTaskKind,
  removeRoomTask,
} from "./room-task.ts"
import { keepSummary, requestSummary } from "./summary.ts"
import { keepTitle, requestTitle } from "./title.ts"

/** Makes titles and summaries in this process, a few at a time. */
export interface RoomTasks {
  /** Begins tasks that are due, as far as there is room. Resolves when they are claimed. */
  begin(): Promise<void>
  /** Stops the tasks in flight, which are then due again. */
  close(): Promise<void>
}

/** In one process. They are short, and no one waits for them. */
export const ROOM_TASKS_AT_ONCE = 4

const MAX_ATTEMPTS = 3

/** What a kind of task asks, and what becomes of what the model wrote. `request` gives null if nothing is to be done. */
interface Work {
  request(ctx: Context, task: RoomTask): Promise<TaskRequest | null>
  /** @returns false for a text that can't be used */
  keep(ctx: Context, task: RoomTask, text: string, model: string): Promise<boolean>
}

const WORK: Record<RoomTaskKind, Work> = {
  title: { request: requestTitle, keep: keepTitle },
  summary: { request: requestSummary, keep: keepSummary },
}

export function createRoomTasks(ctx: Context): RoomTasks {
  const stopping = new AbortController()
  const inFlight = new Set<Promise<void>>()
  // Its own, so that what tasks meet neither opens nor closes the circuits of replies.
  const circuitBreaker = createCircuitBreaker(ctx.timing.gemini)
  return {
    async begin() {
      if (inFlight.size >= ROOM_TASKS_AT_ONCE || stopping.signal.aborted) return
      for (const task of await claimRoomTasks(ctx, ROOM_TASKS_AT_ONCE - inFlight.size)) {
        const running = settle(ctx, task, { circuitBreaker, stopping: stopping.signal })
          .catch((err: unknown) =>
            ctx.log.warn({ err, chatroomId: task.chatroomId }, "room task not settled"),
          )
          .finally(() => inFlight.delete(running))
        inFlight.add(running)
      }
    },
    async close() {
      stopping.abort()
      await Promise.all(inFlight)
    },
  }
}

interface Running {
  circuitBreaker: CircuitBreaker
  stopping: AbortSignal
}

/** Runs a task and writes what became of it. May run twice: the task's last write decides. */
async function settle(ctx: Context, task: RoomTask, running: Running): Promise<void> {
  const { roomTasks } = ctx.timing
  const outcome = await run(ctx, task, running)
  ctx.events.roomTaskEnded({
    chatroomId: task.chatroomId,
    kind: task.kind,
    attempt: task.attempt,
    ...outcome,
  })
  switch (outcome.outcome) {
    case "done":
    case "needless":
      return removeRoomTask(ctx, task)
    case "given_up":
      return giveUpRoomTask(ctx, task)
    case "busy":
      return delayRoomTask(ctx, task, { inMs: roomTasks.busyMs, counts: false })
    case "stopped":
      return delayRoomTask(ctx, task, { inMs: 0, counts: false })
    case "failed": {
      const inMs = roomTasks.firstRetryMs * 2 ** (task.attempt - 1)
      return delayRoomTask(ctx, task, { inMs, counts: true })
    }
  }
}

/** What became of a task, and for a failed one, why. */
type Outcome =
  | { outcome: "done" | "needless" | "busy" | "stopped" }
  | { outcome: "failed" | "given_up"; code: string; err?: unknown }

async function run(ctx: Context, task: RoomTask, { circuitBreaker, stopping }: Running): Promise<Outcome> {
  if (task.isStale) return { outcome: "given_up", code: "stale" }
  // Its processes have died, every time.
  if (task.attempt > MAX_ATTEMPTS) return { outcome: "given_up", code: "abandoned" }
  const work = WORK[task.kind]
  const model = cheapestModel(ctx.config.gemini, task.day)
  try {
    const request = await work.request(ctx, task)
    if (!request) return { outcome: "needless" }
    const isBusy = ctx.circuitBreaker.cooldownMs(model) > 0 || !circuitBreaker.allows(model)
    if (isBusy || !(await takeLeftOverCall(ctx))) return { outcome: "busy" }
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(ctx.timing.roomTasks.callMs)])
    const text = await callModel(ctx, task, { ...request, model, signal })
    circuitBreaker.succeeded(model)
    return (await work.keep(ctx, task, text, model))
      ? { outcome: "done" }
      : failed(task, { code: "unusable" })
  } catch (error) {
    if (stopping.aborted) return { outcome: "stopped" }
    report(circuitBreaker, model, error)
    const isFinal = error instanceof AttemptFailed && !error.retryable
    const code = error instanceof AttemptFailed ? error.code : "internal"
    return failed(task, { code, err: error, isFinal })
  }
}

function failed(
  task: RoomTask,
  { isFinal = false, ...why }: { code: string; err?: unknown; isFinal?: boolean },
) {
  return { outcome: isFinal || task.attempt >= MAX_ATTEMPTS ? "given_up" : "failed", ...why } as const
}

/** A call that ended in none of these ways says nothing about the model. */
function report(circuitBreaker: CircuitBreaker, model: string, error: unknown): void {
  if (!(error instanceof AttemptFailed)) return
  if (error.overload) circuitBreaker.failed(model, error.retryAfterMs)
  else if (error.exhausted) circuitBreaker.exhausted(model)
}
