import { type DrillOptions, readOptions } from "./options.ts"
import { type Outcome, runScenario } from "./scenario.ts"
import { scenarios } from "./scenarios/index.ts"
import { openFolder, openStores } from "./stores.ts"
import { formatTable } from "./table.ts"

/** Broken cases that are told one by one. */
const TOLD = 20

async function main(): Promise<number> {
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
    const options = readOptions(process.argv.slice(2))
    if (typeof options === "string") return print(options)
    return await drill(options, interrupted.signal)
  } catch (error) {
    const isOurs = interrupted.signal.aborted || error instanceof TypeError
    process.stderr.write(`${isOurs && error instanceof Error ? error.message : (error as Error).stack}\n`)
    return 1
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

/** Every scenario on fresh stores. @returns the exit code */
async function drill(options: DrillOptions, signal: AbortSignal): Promise<number> {
  const outcomes: Outcome[] = []
  for (const name of options.scenarios) {
    console.log(`${name}: queue on ${options.backend}, seed ${options.seed}`)
    const outcome = await perform(name, options, signal)
    report(outcome, options)
    outcomes.push(outcome)
  }
  return outcomes.some(isBroken) ? 1 : 0
}

function isBroken({ verdicts }: Outcome): boolean {
  return verdicts.some(({ broken }) => broken.length > 0)
}

async function perform(name: string, options: DrillOptions, signal: AbortSignal): Promise<Outcome> {
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario) throw new Error(`there is no scenario ${name}`)
  let isKept = true
  await using stack = new AsyncDisposableStack()
  const folder = await openFolder(stack, () => isKept && !signal.aborted)
  console.log(`logs: ${folder}`)
  const stores = await openStores(stack, options.backend, folder)
  const outcome = await runScenario(scenario, {
    stores,
    folder,
    apis: 2,
    workers: 2,
    strikes: options.kills,
    prompts: options.prompts,
    users: options.users,
    seed: options.seed,
    signal,
    say: (line) => console.log(line),
  })
  isKept = options.keep || isBroken(outcome)
  return outcome
}

function report({ scenario, verdicts, figures, seconds }: Outcome, { backend, seed }: DrillOptions): void {
  const rows = verdicts.map(({ id, claim, checked, broken }) => [
    id,
    claim,
    String(checked),
    broken.length === 0 ? "holds" : `BROKEN ${broken.length}`,
  ])
  console.log(`\n${scenario}: queue on ${backend}, seed ${seed}, ${seconds.toFixed(0)} s\n`)
  console.log(`${formatTable(["", "what must hold", "checked", "result"], rows)}\n`)
  console.log(`${formatTable(["measured", ""], figures)}\n`)
  for (const { id, broken } of verdicts) {
    for (const line of broken.slice(0, TOLD)) console.log(`${id}: ${line}`)
    if (broken.length > TOLD) console.log(`${id}: … and ${broken.length - TOLD} more`)
  }
}

process.exit(await main())
