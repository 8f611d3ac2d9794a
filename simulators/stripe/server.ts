import { adminApi } from "../shared/admin.ts"
import { type Exchange, type ListenOptions, startServer } from "../shared/server.ts"
import { adminRoutes } from "./admin.ts"
import { serveApi } from "./api/serve.ts"
import { type Control, createControl } from "./control.ts"
import type { Target } from "./delivery/send.ts"
import { invalid } from "./model/refusals.ts"
import { runDue } from "./model/run-due.ts"
import { isPage, servePage } from "./pages/serve.ts"
import { keepIn } from "./persist.ts"
import { State } from "./state.ts"

export type { Delivery } from "./delivery/send.ts"
export type { DeliveryOptions } from "./delivery/settings.ts"
export type { FaultOptions } from "./injected-faults.ts"
export type { CardKind } from "./model/card-kinds.ts"
export type { WireEvent } from "./model/events.ts"
export type { Oracle } from "./model/oracle.ts"
export { PRO_PRICE, PRO_PRICE_YEARLY } from "./model/seed.ts"
export type { ApiCall } from "./state.ts"

/** What becomes due as real time passes is done at least this often. */
const TICK_MS = 1000

export type StripeSimulatorOptions = ListenOptions & {
  /** Where events go. */
  webhook?: Target
  /** A file that keeps the state across restarts. */
  dataFile?: string
  /** The time it begins at: a date or Unix seconds. */
  startAt?: Date | number
  /** Its time stands still but for `advance`, so that a test knows every second. */
  frozen?: boolean
  /** Where browsers reach its pages; by default where it listens. */
  publicUrl?: string
}

/** A running simulator. */
export type StripeSimulator = Control & { url: string; port: number; close(): Promise<void> }

/**
 * Starts a simulator of the Stripe API on loopback, on a free port unless one is given. `close` also ends
 * connections that are still open and writes what is to be kept. Rejects when it can't listen or can't read
 * its data file.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const { webhook, dataFile, startAt, frozen, publicUrl, ...listen } = options
  const state = new State({
    startAt: startAt instanceof Date ? Math.floor(startAt.getTime() / 1000) : startAt,
    frozen,
  })
  const kept = dataFile === undefined ? undefined : await keepIn(dataFile, state)
  const control = createControl(state)
  const server = await startServer({
    ...listen,
    name: "Stripe",
    serve: (exchange) => serve(state, exchange),
    admin: adminApi(adminRoutes(control)),
    maxBodyBytes: 1024 * 1024,
    tooLarge: () => invalid("Request body is too large."),
  })
  state.account.baseUrl = publicUrl ?? server.url
  if (webhook) state.setEndpoint(webhook)
  kept?.resume()
  const ticking = setInterval(() => runDue(state.account), TICK_MS)
  return {
    ...control,
    ...server,
    async close() {
      clearInterval(ticking)
      await server.close()
      await kept?.close()
      state.webhookSender.close()
    },
  }
}

async function serve(state: State, exchange: Exchange) {
  const { res, path } = exchange
  const outcome = isPage(path) ? await servePage(state, exchange) : await serveApi(state, exchange)
  if (typeof outcome === "string") return void res.socket?.destroy()
  const { status, headers, body } = outcome
  res.writeHead(status, { server: "stripe-simulator", "cache-control": "no-cache, no-store", ...headers })
  res.end(body)
}
