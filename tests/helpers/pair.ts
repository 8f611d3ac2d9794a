import type { TestApp, TestAppOptions } from "./app.ts"
import { useTestApp } from "./use-app.ts"

/**
 * Starts the worker in one process and takes requests in another, before the tests and until after them. Where the
 * backend is embedded there is one process only.
 */
export function usePair(config: TestAppOptions["config"]): { worker: TestApp; app: TestApp } {
  const worker = useTestApp({ config })
  const isApart = process.env.TEST_BACKEND === "redis"
  return { worker, app: isApart ? useTestApp({ beside: worker, worker: false, config }) : worker }
}
