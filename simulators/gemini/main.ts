import { flushCompileCache } from "node:module"
import { parseArgs } from "node:util"
import { DEFAULT_CHUNK_DELAY_MS, startGeminiSimulator } from "./server.ts"

const HELP = `Simulates the Gemini API over HTTP.

  node simulators/gemini/main.ts [--port N] [--host H] [--chunk-delay MS] [--help]

  --port N           port to listen on; a free one by default
  --host H           address to listen on; 127.0.0.1 by default
  --chunk-delay MS   pause between the chunks of a reply; ${DEFAULT_CHUNK_DELAY_MS} by default
  --help             this text

InjectedFaults and replies are scripted by the prompt or by admin routes: see README.md beside this file.
`

await main()

/** Runs until a signal comes or the parent process, if it opened an IPC channel, goes away. */
async function main() {
  const options = readOptions()
  if (options === "help") return void process.stdout.write(HELP)
  stopAtOnce()
  const simulator = await startGeminiSimulator(options)
  process.stdout.write(`Gemini simulator: ${simulator.url}\n`)
  process.send?.({ url: simulator.url })
  flushCompileCache() // otherwise written at exit only, so never when the process is killed
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      host: { type: "string" },
      "chunk-delay": { type: "string" },
      help: { type: "boolean" },
    },
  })
  if (values.help) return "help"
  return {
    port: number("--port", values.port),
    host: values.host,
    chunkDelayMs: number("--chunk-delay", values["chunk-delay"]),
  }
}

function number(name: string, text?: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw new TypeError(`${name} takes a whole number, not "${text}"`)
  return Number(text)
}

function stopAtOnce() {
  for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.once(event, () => process.exit(0))
}
