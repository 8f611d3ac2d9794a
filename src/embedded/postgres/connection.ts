import pg from "pg"
import { TIMING } from "../../config/timing.ts"
import { ClusterUnusable } from "./errors.ts"
import { APP } from "./initdb.ts"

const HOST = "127.0.0.1"

export type Address = { port: number; password: string }

/** SQLSTATEs of class 28, invalid authorization. */
const WRONG_PASSWORD = ["28P01", "28000"]

export function urlOf({ port, password }: Address): string {
  return `postgres://${APP}:${password}@${HOST}:${port}/${APP}`
}

/**
 * Connects to the maintenance database. SCRAM proves to both sides that the other knows the password, so success also
 * shows that the server is ours.
 * @returns undefined while PostgreSQL doesn't accept connections
 */
export async function tryConnect({ port, password }: Address): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    host: HOST,
    port,
    user: APP,
    password,
    database: "postgres",
    application_name: ownName(),
    connectionTimeoutMillis: TIMING.embedded.connectTimeoutMs,
  })
  client.on("error", () => {}) // the next query fails if the connection is lost
  try {
    await client.connect()
    return client
  } catch (error) {
    client.end().catch(() => {})
    if (!WRONG_PASSWORD.includes((error as { code?: string }).code ?? "")) return undefined
    throw new ClusterUnusable(`PostgreSQL on port ${port} rejects the stored password.`, error)
  }
}

/** Names our process id, which other instances look up. */
export function ownName(): string {
  return `instance ${process.pid}`
}

/** Creates the application's database if it is missing. Safe to run concurrently. */
export async function ensureAppDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [APP])
  if (rowCount) return
  try {
    await client.query(`CREATE DATABASE ${APP}`)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== "42P04" && code !== "23505") throw error // another instance was faster
  }
}
