import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"

export type Metrics = ReturnType<typeof createMetrics>

/** In seconds: a cached list takes 1 to 2 ms, a request that waits for its reply up to a minute. */
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
const REPLY_SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300]

/**
 * Creates the metrics of one process. Labels are route patterns, codes and states, of which there are a few dozen.
 * They never hold an id, a phone number or anything that a client sent.
 */
export function createMetrics() {
  const registry = new Registry()
  // CPU, memory, file handles, garbage collection and event loop lag.
  collectDefaultMetrics({ register: registry })
  const make = makersFor(registry)
  return {
    registry,
    ...requestMetrics(make),
    ...userMetrics(make),
    ...attachmentMetrics(make),
    ...replyMetrics(make),
    ...sharingMetrics(make),
    ...transferMetrics(make),
    ...searchMetrics(make),
    ...workerMetrics(make),
    ...billingMetrics(make),
    ...processMetrics(make),
  }
}

type Makers = ReturnType<typeof makersFor>

function makersFor(registry: Registry) {
  const registers = [registry]
  return {
    counter: <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Counter({ name, help, labelNames, registers }),
    gauge: <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Gauge({ name, help, labelNames, registers }),
    histogram: <L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
      new Histogram({ name, help, buckets, labelNames, registers }),
  }
}

function requestMetrics({ counter, gauge, histogram }: Makers) {
  return {
    requests: counter("http_requests_total", "Requests with a response", ["method", "route", "status"]),
    requestSeconds: histogram(
      "http_request_duration_seconds",
      "From request headers to end of response, without event streams",
      REQUEST_SECONDS,
      ["method", "route"],
    ),
    rateLimited: counter("chat_rate_limited_total", "Requests refused by a rate limit", ["limit"]),
    openStreams: gauge("chat_open_streams", "Event streams open in this process"),
  }
}

function userMetrics({ counter }: Makers) {
  return {
    signUps: counter("chat_sign_ups_total", "New users"),
    signIns: counter("chat_sign_ins_total", "Sessions opened", ["by"]),
    sessionsEnded: counter("chat_sessions_ended_total", "Sessions ended", ["why"]),
    usersDeleted: counter("chat_users_deleted_total", "Accounts deleted by their users"),
    chatroomsExpired: counter("chat_chatrooms_expired_total", "Chatrooms erased by clean-up", ["why"]),
  }
}

function attachmentMetrics({ counter }: Makers) {
  return {
    attachmentsStored: counter("chat_attachments_stored_total", "Files uploaded"),
    attachmentBytes: counter("chat_attachment_bytes_total", "Bytes of the files uploaded"),
    attachmentsRefused: counter("chat_attachments_refused_total", "Uploads refused or cut off", ["code"]),
    attachmentsCollected: counter("chat_attachments_collected_total", "Files deleted that no message names"),
  }
}

function searchMetrics({ counter, gauge }: Makers) {
  return {
    searchIndexed: counter("chat_search_indexed_total", "Changed texts taken into the index of the search"),
    searchWaiting: gauge("chat_search_waiting", "Changed texts that wait to be indexed, 10,000 at the most"),
  }
}

function replyMetrics({ counter, histogram }: Makers) {
  return {
    messagesSent: counter("chat_messages_sent_total", "Prompts accepted"),
    promptsEdited: counter("chat_prompts_edited_total", "Prompts changed before a reply began"),
    chatroomsForked: counter("chat_chatrooms_forked_total", "Branches copied into new rooms by their users"),
    messagesDeleted: counter(
      "chat_messages_deleted_total",
      "Messages deleted one by one, with what followed them",
    ),
    repliesInterrupted: counter("chat_replies_interrupted_total", "Replies that another prompt stopped"),
    repliesAdded: counter("chat_replies_added_total", "Further replies to prompts accepted", ["kind"]),
    quotaRefused: counter("chat_quota_refused_total", "Prompts refused over the daily quota", ["tier"]),
    attempts: counter("chat_reply_attempts_total", "Reply attempts started"),
    attemptsFailed: counter("chat_reply_attempt_failures_total", "Reply attempts failed", ["code"]),
    providerExhausted: counter(
      "chat_provider_exhausted_total",
      "Calls refused for quota or credits used up",
      ["reason"],
    ),
    repliesFinished: counter("chat_replies_finished_total", "Replies ended by a worker", ["status", "code"]),
    repliesRated: counter("chat_replies_rated_total", "Feedback given, changed and withdrawn (none)", [
      "model",
      "rating",
    ]),
    repliesTakenOver: counter("chat_reply_takeovers_total", "Replies taken over from a silent worker"),
    firstChunkSeconds: histogram(
      "chat_reply_first_chunk_seconds",
      "From the start of an attempt to its first text",
      REPLY_SECONDS,
    ),
    attemptSeconds: histogram(
      "chat_reply_attempt_duration_seconds",
      "Duration of the attempt that ended a reply",
      REPLY_SECONDS,
      ["status"],
    ),
    repliesNoticed: counter(
      "chat_replies_noticed_total",
      "Replies made without something that was asked for, by the notice's code",
      ["notice"],
    ),
    webSearches: counter("chat_web_searches_total", "Web searches of all calls, as the provider tells them"),
    roomTasks: counter("chat_room_tasks_total", "Titles and summaries, by what became of an attempt", [
      "kind",
      "outcome",
    ]),
    tokens: counter("chat_tokens_total", "Tokens of all calls, as counted by the provider", ["kind"]),
    cost: counter("chat_cost_usd_total", "Cost of all calls in US dollars, by the price table", ["model"]),
    unpricedCalls: counter("chat_unpriced_calls_total", "Calls of models that have no price", ["model"]),
  }
}

function sharingMetrics({ counter }: Makers) {
  return {
    shares: counter("chat_shares_total", "Shared links created, updated, withdrawn, copied", ["action"]),
    shareViews: counter("chat_share_views_total", "Views of shared conversations"),
  }
}

function transferMetrics({ counter }: Makers) {
  return {
    imports: counter("chat_imports_total", "Files of conversations received, refused, completed, failed", [
      "result",
    ]),
    importedConversations: counter("chat_imported_conversations_total", "Conversations imported or refused", [
      "result",
    ]),
  }
}

function workerMetrics({ counter, gauge }: Makers) {
  return {
    jobs: counter("chat_jobs_total", "Jobs run by this process", ["outcome"]),
    queueJobs: gauge("chat_queue_jobs", "Jobs in the queues", ["queue", "state"]),
    unfinished: gauge(
      "chat_replies_unfinished",
      "Chatrooms with a reply queued or running, per the database",
    ),
    workers: gauge("chat_workers", "Workers with a heartbeat in the last 10 s, per the database"),
    capacity: gauge("chat_workers_capacity", "Replies that all workers can make concurrently"),
    workerBusy: gauge("chat_worker_busy", "Jobs in flight in this process"),
    workerRounds: counter("chat_worker_rounds_total", "Rounds of the worker loops", ["loop", "outcome"]),
  }
}

function billingMetrics({ counter }: Makers) {
  return {
    billingReceived: counter("chat_billing_events_received_total", "Stripe events received", [
      "class",
      "repeated",
    ]),
    billingHandled: counter("chat_billing_events_handled_total", "Stripe events handled", [
      "class",
      "outcome",
    ]),
    billingFailed: counter("chat_billing_failures_total", "Billing failures, all of which are retried", [
      "kind",
    ]),
    billingSyncs: counter("chat_billing_syncs_total", "Customers synced with Stripe", ["cause", "outcome"]),
    billingNotices: counter("chat_billing_notices_total", "Operator notices", ["kind"]),
    entitlementsChanged: counter(
      "chat_entitlements_changed_total",
      "Entitlement changes of users, in tier or reason",
      ["tier", "reason"],
    ),
  }
}

function processMetrics({ counter, gauge }: Makers) {
  return {
    poolConnections: gauge("chat_pg_pool_connections", "PostgreSQL connections of this process", [
      "pool",
      "state",
    ]),
    poolWaiting: gauge("chat_pg_pool_waiting", "Statements waiting for a connection", ["pool"]),
    storeUp: gauge("chat_store_up", "1 while connected; absent without Redis", ["store"]),
    diskFree: gauge("chat_disk_free_bytes", "Free disk space; absent where DATA_DIR is unused", ["folder"]),
    build: gauge("chat_build_info", "Always 1; the labels describe the build", ["version", "node", "role"]),
    adminActions: counter("chat_admin_actions_total", "Admin actions", ["action", "outcome"]),
  }
}
