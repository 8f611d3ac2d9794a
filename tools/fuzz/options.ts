import { randomInt } from "node:crypto"
import { readCommandLine, readNumber } from "../lib/command-line.ts"

const HELP = `Usage: npm run fuzz [-- options]

Draws requests from the OpenAPI document, as documented, nearly so and hostile ones, and sends them to a server of its
own. Exits with 1 when a reply is a 5xx, undocumented or missing, when the server ends, and when an
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

export function readOptions(): Options {
  const options = {
    requests: { type: "string", default: "5000" },
    seed: { type: "string", default: String(randomInt(1, 1_000_000)) },
    backend: { type: "string", default: "embedded" },
  } as const
  return readCommandLine(HELP, options, ({ requests, seed, backend }) => {
    if (backend !== "embedded" && backend !== "redis")
      throw new TypeError(`--backend takes embedded or redis, not "${backend}".`)
    return { requests: readNumber("--requests", requests), seed: readNumber("--seed", seed), backend }
  })
}
