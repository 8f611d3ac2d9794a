import { randomBytes } from "node:crypto"
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { CompleteConfig, Config } from "../config/env.ts"
import { startEmbeddedPostgres } from "./postgres/index.ts"
import { startSimulator } from "./simulator.ts"

/** What was started because it wasn't configured. */
export interface Embedded {
  config: CompleteConfig
  /** Names of the parts that are embedded. */
  parts: { database: boolean; gemini: boolean }
  stop(): Promise<void>
}

/**
 * Fills what the configuration leaves open: a PostgreSQL of its own and a secret under `DATA_DIR`, the Gemini
 * simulator. In production nothing is left open: `readConfig` has seen to that.
 */
export async function startEmbedded(config: Config, say: (line: string) => void): Promise<Embedded> {
  await using starting = new AsyncDisposableStack()
  const database = await startDatabase(config, say)
  starting.defer(() => database.stop())
  const { url } = database
  let { apiKey, baseUrl } = config.gemini
  const simulated = apiKey === null
  if (apiKey === null) {
    const simulator = await startSimulator("gemini")
    starting.defer(() => simulator.stop())
    apiKey = "simulator"
    baseUrl = simulator.url
  }
  const secret = config.jwt.secret ?? (await readOrMakeSecret(config.dataDir))
  const started = starting.move()
  return {
    config: {
      ...config,
      database: { ...config.database, url },
      jwt: { ...config.jwt, secret },
      gemini: { ...config.gemini, apiKey, baseUrl },
    },
    parts: { database: config.database.url === null, gemini: simulated },
    stop: () => started.disposeAsync(),
  }
}

/** The configured database's URL, or that of a PostgreSQL of its own. */
export async function startDatabase(
  { database, dataDir }: Config,
  say: (line: string) => void,
): Promise<{ url: string; stop(): Promise<void> }> {
  if (database.url !== null) return { url: database.url, stop: async () => undefined }
  return startEmbeddedPostgres({ dataDir, onProgress: say })
}

/** Tokens must outlive a restart, so the secret is kept. */
async function readOrMakeSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "jwt-secret")
  const kept = await readFile(file, "utf8").catch(() => "")
  if (kept) return kept
  await mkdir(dataDir, { recursive: true })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, randomBytes(48).toString("base64url"), { mode: 0o600 })
  // A link to a name that is taken fails: of two starts at once, both go on with the first one's secret.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error
  })
  await rm(draft)
  return readFile(file, "utf8")
}
