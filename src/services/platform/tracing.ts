import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"

export type Attributes = Record<string, string | number | boolean>

export interface SpanOptions {
  kind?: "internal" | "server" | "client" | "producer" | "consumer"
  /** A `traceparent` (W3C Trace Context) to go on from; otherwise the span under way is the parent. */
  parent?: string | null
  /** Names, codes, counts and our own ids. Never what people wrote, numbers of theirs, or a secret. */
  attributes?: Attributes
}

/** A piece of work that is being timed. */
export interface Span {
  rename(name: string): void
  set(attributes: Attributes): void
  /** Notes that something happened now. */
  mark(what: string): void
  /** @param type a code or the name of an error, never its message */
  fail(type: string): void
  traceId: string | null
}

export interface Tracing {
  enabled: boolean
  /** Runs `work` in a span of its own, to which spans begun inside belong. What `work` throws makes it a failed one. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>
  /** The span under way as a `traceparent`, to go on from elsewhere; null where there is none. */
  current(): string | null
  /** Sends what is left. */
  close(): Promise<void>
}

export interface TracingOptions {
  /** Where spans go, by OTLP over HTTP in JSON; null: tracing is off. */
  url: string | null
  headers: Record<string, string>
  serviceName: string
  /** The part of the traces begun here that is recorded. */
  ratio: number
}

/** Off, which is the default, nothing of OpenTelemetry is even loaded. */
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
}

const OFF: Tracing = {
  enabled: false,
  span: (_name, _options, work) => work(NO_SPAN),
  current: () => null,
  close: async () => undefined,
}
