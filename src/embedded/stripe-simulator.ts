import { randomUUID } from "node:crypto"
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { TIMING } from "../config/timing.ts"
import { isPortFree } from "./postgres/ports.ts"
import { isAlive } from "./postgres/processes.ts"
import { createSimulatorHost, type SimulatorHost } from "./simulator.ts"

interface OpenOptions {
  /** Cancels the start; has no effect later. */
  signal?: AbortSignal | undefined
  /** Runs it where this call starts it. By default it gets a process of its own. */
  host?: SimulatorHost
}

/** The process that runs a folder's simulator. `url` is null while it starts (`pid` is then its parent's) or stops. */
const Owner = z.object({ pid: z.int(), parent: z.int(), port: z.int(), url: z.url().nullable() })
type Owner = z.infer<typeof Owner>

/**
 * Opens the Stripe simulator of a data folder. Uses the one that another process runs or starts one, because two would
 * overwrite each other's data. Reuses the last port if it is free, so that open Checkout pages and other processes
 * still reach the simulator after a restart. `stop` ends only a simulator that we started; `signal` cancels the start.
 */
export async function openStripeSimulator(
  dataDir: string,
  { signal, host = createSimulatorHost() }: OpenOptions = {},
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
    const port = owner && (await isPortFree(owner.port)) ? owner.port : 0
    if (await claim(file, { pid: process.pid, parent: process.pid, port, url: null }))
      return start(dataDir, file, { port, host, signal })
  }
}

function parse(text: string | null): Owner | undefined {
  try {
    return Owner.parse(JSON.parse(text ?? ""))
  } catch {
    return undefined
  }
}

/** @returns the URL once the simulator responds; undefined if its owner is gone or stuck */
async function waitFor(
  file: string,
  seen: string | null,
  owner: Owner,
  signal?: AbortSignal,
): Promise<string | "changed" | undefined> {
  const startedAt = performance.now()
  while (isAlive(owner.pid)) {
    const { url } = owner
    const state = url ? await probe(url) : "silent"
    // A simulator whose parent is gone is about to exit.
    if (url && state === "up" && isAlive(owner.parent)) return url
    const timeoutMs = state === "closed" ? TIMING.embedded.simulatorEndMs : TIMING.embedded.simulatorAnswerMs
    if (performance.now() - startedAt > timeoutMs) return undefined
    await sleep(TIMING.embedded.simulatorPollMs, undefined, { signal })
    if ((await readFile(file, "utf8").catch(() => null)) !== seen) return "changed"
  }
  return undefined
}

async function probe(url: string): Promise<"up" | "silent" | "closed"> {
  try {
    const { ok } = await fetch(`${url}/__admin/clock`, {
      signal: AbortSignal.timeout(TIMING.embedded.simulatorAnswerMs),
    })
    return ok ? "up" : "closed"
  } catch (error) {
    return (error as Error).name === "TimeoutError" ? "silent" : "closed"
  }
}

/** Removes the stale file, but puts it back if another process has claimed it meanwhile. */
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

/** Claims the simulator for one process: `link` fails if the name exists. */
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

type Start = Required<Pick<OpenOptions, "host">> & Pick<OpenOptions, "signal"> & { port: number }

async function start(dataDir: string, file: string, { host, ...options }: Start) {
  try {
    const { url, pid, stop } = await host.start("stripe", {
      ...options,
      dataFile: join(dataDir, "stripe.json"),
    })
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
