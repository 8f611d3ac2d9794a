import Stripe from "stripe"
import { expect, test } from "vitest"
import { TIMING } from "../../src/config/timing.ts"
import { SECOND } from "../../src/utils/time.ts"

const { auth, billing, embedded, gemini, http, otp, platform, postgres, queue, redis } = TIMING
const { replies, revocations, shutdown, sse, worker } = TIMING

/** Two renewals may be lost before a third is too late. */
const THIRD = 1 / 3

test.each([
  ["a reply's renewal and its lease", replies.renewMs, replies.leaseMs * THIRD],
  ["a heartbeat and a worker's silence", worker.heartbeatMs, worker.aliveMs * THIRD],
  ["a poll for revocations and what counts as current", revocations.pollMs, revocations.currentMs * THIRD],
  ["a poll for revocations and its time-out", revocations.latestTimeoutMs, revocations.currentMs],
  [
    "a transaction and what a poll for revocations overlaps",
    postgres.statementTimeoutMs,
    revocations.overlapMs / 2,
  ],
  ["a sweep of replies and their lease", replies.sweepMs, replies.leaseMs * THIRD],
  ["a handover and the trust in the queue", replies.handoverMs, replies.sweepAfterMs],
  ["the trust in the queue and a lease", replies.sweepAfterMs, replies.leaseMs],
  ["the brief's first retry and the trust in the queue", replies.firstRetryMs, replies.sweepAfterMs],
  ["the first and the longest rest of a model", gemini.firstCooldownMs, gemini.longestCooldownMs],
  [
    "a model's longest cool-down and a reply's wait for models",
    gemini.longestCooldownMs,
    gemini.modelWaitMs * THIRD,
  ],
  ["Gemini's first chunk and its whole answer", gemini.firstChunkTimeoutMs, gemini.totalTimeoutMs],
  ["Gemini's silence between chunks and before the first", gemini.idleTimeoutMs, gemini.firstChunkTimeoutMs],
  ["a wait after the end of a reply and Gemini's silence", gemini.settleMs, gemini.idleTimeoutMs * THIRD],
  ["Gemini's whole answer and the live text", gemini.totalTimeoutMs, replies.unfinishedLogMs],
  ["a batch's wait and a request", replies.batchWaitMs, http.requestTimeoutMs],
  ["a cancellation and a request", replies.cancelMs, http.requestTimeoutMs],
  ["the headers and the whole request", http.headersTimeoutMs, http.requestTimeoutMs],
  ["a statement and a request", postgres.statementTimeoutMs, http.requestTimeoutMs - SECOND],
  ["a wait for a connection and a request", postgres.connectTimeoutMs, http.requestTimeoutMs - SECOND],
  ["a call to Stripe and a request", billing.stripeTimeoutMs, http.requestTimeoutMs - SECOND],
  ["a renewal of a customer's lease and the lease", billing.leaseRenewMs, billing.leaseMs * THIRD],
  ["a dead lease and a wait for a customer", billing.leaseMs, billing.checkoutWaitMs - SECOND],
  ["a dead lease and the reconciler's wait", billing.leaseMs, billing.reconcileWaitMs * THIRD],
  ["a wait for a customer and all that a request does at Stripe", billing.checkoutWaitMs, billing.requestMs],
  ["all that a request does at Stripe and a request", billing.requestMs, http.requestTimeoutMs - SECOND],
  ["a sweep of billing and the trust in its queue", billing.sweepMs, billing.sweepAfterMs * THIRD],
  ["the first and the longest retry of billing", billing.firstRetryMs, billing.longestRetryMs],
  ["what is recent and what the daily reconciliation has missed", billing.reconcileAllMs, billing.staleMs],
  ["a check of the session and a heartbeat of a stream", sse.sessionCheckMs, sse.heartbeatMs * THIRD],
  [
    "a poll for revocations with a check of the streams and what is promised",
    revocations.pollMs + sse.sessionCheckMs,
    SECOND,
  ],
  ["a command to Redis and its rest", redis.commandTimeoutMs, redis.cooldownMs],
  ["some commands to Redis and a silent connection", 5 * redis.commandTimeoutMs, redis.silentMs],
  ["a command to the queue and a silent connection", queue.commandTimeoutMs, redis.silentMs],
  ["a command to Redis and a statement", redis.commandTimeoutMs, postgres.statementTimeoutMs * THIRD],
  ["a look for stalled jobs and a job's lock", queue.stalledCheckMs, queue.lockMs / 2],
  ["a reply's lease and a job's lock", replies.leaseMs, queue.lockMs],
  ["a worker's rest and its stop", queue.longestPauseMs, shutdown.repliesMs],
  ["counts of a queue and a health check", platform.countTimeoutMs, platform.healthTimeoutMs],
  ["a refresh's grace and an access token", auth.refreshGraceMs, auth.accessTokenMs],
  ["a password's wait and hash and a failed login", auth.hashWaitMs + 0.5 * SECOND, auth.failedLoginMs],
  ["a failed login and what people wait for", auth.failedLoginMs, 2 * SECOND],
  ["an access token and a session", auth.accessTokenMs, auth.sessionIdleMs],
  ["an idle session and its whole life", auth.sessionIdleMs, auth.sessionLifeMs],
  ["the first and the longest wait for a code", otp.firstResendMs, otp.longestResendMs],
  ["the longest wait for a code and its life", otp.longestResendMs, otp.codeLifeMs],
  ["a code's life and its row", otp.codeLifeMs, TIMING.retention.codesMs],
  ["the wait for a code that starts over and its row", otp.resendResetMs, TIMING.retention.codesMs],
  ["a worker's silence and its row", worker.aliveMs, TIMING.retention.workersMs],
  ["a statement and a wedged worker", postgres.statementTimeoutMs, worker.watchdogMs],
  ["what clean-up erases and a wedged worker", worker.eraseMs, worker.watchdogMs],
  ["a stop and the platform's patience", shutdown.cutOffMs, shutdown.killMs - 0.5 * SECOND],
  ["an echo of Ctrl-C and a stop", shutdown.signalEchoMs, shutdown.cutOffMs],
  ["Stripe's stop by force and ours", embedded.simulatorEndMs, embedded.simulatorAnswerMs],
  ["PostgreSQL's 5 s after SIGQUIT and ours", 5 * SECOND, embedded.immediateShutdownMs - SECOND],
])("%s: %d ms is at most %d ms", (_, shorter, longer) => {
  expect(shorter).toBeLessThanOrEqual(longer)
})

test("the brief's and the contract's values", () => {
  expect(replies.firstRetryMs).toBe(2 * SECOND)
  expect(auth.accessTokenMs).toBe(900 * SECOND)
  expect(otp.codeLifeMs).toBe(300 * SECOND)
  expect(TIMING.retention.idempotencyKeysMs).toBeGreaterThan(86_400 * SECOND)
})

test("a call to Stripe is first repeated when the SDK would", () => {
  expect(new Stripe("sk_test").getInitialNetworkRetryDelay() * SECOND).toBe(billing.stripeRetryMs)
})

test("heartbeats of a stream fall on checks of its session", () => {
  expect(sse.heartbeatMs).toBe(15 * SECOND)
  expect(sse.heartbeatMs % sse.sessionCheckMs).toBe(0)
})

test("the steps of a stop fit into it: the server's, then the worker's with its farewell", () => {
  const { requestsMs, repliesMs, jobsMs, cutOffMs } = shutdown
  expect(requestsMs + repliesMs + jobsMs).toBeLessThan(cutOffMs)
})

test("a killed worker's reply is in other hands within five seconds", () => {
  expect(replies.leaseMs + replies.renewMs + replies.sweepMs).toBeLessThan(5 * SECOND)
})

test("a client that is slow is cut off within 15 s", () => {
  expect(http.requestTimeoutMs + 2 * http.connectionsCheckMs).toBeLessThanOrEqual(15 * SECOND)
})

test("nobody changes it", () => {
  expect(Object.isFrozen(TIMING)).toBe(true)
  for (const group of Object.values(TIMING)) expect(Object.isFrozen(group)).toBe(true)
})
