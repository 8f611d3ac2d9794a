import { randomInt } from "node:crypto"
import { parseArgs } from "node:util"
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
  --quick            at most three minutes in all: one cluster for all scenarios, 2 strikes, 40 prompts, 6 users,
                     shorter outages
  --report FILE      write the closing table there, as Markdown; docs/RELIABILITY.md for a drill of all scenarios that
                     isn't quick
  --keep             keep the processes' logs, also when all is well
  --help             this text

Scenarios:
${scenarios.map(({ name, about }) => `  ${name.padEnd(17)}  ${about}`).join("\n")}
`

export interface DrillOptions {
  scenarios: string[]
  backend: Backend
  kills: number
  prompts: number
  users: number
  seed: number
  keep: boolean
  quick: boolean
  report: string | null
}

/** Reads the command line. @returns the text to print where it asks for help. @throws {TypeError} for what it can't mean */
export function readOptions(args: string[]): DrillOptions | string {
  const { values } = parseArgs({
    args,
    options: {
      scenario: { type: "string", multiple: true },
      backend: { type: "string" },
      kills: { type: "string" },
      prompts: { type: "string" },
      users: { type: "string" },
      seed: { type: "string" },
      report: { type: "string" },
      quick: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return HELP
  return {
    scenarios: (
      values.scenario?.flatMap((names) => names.split(",")) ?? scenarios.map(({ name }) => name)
    ).map(knownScenario),
    backend: readBackend(values.backend),
    kills: number("--kills", values.kills, values.quick ? 2 : 20),
    prompts: number("--prompts", values.prompts, values.quick ? 40 : 300),
    users: number("--users", values.users, values.quick ? 6 : 12),
    seed: number("--seed", values.seed, randomInt(1, 1_000_000)),
    keep: values.keep,
    quick: values.quick,
    report: values.report ?? (values.quick || values.scenario ? null : "docs/RELIABILITY.md"),
  }
}

function knownScenario(name: string): string {
  if (scenarios.some((scenario) => scenario.name === name)) return name
  throw new TypeError(
    `There is no scenario ${name}. Known: ${scenarios.map((scenario) => scenario.name).join(", ")}.`,
  )
}

function readBackend(asked: string | undefined): Backend {
  if (asked === undefined) return hasRedisServer() ? "redis" : "postgres"
  if (asked === "redis" || asked === "postgres") return asked
  throw new TypeError(`--backend takes redis or postgres, not "${asked}".`)
}

function number(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${name} takes a whole number, not "${text}".`)
  return Number(text)
}
