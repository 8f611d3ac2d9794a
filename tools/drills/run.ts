import { writeFile } from "node:fs/promises"
import { startCluster } from "../lib/cluster.ts"
import { openFolder, openStores, type Stores } from "../lib/stores.ts"
import { formatTable } from "../lib/table.ts"
import type { Verdict } from "./invariants.ts"
import { type DrillOptions, readOptions } from "./options.ts"
import { closingTable, isBroken, type Results, wordFor, writeReport } from "./report.ts"
import { judgeStop, type Outcome, perform, runScenario, type Scenario } from "./scenario.ts"
import { scenarios } from "./scenarios/index.ts"

/** Broken cases that are told one by one. */
const TOLD = 20

async function main(): Promise<number> {
  const options = readOptions()
  const interrupted = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // Whoever insists doesn't want to wait; what runs is killed at exit.
      if (interrupted.signal.aborted) process.exit(1)
      process.stderr.write(`${signal}: stopping everything\n`)
      interrupted.abort(new Error(`stopped by ${signal}`))
    })
  }
  try {
    return await drill(options, interrupted.signal)
  } catch (error) {
    const { message, stack } = error as Error
    process.stderr.write(`${interrupted.signal.aborted ? message : stack}\n`)
    return 1
  }
}

/** @returns the exit code */
async function drill(options: DrillOptions, signal: AbortSignal): Promise<number> {
  const asked = scenarios.filter(({ name }) => options.scenarios.includes(name))
  const skipped = asked.filter(({ needsRedis }) => needsRedis && options.backend !== "redis")
  const names = skipped.map(({ name }) => name)
  for (const name of names) console.log(`${name}: skipped, the queue is in PostgreSQL`)
  const write = async (results: Results) => {
    const closing = closingTable(results, names)
    const report = writeReport({ closing, outcomes: results.outcomes, command: commandOf(options) })
    if (options.report) await writeFile(options.report, report)
    return closing
  }
  const run = options.quick ? runTogether : runApart
  const able = asked.filter((one) => !skipped.includes(one) && !(options.quick && one.isLong))
  const results = await run(able, options, { signal, write })
  const { outcomes, stop } = results
  console.log(`\n${await write(results)}\n`)
  if (stop) tellBroken([stop])
  return outcomes.some(isBroken) || (stop && stop.broken.length > 0) ? 1 : 0
}

interface Course {
  signal: AbortSignal
  /** Writes the report of what there is. */
  write(results: Results): Promise<unknown>
}

/** Every scenario on fresh stores. The report is written after each: a drill of hours may be cut short. */
async function runApart(asked: Scenario[], options: DrillOptions, course: Course): Promise<Results> {
  const outcomes: Outcome[] = []
  for (const scenario of asked) {
    outcomes.push(await runAlone(scenario, options, course.signal))
    await course.write({ outcomes, stop: null })
  }
  return { outcomes, stop: null }
}

/** One scenario on fresh stores. */
async function runAlone(scenario: Scenario, options: DrillOptions, signal: AbortSignal): Promise<Outcome> {
  let outcome: Outcome | undefined
  const broken = () => !outcome || isBroken(outcome)
  const open = scenario.openStores ?? openStores
  return withStores({ options, signal, broken, open }, async (stores, folder) => {
    announce(scenario, options)
    outcome = await runScenario(scenario, { ...shapeOf(options, signal), ...PROCESSES, stores, folder })
    report(outcome, options)
    return outcome
  })
}

/**
 * One scenario after the other on the same cluster, where it does for them: starting and stopping takes longer than many
 * a scenario.
 */
async function runTogether(asked: Scenario[], options: DrillOptions, course: Course): Promise<Results> {
  const [alone, together] = [asked.filter((one) => one.openStores), asked.filter((one) => !one.openStores)]
  const { outcomes, stop } = await runOnOneCluster(together, options, course.signal)
  for (const scenario of alone) outcomes.push(await runAlone(scenario, options, course.signal))
  return { outcomes, stop }
}

async function runOnOneCluster(
  asked: Scenario[],
  options: DrillOptions,
  signal: AbortSignal,
): Promise<Results> {
  const outcomes: Outcome[] = []
  if (asked.length === 0) return { outcomes, stop: null }
  let stop: Verdict | null = null
  const broken = () => !stop || stop.broken.length > 0 || outcomes.some(isBroken)
  await withStores({ options, signal, broken, open: openStores }, async (stores, folder) => {
    await using stack = new AsyncDisposableStack()
    const cluster = await startCluster(stack, { ...PROCESSES, stores, folder })
    for (const [i, scenario] of asked.entries()) {
      announce(scenario, options)
      const firstNumber = FIRST_NUMBER + i * options.users
      const outcome = await perform(scenario, cluster, { ...shapeOf(options, signal), stores, firstNumber })
      report(outcome, options)
      outcomes.push(outcome)
    }
    stop = await judgeStop(cluster)
  })
  return { outcomes, stop }
}

const PROCESSES = { apis: 2, workers: 2 }
const FIRST_NUMBER = 1_000

interface Site {
  options: DrillOptions
  signal: AbortSignal
  /** Whether the logs are worth keeping. */
  broken(): boolean
  open: NonNullable<Scenario["openStores"]>
}

async function withStores<T>(
  { options, signal, broken, open }: Site,
  work: (stores: Stores, folder: string) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack()
  const folder = await openFolder(stack, () => !signal.aborted && (options.keep || broken()))
  console.log(`logs: ${folder}`)
  return await work(await open(stack, options.backend, folder), folder)
}

function shapeOf({ kills, prompts, users, seed, quick }: DrillOptions, signal: AbortSignal) {
  const say = (line: string) => console.log(line)
  return { strikes: kills, prompts, users, seed, isQuick: quick, signal, say }
}

function announce({ name }: Scenario, { backend, seed }: DrillOptions): void {
  console.log(`${name}: queue on ${backend}, seed ${seed}`)
}

/** What this drill can be repeated with. */
function commandOf({ quick, kills, prompts, users, seed, backend }: DrillOptions): string {
  const sizes = `--kills ${kills} --prompts ${prompts} --users ${users} --seed ${seed} --backend ${backend}`
  return `npm run drill --${quick ? " --quick" : ""} ${sizes}`
}

function report({ scenario, verdicts, metrics, seconds }: Outcome, { backend, seed }: DrillOptions): void {
  const rows = verdicts.map((each) => [each.id, each.claim, String(each.checked), wordFor(each)])
  console.log(`\n${scenario}: queue on ${backend}, seed ${seed}, ${seconds.toFixed(0)} s\n`)
  console.log(`${formatTable(["", "what must hold", "checked", "result"], rows)}\n`)
  console.log(`${formatTable(["measured", ""], metrics)}\n`)
  tellBroken(verdicts)
}

function tellBroken(verdicts: Verdict[]): void {
  for (const { id, broken } of verdicts) {
    for (const line of broken.slice(0, TOLD)) console.log(`${id}: ${line}`)
    if (broken.length > TOLD) console.log(`${id}: … and ${broken.length - TOLD} more`)
  }
}

process.exit(await main())
