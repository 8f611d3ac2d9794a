import { formatTable } from "../lib/table.ts"
import type { Verdict } from "./invariants.ts"
import type { Outcome } from "./scenario.ts"
import { scenarios } from "./scenarios/index.ts"

export interface Results {
  outcomes: Outcome[]
  /** How the cluster stopped that all scenarios shared; null where each had its own. */
  stop: Verdict | null
}

/** Metrics of time, memory and calls, which a busy machine misses: they are told, but only what was promised fails. */
const GOALS = new Set(["T1", "R2", "G1", "M1"])

/** Whether something that was promised doesn't hold. */
export function isBroken({ verdicts }: { verdicts: Verdict[] }): boolean {
  return verdicts.some(({ id, broken }) => broken.length > 0 && !GOALS.has(id))
}

const INVARIANTS = ["I1", "I2", "I3", "I4", "I5", "I6"]

/** One row for each scenario, `skipped` ones among them: they need what this machine or backend hasn't. */
export function closingTable({ outcomes, stop }: Results, skipped: string[]): string {
  const header = ["scenario", "strikes", "prompts", ...INVARIANTS, "beside them", "measured", "s"]
  const rows = outcomes.map((outcome) => {
    const { scenario, strikes, prompts, verdicts, seconds } = outcome
    const invariants = INVARIANTS.map((id) =>
      verdicts.flatMap((one) => (one.id === id ? wordFor(one) : [])).join(),
    )
    const others = verdicts.filter(({ id }) => !INVARIANTS.includes(id))
    const beside = others.map((verdict) => `${verdict.id} ${wordFor(verdict)}`).join(", ")
    const [sizes, time] = [[strikes, prompts].map(String), seconds.toFixed(0)]
    return [scenario, ...sizes, ...invariants, beside, headlines(outcome), time]
  })
  const none = INVARIANTS.map(() => "")
  const skips = skipped.map((name) => [name, "skipped", "", ...none, "", "", ""])
  const stops = stop ? [["stop of all", "", "", ...none, `S1 ${wordFor(stop)}`, "", ""]] : []
  return formatTable(header, [...rows, ...skips, ...stops])
}

/** How a verdict reads in a table. */
export function wordFor({ id, broken }: Verdict): string {
  if (GOALS.has(id)) return broken.length === 0 ? "met" : "missed"
  return broken.length === 0 ? "holds" : `BROKEN ${broken.length}`
}

/** What a goal is named for, in short. */
const HEADLINES: [name: string, short: string][] = [
  ["takeover p50 / p99 / max", "takeover p50 / p99 / max"],
  ["sends while Redis was away, accepted at the first try", "sends taken at once"],
  ["… p50 / p99 / max", "in p50 / p99 / max"],
  ["prompts accepted while the standby was behind", "at risk"],
  ["… of which lost", "of which lost"],
  ["requests meanwhile", "requests meanwhile"],
  ["slowest of them", "slowest"],
  ["calls per prompt", "calls per prompt"],
  ["clock of one worker", "clock"],
  ["API processes together grew by", "memory"],
  ["streams open at the beginning", "streams open"],
  ["cuts", "cuts"],
  ["requests tried again", "requests tried again"],
]

function headlines({ metrics }: Outcome): string {
  return HEADLINES.flatMap(([name, short]) =>
    metrics.filter(([known]) => known === name).map(([, value]) => `${short} ${value}`),
  ).join("; ")
}

export interface Report {
  closing: string
  outcomes: Outcome[]
  /** What repeats the drill. */
  command: string
}

/** The closing table, with what its rows and columns mean. */
export function writeReport({ closing, outcomes, command }: Report): string {
  const ran = scenarios.filter(({ name }) => outcomes.some(({ scenario }) => scenario === name))
  const { length } = outcomes
  const broken = outcomes.filter(isBroken).length
  const missed = outcomes.flatMap(({ scenario, verdicts }) =>
    verdicts.filter((verdict) => wordFor(verdict) === "missed").map(({ id }) => `${id} of ${scenario}`),
  )
  return `${PREFACE}
In the drill that wrote this page ${broken === 0 ? `all ${length} scenarios held` : `${broken} of ${length} scenarios broke something`}${missed.length > 0 ? `, and ${missed.length === 1 ? "a goal was" : "goals were"} missed: ${missed.join(", ")}` : ""}.
A longer one, by the goals: \`npm run drill -- --prompts 10000 --kills 200\`. Repeat this one:

\`\`\`sh
${command}
\`\`\`

${closing}
${MEANING}
## Rows

${ran.map(({ name, explains }) => `- **${name}**: ${explains}`).join("\n")}

## Columns
${COLUMNS}`
}

const PREFACE = `# Reliability

What \`npm run drill\` found. It starts a PostgreSQL, a Redis, the Gemini simulator, two API and two worker processes,
lets users send prompts over HTTP and listen to every reply, breaks things meanwhile, and then checks everything that
was promised. This page is written by the drill itself, whenever all scenarios are drilled in full.
`

const MEANING = `
## What an accepted prompt means

202, a stream or 201 says that the prompt, its reply and the quota unit are committed in PostgreSQL, all or nothing.

| what fails | what an accepted prompt gets |
| --- | --- |
| workers, API processes, Gemini for a while | its one reply |
| Redis: down, frozen, full, read-only, empty or back with old content | its one reply, seconds later: nothing in Redis is needed |
| connections dropped silently | its one reply. A prompt whose answer didn't arrive is sent again under its \`Idempotency-Key\`, and made once |
| PostgreSQL, which recovers on its data | its one reply, once PostgreSQL is back |
| PostgreSQL, and a standby with synchronous replication is promoted | its one reply: the commit had waited for the standby |
| PostgreSQL, and a standby with asynchronous replication is promoted | its one reply, if the standby had the commit. What it lacked is lost as a whole, with reply and quota unit: the client gets 404 and sends the prompt again. A reply that ended in that time is made anew, perhaps with another text than was streamed |
`

const COLUMNS = `
- **strikes**: how often something was broken; **prompts**: how many were accepted.
- **I1**: every accepted prompt has exactly one final reply, and one more for each regenerate and continue that was accepted;
  nothing was stored that was not accepted. A reply of which five workers were killed is failed.
- **I2**: no reply ended twice. Each has the text of one single call to Gemini, which was sent the branch that is stored and
  the files as they were uploaded; a cancelled one has the beginning of it.
- **I3**: every user's quota is what was accepted less what was given back for replies that failed, or were cancelled before
  a worker began them.
- **I4**: every listener's joined text, over all its connections, equals the stored text.
- **I5**: nobody was shown another user's ids, and asking for them gives 404.
- **I6**: what replies cost by their rows, and titles by the totals, is what the simulator charged for their calls, by
  a price table of its own; and the totals of every user are the sum of their rows, deleted ones included. This is
  exact for every call whose end a worker has written; of titles, no more may be without a logged end than killed
  workers were making. Of a reply that was cancelled, the row must have what the call had cost when the kept text was
  there, or one chunk later. Where the worker was killed or the reply was taken over, or deleted before its end, it
  must be what the call had cost at one of its chunks, or nothing: the provider charges for such calls, too, but
  nobody was left to write it down. How many there were is told as "cut off", with titles of a room that has one such.
- **P1**: no process ended unasked. **T1**: 99 of 100 replies of a killed worker are begun anew within 5 s, not counting the time that
  PostgreSQL was away. **S1**: every process stops in order within
  10 s of SIGTERM. The others are told with their rows.
- A number after BROKEN says in how many cases. **s** is the time of the scenario in seconds, its start left out
  where all share one cluster.
`
