import { randomUUID } from "node:crypto"
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { TIMING } from "../config/timing.ts"
import { isAlive } from "./postgres/processes.ts"
import { startSimulator } from "./simulator.ts"

/** Who runs a folder's simulator. `url` is null while it starts (`pid` is its parent's then) and while it stops. */
const Owner = z.object({ pid: z.int(), parent: z.int(), port: z.int(), url: z.url().nullable() })
type Owner = z.infer<typeof Owner>

/**
 * The Stripe simulator of a data folder: the one that another process runs on it, or one of our own, because two on
 * one data file would overwrite each other. It stays on its port as long as that is free, so that Checkout pages which
 * are open, and processes that use it, find it again after a restart. `stop` ends only our own; `signal` gives the
 * start up.
 */
export async function openStripeSimulator(
  dataDir: string,
  signal?: AbortSignal,
): Promise<{ url: string; stop(): Promise<void> }> {
  await mkdir(dataDir, { recursive: true })
  const file = join(dataDir, "stripe-simulator.json")
  for (;;) {
    const seen = await readFile(file, "utf8").catch(() => null)
    const owner = parse(seen)
    const url = owner && (await waitFor(file, seen, owner, signal))
    if (url === "changed") continue
    if (url) return { url, stop: async () => undefined }
    if (seen !== null) await removeStale(file, seen)
    const port = await freePort(owner?.port ?? 0)
    if (await claim(file, { pid: process.pid, parent: process.pid, port, url: null }))
      return start(dataDir, file, port, signal)
  }
}

function parse(text: string | null): Owner | undefined {
  try {
    return Owner.parse(JSON.parse(text ?? ""))
  } catch {
    return undefined
  }
}

/** @returns the URL once the simulator answers there; undefined when its owner is gone or stuck */
async function waitFor(
  file: string,
  seen: string | null,
  owner: Owner,
  signal?: AbortSignal,
): Promise<string | "changed" | undefined> {
  const began = performance.now()
  while (isAlive(owner.pid)) {
    const { url } = owner
    const state = url ? await knock(url) : "silent"
    // One whose parent is gone is about to follow it.
    if (url && state === "answers" && isAlive(owner.parent)) return url
    const timeoutMs = state === "closed" ? TIMING.embedded.simulatorEndMs : TIMING.embedded.simulatorAnswerMs
    if (performance.now() - began > timeoutMs) return undefined
    await sleep(TIMING.embedded.simulatorPollMs, undefined, { signal })
    if ((await readFile(file, "utf8").catch(() => null)) !== seen) return "changed"
  }
  return undefined
}

async function knock(url: string): Promise<"answers" | "silent" | "closed"> {
  try {
    const { ok } = await fetch(`${url}/__admin/clock`, {
      signal: AbortSignal.timeout(TIMING.embedded.simulatorAnswerMs),
    })
    return ok ? "answers" : "closed"
  } catch (error) {
    return (error as Error).name === "TimeoutError" ? "silent" : "closed"
  }
}

/** Somebody else may have claimed it since we looked: what isn't what we saw goes back to its place. */
async function removeStale(file: string, seen: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch {
    return
  }
  if ((await readFile(aside, "utf8")) !== seen) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

/** @returns the wanted port where nobody listens on it, 0 (any) otherwise */
async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false))
    server.listen(wanted, "127.0.0.1", () => server.close(() => resolve(true)))
  })
  return isFree ? wanted : 0
}

/** A link to a name that is taken fails, so of several at once one has it. */
async function claim(file: string, owner: Owner): Promise<boolean> {
  const temporary = await writeTemporary(file, owner)
  try {
    await link(temporary, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeTemporary(file: string, owner: Owner): Promise<string> {
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, JSON.stringify(owner))
  return temporary
}

async function start(dataDir: string, file: string, wantedPort: number, signal?: AbortSignal) {
  try {
    const args = ["--data", join(dataDir, "stripe.json")]
    const { url, pid, stop } = await startSimulator("stripe", { port: wantedPort, args, signal })
    const owner = { pid, parent: process.pid, port: Number(new URL(url).port) }
    const publish = async (at: string | null) =>
      rename(await writeTemporary(file, { ...owner, url: at }), file)
    await publish(url)
    return {
      url,
      async stop() {
        await publish(null)
        await stop()
      },
    }
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}
