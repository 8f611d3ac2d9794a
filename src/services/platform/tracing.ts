import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"

export type Attributes = Record<string, string | number | boolean | string[]>

export interface SpanOptions {
  kind?: "internal" | "server" | "client" | "producer" | "consumer"
  /** A `traceparent` (W3C Trace Context) to continue; without one the active span is the parent. */
  parent?: string | null
  /** Names, codes, counts and our own ids. Never a user's text, a phone number or a secret. */
  attributes?: Attributes
}

/** A piece of work that is being timed. Disposing of it ends it. */
export interface Span extends Disposable {
  rename(name: string): void
  set(attributes: Attributes): void
  /** Records an event at the current time. */
  mark(event: string): void
  /** @param reason a code, or an error, of which only the code or the name is recorded */
  fail(reason: unknown): void
  traceId: string | null
}

export interface Tracing {
  enabled: boolean
  /** Begins a span that the caller disposes of. It isn't made the active one. */
  begin(name: string, options: SpanOptions): Span
  /** Runs `work` in a new active span, which fails with what `work` throws. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>
  /** Returns the active span as a `traceparent`, so that another process can continue the trace; null without one. */
  current(): string | null
  /** Sends the remaining spans. */
  close(): Promise<void>
}

export interface TracingOptions {
  /** The collector's address for OTLP over HTTP in JSON; null: tracing is off. */
  url: string | null
  headers: Record<string, string>
  serviceName: string
  /** The share of the traces begun here that is recorded, from 0 to 1. */
  ratio: number
}

/** Opens the exporter, or returns a no-op while tracing is off; then no OpenTelemetry package is loaded. */
export async function createTracing(
  { url, ...options }: TracingOptions,
  timing: Timing,
  log: Logger,
): Promise<Tracing> {
  if (url === null) return OFF
  const { createOtlpTracing } = await import("./otlp-tracing.ts")
  return createOtlpTracing({ url, ...options }, timing, log)
}

const NO_SPAN: Span = {
  rename: () => undefined,
  set: () => undefined,
  mark: () => undefined,
  fail: () => undefined,
  traceId: null,
  [Symbol.dispose]: () => undefined,
}

const OFF: Tracing = {
  enabled: false,
  begin: () => NO_SPAN,
  span: (_name, _options, work) => work(NO_SPAN),
  current: () => null,
  close: async () => undefined,
}
