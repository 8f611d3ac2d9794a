import { startVitest } from "vitest/node"
import { readCommandLine, readNumber } from "../lib/command-line.ts"

const HELP = `Usage: npm run histories [-- --histories N] [--seed N]

Plays random histories of subscriptions against the Stripe simulator: paying, failing, cancelling, refunds, disputes and
time, with events lost, repeated and in any order and the database's connections cut in between. At the end every
user must have the tier that Stripe's data implies. 10,000 take six minutes or more on two cores; npm test plays 60.

  --histories N   how many (default 10000)
  --seed N        which (default 1); a failure names the seed that shows it again
  --help          this text
`

const options = {
  histories: { type: "string", default: "10000" },
  seed: { type: "string", default: "1" },
} as const
const { histories, seed } = readCommandLine(HELP, options, (values) => ({
  histories: readNumber("--histories", values.histories),
  seed: readNumber("--seed", values.seed),
}))
process.env.HISTORIES = String(histories)
process.env.HISTORIES_SEED = String(seed)
const vitest = await startVitest("test", ["tests/billing/histories.test.ts"], {
  watch: false,
  project: ["embedded"],
})
await vitest.close()
