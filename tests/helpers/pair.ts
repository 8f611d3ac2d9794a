import { startTestApp, type TestApp, type TestAppOptions } from "./app.ts"

/** The worker in one process, requests to the other; where the backend is embedded there is one process only. */
export interface Pair {
  worker: TestApp
  app: TestApp
  close(): Promise<void>
}

export async function startPair(config: TestAppOptions["config"]): Promise<Pair> {
  const worker = await startTestApp({ config })
  if (process.env.TEST_BACKEND !== "redis") return { worker, app: worker, close: () => worker.close() }
  const app = await startTestApp({ beside: worker, worker: false, config })
  return {
    worker,
    app,
    async close() {
      await app.close()
      await worker.close()
    },
  }
}
