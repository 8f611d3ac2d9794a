import { deepFreeze } from "../utils/deep-freeze.ts"
import { DAY, HOUR, MINUTE, SECOND } from "../utils/time.ts"

/**
 * Every duration of the program, in milliseconds. `createContext` puts it into `ctx.timing`; parts that are built
 * without a context get their group as an argument or import it. Tests shorten what they wait for, and
 * `tests/unit/timing.test.ts` asserts how the values relate. Limits per time window are in `config/limits.ts`, and what
 * an operator may set (its default is here) in `config/environment.ts`.
 */
export const TIMING = deepFreeze({
  http: {
    /** A client that sends its headers or its body more slowly is cut off: with the check below, within 15 s. */
    headersTimeoutMs: 10 * SECOND,
    /** Above `postgres.statementTimeoutMs`, so that a stuck statement fails before its client gives up. */
    requestTimeoutMs: 13 * SECOND,
    connectionsCheckMs: 1 * SECOND,
    /** Longer than the idle time of the usual load balancers (60 s): they never reuse what we have just closed. */
    keepAliveMs: 65 * SECOND,
    /** A reader that takes nothing of a long response for twice this long is cut off: Node looks once. */
    slowReaderMs: 10 * SECOND,
    /** The longest `Prefer: wait` that is honored. */
    longestWaitMs: 60 * SECOND,
  },

  sse: {
    /** How soon a stream ends after its session has. */
    sessionCheckMs: 2.5 * SECOND,
    /** The contract's: a comment every 15 s. A multiple of `sessionCheckMs`, as one timer serves both. */
    heartbeatMs: 15 * SECOND,
    /** How long a reader with too much unsent may take for it before it is cut off; it can resume. */
    slowReaderMs: 15 * SECOND,
    /** `Retry-After` when a user has too many streams open: closed ones have given back their place by then. */
    limitRetryMs: 5 * SECOND,
  },

  auth: {
    /** The contract's. */
    accessTokenMs: 15 * MINUTE,
    /** How far the clocks of two machines may be apart. */
    clockSkewMs: 1 * MINUTE,
    /** A browser's session as an admin: short, since only its end can revoke it. */
    adminSessionMs: 60 * MINUTE,
    /** How long a session lives without being used, and how long at the most. */
    sessionIdleMs: 30 * DAY,
    sessionLifeMs: 90 * DAY,
    /** How long a rotated token still gets its successor: parallel calls, a response that was lost. */
    refreshGraceMs: 10 * SECOND,
    /** The contract's: a session that a code has opened this recently may set a password without the current one. */
    recentCodeMs: 10 * MINUTE,
    /** Reads the session's row while revocations can't be heard; a request waits for it. */
    confirmTimeoutMs: 2 * SECOND,
  },

  otp: {
    /** The contract's. */
    codeLifeMs: 5 * MINUTE,
    /** The wait for another code doubles from the first to the longest, and starts over after the reset. */
    firstResendMs: 30 * SECOND,
    longestResendMs: 120 * SECOND,
    resendResetMs: 1 * HOUR,
    /** Twilio's usual response takes less than one second. */
    carrierTimeoutMs: 10 * SECOND,
  },

  revocations: {
    /** Leaves two thirds of `currentMs` to the query and a busy process before requests read sessions themselves. */
    pollMs: 300,
    /**
     * How old what this process has heard may be to be relied on: a second after its end a session's tokens must be
     * dead everywhere.
     */
    currentMs: 1 * SECOND,
    /** A later answer would no longer count as current; a connection that gives none is replaced. */
    latestTimeoutMs: 1 * SECOND,
    /** Reads more, at the start and after a long silence. */
    allTimeoutMs: 2 * SECOND,
    /** How far back a poll looks: longer than a transaction may stay open between its row and its commit. */
    overlapMs: 30 * SECOND,
  },

  replies: {
    /**
     * How long a worker's silence is taken for work. With its renewal and sweep a killed worker's reply is in other
     * hands within about four seconds.
     */
    leaseMs: 3 * SECOND,
    renewMs: 1 * SECOND,
    sweepMs: 0.5 * SECOND,
    /** How long the queue is trusted with a waiting reply before it is enqueued again. */
    sweepAfterMs: 5 * SECOND,
    /** The same for a reply taken from a silent worker: its new worker may die before it has begun. */
    handoverMs: 1 * SECOND,
    /** The least after which a job that came too early for its reply's claim runs again. */
    shortestDelayMs: 50,
    /** The brief's: retries back off exponentially from 2 s. */
    firstRetryMs: 2 * SECOND,
    /** Per-minute quotas are free again within a minute; a reply, and its room, doesn't wait for longer ones. */
    longestRetryAfterMs: 90 * SECOND,
    /** How long a cancelled reply's worker may take to end it, with all the text that it has. */
    cancelMs: 2 * SECOND,
    /** How long prompts may wait for the statements under way: as long as for a connection of the pool. */
    batchWaitMs: 5 * SECOND,
    /** How often the workers' pace is read for the estimate of a queued reply's wait. */
    estimateMs: 2 * SECOND,
    /** How long a reply takes, before any has been seen. */
    usualReplyMs: 3 * SECOND,
    /** How long a listener trusts its notices before it looks at the row by itself. */
    rowCheckMs: 2 * SECOND,
    /** How long live text is kept: for a reply that is being made, and for one that has ended. */
    unfinishedLogMs: 1 * HOUR,
    finalLogMs: 1 * MINUTE,
  },

  gemini: {
    /** The longest silence before the first and between two chunks. */
    idleTimeoutMs: 30 * SECOND,
    totalTimeoutMs: 300 * SECOND,
    /** An overloaded model is left alone for this long, doubled each time up to the longest. */
    firstCooldownMs: 2 * SECOND,
    longestCooldownMs: 30 * SECOND,
    /**
     * The longest that a reply waits for models that cool down before it fails. Waits for its room, for a worker or
     * for `GEMINI_RPM` don't count: they aren't the model's.
     */
    modelWaitMs: 5 * MINUTE,
  },

  worker: {
    heartbeatMs: 2 * SECOND,
    /** A worker that has been silent for this long counts as gone. */
    aliveMs: 10 * SECOND,
    cleanUpMs: 60 * SECOND,
    /** What of deleted users isn't erased by then is left to the next round. */
    eraseMs: 5 * SECOND,
    /** The default of `WATCHDOG_SECONDS`: a worker that is stuck for longer ends itself. */
    watchdogMs: 30 * SECOND,
    /** The longest interval of the watchdog's checks; ten fit into its time-out. */
    watchdogCheckMs: 1 * SECOND,
  },

  /** How long rows are kept after they have served. */
  kept: {
    /** Stripe sends an event again for three days; support asks why somebody is Pro for longer. */
    billingEventsMs: 90 * DAY,
    /** The contract keeps idempotency keys for at least 24 h. */
    idempotencyKeysMs: 48 * HOUR,
    /** A code's row counts its wrong guesses and its resends. */
    codesMs: 1 * DAY,
    sessionsMs: 7 * DAY,
    /** Workers that fell silent. */
    workersMs: 1 * HOUR,
  },

  billing: {
    sweepMs: 1 * SECOND,
    /** How long the queue is trusted with an event before it is enqueued again. */
    sweepAfterMs: 5 * SECOND,
    /** Between tries, doubled each time up to the longest. */
    firstRetryMs: 5 * SECOND,
    longestRetryMs: 10 * MINUTE,
    /** Longer than the calls to Stripe in one piece of work usually take; a slower one writes nothing. */
    leaseMs: 60 * SECOND,
    /** Between two looks at a lease that another piece of work holds, and between two tries to release one. */
    leasePollMs: 50,
    releaseRetryMs: 200,
    /** When a job runs again whose customer is leased. */
    busyMs: 200,
    /** Two tabs at once: the second waits for the first and gets the same page. */
    checkoutWaitMs: 10 * SECOND,
    /** A Checkout page that expires sooner isn't handed out again. */
    checkoutLeftMs: 10 * MINUTE,
    /** One call to Stripe: requests wait for most of them. */
    stripeTimeoutMs: 8 * SECOND,
    /** Stripe's own (https://docs.stripe.com/webhooks#replay-attacks). */
    signatureToleranceMs: 5 * MINUTE,
    /** How often the reconciler's schedule is set: a queue that was lost has lost it, too. */
    scheduleMs: 60 * SECOND,
    /** The default of `BILLING_RECONCILE_MINUTES`: how often recent customers are reconciled. */
    reconcileMs: 10 * MINUTE,
    /** How often all customers are reconciled. */
    reconcileAllMs: 1 * DAY,
    /** Customers count as recent for this long after a change, and when nothing has read them for the second. */
    recentMs: 1 * DAY,
    staleMs: 25 * HOUR,
    /** The default of `BILLING_GRACE_DAYS`. */
    graceMs: 3 * DAY,
  },

  queue: {
    /** No request waits for the queue, and a job that is given up on waits for the sweep: patience pays here. */
    commandTimeoutMs: 2 * SECOND,
    /** A killed worker's jobs are free again after a lock and a check: 6.4 s at the median. Leases are quicker. */
    lockMs: 6 * SECOND,
    stalledCheckMs: 3 * SECOND,
    /** A worker that waits for its rate limit doesn't hear that it is to stop. */
    longestPauseMs: 1 * SECOND,
    /** BullMQ's window for counting jobs, by a count that it never reaches. */
    limiterMs: 1 * MINUTE,
  },

  cache: {
    /** Longer than any statement may take, so that a reader's fill outlives its query. */
    leaseMs: 15 * SECOND,
    /** How often the store is told of the invalidations that it has missed. */
    retryMs: 500,
    /** The default of `CHATROOM_CACHE_TTL`. */
    chatroomsMs: 10 * MINUTE,
  },

  redis: {
    /** A frozen Redis must cost a request less than a person notices. */
    commandTimeoutMs: 200,
    /** How long a Redis that didn't answer is left alone. */
    cooldownMs: 1 * SECOND,
    /** Reconnecting backs off from the first to the longest. */
    firstReconnectMs: 50,
    longestReconnectMs: 1 * SECOND,
    slotsRefreshMs: 5 * SECOND,
    /** How long a start waits for Redis before it goes on without. */
    readyTimeoutMs: 5 * SECOND,
    readyPollMs: 25,
  },

  postgres: {
    /** Also for transactions that are idle. Below the server's and every proxy's request time-out. */
    statementTimeoutMs: 10 * SECOND,
    /** How long a model waits for a connection. */
    acquireTimeoutMs: 10 * SECOND,
    /** How long a statement waits for a connection; also for the first statement on it. */
    connectTimeoutMs: 5 * SECOND,
    idleConnectionMs: 30 * SECOND,
    /** How long one of several hosts may take to say whether it is the primary. */
    probeTimeoutMs: 3 * SECOND,
    /** A server that recovers from a crash takes seconds; one that doesn't exist never comes. */
    readyTimeoutMs: 30 * SECOND,
    readyPollMs: 250,
  },

  platform: {
    /** Probes usually give up after some seconds. */
    healthTimeoutMs: 2 * SECOND,
    /** Metrics and the admin's view go without the figures that a queue takes longer for. */
    countTimeoutMs: 1 * SECOND,
    spanExportMs: 2 * SECOND,
  },

  /** The server stops before the worker, so their parts add up to less than `cutOffMs`. Most stops take none of them whole. */
  shutdown: {
    /** Docker's default; Kubernetes' is 30 s (deploy/ and compose.yaml give more). */
    killMs: 10 * SECOND,
    /** Everything must have ended by then; the rest is cut off. */
    cutOffMs: 9.5 * SECOND,
    /** One Ctrl-C arrives two or three times: from the terminal, from npm and from the launcher. */
    signalEchoMs: 500,
    /** How long requests in flight may take. */
    requestsMs: 3 * SECOND,
    /** How long replies may take to finish; the others are handed back to the queue. */
    repliesMs: 4 * SECOND,
    /** How long the store may take to hear of the jobs that have ended. Those it doesn't hear of run again elsewhere. */
    jobsMs: 1.5 * SECOND,
    /** A collector that doesn't answer must not hold up the end of the process. */
    spansMs: 2 * SECOND,
  },

  /** The PostgreSQL and the simulators that are started where none is configured. */
  embedded: {
    pollMs: 10,
    /** Recovery after a crash replays at most `max_wal_size`; this is far above what that takes. */
    postgresReadyMs: 2 * MINUTE,
    /** A start that takes longer is reported as slow. */
    slowStartMs: 3 * SECOND,
    connectTimeoutMs: 3 * SECOND,
    /** A stop by SIGINT, then by SIGQUIT (PostgreSQL gives its children 5 s before it kills them), then by SIGKILL. */
    fastShutdownMs: 10 * SECOND,
    immediateShutdownMs: 7 * SECOND,
    killMs: 5 * SECOND,
    /** How long a predecessor that was just killed may take to lose its lock. */
    instanceLockMs: 1.5 * SECOND,
    lockPollMs: 25,
    logCheckMs: 1 * MINUTE,
    /** PostgreSQL fills its pid file at once; one that stays empty was cut off by a crash. */
    emptyPidFileMs: 5 * SECOND,
    /** A staging folder this old belongs to nobody, even if its process id is in use again. */
    abandonedMs: 10 * MINUTE,
    /** A fraction of a second on an idle machine; on the first start the database is being made meanwhile. */
    simulatorStartMs: 20 * SECOND,
    /** Another process's simulator is up, and answers, within a second on an idle machine. */
    simulatorAnswerMs: 15 * SECOND,
    /** One whose port is closed is saving its state, or its process id is somebody else's by now. */
    simulatorEndMs: 3 * SECOND,
    simulatorPollMs: 20,
  },
})

export type Timing = typeof TIMING
