import { flushCompileCache } from "node:module"
import { parseArgs } from "node:util"
import type { ListenOptions } from "./server.ts"

type Command<Flag extends string> = {
  name: string
  help: string
  /** Flags with a value, beside `--port`, `--host` and `--help`. */
  flags: readonly Flag[]
  start(
    listen: ListenOptions,
    values: Partial<Record<Flag, string>>,
  ): Promise<{ url: string; close(): Promise<void> }>
}

/** Something outside keeps the simulator from starting; the message says what to do. */
export class CannotStart extends Error {}

/**
 * Runs a simulator as a command until a signal comes or the parent process, if it opened an IPC channel, goes away.
 * The parent gets the message `{ url }` once the simulator listens, or `{ error }` where it can't start.
 */
export async function runCommand<Flag extends string>({ name, help, flags, start }: Command<Flag>) {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean" },
      ...Object.fromEntries(["port", "host", ...flags].map((flag) => [flag, { type: "string" as const }])),
    },
  })
  if (values.help) return void process.stdout.write(help)
  const { port, host, ...own } = values as Partial<Record<Flag | "port" | "host", string>>
  let simulator: { url: string; close(): Promise<void> } | undefined
  let stopping = false
  async function stop() {
    if (stopping) return
    stopping = true
    await simulator?.close()
    process.exit(0)
  }
  for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.on(event, () => void stop())
  try {
    simulator = await start({ port: wholeNumber("--port", port), host }, own as Partial<Record<Flag, string>>)
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    const end = () => process.exit(1)
    if (process.send) return void process.send({ error: error.message }, end)
    process.stderr.write(`${name} simulator: ${error.message}\n`)
    return end()
  }
  process.stdout.write(`${name} simulator: ${simulator.url}\n`)
  process.send?.({ url: simulator.url })
  flushCompileCache() // otherwise written at exit only, so never when the process is killed
}

/** Reads a flag's value as a whole number. Throws `TypeError` for any other text. */
export function wholeNumber(flag: string, text?: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw new TypeError(`${flag} takes a whole number, not "${text}"`)
  return Number(text)
}
