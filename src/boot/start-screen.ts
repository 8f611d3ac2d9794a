import type { Config } from "../config/env.ts"
import { QUEUE_CONNECTIONS } from "../config/limits.ts"
import type { Logger } from "../config/logger.ts"
import type { Embedded } from "../embedded/index.ts"

/** Prints a line for the person at the terminal, outside the log. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Announces that the start waits for the database. */
export function announceWait(log: Logger, { production }: Pick<Config, "production">, why: string): void {
  if (production) log.warn({ why }, "waiting for PostgreSQL")
  else say(`PostgreSQL isn't ready yet (${why}). Waiting …`)
}

/** Announces that the process was asked to stop, which takes as long as its requests and replies do. */
export function announceStop(
  log: Logger,
  { production }: Pick<Config, "production">,
  signal: NodeJS.Signals,
): void {
  if (production) log.info({ signal }, "stopping")
  // Standard output may be a report. The line break follows the terminal's "^C".
  else process.stderr.write(`\nStopping …${signal === "SIGINT" ? "; Ctrl-C again ends at once." : ""}\n`)
}

/** Connections beside the pool: for revocations and leases, and without Redis for the queues. */
const OTHER_CONNECTIONS = {
  withRedis: 2,
  withoutRedis: 2 + QUEUE_CONNECTIONS.queues + 2 * QUEUE_CONNECTIONS.worker,
}

/** Warns if the database takes fewer connections than this process may open. */
export function warnOfFewConnections(
  log: Logger,
  { database, redis }: Pick<Config, "database" | "redis">,
  connections: number,
): void {
  // A pooler that shares them opens fewer.
  if (database.pooler !== "session") return
  const others = redis.url ? OTHER_CONNECTIONS.withRedis : OTHER_CONNECTIONS.withoutRedis
  const wanted = database.poolSize + others
  if (connections >= wanted) return
  log.warn(
    { connections, wanted },
    "the database allows fewer connections than this process may open; raise its limit or lower DATABASE_POOL",
  )
}

/**
 * Announces the finished start: the start screen, or a log line in production.
 * @param url `null` for a worker, which has no API
 */
export function announceStart(log: Logger, embedded: Embedded, url: string | null): void {
  const { role, redis, gemini, production, http, stripe } = embedded.config
  if (production) {
    const queue = redis.url ? "redis" : "postgres"
    const billing = stripe.enabled ? "on" : "off"
    log.info({ role, url, publicUrl: http.publicUrl, queue, model: gemini.model, billing }, "started")
    if (!stripe.enabled) log.warn("billing is off, because no STRIPE_ variable is set")
    return
  }
  say(startScreen(embedded, url))
}

/** Describes where the service listens, what is embedded and what to try. */
export function startScreen(
  { config, parts }: Pick<Embedded, "config" | "parts">,
  url: string | null,
): string {
  const { redis, gemini, otp, http } = config
  const rows: Row[] = [
    ["PostgreSQL", parts.database ? `embedded, data in ${config.dataDir}` : "as configured", "DATABASE_URL"],
    ["Queue, cache", redis.url ? "Redis, as configured" : "in PostgreSQL and in this process", "REDIS_URL"],
    [
      "Gemini",
      parts.gemini ? "simulator: replies are made up" : `${gemini.model}, as configured`,
      "GEMINI_API_KEY",
    ],
    ["Stripe", parts.stripe ? "simulator: no money moves" : "as configured", "STRIPE_SECRET_KEY"],
    ["Sign-in codes", OTP_NOTES[otp.delivery], "OTP_DELIVERY"],
  ]
  return [
    "",
    `  ${url ? `Listening on ${url}` : "The worker is running"}`,
    ...(url && http.publicUrl ? [`  Public address ${http.publicUrl}, as configured`] : []),
    "",
    ...toLines(rows),
    ...(url
      ? [
          "",
          ...toLines(pagesOf(url, config)),
          "",
          "  Try:",
          `    ${tryThis(url)}`,
          "  README.md has the rest of the walk. Ctrl-C stops everything.",
        ]
      : []),
    "",
  ].join("\n")
}

/** What it is, its state or place, a note. */
type Row = [string, string, string]

const toLines = (rows: Row[]) =>
  rows.map(([name, what, note]) => `  ${name.padEnd(14)} ${what.padEnd(46)} ${note}`)

function pagesOf(url: string, { admin }: Pick<Config, "admin">): Row[] {
  const access = admin.isTemporary
    ? `token of this start: ${admin.token}`
    : admin.token === null
      ? "closed until ADMIN_TOKEN is set"
      : "with ADMIN_TOKEN"
  return [
    ["Chat", `${url}/app`, "the web client: sign in and talk"],
    ["Documentation", `${url}/docs`, "every endpoint, to be tried there"],
    ["Operators", `${url}/admin`, access],
  ]
}

const OTP_NOTES = {
  response: "shown in the reply of /auth/send-otp",
  log: "written to this log",
  twilio: "sent by SMS through Twilio",
}

function tryThis(url: string): string {
  return `curl -s ${url}/auth/signup -H 'Content-Type: application/json' -d '{"mobileNumber":"1234567890"}'`
}
