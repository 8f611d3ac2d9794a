import { writeFileSync } from "node:fs"
import { chromium } from "../lib/chromium.ts"
import { toChart } from "./helpers/chart.ts"
import { type Measure, type Options, readOptions } from "./helpers/options.ts"
import { machineLine, type Report, toText } from "./helpers/report.ts"
import { type Machine, type Site, startMachine, startSite } from "./helpers/site.ts"
import { signInUsers } from "./helpers/users.ts"
import type { GrowthPace } from "./measures/growth.ts"
import { measurers, QUICK, THOROUGH, USERS } from "./measures/index.ts"

await main(readOptions())

async function main(options: Options): Promise<void> {
  const stack = new AsyncDisposableStack()
  const stopping = endOnSignal(stack)
  const report: Report = { pairs: [], ratios: [], web: [], metrics: [] }
  try {
    await measureAll(stack, options, report)
    if (options.svg !== null) writeFileSync(options.svg, toChart(report.pairs, machineLine()))
    print(report, options)
  } catch (error) {
    // A measure that is interrupted fails too, and needs no message.
    if (stopping.aborted) return
    // The measures before it took minutes.
    print(report, options)
    process.stderr.write(`\nThe rest wasn't measured: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  } finally {
    if (!stopping.aborted) await stack.disposeAsync()
  }
}

/** One Ctrl-C may arrive several times, from the terminal, from npm and from the launcher: the first counts. */
function endOnSignal(stack: AsyncDisposableStack): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) return
      stopping.abort()
      // What is in flight loses its servers and fails, and needs no message.
      process.on("uncaughtException", () => undefined)
      void stack.disposeAsync().finally(() => process.exit(130))
    })
  }
  return stopping.signal
}

function print(report: Report, { json }: Options): void {
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : `\n${toText(report)}`)
}

async function measureAll(stack: AsyncDisposableStack, options: Options, report: Report): Promise<void> {
  const machine = await startMachine(stack, options.profileDir)
  if (options.only.includes("web") && chromium === null)
    say("There is no Chromium on the PATH: THE WEB CLIENT IS LEFT OUT.")
  for (const backend of options.backends) {
    if (backend === "redis" && machine.redisUrl === null) {
      say("There is no redis-server on the PATH: THE REDIS HALF IS LEFT OUT.")
      continue
    }
    const only = options.only.filter((name) => isMeasured(name, backend, options))
    if (only.length > 0) await measureSite(machine, { ...options, only }, backend, report)
  }
}

/** The web client is measured once: to a browser both backends are the same. */
function isMeasured(name: Measure, backend: Site["backend"], { backends }: Options): boolean {
  return name !== "web" || (chromium !== null && backend === backends.at(-1))
}

async function measureSite(
  machine: Machine,
  options: Options,
  backend: Site["backend"],
  report: Report,
): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const site = await startSite(stack, machine, backend)
  const users = await signInUsers(site.url, site.pool, USERS)
  const usual = options.quick ? QUICK : THOROUGH
  const search = options.texts === null ? usual.search : { ...usual.search, texts: options.texts }
  const growth = options.users === null ? usual.growth : withUsers(usual.growth, options.users)
  const paces = { ...usual, search, growth }
  for (const name of options.only) {
    say(`${name} on ${backend} …`)
    // The workers of this measure would index for the search what the one before has left.
    await site.pool.query("DELETE FROM search_queue")
    await measurers[name](site, users, paces, report)
  }
}

function withUsers(growth: GrowthPace, users: number): GrowthPace {
  return { ...growth, large: { ...growth.large, users } }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
