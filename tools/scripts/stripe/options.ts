import { parseArgs } from "node:util"
import { z } from "zod"

export const HELP = `Usage: npm run stripe:setup [-- OPTIONS]

Makes in the Stripe account of STRIPE_SECRET_KEY what this service needs: a product with a recurring price, a
configuration of the customer portal, and a webhook endpoint. What is there already is kept, or brought up to date; a
second run changes nothing. Prints the variables to set.

  --url URL        where Stripe reaches the service; PUBLIC_URL by default. Without one no endpoint is made
  --amount N       the price in the currency's smallest unit; 2000 by default. A price can't be changed: another
                   amount, currency or interval makes a new price, and the old one goes on counting as Pro
  --currency C     usd by default
  --interval I     month (by default) or year; the price's lookup key is pro_monthly or pro_yearly. Run it once for
                   each to sell both: the portal then lets customers switch
  --name TEXT      name of the product that is made; "Pro" by default
  --adopt          sell a price of that lookup key which this command didn't make
  --rotate         make a new webhook endpoint, with a new secret, and disable the one before
  --live           needed with a live key
  --dry-run        say what would be done, and do nothing
  --help           this text

STRIPE_BASE_URL names another host, such as the simulator. The variables may stand in .env.
`

/** The command can't be carried out as it was given. The message is for a person. */
export class UsageError extends Error {
  override name = "UsageError"
}

export interface Wishes {
  secretKey: string
  baseUrl: string | null
  /** Where events are to go; null: nowhere that Stripe can reach. */
  webhookUrl: string | null
  /** What wasn't said is left as it is, and has a default where nothing is yet. */
  price: { amount?: number; currency?: string; interval: "month" | "year" }
  productName: string
  /** Takes over a price that another program made. */
  adopt: boolean
  rotate: boolean
  dryRun: boolean
}

const Environment = z.object({
  STRIPE_SECRET_KEY: z.string({ error: "missing; it is in Stripe's Dashboard under Developers, API keys" }),
  STRIPE_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
})

const Options = z.object({
  url: z.url({ protocol: /^https?$/ }).optional(),
  amount: z.coerce.number().int().min(1).max(99_999_999).optional(),
  currency: z
    .string()
    .toLowerCase()
    .regex(/^[a-z]{3}$/, "three letters, such as usd")
    .optional(),
  interval: z.enum(["month", "year"]).default("month"),
  name: z.string().min(1).max(250).default("Pro"),
})

/** @throws {UsageError} */
export function readWishes(argv: string[], variables: Record<string, string | undefined>): Wishes | "help" {
  const values = parse(argv)
  if (values.help) return "help"
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value?.trim()))
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_BASE_URL, PUBLIC_URL } = check(Environment, set, "")
  const { url = PUBLIC_URL, amount, currency, interval, name } = check(Options, values, "--")
  checkKey(secretKey, values.live === true)
  const baseUrl = STRIPE_BASE_URL ?? null
  return {
    secretKey,
    baseUrl,
    webhookUrl: url === undefined || (baseUrl === null && isLoopback(url)) ? null : webhookUrl(url),
    price: { amount, currency, interval },
    productName: name,
    adopt: values.adopt === true,
    rotate: values.rotate === true,
    dryRun: values["dry-run"] === true,
  }
}

function parse(args: string[]) {
  const text = { type: "string" } as const
  const flag = { type: "boolean" } as const
  const options = { url: text, amount: text, currency: text, interval: text, name: text }
  try {
    return parseArgs({
      args,
      options: { ...options, adopt: flag, rotate: flag, live: flag, "dry-run": flag, help: flag },
    }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`)
  }
}

function check<S extends z.ZodType>(schema: S, input: object, prefix: string): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => `${prefix}${path.join(".")}: ${message}`)
  throw new UsageError(faults.join("\n"))
}

function checkKey(key: string, isLiveMeant: boolean): void {
  const mode = /^[rs]k_(test|live)_/.exec(key)?.[1]
  if (!mode)
    throw new UsageError("STRIPE_SECRET_KEY: is no secret key; those begin with sk_test_, sk_live_ or rk_…")
  if (mode === "live" && !isLiveMeant)
    throw new UsageError(
      "STRIPE_SECRET_KEY is a live key: add --live to change the account that takes real money.",
    )
}

/** Stripe refuses an endpoint that isn't on the public internet. */
function isLoopback(url: string): boolean {
  return /^(?:localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)
}

function webhookUrl(url: string): string {
  return `${url.replace(/\/$/, "")}/webhook/stripe`
}
