import { randomBytes } from "node:crypto"
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { CompleteConfig, Config } from "../config/env.ts"
import { findRunningPostgres } from "./postgres/find-running.ts"
import { DataDirInUse, type StartEmbeddedPostgres, startEmbeddedPostgres } from "./postgres/index.ts"
import { createSimulatorHost, type SimulatorHost } from "./simulator.ts"
import { openStripeSimulator } from "./stripe-simulator.ts"

/** The parts that were started because they weren't configured. */
export interface Embedded {
  config: CompleteConfig
  /** Which parts are embedded. */
  parts: { database: boolean; gemini: boolean; stripe: boolean }
  /** Registers the service's URL with the parts that call it. */
  announce(url: string): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts what isn't configured, concurrently where possible: PostgreSQL and a secret under `DATA_DIR`, and simulators
 * of Gemini and Stripe. If one fails, the others are stopped and its error is thrown. In production everything is
 * configured, which `readConfig` ensures.
 * @param beside uses the PostgreSQL of a running server, for commands that may run at the same time
 * @param signal cancels the start
 * @param onSpawn called when an embedded PostgreSQL has been started, while there is nothing to do but wait for it
 * @param onLost called when the embedded PostgreSQL or its folder is gone
 */
export async function startEmbedded(
  config: Config,
  say: (line: string) => void,
  { beside = false, signal, onLost, onSpawn }: { beside?: boolean } & StartOptions = {},
): Promise<Embedded> {
  await using starting = new AsyncDisposableStack()
  const failed = new AbortController()
  const cancelled = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const keep = async <Part extends Stoppable | null>(start: Promise<Part>) => {
    try {
      const part = await start
      if (part) starting.defer(() => part.stop())
      return part
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  const opened = keep(
    (beside ? joinDatabase : startDatabase)(config, say, { signal: cancelled, onLost, onSpawn }),
  )
  const host = createSimulatorHost()
  const parts = [
    opened,
    keep(config.gemini.apiKey === null ? host.start("gemini", { signal: cancelled }) : NOTHING),
    // Processes share a folder's Stripe simulator. A process that can't open the folder's database must not start it,
    // because the simulator would end with that process.
    keep(
      config.stripe.enabled && config.stripe.secretKey === null
        ? opened.then(() => startStripe(config, { host, signal: cancelled }))
        : NOTHING,
    ),
    config.jwt.secret ?? readOrMakeSecret(config.dataDir, "jwt-secret"),
  ] as const
  // After a failure the stack stops the parts that started anyway.
  await Promise.allSettled(parts)
  failed.signal.throwIfAborted()
  const [{ url }, gemini, billing, secret] = await Promise.all(parts)
  const started = starting.move()
  return {
    config: {
      ...config,
      database: { ...config.database, url },
      jwt: { ...config.jwt, secret },
      gemini: {
        ...config.gemini,
        apiKey: config.gemini.apiKey ?? "simulator",
        baseUrl: gemini?.url ?? config.gemini.baseUrl,
      },
      stripe: { ...config.stripe, secretKey: config.stripe.secretKey ?? SIMULATOR_KEY, ...billing?.config },
    },
    parts: { database: config.database.url === null, gemini: gemini !== null, stripe: billing !== null },
    announce: async (ours) => billing?.announce(ours),
    stop: () => started.disposeAsync(),
  }
}

type StartOptions = Pick<StartEmbeddedPostgres, "signal" | "onLost" | "onSpawn">

interface Stoppable {
  stop(): Promise<void>
}

const NOTHING = Promise.resolve(null)

/** The simulator accepts any test key. */
const SIMULATOR_KEY = "sk_test_simulator"

/** The prices that the simulator has from the start. */
const SIMULATED_PRICES = ["price_simulated_pro_monthly", "price_simulated_pro_yearly"]

/** Starts the Stripe simulator of a data folder, which its processes share, beside the database with its customers. */
async function startStripe({ dataDir }: Config, options: { host: SimulatorHost; signal: AbortSignal }) {
  const secret = await readOrMakeSecret(dataDir, "stripe-webhook-secret")
  const simulator = await openStripeSimulator(dataDir, options)
  return {
    config: { baseUrl: simulator.url, webhookSecrets: [secret], proPrices: SIMULATED_PRICES },
    stop: simulator.stop,
    announce: (ours: string) => setEndpoint(simulator.url, { url: `${ours}/webhook/stripe`, secret }),
  }
}

async function setEndpoint(simulatorUrl: string, endpoint: { url: string; secret: string }): Promise<void> {
  const { ok, status } = await fetch(`${simulatorUrl}/__admin/endpoint`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(endpoint),
  })
  if (!ok) throw new Error(`The Stripe simulator rejected the webhook endpoint with status ${status}.`)
}

/** Returns the configured database, or starts the embedded PostgreSQL. */
export async function startDatabase(
  { database, dataDir }: Config,
  say: (line: string) => void,
  options: StartOptions = {},
): Promise<Stoppable & { url: string }> {
  if (database.url !== null) return { url: database.url, stop: async () => undefined }
  return startEmbeddedPostgres({ dataDir, onProgress: say, ...options })
}

/** Does the same, or uses the PostgreSQL that another process runs on our folder and will stop. */
async function joinDatabase(config: Config, say: (line: string) => void, options: StartOptions) {
  try {
    return await startDatabase(config, say, options)
  } catch (error) {
    const url = error instanceof DataDirInUse ? await findRunningPostgres(config.dataDir) : undefined
    if (url === undefined) throw error
    return { url, stop: async () => undefined }
  }
}

/** Reads a secret, or creates and stores it, because what it signs must survive a restart. */
async function readOrMakeSecret(dataDir: string, name: string): Promise<string> {
  const file = join(dataDir, name)
  const kept = await readFile(file, "utf8").catch(() => "")
  if (kept) return kept
  await mkdir(dataDir, { recursive: true })
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, randomBytes(48).toString("base64url"), { mode: 0o600 })
  // `link` fails if the name exists, so two concurrent starts both use the first secret.
  await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error
  })
  await rm(temporary)
  return readFile(file, "utf8")
}
