import { randomBytes } from "node:crypto"
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { CompleteConfig, Config } from "../config/env.ts"
import { findRunningPostgres } from "./postgres/find-running.ts"
import { DataDirInUse, startEmbeddedPostgres } from "./postgres/index.ts"
import { startSimulator } from "./simulator.ts"
import { openStripeSimulator } from "./stripe-simulator.ts"

/** What was started because it wasn't configured. */
export interface Embedded {
  config: CompleteConfig
  /** Names of the parts that are embedded. */
  parts: { database: boolean; gemini: boolean; stripe: boolean }
  /** Tells the parts that call us where we listen. */
  announce(url: string): Promise<void>
  stop(): Promise<void>
}

/**
 * Fills what the configuration leaves open: a PostgreSQL of its own and a secret under `DATA_DIR`, simulators of
 * Gemini and Stripe, at the same time as far as they can. Where one fails the others are stopped, and its error is thrown.
 * In production nothing is left open: `readConfig` has seen to that.
 * @param beside for a command that may run beside a server: it uses the server's PostgreSQL where that runs
 * @param signal gives the start up
 */
export async function startEmbedded(
  config: Config,
  say: (line: string) => void,
  { beside = false, signal }: { beside?: boolean; signal?: AbortSignal } = {},
): Promise<Embedded> {
  await using starting = new AsyncDisposableStack()
  const failed = new AbortController()
  const giveUp = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
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
  const opened = keep((beside ? joinDatabase : startDatabase)(config, say, giveUp))
  const parts = [
    opened,
    keep(config.gemini.apiKey === null ? startSimulator("gemini", { signal: giveUp }) : NOTHING),
    // Stripe's is shared by the processes of a folder. One that may not have the folder's database must not run it:
    // it would take it along when it ends, from the process that has.
    keep(config.stripe.secretKey === null ? opened.then(() => startStripe(config, giveUp)) : NOTHING),
    config.jwt.secret ?? readOrMakeSecret(config.dataDir, "jwt-secret"),
  ] as const
  // Whoever failed first has stopped the others; what was started all the same is on the stack by then.
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

interface Stoppable {
  stop(): Promise<void>
}

/** What is configured isn't started. */
const NOTHING = Promise.resolve(null)

/** The simulator takes any key of a sandbox. */
const SIMULATOR_KEY = "sk_test_simulator"

/** The price that the simulator has from the start. */
const SIMULATED_PRICE = "price_simulated_pro_monthly"

/** A Stripe of one's own, kept beside the database that knows its customers. Processes of one folder share it. */
async function startStripe({ dataDir }: Config, signal: AbortSignal) {
  const secret = await readOrMakeSecret(dataDir, "stripe-webhook-secret")
  const simulator = await openStripeSimulator(dataDir, signal)
  return {
    config: { baseUrl: simulator.url, webhookSecrets: [secret], proPrices: [SIMULATED_PRICE] },
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
  if (!ok)
    throw new Error(`The Stripe simulator answered ${status} when it was reported where to send events.`)
}

/** The configured database's URL, or that of a PostgreSQL of its own. */
export async function startDatabase(
  { database, dataDir }: Config,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<{ url: string; stop(): Promise<void> }> {
  if (database.url !== null) return { url: database.url, stop: async () => undefined }
  return startEmbeddedPostgres({ dataDir, onProgress: say, signal })
}

/** The same, or the one that another process runs on our folder. It ends with that process, whatever we do. */
async function joinDatabase(config: Config, say: (line: string) => void, signal?: AbortSignal) {
  try {
    return await startDatabase(config, say, signal)
  } catch (error) {
    const url = error instanceof DataDirInUse ? await findRunningPostgres(config.dataDir) : undefined
    if (url === undefined) throw error
    return { url, stop: async () => undefined }
  }
}

/** What it signs must outlive a restart, so the secret is kept. */
async function readOrMakeSecret(dataDir: string, name: string): Promise<string> {
  const file = join(dataDir, name)
  const kept = await readFile(file, "utf8").catch(() => "")
  if (kept) return kept
  await mkdir(dataDir, { recursive: true })
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, randomBytes(48).toString("base64url"), { mode: 0o600 })
  // A link to a name that is taken fails: of two starts at once, both go on with the first one's secret.
  await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error
  })
  await rm(temporary)
  return readFile(file, "utf8")
}
