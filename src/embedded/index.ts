import { randomBytes } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
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
  let { url } = config.database
  if (url === null) {
    const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, onProgress: say })
    starting.defer(() => postgres.stop())
    url = postgres.url
  }
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

/** Tokens must outlive a restart, so the secret is kept. Of two starts at once, the file system lets one secret win. */
async function readOrMakeSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "jwt-secret")
  const kept = await readFile(file, "utf8").catch(() => "")
  if (kept) return kept
  await mkdir(dataDir, { recursive: true })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, randomBytes(48).toString("base64url"), { mode: 0o600 })
  await rename(draft, file)
  return readFile(file, "utf8")
}
