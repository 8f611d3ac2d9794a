import { readFile, realpath } from "node:fs/promises"
import { join } from "node:path"
import { urlOf } from "./connection.ts"
import { findPostmaster } from "./pid-file.ts"

/**
 * Finds the URL of the PostgreSQL that another process of this account runs on `<dataDir>/postgres`. Neither starts nor
 * adopts one.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | undefined> {
  const home = await realpath(join(dataDir, "postgres")).catch(() => undefined)
  if (home === undefined) return undefined
  const running = await findPostmaster(join(home, "cluster"))
  if (!running?.port) return undefined
  const password = (await readFile(join(home, "password"), "utf8")).trim()
  return urlOf({ port: running.port, password })
}
