import { flushCompileCache } from "node:module"
import { parseArgs } from "node:util"
import { startStripeSimulator } from "./server.ts"

const HELP = `Simulates the Stripe API over HTTP.

  node simulators/stripe/main.ts [--port N] [--host H] [--data FILE] [--webhook-url URL] [--help]

  --port N           port to listen on; a free one by default
  --host H           address to listen on; 127.0.0.1 by default
  --data FILE        file that the state is kept in across restarts; none by default
  --webhook-url URL  where events go, signed with the secret in STRIPE_WEBHOOK_SECRET
  --help             this text

No money moves. What can be done beside the API is in README.md beside this file.
`

await main()

/** Runs until a signal comes or the parent process, if it opened an IPC channel, goes away. */
async function main() {
  const options = readOptions()
  if (options === "help") return void process.stdout.write(HELP)
  const simulator = await startStripeSimulator(options)
  stopInOrder(() => simulator.close())
  process.stdout.write(`Stripe simulator: ${simulator.url}\n`)
  process.send?.({ url: simulator.url })
  flushCompileCache() // otherwise written at exit only, so never when the process is killed
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      host: { type: "string" },
      data: { type: "string" },
      "webhook-url": { type: "string" },
      help: { type: "boolean" },
    },
  })
  if (values.help) return "help"
  return {
    port: number("--port", values.port),
    host: values.host,
    dataFile: values.data,
    webhook: webhook(values["webhook-url"]),
  }
}

function webhook(url?: string) {
  if (url === undefined) return undefined
  const secret = process.env.STRIPE_WEBHOOK_SECRET
  if (!secret) throw new TypeError("--webhook-url needs the variable STRIPE_WEBHOOK_SECRET")
  return { url, secret }
}

function number(name: string, text?: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw new TypeError(`${name} takes a whole number, not "${text}"`)
  return Number(text)
}

function stopInOrder(close: () => Promise<void>) {
  let stopping = false
  async function stop() {
    if (stopping) return
    stopping = true
    await close()
    process.exit(0)
  }
  for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.on(event, () => void stop())
}
