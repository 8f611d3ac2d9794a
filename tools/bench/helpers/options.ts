import { parseArgs } from "node:util"
import type { Backend } from "./site.ts"

export const MEASURES = ["list", "post", "post-worker", "replies", "sign-ins", "streams", "webhooks"] as const
export type Measure = (typeof MEASURES)[number]

const BACKENDS: Backend[] = ["redis", "embedded"]

export const HELP = `Usage: npm run bench [-- OPTIONS]

Measures the server beside its floors: the least that could do the same with the same libraries. Starts all it needs
on this machine and leaves nothing behind. README.md in this folder says what is measured and how to read it.

  --quick            fewer and shorter rounds: about a minute, and less sure
  --only NAMES       of ${MEASURES.join(", ")}
  --backend NAME     redis or embedded; by default both, where there is a redis-server on the PATH
  --json             one JSON document instead of the table
  --profile FOLDER   write processor profiles (.cpuprofile) of the measured servers there; slows them down
  --help             this text
`

export interface Options {
  quick: boolean
  json: boolean
  only: readonly Measure[]
  backends: readonly Backend[]
  profileDir: string | null
}

/** @returns null when help was asked for @throws {TypeError} for what isn't an option */
export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      backend: { type: "string" },
      json: { type: "boolean", default: false },
      profile: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return null
  return {
    quick: values.quick,
    json: values.json,
    only: choose("--only", values.only, MEASURES),
    backends: choose("--backend", values.backend, BACKENDS),
    profileDir: values.profile ?? null,
  }
}

function choose<T extends string>(
  option: string,
  text: string | undefined,
  known: readonly T[],
): readonly T[] {
  if (text === undefined) return known
  const wanted = text.split(",").map((name) => name.trim())
  const unknown = wanted.find((name) => !known.some((each) => each === name))
  if (unknown !== undefined)
    throw new TypeError(`${option} doesn't know "${unknown}"; it knows ${known.join(", ")}.`)
  return known.filter((name) => wanted.includes(name))
}
