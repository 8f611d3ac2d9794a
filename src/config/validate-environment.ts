import { phoneNumbers } from "../utils/phone-numbers.ts"
import { DEFAULT_REGION, type Environment } from "./environment.ts"
import { findWeakSecrets } from "./secrets.ts"

/** Returns the faults of a parsed environment, each beginning with the variable's name. */
export function findFaults(env: Environment): string[] {
  return [...findGeneralFaults(env), ...(env.NODE_ENV === "production" ? findProductionFaults(env) : [])]
}

const isRegion = (code: string) => code === DEFAULT_REGION || phoneNumbers().isSupportedCountry(code)

function findGeneralFaults(env: Environment): string[] {
  const faults: string[] = []
  if (!isRegion(env.DEFAULT_REGION)) {
    faults.push(
      `DEFAULT_REGION: ${env.DEFAULT_REGION} isn't a region; use a two-letter code such as US or IN`,
    )
  }
  for (const region of env.OTP_REGIONS) {
    if (!isRegion(region)) faults.push(`OTP_REGIONS: ${region} isn't a region`)
  }
  for (const origin of env.CORS_ORIGINS) {
    if (origin.includes("*") || new URL(origin).origin !== origin) {
      faults.push(`CORS_ORIGINS: use the form ${new URL(origin).origin}, without a path or *`)
    }
  }
  if (env.OTP_DELIVERY === "twilio") {
    for (const name of ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"] as const) {
      if (!env[name]) faults.push(`${name}: required by OTP_DELIVERY=twilio`)
    }
  }
  return [...faults, ...findPoolerFaults(env), ...findModelFaults(env), ...findStripeFaults(env)]
}

/** A queue in PostgreSQL listens on its connections, which a pooler gives to others between transactions. */
function findPoolerFaults(env: Environment): string[] {
  if (env.DATABASE_POOLER === "session") return []
  return (["DATABASE_URL", "REDIS_URL"] as const).flatMap((name) =>
    env[name] ? [] : [`${name}: missing; DATABASE_POOLER=${env.DATABASE_POOLER} requires it`],
  )
}

/** The default model answers whoever may use no other, so everybody must be offered it. */
function findModelFaults({ GEMINI_MODELS: models, GEMINI_MODEL: usual }: Environment): string[] {
  if (models.length === 0) return []
  const names = models.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) return [`GEMINI_MODELS: names ${twice} twice`]
  if (models.some(({ name, tier }) => name === usual && tier === "basic")) return []
  return [`GEMINI_MODELS: must name ${usual}, the model of GEMINI_MODEL, and without :pro`]
}

/** A key without a price or webhook secret would fail only at the first payment. */
function findStripeFaults(env: Environment): string[] {
  const faults: string[] = []
  if (env.STRIPE_SECRET_KEY && !/^[rs]k_(?:test|live)_/.test(env.STRIPE_SECRET_KEY)) {
    faults.push(
      "STRIPE_SECRET_KEY: isn't a secret key, which begins with sk_test_, sk_live_, rk_test_ or rk_live_",
    )
  }
  if (!env.STRIPE_SECRET_KEY || env.NODE_ENV === "production") return faults
  for (const name of ["STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_PRO"] as const) {
    if (env[name].length === 0) faults.push(`${name}: required with STRIPE_SECRET_KEY; see docs/BILLING.md`)
  }
  return faults
}

/** Without any of these production doesn't sell anything, and everything else works. */
const BILLING = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_PRO"] as const

function findProductionFaults(env: Environment): string[] {
  const faults: string[] = []
  for (const name of ["DATABASE_URL", "JWT_SECRET", "GEMINI_API_KEY"] as const) {
    if (!env[name]) faults.push(`${name}: missing; production has no embedded default`)
  }
  const absent = BILLING.filter((name) => !env[name]?.length)
  if (absent.length < BILLING.length) {
    for (const name of absent)
      faults.push(`${name}: missing; set ${BILLING.join(", ")}, or none of them for a start without billing`)
  }
  if (!env.PUBLIC_URL) faults.push("PUBLIC_URL: missing; Stripe redirects customers to it")
  if (!env.REDIS_URL && env.ROLE !== "all") faults.push(`REDIS_URL: missing; ROLE=${env.ROLE} requires it`)
  if (!env.OTP_DELIVERY) {
    faults.push(
      "OTP_DELIVERY: missing; twilio sends codes by SMS, response returns them to anyone who requests one",
    )
  }
  if (env.OTP_DELIVERY === "log") {
    faults.push("OTP_DELIVERY: log is for development, because it logs the codes; twilio sends them by SMS")
  }
  return [...faults, ...findWeakSecrets(env)]
}
