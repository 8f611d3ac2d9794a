import type Stripe from "stripe"
import type { CompleteConfig } from "../../config/env.ts"
import { TIMING, type Timing } from "../../config/timing.ts"
import { SECOND } from "../../utils/time.ts"
import type { Tracing } from "../platform/tracing.ts"
import { limitToDeadline } from "./stripe-deadline.ts"
import { stripeSdk } from "./stripe-sdk.ts"

/** The SDK retries connection errors, 409 and 5xx with the same idempotency key. */
const RETRIES = 2

type StripeOptions = Pick<CompleteConfig["stripe"], "secretKey" | "baseUrl">

/** Creates a Stripe client. The SDK pins the API version, so responses match its types. */
export function createStripe(
  { secretKey, baseUrl }: StripeOptions,
  { stripeTimeoutMs, stripeRetryMs }: Timing["billing"] = TIMING.billing,
  tracing?: Tracing,
): Stripe {
  const Client = stripeSdk()
  const stripe = new Client(secretKey, {
    httpClient: createHttpClient(tracing),
    ...(baseUrl ? toHost(baseUrl) : {}),
    timeout: stripeTimeoutMs,
    maxNetworkRetries: RETRIES,
    telemetry: false,
    appInfo: { name: "gemini-chat-backend" },
  })
  // There is no option for it.
  stripe.getInitialNetworkRetryDelay = () => stripeRetryMs / SECOND
  return stripe
}

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>

function createHttpClient(tracing?: Tracing): HttpClient {
  const client = stripeSdk().createNodeHttpClient()
  keepDeadlines(client)
  if (tracing?.enabled) traceCalls(client, tracing)
  return client
}

/** Cuts a call off at the deadline of the work that makes it, and makes none after it. */
function keepDeadlines(client: HttpClient): void {
  const send = client.makeRequest.bind(client)
  client.makeRequest = async (host, port, path, method, headers, body, protocol, timeoutMs) => {
    const leftMs = limitToDeadline(timeoutMs)
    if (leftMs === 0) throw Object.assign(new TypeError("The request's deadline has passed."), TIMED_OUT)
    return send(host, port, path, method, headers, body, protocol, Math.ceil(leftMs))
  }
}

/** By this code the SDK knows a time-out. */
const TIMED_OUT = { code: "ETIMEDOUT" }

/** Traces each call. The span has the path's nouns only, because the rest holds ids and search terms. */
function traceCalls(client: HttpClient, tracing: Tracing): void {
  const send = client.makeRequest.bind(client)
  client.makeRequest = (host, port, path, method, ...rest) => {
    const route = routeOf(path)
    const attributes = { "http.request.method": method, "server.address": host, "url.template": route }
    return tracing.span(`${method} stripe ${route}`, { kind: "client", attributes }, async (span) => {
      const response = await send(host, port, path, method, ...rest)
      const status = response.getStatusCode()
      span.set({ "http.response.status_code": status })
      if (status >= 400) span.fail(String(status))
      return response
    })
  }
}

/** Ids contain digits or capitals, nouns contain neither. */
function routeOf(path: string): string {
  const nouns = path.replace(/\?.*$/, "").split("/")
  return nouns.map((part) => (/^v\d$/.test(part) || !/[\dA-Z]/.test(part) ? part : ":id")).join("/")
}

function toHost(baseUrl: string) {
  const { hostname, port, protocol } = new URL(baseUrl)
  const isTls = protocol === "https:"
  return {
    host: hostname,
    port: port ? Number(port) : isTls ? 443 : 80,
    protocol: isTls ? ("https" as const) : ("http" as const),
  }
}

/** Checks whether the requested object doesn't exist at Stripe. @param param the parameter that named it */
export function isMissing(error: unknown, param?: string): boolean {
  if (!(error instanceof stripeSdk().errors.StripeInvalidRequestError)) return false
  return error.code === "resource_missing" && (param === undefined || error.param === param)
}

/** Awaits a call to Stripe. @returns null when the requested object doesn't exist */
export function nullIfMissing<T>(call: Promise<T>): Promise<T | null> {
  return call.catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
}
