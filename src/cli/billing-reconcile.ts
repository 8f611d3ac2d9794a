import { createContext } from "../boot/context.ts"
import { type Process, runProcess } from "../boot/lifecycle.ts"
import { say } from "../boot/start-screen.ts"
import { createLogger } from "../config/logger.ts"
import { waitForPostgres } from "../config/postgres-ready.ts"
import { secretsOf } from "../config/secrets.ts"
import { startEmbedded } from "../embedded/index.ts"
import { migrate } from "../models/migrate.ts"
import { findCustomerNamed } from "../services/billing/find-customer.ts"
import { reconcile } from "../services/billing/reconcile.ts"
import type { Context } from "../services/context.ts"
import {
  InvalidOptions,
  RECONCILE_HELP,
  type ReconcileOptions,
  readReconcileOptions,
} from "./reconcile-options.ts"
import { describeReconciled, isComplete, reconciledAsJson } from "./reconcile-report.ts"

const PROGRESS_EVERY = 100

const options = readOptions()
if (options) await runProcess((running) => reconcileOnce(running, options))

function readOptions(): ReconcileOptions | null {
  try {
    const read = readReconcileOptions(process.argv.slice(2))
    if (read !== "help") return read
    process.stdout.write(RECONCILE_HELP)
  } catch (error) {
    if (!(error instanceof InvalidOptions)) throw error
    tell(error.message)
    process.exitCode = 2
  }
  return null
}

async function reconcileOnce(
  { config: given, stack, signal, stop }: Process,
  { scope, json }: ReconcileOptions,
) {
  if (!given.stripe.enabled) {
    tell("Billing is off: STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET and STRIPE_PRICE_PRO aren't set.")
    process.exitCode = 1
    return stop()
  }
  const embedded = await startEmbedded(given, tell, { beside: true })
  stack.defer(() => embedded.stop())
  const { config } = embedded
  const { url, pooler } = config.database
  await waitForPostgres(url, { onWait: tell, signal, pooler })
  await migrate(url, pooler)
  // Standard output carries only the report.
  const log = createLogger(config.production ? config.logLevel : "warn", process.stderr, secretsOf(config))
  const owned = await createContext(config, log)
  stack.defer(() => owned.close())
  signal.addEventListener("abort", () => owned.beginShutdown())
  const found = await scopeOf(owned.ctx, scope)
  if (found === null) tell("There is no such customer, or Stripe doesn't know it.")
  else await run(owned.ctx, found, json)
  if (found === null || signal.aborted) process.exitCode = 1
  stop()
}

type Scope = Parameters<typeof reconcile>[1]["scope"]

async function scopeOf(ctx: Context, scope: ReconcileOptions["scope"]): Promise<Scope | null> {
  if (typeof scope === "string") return scope
  const customerId = await findCustomerNamed(ctx, scope)
  return customerId === undefined ? null : { customerId }
}

async function run(ctx: Context, scope: Scope, json: boolean): Promise<void> {
  let looked = 0
  const onProgress = () => {
    if (++looked % PROGRESS_EVERY === 0) tell(`${looked} customers …`)
  }
  const done = await reconcile(ctx, { scope, onProgress })
  say((json ? reconciledAsJson(done) : describeReconciled(done)).trimEnd())
  if (ctx.stopping.aborted) tell("Stopped before all customers were read.")
  if (!isComplete(done)) process.exitCode = 1
}

/** Prints a line for the person at the terminal, outside the report. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
