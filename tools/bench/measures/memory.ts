import { pause, SECOND } from "../../../src/utils/time.ts"
import { type Site, startApi, startWorker } from "../helpers/site.ts"
import type { User } from "../helpers/users.ts"
import { sendBurst } from "./replies.ts"

/** Of an API process and a worker together, resident: after a start, and the most under load. */
export const MEMORY_GOALS = { idleBytes: 250 * 2 ** 20, peakBytes: 450 * 2 ** 20 }

/** Connections that only the start needed are closed by then (`postgres.idleConnectionMs`). */
const SETTLE_MS = 40 * SECOND

export interface RoleMemory {
  idleBytes: number
  peakBytes: number
  /** Processor time for each prompt under load. */
  microseconds: number
}

export interface Memory {
  api: RoleMemory
  worker: RoleMemory
}

/** Starts an API process and a worker, lets them stand idle, and then sends prompts as fast as they are taken. */
export async function measureMemory(site: Site, users: User[], prompts: number): Promise<Memory> {
  await using stack = new AsyncDisposableStack()
  const { api, port, url } = await startApi(site.machine, site.env, "api")
  stack.defer(() => api.stop())
  const worker = await startWorker({ ...site, url })
  stack.defer(() => worker.stop())
  await pause(SETTLE_MS)
  const idle = [await api.usage(), await worker.usage()] as const
  await sendBurst({ ...site, api, port, url }, users, prompts)
  const peak = [await api.usage(), await worker.usage()] as const
  const role = (n: 0 | 1) => ({
    idleBytes: idle[n].rssBytes,
    peakBytes: peak[n].peakRssBytes,
    microseconds: ((peak[n].cpuMs - idle[n].cpuMs) * 1000) / prompts,
  })
  return { api: role(0), worker: role(1) }
}
