import { randomInt } from "node:crypto"
import { parseArgs } from "node:util"

const HELP = `Usage: npm run fuzz [-- options]

Draws requests from the OpenAPI document, as documented, nearly so and hostile ones, and sends them to a server of its
own. Exits with 1 when an answer is a 5xx, isn't as documented, or doesn't come, when the server ends, and when an
endpoint had no success in a run of 5000 requests or more.

  --requests N   how many to send (5000)
  --seed N       what is drawn; a random one, which is printed, by default
  --backend B    embedded (default) or redis
  --help         this text
`

export interface Options {
  requests: number
  seed: number
  backend: "embedded" | "redis"
}

/** Reads the command line. @returns the text to print where it asks for help. @throws {TypeError} for what it can't mean */
export function readOptions(args: string[]): Options | string {
  const { values } = parseArgs({
    args,
    options: {
      requests: { type: "string", default: "5000" },
      seed: { type: "string", default: String(randomInt(1, 1_000_000)) },
      backend: { type: "string", default: "embedded" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return HELP
  const { backend } = values
  if (backend !== "embedded" && backend !== "redis")
    throw new TypeError(`--backend takes embedded or redis, not "${backend}".`)
  return { requests: number("--requests", values.requests), seed: number("--seed", values.seed), backend }
}

function number(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${name} takes a whole number, not "${text}".`)
  return Number(text)
}
