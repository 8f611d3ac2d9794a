import { contract } from "../lib/contract.ts"
import { type FuzzResult, fuzz } from "./fuzz.ts"
import { type Options, readOptions } from "./options.ts"
import { formatCounts, formatFault, formatReach, listUnreached } from "./report.ts"
import { startSite } from "./site.ts"

const SHOWN_EVERY = 1_000

async function run(options: Options): Promise<number> {
  const { requests, seed, backend } = options
  const interrupted = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort())
  let isBroken = true
  await using stack = new AsyncDisposableStack()
  const site = await startSite(stack, backend, () => isBroken)
  console.log(`${requests} requests on the ${backend} backend, seed ${seed}`)
  const startedAt = performance.now()
  const died = site.server.ended.then(() => interrupted.abort())
  const result = await fuzz({
    ...site,
    contract: contract(),
    requests,
    seed,
    signal: interrupted.signal,
    onProgress: tell(requests),
  })
  const faults = [
    ...result.faults.map(formatFault),
    ...(site.server.isAlive() ? [] : ["The server has ended."]),
    ...listUnreached(result),
  ]
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`\n${formatCounts(result)}\n`)
  console.log(`${listIntents(result)}; ${seconds.toFixed(0)} s`)
  isBroken = faults.length > 0
  if (isBroken) console.log(`\n${faults.join("\n\n")}\n\nlog: ${site.logFile}`)
  if (isBroken)
    console.log(`again: npm run fuzz -- --requests ${requests} --seed ${seed} --backend ${backend}`)
  console.log(formatReach(result))
  console.log(`${result.sent} answers, ${faults.length} faults`)
  void died
  return isBroken || interrupted.signal.aborted ? 1 : 0
}

function tell(requests: number) {
  let shown = 0
  return (sent: number) => {
    if (sent - shown < SHOWN_EVERY) return
    shown = sent - (sent % SHOWN_EVERY)
    console.log(`  ${shown} of ${requests}`)
  }
}

function listIntents({ byIntent }: FuzzResult): string {
  return [...byIntent].map(([intent, count]) => `${intent}: ${count}`).join(", ")
}

process.exitCode = await run(readOptions())
