import { afterAll, beforeAll } from "vitest"
import { type StoreProxy, startProxy } from "../../../tools/lib/store-proxy.ts"
import type { TestApp } from "../../helpers/app.ts"

export { type StoreProxy, startProxy }

/** Stands between the stores of `app` and another app, before the tests and until after them. */
export function useProxies(app: TestApp) {
  const proxies = {
    database: {} as StoreProxy,
    redis: null as StoreProxy | null,
    all: () => [proxies.database, ...(proxies.redis ? [proxies.redis] : [])],
    /** The stores by way of the proxies. */
    config: () => ({ database: { url: proxies.database.url }, redis: { url: proxies.redis?.url ?? null } }),
  }
  beforeAll(async () => {
    const { redisUrl, database } = app.stores
    proxies.database = await startProxy(database.url)
    proxies.redis = redisUrl ? await startProxy(redisUrl) : null
  })
  afterAll(async () => {
    for (const proxy of proxies.all()) await proxy.close?.()
  })
  return proxies
}
