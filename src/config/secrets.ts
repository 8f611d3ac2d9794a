import { decodeUri } from "../utils/text.ts"
import type { Config } from "./env.ts"

/** The secrets of an environment by variable name; some variables hold a list. */
type Secrets = Partial<Record<(typeof STRONG | typeof GIVEN | typeof URLS)[number], string | string[]>>

/** Returns the faults of a production environment's secrets, each beginning with the variable's name. */
export function findWeakSecrets(env: Secrets): string[] {
  const valuesOf = (name: keyof Secrets) => [env[name] ?? []].flat()
  const faults: string[] = []
  for (const name of STRONG) {
    if (valuesOf(name).some((secret) => Buffer.byteLength(secret) < MIN_SECRET_BYTES)) {
      faults.push(
        `${name}: shorter than ${MIN_SECRET_BYTES} bytes; generate one with: openssl rand -base64 48`,
      )
    } else if (valuesOf(name).some(isGuessable)) {
      faults.push(`${name}: can be guessed; generate one with: openssl rand -base64 48`)
    }
  }
  for (const name of [...STRONG, ...GIVEN]) {
    if (valuesOf(name).some((secret) => PLACEHOLDER.test(secret)))
      faults.push(`${name}: is a placeholder from an example`)
  }
  if (valuesOf("STRIPE_WEBHOOK_SECRET").some((secret) => !WEBHOOK_SECRET.test(secret))) {
    faults.push("STRIPE_WEBHOOK_SECRET: isn't a signing secret, which is whsec_ and at least 24 characters")
  } else if (valuesOf("STRIPE_WEBHOOK_SECRET").some((secret) => isGuessable(secret.slice("whsec_".length)))) {
    faults.push("STRIPE_WEBHOOK_SECRET: can be guessed; copy the signing secret of the endpoint from Stripe")
  }
  for (const name of URLS) {
    if (
      valuesOf(name)
        .flatMap(passwordsIn)
        .some((password) => PLACEHOLDER.test(password))
    )
      faults.push(`${name}: its password is a placeholder from an example`)
  }
  if (valuesOf("ADMIN_TOKEN").some((token) => [env.JWT_SECRET, env.JWT_SECRET_PREVIOUS].includes(token))) {
    faults.push("ADMIN_TOKEN: the same as JWT_SECRET; use different values")
  }
  if (valuesOf("METRICS_TOKEN").some((token) => [env.JWT_SECRET, env.ADMIN_TOKEN].includes(token))) {
    faults.push("METRICS_TOKEN: the same as another secret, which every metrics reader would then know")
  }
  return faults
}

/** Secrets chosen by the operator, secrets issued by vendors, and URLs that may contain a password. */
const STRONG = ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "ADMIN_TOKEN", "METRICS_TOKEN"] as const
const GIVEN = ["GEMINI_API_KEY", "TWILIO_AUTH_TOKEN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] as const
const URLS = ["DATABASE_URL", "REDIS_URL", "ATTACHMENTS_URL"] as const

/** Values from examples, which production must not use. */
const PLACEHOLDER = /^your[-_]|change-?_?me|replace-?_?me|^PASSWORD$/i

/** The output size of SHA-256 in bytes, the minimum of RFC 7518 section 3.2 for HS256. */
const MIN_SECRET_BYTES = 32

/** Stripe's have 32 characters behind the prefix, those of its CLI 64. */
const WEBHOOK_SECRET = /^whsec_[\w+/=-]{24,}$/

/** Words that people put into secrets of their own making. Random text practically never has one. */
const WORDS = /secret|password|passwort|example|token|qwert/i

/** Of 32 random characters, even hexadecimal ones, fewer are unpredictable in only one of a million cases. */
const MIN_UNPREDICTABLE = 15

/** Tells whether a secret holds a word, or too few characters that don't follow from those before. */
function isGuessable(secret: string): boolean {
  if (WORDS.test(secret)) return true
  let unpredictable = 0
  for (let i = 0; i < secret.length; i++) {
    const step = secret.charCodeAt(i) - secret.charCodeAt(i - 1)
    const isSequence = Math.abs(step) <= 1
    const isRepeated = i >= 2 && secret.indexOf(secret.slice(i - 2, i + 1)) < i - 2
    if (!isSequence && !isRepeated) unpredictable++
  }
  return unpredictable < MIN_UNPREDICTABLE || new Set(secret).size < MIN_DIFFERENT_CHARACTERS
}

/** Of 32 random characters, even hexadecimal ones, fewer are different in only one of a million cases. */
const MIN_DIFFERENT_CHARACTERS = 8

/** Returns the values that no log or error may show. Short ones are left out, because they occur in any text. */
export function secretsOf({
  jwt,
  admin,
  metrics,
  tracing,
  twilio,
  gemini,
  stripe,
  database,
  redis,
  attachments,
}: Config): string[] {
  const passwords = [database.url, redis.url, attachments.url].flatMap((url) => passwordsIn(url ?? ""))
  const own = [jwt.secret, jwt.previousSecret, admin.token, metrics.token]
  const others = [
    ...Object.values(tracing.headers),
    twilio.authToken,
    gemini.apiKey,
    stripe.secretKey,
    ...stripe.webhookSecrets,
  ]
  return [...own, ...others, ...passwords].flatMap((secret) =>
    secret && secret.length >= MIN_LOGGED_SECRET ? secret : [],
  )
}

const MIN_LOGGED_SECRET = 6

/** Returns the passwords as written and decoded. `URL` can't parse a list of hosts, so expressions do it. */
function passwordsIn(url: string): string[] {
  const written = [/:\/\/[^:@/?]*:([^@/?]*)@/.exec(url)?.[1], /[?&]sentinel_password=([^&]*)/.exec(url)?.[1]]
  return written.flatMap((password) => (password ? [password, decodeUri(password)] : []))
}
