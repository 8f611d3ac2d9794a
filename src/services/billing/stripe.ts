import Stripe from "stripe"
import type { CompleteConfig } from "../../config/env.ts"
import { TIMING } from "../../config/timing.ts"
import { AppError, Unavailable } from "../../utils/errors.ts"
import type { Tracing } from "../platform/tracing.ts"

/** The SDK's default: connection errors, 409 and 5xx are tried again under the same idempotency key. */
const RETRIES = 2

type StripeOptions = Pick<CompleteConfig["stripe"], "secretKey" | "baseUrl"> & { timeoutMs?: number }

/** The API's version goes with the SDK's, which pins it: replies have the shapes that its types say. */
export function createStripe(
  { secretKey, baseUrl, timeoutMs = TIMING.billing.stripeTimeoutMs }: StripeOptions,
  tracing?: Tracing,
): Stripe {
  return new Stripe(secretKey, {
    ...(tracing?.enabled ? { httpClient: traceCalls(tracing) } : {}),
    ...(baseUrl ? toHost(baseUrl) : {}),
    timeout: timeoutMs,
    maxNetworkRetries: RETRIES,
    telemetry: false,
    appInfo: { name: "gemini-chat-backend" },
  })
}

/** A span for each call. Of its path only the nouns: ids and search terms are in the rest. */
function traceCalls(tracing: Tracing) {
  const client = Stripe.createNodeHttpClient()
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
  return client
}

/** Ids have digits or capitals in them, nouns have neither. */
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

/** Whether the object that was asked for isn't there, or not any more. @param param where the call named it */
export function isMissing(error: unknown, param?: string): boolean {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return false
  return error.code === "resource_missing" && (param === undefined || error.param === param)
}

/**
 * Runs calls that a request waits for.
 * @throws {Unavailable} whatever Stripe's complaint is: a client can't mend it, and the log has it as the cause
 */
export async function whileAsked<T>(calls: () => Promise<T>): Promise<T> {
  try {
    return await calls()
  } catch (error) {
    if (error instanceof AppError || !(error instanceof Stripe.errors.StripeError)) throw error
    throw new Unavailable(error)
  }
}
