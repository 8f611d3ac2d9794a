import { parseArgs } from "node:util"
import { startVitest } from "vitest/node"

const HELP = `Usage: npm run histories [-- --histories N] [--seed N]

Plays random histories of subscriptions against the Stripe simulator: paying, failing, cancelling, refunds, disputes and
time, with events lost, repeated and in any order and the database's connections cut in between. At the end everybody
must have the tier that Stripe's books say. 10,000 take six minutes or more on two cores; npm test plays 60.

  --histories N   how many (default 10000)
  --seed N        which (default 1); a failure names the seed that shows it again
  --help          this text
`

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
for (const name of ["histories", "seed"] as const) {
  if (/^[1-9]\d{0,8}$/.test(values[name])) continue
  process.stderr.write(`--${name} takes a whole number from 1 on.\n\n${HELP}`)
  process.exit(2)
}
process.env.HISTORIES = values.histories
process.env.HISTORIES_SEED = values.seed
const vitest = await startVitest("test", ["tests/billing/histories.test.ts"], {
  watch: false,
  project: ["embedded"],
})
await vitest.close()
