import pg from "pg"
import { TIMING } from "../../config/timing.ts"
import { ClusterUnusable } from "./errors.ts"
import { APP } from "./initdb.ts"

const HOST = "127.0.0.1"

export type Address = { port: number; password: string }

/** PostgreSQL's class 28: invalid authorization (Appendix A of its manual). */
const WRONG_PASSWORD = ["28P01", "28000"]

export function urlOf({ port, password }: Address): string {
  return `postgres://${APP}:${password}@${HOST}:${port}/${APP}`
}

/**
 * A connection to the maintenance database, or undefined while PostgreSQL doesn't answer yet. With scram
 * both sides prove that they know the password, so an answer also says that this server is ours.
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
  client.on("error", () => {}) // a lost connection shows in the next query, and ends with the server
  try {
    await client.connect()
    return client
  } catch (error) {
    client.end().catch(() => {})
    if (!WRONG_PASSWORD.includes((error as { code?: string }).code ?? "")) return undefined
    throw new ClusterUnusable(`The PostgreSQL on port ${port} refuses the password in our file.`, error)
  }
}

/** How other instances find our process id. */
export function ownName(): string {
  return `instance ${process.pid}`
}

/** Creates the application's database when it's missing. Safe to do twice at once. */
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
