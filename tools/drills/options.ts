import { randomInt } from "node:crypto"
import { readCommandLine, readNames, readNumber } from "../lib/command-line.ts"
import { hasRedisServer } from "../lib/redis-server.ts"
import type { Backend } from "../lib/stores.ts"
import { scenarios } from "./scenarios/index.ts"

const HELP = `Usage: npm run drill [-- options]

Practises failures on processes of its own: a PostgreSQL, a Redis where there is one, the Gemini simulator, API
and worker processes. Users send prompts over HTTP and listen to every reply while parts are killed; at the end
everything that was promised is checked. Exits with 1 when something was broken. Goals of time, memory and calls are
told, but don't fail it.

  --scenario NAMES   only these, with commas between; may be given several times
  --backend B        redis or postgres: where the queue is. Redis where there is a redis-server on the PATH
  --kills N          how often to strike in each scenario (20)
  --prompts N        how many prompts to send in each scenario, at the least (300)
  --users N          how many users talk, each in two rooms at once (12)
  --seed N           what is drawn; a random one, which is printed, by default
  --quick            at most four minutes in all: one cluster for all scenarios that it does for, 2 strikes,
                     40 prompts, 6 users, shorter outages; without the longest
  --report FILE      write the closing table there, as Markdown; docs/RELIABILITY.md for a drill of all scenarios that
                     isn't quick
  --keep             keep the processes' logs, also when all is well
  --help             this text

Scenarios:
${scenarios.map(({ name, about }) => `  ${name.padEnd(17)}  ${about}`).join("\n")}
`

export type DrillOptions = ReturnType<typeof readOptions>

/** Reads the command line. */
export function readOptions() {
  const text = { type: "string" } as const
  const flag = { type: "boolean", default: false } as const
  const sizes = { kills: text, prompts: text, users: text, seed: text }
  const scenario = { type: "string", multiple: true } as const
  const options = { scenario, backend: text, ...sizes, report: text, quick: flag, keep: flag }
  return readCommandLine(HELP, options, ({ scenario, backend, report, quick, keep, ...given }) => {
    if (backend !== undefined && backend !== "redis" && backend !== "postgres")
      throw new TypeError(`--backend takes redis or postgres, not "${backend}".`)
    const chosen: Backend = backend ?? (hasRedisServer() ? "redis" : "postgres")
    const number = (name: keyof typeof sizes, otherwise: number) =>
      given[name] === undefined ? otherwise : readNumber(`--${name}`, given[name])
    const all = scenarios.map(({ name }) => name)
    return {
      scenarios: scenario ? readNames("--scenario", scenario.join(), all) : all,
      backend: chosen,
      kills: number("kills", quick ? 2 : 20),
      prompts: number("prompts", quick ? 40 : 300),
      users: number("users", quick ? 6 : 12),
      seed: number("seed", randomInt(1, 1_000_000)),
      keep,
      quick,
      report: report ?? (quick || scenario ? null : "docs/RELIABILITY.md"),
    }
  })
}
