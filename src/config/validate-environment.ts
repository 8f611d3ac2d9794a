import { getCountries, isSupportedCountry } from "libphonenumber-js/max"
import type { Environment } from "./environment.ts"
import { findWeakSecrets } from "./secrets.ts"

/** What is wrong with an environment that can be read, each fault beginning with the variable's name. */
export function findFaults(env: Environment): string[] {
  return [...findGeneralFaults(env), ...(env.NODE_ENV === "production" ? findProductionFaults(env) : [])]
}

function findGeneralFaults(env: Environment): string[] {
  const faults: string[] = []
  if (!isSupportedCountry(env.DEFAULT_REGION)) {
    faults.push(
      `DEFAULT_REGION: ${env.DEFAULT_REGION} is no region; one of ${getCountries().slice(0, 5).join(", ")}, …`,
    )
  }
  for (const region of env.OTP_REGIONS) {
    if (!isSupportedCountry(region)) faults.push(`OTP_REGIONS: ${region} is no region`)
  }
  for (const origin of env.CORS_ORIGINS) {
    if (origin.includes("*") || new URL(origin).origin !== origin) {
      faults.push(`CORS_ORIGINS: ${new URL(origin).origin} is how a browser writes it; no path, no *`)
    }
  }
  if (env.OTP_DELIVERY === "twilio") {
    for (const name of ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"] as const) {
      if (!env[name]) faults.push(`${name}: needed by OTP_DELIVERY=twilio`)
    }
  }
  return [...faults, ...findStripeFaults(env)]
}

/** A key of one account with the price or the secret of none would fail at the first payer. */
function findStripeFaults(env: Environment): string[] {
  const faults: string[] = []
  if (env.STRIPE_SECRET_KEY && !/^[rs]k_(?:test|live)_/.test(env.STRIPE_SECRET_KEY)) {
    faults.push(
      "STRIPE_SECRET_KEY: is no secret key; those begin with sk_test_, sk_live_, rk_test_ or rk_live_",
    )
  }
  if (!env.STRIPE_SECRET_KEY || env.NODE_ENV === "production") return faults
  for (const name of ["STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_PRO"] as const) {
    if (env[name].length === 0) faults.push(`${name}: needed beside STRIPE_SECRET_KEY; see docs/BILLING.md`)
  }
  return faults
}

function findProductionFaults(env: Environment): string[] {
  const faults: string[] = []
  for (const name of ["DATABASE_URL", "JWT_SECRET", "GEMINI_API_KEY", "STRIPE_SECRET_KEY"] as const) {
    if (!env[name]) faults.push(`${name}: missing; production has no embedded default`)
  }
  for (const name of ["STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_PRO"] as const) {
    if (env[name].length === 0) faults.push(`${name}: missing; npm run stripe:setup makes one`)
  }
  if (!env.PUBLIC_URL) faults.push("PUBLIC_URL: missing; Stripe sends payers back to it")
  if (!env.REDIS_URL && env.ROLE !== "all") faults.push(`REDIS_URL: missing; ROLE=${env.ROLE} needs it`)
  if (!env.OTP_DELIVERY) {
    faults.push(
      "OTP_DELIVERY: missing; twilio sends codes, response shows them in the reply to anybody who asks",
    )
  }
  if (env.OTP_DELIVERY === "log") {
    faults.push("OTP_DELIVERY: log writes codes into the log, which is for development; twilio sends them")
  }
  return [...faults, ...findWeakSecrets(env)]
}
