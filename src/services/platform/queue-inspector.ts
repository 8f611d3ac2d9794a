import type { Queue } from "bullmq"
import type { Logger } from "../../config/logger.ts"
import { logConnectionErrors, openQueueConnection, type QueueStore } from "./queue-store.ts"

/** Creates BullMQ queues for an operator to inspect. They connect on first use. */
export function createQueueInspector(names: readonly string[], store: QueueStore, log: Logger) {
  let opened: ReturnType<typeof openQueues> | undefined
  return {
    queues(): Queue[] {
      if (!opened) {
        const opening = openQueues(names, store, log)
        opened = opening
        // BullMQ doesn't recover from a first connection that was rejected, so the next look opens others.
        Promise.all(opening.queues.map((queue) => queue.waitUntilReady())).catch(() => {
          if (opened === opening) opened = undefined
          void opening.close().catch(() => undefined)
        })
      }
      return opened.queues
    },
    close: async () => opened?.close(),
  }
}

function openQueues(names: readonly string[], store: QueueStore, log: Logger) {
  const { classes, options, close } = openQueueConnection(store, log, { maxRetriesPerRequest: 1 })
  const queues = names.map((name) => new classes.Queue(name, options).on("error", logConnectionErrors(log)))
  return {
    queues,
    async close() {
      await Promise.all(queues.map((queue) => queue.close()))
      await close()
    },
  }
}
