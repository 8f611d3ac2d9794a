import { AsyncLocalStorage } from "node:async_hooks"
import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { resourceFromAttributes } from "@opentelemetry/resources"
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { withTimeout } from "../../utils/with-timeout.ts"
import type { Span, SpanOptions, Tracing, TracingOptions } from "./tracing.ts"
import { VERSION } from "./version.ts"

type Options = TracingOptions & { url: string }

/**
 * Creates spans with OpenTelemetry's SDK, by hand: its automatic instrumentation patches modules while they load,
 * which native ES modules don't allow. The active span is kept here and not in OpenTelemetry's globals, because one
 * process may hold several contexts, traced and untraced ones.
 */
export function createOtlpTracing(options: Options, timing: Timing, log: Logger): Tracing {
  const provider = createProvider(options, timing.platform.spanExportMs, log)
  const tracer = provider.getTracer("gemini-chat-backend", VERSION)
  const active = new AsyncLocalStorage<Context>()
  const start = (name: string, { kind = "internal", parent, attributes }: SpanOptions) => {
    const context = parent ? readParent(parent) : active.getStore()
    return tracer.startSpan(name, { kind: toSpanKind(kind), attributes }, context ?? ROOT_CONTEXT)
  }
  return {
    enabled: true,
    begin: (name, options) => toHandle(start(name, options)),
    async span(name, options, work) {
      const span = start(name, options)
      using handle = toHandle(span)
      try {
        return await active.run(trace.setSpan(ROOT_CONTEXT, span), () => work(handle))
      } catch (error) {
        handle.fail(error)
        throw error
      }
    },
    current() {
      const span = trace.getSpanContext(active.getStore() ?? ROOT_CONTEXT)
      return span ? `00-${span.traceId}-${span.spanId}-0${span.traceFlags & TraceFlags.SAMPLED}` : null
    },
    close: () =>
      withTimeout(timing.shutdown.spansMs, provider.shutdown()).catch((err: unknown) =>
        log.warn({ err }, "the last spans were not sent"),
      ),
  }
}

function createProvider({ url, headers, serviceName, ratio }: Options, exportMs: number, log: Logger) {
  const exporter = warnOnce(new OTLPTraceExporter({ url, headers }), log)
  return new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "service.version": VERSION }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeValueLengthLimit: 200 },
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: exportMs })],
  })
}

/** Logs when the first spans are lost, and not again until a batch was sent. */
function warnOnce(exporter: OTLPTraceExporter, log: Logger): SpanExporter {
  let hasWarned = false
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error && !hasWarned) log.warn({ err: result.error }, "spans can't be sent")
        hasWarned = result.error !== undefined
        done(result)
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

type Kind = NonNullable<SpanOptions["kind"]>

function toSpanKind(kind: Kind): SpanKind {
  return SpanKind[kind.toUpperCase() as Uppercase<Kind>]
}

function toHandle(span: OtelSpan): Span {
  return {
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes(attributes),
    mark: (event) => void span.addEvent(event),
    fail: (reason) => {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute("error.type", typeOf(reason))
    },
    traceId: span.spanContext().traceId,
    [Symbol.dispose]: () => span.end(),
  }
}

/** Error messages may quote a user's text; codes and names don't. */
function typeOf(reason: unknown): string {
  if (typeof reason === "string") return reason
  const { code, name } = reason as { code?: unknown; name?: unknown }
  if (typeof code === "string") return code
  return typeof name === "string" ? name : "unknown"
}

/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00 */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Reads a `traceparent` header; undefined when it is malformed. */
function readParent(traceparent: string): Context | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? []
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
