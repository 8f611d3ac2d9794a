import { createRequire } from "node:module"
import type Stripe from "stripe"

const require = createRequire(import.meta.url)
let loaded: typeof Stripe | undefined

/**
 * Returns Stripe's SDK, which is loaded at the first call: more than two hundred files, which a process without payments
 * needs none of. Not by `import()`, so that whatever has a client calls it as usual.
 */
export function stripeSdk(): typeof Stripe {
  loaded ??= require("stripe") as typeof Stripe
  return loaded
}
