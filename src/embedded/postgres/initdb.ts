import { spawn } from "node:child_process"
import { once } from "node:events"
import { dirname } from "node:path"
import { text } from "node:stream/consumers"
import { type Account, cleanEnvironment } from "./account.ts"
import type { Binaries } from "./binaries.ts"
import { NEW_CLUSTER_BYTES, throwIfDiskFull } from "./disk.ts"
import { StartFailed } from "./errors.ts"

export type Initdb = {
  binaries: Binaries
  cluster: string
  passwordFile: string
  account: Account
  onProgress: (line: string) => void
  signal?: AbortSignal | undefined
}

/** The name of the superuser and of the application's database. */
export const APP = "app"

/**
 * Creates a cluster in an empty folder, with UTF-8, no system locale, password authentication only and data checksums.
 * Takes one to two seconds.
 * @throws {StartFailed | DiskFull} or the reason of an abort
 */
export async function runInitdb(options: Initdb): Promise<void> {
  options.onProgress("Creating the database (first start only, a few seconds) …")
  const started = performance.now()
  const initdb = spawn(options.binaries.initdb, argumentsFor(options), {
    ...options.account,
    cwd: dirname(options.cluster),
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    signal: options.signal,
  })
  const output = Promise.all([text(initdb.stdout), text(initdb.stderr)])
  try {
    const [code] = await once(initdb, "exit")
    if (code !== 0)
      throw new StartFailed(`initdb exited with code ${code}.`, (await output).join("").slice(-2000))
  } catch (error) {
    options.signal?.throwIfAborted()
    await throwIfDiskFull(dirname(options.cluster), error, NEW_CLUSTER_BYTES)
    if (error instanceof StartFailed) throw error
    throw new StartFailed("initdb couldn't be started.", String(error), error)
  }
  options.onProgress(`Database created in ${((performance.now() - started) / 1000).toFixed(1)} s.`)
}

function argumentsFor({ cluster, passwordFile }: Initdb): string[] {
  return [
    `--pgdata=${cluster}`,
    `--username=${APP}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    // Iterations protect a password that can be guessed. This one is 192 random bits, and every connection pays for them.
    "--set=scram_iterations=1",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
  ]
}
