import { readCommandLine, readNames, readNumber } from "../../lib/command-line.ts"
import type { Backend } from "./site.ts"

export const MEASURES = [
  "list",
  "room",
  "post",
  "post-worker",
  "replies",
  "probe",
  "counts",
  "live",
  "backlog",
  "checkpoints",
  "sign-ins",
  "streams",
  "idle-streams",
  "memory",
  "start",
  "webhooks",
  "long-room",
  "cached-tokens",
  "search",
  "growth",
  "costs",
  "import",
  "web",
] as const
export type Measure = (typeof MEASURES)[number]

const BACKENDS: Backend[] = ["redis", "embedded"]

const HELP = `Usage: npm run bench [-- OPTIONS]

Measures the server beside its floors: the least that could do the same with the same libraries. Starts all it needs
on this machine and leaves nothing behind. README.md in tools/bench explains what is measured and how to read it.

  --quick            fewer and shorter rounds: about a minute, and less sure
  --only NAMES       of ${MEASURES.join(", ")}
  --backend NAME     redis or embedded; by default both, where there is a redis-server on the PATH
  --texts NUMBER     messages that the measure "search" is taken among: a million, or 100,000 with --quick
  --users NUMBER     users of the large database of "growth": a million, or 100,000 with --quick
  --json             one JSON document instead of the table
  --svg FILE         also draw what is compared by its rate, as a picture
  --profile FOLDER   write processor profiles (.cpuprofile) of the measured servers there; slows them down
  --help             this text
`

export interface Options {
  quick: boolean
  json: boolean
  /** Where the picture is written, or null. */
  svg: string | null
  only: readonly Measure[]
  backends: readonly Backend[]
  profileDir: string | null
  /** null: the usual number. */
  texts: number | null
  /** null: the usual number. */
  users: number | null
}

export function readOptions(): Options {
  const text = { type: "string" } as const
  const flag = { type: "boolean", default: false } as const
  const options = {
    quick: flag,
    only: text,
    backend: text,
    json: flag,
    svg: text,
    profile: text,
    texts: text,
    users: text,
  }
  return readCommandLine(HELP, options, ({ quick, json, svg, only, backend, profile, texts, users }) => ({
    quick,
    json,
    svg: svg ?? null,
    only: only === undefined ? MEASURES : readNames("--only", only, MEASURES),
    backends: backend === undefined ? BACKENDS : readNames("--backend", backend, BACKENDS),
    profileDir: profile ?? null,
    texts: texts === undefined ? null : readNumber("--texts", texts),
    users: users === undefined ? null : readNumber("--users", users),
  }))
}
