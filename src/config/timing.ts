import { deepFreeze } from "../utils/deep-freeze.ts"
import { DAY, HOUR, MINUTE, SECOND } from "../utils/time.ts"

/**
 * Every duration in milliseconds. Code with a context reads `ctx.timing`; code without one imports this or gets its
 * group as an argument. Tests shorten what they wait for, and `tests/unit/timing.test.ts` asserts how the values
 * relate. Defaults of settings are here too; `config/environment.ts` reads the settings. Rate limits are in
 * `config/limits.ts` and `auth/login-throttle.ts`.
 */
export const TIMING = deepFreeze({
  http: {
    /** Cuts off clients that send headers or body more slowly: with `connectionsCheckMs`, within 15 s. */
    headersTimeoutMs: 10 * SECOND,
    /** Above `postgres.statementTimeoutMs`, so that a stuck statement fails before its client gives up. */
    requestTimeoutMs: 13 * SECOND,
    connectionsCheckMs: 1 * SECOND,
    /** The same as `requestTimeoutMs` for uploads of files: ten megabytes in this time are half a megabit a second. */
    uploadTimeoutMs: 3 * MINUTE,
    /** The same for files of conversations: a hundred megabytes in this time are a megabit a second. */
    importTimeoutMs: 15 * MINUTE,
    /** Cuts off uploads of which less than `UPLOAD_LEAST_BYTES` come in this time. */
    slowUploadMs: 15 * SECOND,
    /** Above the usual load balancers' idle timeout (60 s), so that they never reuse a connection as we close it. */
    keepAliveMs: 65 * SECOND,
    /** Cuts off clients that don't read what lies ready for them for this long; a stream can be resumed. */
    slowReaderMs: 15 * SECOND,
    /** The longest `Prefer: wait` that is honored. */
    longestWaitMs: 60 * SECOND,
  },

  sse: {
    /** How soon a stream ends after this process knows that its session has: within a second, with the poll. */
    sessionCheckMs: 0.5 * SECOND,
    /** Set by the contract. A multiple of `sessionCheckMs`, because both share a timer. */
    heartbeatMs: 15 * SECOND,
    /** How soon a client may open a stream again that gave way to a newer one of the same user. */
    displacedRetryMs: 15 * SECOND,
  },

  auth: {
    /** Set by the contract. */
    accessTokenMs: 15 * MINUTE,
    /** How far the clocks of two machines may be apart. */
    clockSkewMs: 1 * MINUTE,
    /** Lifetime of an operator's browser session. */
    adminSessionMs: 60 * MINUTE,
    /** Lifetime of an unused session, and of any session. */
    sessionIdleMs: 30 * DAY,
    sessionLifeMs: 90 * DAY,
    /** How long a rotated refresh token still works, for parallel calls and lost responses. */
    refreshGraceMs: 10 * SECOND,
    /** Set by the contract: how long a session opened by a code may set a password without the current one. */
    recentCodeMs: 10 * MINUTE,
    /** When a failed login is answered, whatever it took: not before a user's hash, which waits and then takes 0.2 s. */
    failedLoginMs: 1.5 * SECOND,
    /** How long a password may wait to be hashed; then the request gets a 503. */
    hashWaitMs: 1 * SECOND,
    /** For reading a session's row while revocations aren't current; a request waits for it. */
    confirmTimeoutMs: 2 * SECOND,
  },

  otp: {
    /** Set by the contract. */
    codeLifeMs: 5 * MINUTE,
    /** The wait for another code doubles from the first to the longest value and starts over after the reset. */
    firstResendMs: 30 * SECOND,
    longestResendMs: 120 * SECOND,
    resendResetMs: 1 * HOUR,
    /** Twilio usually responds in less than a second. */
    carrierTimeoutMs: 10 * SECOND,
  },

  revocations: {
    /** Leaves two thirds of `currentMs` to the query and a busy process before requests read sessions themselves. */
    pollMs: 300,
    /** How long a poll's result is current: tokens must be invalid everywhere a second after their session ends. */
    currentMs: 1 * SECOND,
    /** A later response wouldn't count as current; the connection is replaced. */
    latestTimeoutMs: 1 * SECOND,
    /** For reading all revocations, at the start and after an outage. */
    allTimeoutMs: 2 * SECOND,
    /** How far back a poll reads: longer than a transaction may take from writing its row to its commit. */
    overlapMs: 30 * SECOND,
  },

  replies: {
    /** Another worker takes over a killed worker's reply within about four seconds: this and the sweep. */
    leaseMs: 3 * SECOND,
    renewMs: 1 * SECOND,
    /** The longest that text which has grown little isn't written for. */
    checkpointMs: 5 * SECOND,
    sweepMs: 0.5 * SECOND,
    /** How long a reply may wait in the queue before the sweep enqueues it again. No longer than a lease, so that a claim keeps it. */
    sweepAfterMs: 3 * SECOND,
    /** How much longer it may wait while the queue has a job for every unfinished reply. */
    longestTrustMs: 60 * SECOND,
    /** The same for a reply taken over from a silent worker, because the new worker may die too. */
    handoverMs: 1 * SECOND,
    /** The shortest delay of a job that ran before its reply could be claimed. */
    shortestDelayMs: 50,
    /** Retries back off exponentially from this value. */
    firstRetryMs: 2 * SECOND,
    /** Covers per-minute quotas; a reply, and its room, doesn't wait for longer ones. */
    longestRetryAfterMs: 90 * SECOND,
    /** How long a worker may take to end a cancelled reply with its text so far. */
    cancelMs: 2 * SECOND,
    /** How long prompts may wait for statements in flight: as long as for a pool connection. */
    batchWaitMs: 5 * SECOND,
    /** How often the workers' throughput is read to estimate a queued reply's wait. */
    estimateMs: 2 * SECOND,
    /** The estimate of a reply's duration before any has been measured. */
    usualReplyMs: 3 * SECOND,
    /** How often a process looks whether the rows of its streams have moved: notifications may be lost. */
    rowCheckMs: 2 * SECOND,
    /** How long live text is kept for an unfinished reply and for a finished one. */
    unfinishedLogMs: 1 * HOUR,
    finalLogMs: 1 * MINUTE,
  },

  gemini: {
    /**
     * Defaults of `GEMINI_FIRST_CHUNK_SECONDS`, `GEMINI_IDLE_SECONDS` and `GEMINI_TOTAL_SECONDS`: the longest wait for
     * the first chunk, for which a thinking model may take minutes, for each further one, and for the whole reply.
     */
    firstChunkTimeoutMs: 180 * SECOND,
    idleTimeoutMs: 60 * SECOND,
    totalTimeoutMs: 600 * SECOND,
    /**
     * How long a reply waits for more after a chunk that said how it ends. Models that say so on every chunk send the
     * next one sooner.
     */
    settleMs: 3 * SECOND,
    /** Calls to an overloaded model pause for this long, doubled each time up to the longest value. */
    firstCooldownMs: 2 * SECOND,
    longestCooldownMs: 30 * SECOND,
    /** How long the other models come first after a quota of the day was used up, or a model wasn't found. */
    exhaustedMs: 1 * MINUTE,
    /** How long the Files API may take for a file until it can be used, and how often it is asked. */
    fileTimeoutMs: 90 * SECOND,
    filePollMs: 0.5 * SECOND,
    /**
     * How long a reply waits for models that are cooling down before it fails. Waits for its room, for a worker or for
     * `GEMINI_RPM` don't count, because the model doesn't cause them.
     */
    modelWaitMs: 5 * MINUTE,
  },

  /** Titles and summaries. No reply waits for them. */
  roomTasks: {
    pollMs: 1 * SECOND,
    /** For one call to the model. */
    callMs: 60 * SECOND,
    /** How long a task is left to its process, which takes no longer unless it has died. */
    leaseMs: 2 * MINUTE,
    /** Retries back off exponentially from this value. */
    firstRetryMs: 10 * SECOND,
    /** How soon a task is looked at again that had no call left, or whose model was cooling down. */
    busyMs: 5 * SECOND,
    /** What has waited for longer is given up. */
    staleMs: 1 * DAY,
  },

  /** The index of what users search. */
  search: {
    /** How soon a text can be found after it was written. */
    indexMs: 1 * SECOND,
    /** How long one round may index; the next round continues. */
    roundMs: 5 * SECOND,
  },

  worker: {
    heartbeatMs: 2 * SECOND,
    /** A worker without a heartbeat for this long counts as gone. */
    aliveMs: 10 * SECOND,
    cleanUpMs: 60 * SECOND,
    /** How soon an hour's activity is counted after its end. */
    activityMs: 60 * SECOND,
    /** How long one round may erase deleted users' data; the next round continues. */
    eraseMs: 5 * SECOND,
    /** The default of `WATCHDOG_SECONDS`: a worker that is stuck for longer ends itself. */
    watchdogMs: 30 * SECOND,
    /** The longest interval of the watchdog's checks; ten fit into its timeout. */
    watchdogCheckMs: 1 * SECOND,
  },

  sharing: {
    /** How often the views of shared links are written: a crash loses as many. */
    viewsMs: 1 * SECOND,
  },

  attachments: {
    /** Set by the contract: how long a file waits for a message that names it. */
    unusedMs: 1 * DAY,
    /** How long an upload may take before its row counts as left behind: longer than its request may. */
    unfinishedMs: 15 * MINUTE,
    /** For one request to the object store. */
    objectTimeoutMs: 60 * SECOND,
    /** How long one round may delete files; the next round continues. */
    collectMs: 5 * SECOND,
    /** Copies elsewhere that can't be deleted are tried again, backing off from the first to the longest value. */
    firstRetryMs: 30 * SECOND,
    longestRetryMs: 1 * HOUR,
  },

  /** Imports of conversations. */
  imports: {
    pollMs: 1 * SECOND,
    /** Another process takes over the import of a process that hasn't been heard of for so long. */
    leaseMs: 30 * SECOND,
    /** The same for an upload: in this time a chunk comes also at the least speed that is taken. */
    unfinishedMs: 5 * MINUTE,
  },

  /** How long rows are kept after their last use. */
  retention: {
    /** For reports of a year. */
    activityMs: 400 * DAY,
    /** How long it can be seen what became of an import. */
    importsMs: 1 * DAY,
    /** Stripe resends events for three days; support needs them for longer to explain a user's tier. */
    billingEventsMs: 90 * DAY,
    /** Above `billing.strangerMs`. */
    strangersMs: 2 * DAY,
    /** The contract requires at least 24 h. */
    idempotencyKeysMs: 48 * HOUR,
    /** How long a sign-up waits for the code that proves its number. */
    signUpsMs: 7 * DAY,
    /** A code's row counts wrong guesses and resends. */
    codesMs: 1 * DAY,
    sessionsMs: 7 * DAY,
    /** A client that follows its list of chatrooms continues it after half of this at the most. */
    deletedChatroomsMs: 1 * DAY,
    /** How long a deleted account's number has no other trial. */
    trialsMs: 365 * DAY,
    workersMs: 1 * HOUR,
    /** Set by the contract: how long after their last message temporary rooms are erased. */
    temporaryMs: 24 * HOUR,
  },

  billing: {
    sweepMs: 1 * SECOND,
    /** How long an event may wait in the queue before the sweep enqueues it again. */
    sweepAfterMs: 5 * SECOND,
    /** Retries back off from the first to the longest value. */
    firstRetryMs: 5 * SECOND,
    longestRetryMs: 10 * MINUTE,
    /** How long a customer stays locked after the process that worked on them has died: work in flight renews it. */
    leaseMs: 5 * SECOND,
    leaseRenewMs: 1 * SECOND,
    leasePollMs: 50,
    releaseRetryMs: 200,
    /** The delay of a job whose customer is leased. */
    busyMs: 200,
    /** If a user subscribes in two tabs, the second waits for the first and gets the same page. Outlasts a dead lease. */
    checkoutWaitMs: 7 * SECOND,
    /** For everything that a request does at Stripe, however many calls that takes; includes `checkoutWaitMs`. */
    requestMs: 10 * SECOND,
    /** How long a payer who returns from Stripe waits for the page that says what is known. */
    returnMs: 5 * SECOND,
    /** How long the reconciler waits for a customer that another process reads. */
    reconcileWaitMs: 30 * SECOND,
    /** A Checkout page that expires sooner isn't reused. */
    checkoutLeftMs: 10 * MINUTE,
    /** For one call to Stripe. */
    stripeTimeoutMs: 8 * SECOND,
    /** Before the SDK's first retry of a call: its own value. The second waits up to twice as long. */
    stripeRetryMs: 0.5 * SECOND,
    /** Into the past and into the future. Stripe's default (https://docs.stripe.com/webhooks#replay-attacks). */
    signatureToleranceMs: 5 * MINUTE,
    /** How often the reconciler's schedule is written again, in case the queue has lost it. */
    scheduleMs: 60 * SECOND,
    /** The default of `BILLING_RECONCILE_MINUTES`: how often recent customers are reconciled. */
    reconcileMs: 10 * MINUTE,
    /** How often all customers are reconciled. */
    reconcileAllMs: 1 * DAY,
    /** Customers count as recent for `recentMs` after a change, and if they haven't been read for `staleMs`. */
    recentMs: 1 * DAY,
    staleMs: 25 * HOUR,
    /** Customers without a live subscription are left out of the schedule this long after they used Checkout. */
    quietMs: 30 * DAY,
    /** How long the Stripe customer of a deleted user is kept: until every payment that was on its way has arrived. */
    keepClosedMs: 30 * DAY,
    /** How often it is then looked at whether a subscription that goes on has ended. */
    closedCheckMs: 1 * DAY,
    /** How long a customer of another product on the same Stripe account is remembered as one. */
    strangerMs: 1 * DAY,
    /** The default of `BILLING_GRACE_DAYS`. */
    graceMs: 3 * DAY,
  },

  queue: {
    /** Generous, because no request waits for the queue and a job that isn't enqueued waits for the sweep. */
    commandTimeoutMs: 2 * SECOND,
    /** Like `redis.silentMs`, for a worker's connections: BullMQ waits for jobs for up to 10 s. */
    silentMs: 13 * SECOND,
    /** BullMQ restarts a killed worker's jobs after a lock and a check: 6.4 s at the median. Our leases are quicker. */
    lockMs: 6 * SECOND,
    stalledCheckMs: 3 * SECOND,
    /** How soon a worker starts over after the store rejected its commands. */
    reopenMs: 1 * SECOND,
    /** Bounds BullMQ's rate-limit pauses, during which a worker doesn't notice that it should stop. */
    longestPauseMs: 1 * SECOND,
    /** BullMQ's rate-limit window; the limit is set so high that it is never reached. */
    limiterMs: 1 * MINUTE,
  },

  cache: {
    /** The default of `CHATROOM_CACHE_TTL`. */
    chatroomsMs: 10 * MINUTE,
  },

  redis: {
    /** A request's delay by a frozen Redis must be too short to notice. */
    commandTimeoutMs: 200,
    /** How long Redis isn't used after a timeout. */
    cooldownMs: 1 * SECOND,
    /** Reconnecting backs off from the first to the longest value. */
    firstReconnectMs: 50,
    longestReconnectMs: 1 * SECOND,
    /** A connection on which a command has no answer for so long is replaced. */
    silentMs: 3 * SECOND,
    /** How often connections that only listen are asked for an answer. */
    pingMs: 5 * SECOND,
    slotsRefreshMs: 5 * SECOND,
    /** How long the start waits for Redis before it continues without. */
    readyTimeoutMs: 5 * SECOND,
    readyPollMs: 25,
  },

  postgres: {
    /** Also for idle transactions. Below the server's and every proxy's request timeout, with `answerMs`. */
    statementTimeoutMs: 8 * SECOND,
    /** A response that is later than this after the statement's timeout never comes: the connection is dead. */
    answerMs: 1 * SECOND,
    /** How long an idle connection may take to respond when another one of its pool was dead. */
    checkTimeoutMs: 2 * SECOND,
    /** The kernel's first keep-alive probe. Node sends the next ones a second apart and gives up after ten. */
    keepAliveMs: 10 * SECOND,
    /** How long a statement waits for a pool connection, and for the first statement on it. */
    connectTimeoutMs: 5 * SECOND,
    idleConnectionMs: 30 * SECOND,
    /** How long one of several hosts may take to report whether it is the primary. */
    probeTimeoutMs: 3 * SECOND,
    /** Covers a server that recovers from a crash. */
    readyTimeoutMs: 30 * SECOND,
    readyPollMs: 250,
  },

  platform: {
    /** Health probes usually time out after a few seconds. */
    healthTimeoutMs: 2 * SECOND,
    /** For counting a queue's jobs; metrics and the admin page leave out slower counts. */
    countTimeoutMs: 1 * SECOND,
    spanExportMs: 2 * SECOND,
    /** Keeps V8 able to notice that a process rests (`boot/idle-memory.ts`). */
    scriptMs: 30 * SECOND,
  },

  /** The steps run one after the other, so together they stay below `cutOffMs`. */
  shutdown: {
    /** Docker's default before SIGKILL; Kubernetes' is 30 s (deploy/ and compose.yaml allow more). */
    killMs: 10 * SECOND,
    /** The process exits by then, whatever is unfinished. */
    cutOffMs: 9.5 * SECOND,
    /** One Ctrl-C arrives up to three times: from the terminal, npm and the launcher. */
    signalEchoMs: 500,
    /** How long requests in flight may take. */
    requestsMs: 3 * SECOND,
    /** How long replies in flight may take; the others go back to the queue. */
    repliesMs: 4 * SECOND,
    /** How long the queue may take to record finished jobs; unrecorded ones run again elsewhere. */
    jobsMs: 1.5 * SECOND,
    /** An unresponsive collector must not delay the exit. */
    spansMs: 2 * SECOND,
  },

  /** PostgreSQL and the simulators that are started if none is configured. */
  embedded: {
    pollMs: 10,
    /** Far longer than crash recovery takes, which replays at most `max_wal_size`. */
    postgresReadyMs: 2 * MINUTE,
    /** A longer start is reported as slow. */
    slowStartMs: 3 * SECOND,
    connectTimeoutMs: 3 * SECOND,
    /** After SIGINT, then after SIGQUIT (PostgreSQL waits 5 s before it kills its children), then after SIGKILL. */
    fastShutdownMs: 10 * SECOND,
    immediateShutdownMs: 7 * SECOND,
    killMs: 5 * SECOND,
    /** How long PostgreSQL may take to release the lock of an instance that was just killed. */
    instanceLockMs: 1.5 * SECOND,
    lockPollMs: 25,
    logCheckMs: 1 * MINUTE,
    /** How soon a removed data folder is noticed. Until then what is stored is lost without a word. */
    dataCheckMs: 0.5 * SECOND,
    /** PostgreSQL fills its pid file at once; a file that stays empty is left from a crash. */
    emptyPidFileMs: 5 * SECOND,
    /** An older staging folder is abandoned, even if its process id is in use again. */
    abandonedMs: 10 * MINUTE,
    /** Takes a fraction of a second on an idle machine; the first start creates the database at the same time. */
    simulatorStartMs: 20 * SECOND,
    /** How long another process's simulator may take to start and respond. */
    simulatorAnswerMs: 15 * SECOND,
    /** How long to wait if its port is closed: it is saving its state, or its process id has been reused. */
    simulatorEndMs: 3 * SECOND,
    simulatorPollMs: 20,
  },
})

export type Timing = typeof TIMING

/** How long a kind of upload may take. */
export type UploadTimeout = "uploadTimeoutMs" | "importTimeoutMs"
