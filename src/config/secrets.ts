import type { Config } from "./env.ts"

/** The secrets of an environment by the names of their variables; several may be valid at a time. */
type Secrets = Partial<Record<(typeof STRONG | typeof GIVEN | typeof URLS)[number], string | string[]>>

/** What is wrong with the secrets of a production environment, each fault beginning with the variable's name. */
export function findWeakSecrets(env: Secrets): string[] {
  const valuesOf = (name: keyof Secrets) => [env[name] ?? []].flat()
  const faults: string[] = []
  for (const name of STRONG) {
    if (valuesOf(name).some((secret) => Buffer.byteLength(secret) < MIN_SECRET_BYTES)) {
      faults.push(`${name}: shorter than ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48`)
    } else if (valuesOf(name).some((secret) => new Set(secret).size < MIN_DIFFERENT_CHARACTERS)) {
      faults.push(`${name}: too few different characters; make one with: openssl rand -base64 48`)
    }
  }
  for (const name of [...STRONG, ...GIVEN]) {
    if (valuesOf(name).some((secret) => PLACEHOLDER.test(secret)))
      faults.push(`${name}: this is the placeholder of an example`)
  }
  for (const name of URLS) {
    if (
      valuesOf(name)
        .flatMap(passwordsIn)
        .some((password) => PLACEHOLDER.test(password))
    )
      faults.push(`${name}: its password is the placeholder of an example`)
  }
  if (valuesOf("ADMIN_TOKEN").some((token) => [env.JWT_SECRET, env.JWT_SECRET_PREVIOUS].includes(token))) {
    faults.push("ADMIN_TOKEN: the same as JWT_SECRET; each needs its own")
  }
  if (valuesOf("METRICS_TOKEN").some((token) => [env.JWT_SECRET, env.ADMIN_TOKEN].includes(token))) {
    faults.push("METRICS_TOKEN: the same as another secret; who reads metrics would have that, too")
  }
  return faults
}

/** Ours to choose, others' to give, and those with a password inside. */
const STRONG = ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "ADMIN_TOKEN", "METRICS_TOKEN"] as const
const GIVEN = ["GEMINI_API_KEY", "TWILIO_AUTH_TOKEN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] as const
const URLS = ["DATABASE_URL", "REDIS_URL"] as const

/** What stands in examples, this project's, the original brief's and others': never good in production. */
const PLACEHOLDER = /^your[-_]|change-?_?me|replace-?_?me|^PASSWORD$/i

/** 32 bytes: the output size of SHA-256, the least that RFC 7518 section 3.2 allows for HS256. */
const MIN_SECRET_BYTES = 32

/** Of 32 random characters, hexadecimal ones too, fewer than this differ in one of a million. */
const MIN_DIFFERENT_CHARACTERS = 8

/** What of the configuration no log and no error may show. Short values are left out: they are in every text. */
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
}: Config): string[] {
  const passwords = [database.url, redis.url].flatMap((url) => passwordsIn(url ?? ""))
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

/** As they are written and as they are meant. Not by `URL`, which knows no list of hosts. */
function passwordsIn(url: string): string[] {
  const written = [/:\/\/[^:@/?]*:([^@/?]*)@/.exec(url)?.[1], /[?&]sentinel_password=([^&]*)/.exec(url)?.[1]]
  return written.flatMap((password) => (password ? [password, decode(password)] : []))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
