import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"

export type Metrics = ReturnType<typeof createMetrics>

/** Seconds: a cached list takes one or two milliseconds, a request that waits for its reply up to a minute. */
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
const REPLY_SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300]

/**
 * The metrics of one process. No label ever holds an id, a number or what a client sent: labels are route patterns,
 * codes and states, of which there are a few dozen.
 */
export function createMetrics() {
  const registry = new Registry()
  // The process's own: processor, memory, file handles, garbage collection, lag of the event loop.
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers })
  return {
    registry,
    ...{
      requests: counter("http_requests_total", "Answered requests", ["method", "route", "status"]),
      requestSeconds: histogram(
        "http_request_duration_seconds",
        "From a request's head to the end of its answer; event streams are left out",
        REQUEST_SECONDS,
        ["method", "route"],
      ),
      rateLimited: counter("chat_rate_limited_total", "Requests over a rate limit", ["limit"]),
      openStreams: gauge("chat_open_streams", "Open event streams of this process"),
    },
    ...{
      signUps: counter("chat_sign_ups_total", "New users"),
      signIns: counter("chat_sign_ins_total", "Opened sessions", ["by"]),
      sessionsEnded: counter("chat_sessions_ended_total", "Ended sessions", ["why"]),
      usersDeleted: counter("chat_users_deleted_total", "Users who deleted themselves"),
    },
    ...{
      messagesSent: counter("chat_messages_sent_total", "Accepted prompts"),
      quotaRefused: counter("chat_quota_refused_total", "Prompts over the day's quota", ["tier"]),
      attempts: counter("chat_reply_attempts_total", "Begun attempts at a reply"),
      attemptsFailed: counter("chat_reply_attempt_failures_total", "Failed attempts", ["code"]),
      repliesFinished: counter("chat_replies_finished_total", "Replies ended by a worker", [
        "status",
        "code",
      ]),
      repliesTakenOver: counter("chat_reply_takeovers_total", "Replies taken from a silent worker"),
      firstChunkSeconds: histogram(
        "chat_reply_first_chunk_seconds",
        "From the begin of an attempt to its first text",
        REPLY_SECONDS,
      ),
      attemptSeconds: histogram(
        "chat_reply_attempt_duration_seconds",
        "Of the attempt that ended a reply",
        REPLY_SECONDS,
        ["status"],
      ),
      tokens: counter("chat_tokens_total", "Tokens as the provider counts them, of every call", ["kind"]),
    },
    ...{
      jobs: counter("chat_jobs_total", "Jobs that this process has run", ["outcome"]),
      queueJobs: gauge("chat_queue_jobs", "Jobs in the queues", ["queue", "state"]),
      unfinished: gauge("chat_replies_unfinished", "Rooms with a reply queued or running, by the database"),
      workers: gauge("chat_workers", "Workers heard of in the last 10 s, by the database"),
      capacity: gauge("chat_workers_capacity", "Replies that all workers can make at once"),
      workerBusy: gauge("chat_worker_busy", "Jobs under way in this process"),
      workerRounds: counter("chat_worker_rounds_total", "Rounds of a worker's loops", ["loop", "outcome"]),
    },
    ...{
      billingReceived: counter("chat_billing_events_received_total", "Stripe's events as they come in", [
        "class",
        "repeated",
      ]),
      billingHandled: counter("chat_billing_events_handled_total", "Stripe's events that are through", [
        "class",
        "outcome",
      ]),
      billingFailed: counter("chat_billing_failures_total", "Tries that failed and come again", ["kind"]),
      billingSyncs: counter("chat_billing_syncs_total", "Customers compared with Stripe", [
        "cause",
        "outcome",
      ]),
      billingNotices: counter("chat_billing_notices_total", "What a person should look at", ["kind"]),
      entitlementsChanged: counter(
        "chat_entitlements_changed_total",
        "Users whose tier or its reason changed",
        ["tier", "reason"],
      ),
    },
    ...{
      poolConnections: gauge("chat_pg_pool_connections", "PostgreSQL connections of this process", [
        "pool",
        "state",
      ]),
      poolWaiting: gauge("chat_pg_pool_waiting", "Statements that wait for a connection", ["pool"]),
      storeUp: gauge("chat_store_up", "1 while the connection stands; absent without Redis", ["store"]),
      diskFree: gauge("chat_disk_free_bytes", "Absent where nothing is kept in DATA_DIR", ["folder"]),
      build: gauge("chat_build_info", "1; the labels say what runs", ["version", "node", "role"]),
      adminActions: counter("chat_admin_actions_total", "Actions of operators", ["action", "outcome"]),
    },
  }
}
