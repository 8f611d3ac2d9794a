import { AsyncLocalStorage } from "node:async_hooks"
import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
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
 * Spans by OpenTelemetry's SDK, made by hand: its automatic instrumentation patches modules while they are loaded,
 * which native ES modules don't allow. The span under way is kept here rather than in OpenTelemetry's globals, so
 * that a process may hold several contexts.
 */
export function createOtlpTracing(options: Options, timing: Timing, log: Logger): Tracing {
  const provider = createProvider(options, timing.platform.spanExportMs, log)
  const tracer = provider.getTracer("gemini-chat-backend", VERSION)
  const inFlight = new AsyncLocalStorage<Context>()
  return {
    enabled: true,
    span(name, spanOptions, work) {
      const parent = spanOptions.parent ? readParent(spanOptions.parent) : inFlight.getStore()
      const span = begin(tracer, name, spanOptions, parent ?? ROOT_CONTEXT)
      return inFlight.run(trace.setSpan(ROOT_CONTEXT, span), () => runIn(span, work))
    },
    current() {
      const span = trace.getSpanContext(inFlight.getStore() ?? ROOT_CONTEXT)
      return span ? `00-${span.traceId}-${span.spanId}-0${span.traceFlags & TraceFlags.SAMPLED}` : null
    },
    close: () =>
      withTimeout(timing.shutdown.spansMs, provider.shutdown()).catch((err: unknown) =>
        log.warn({ err }, "the last spans were not sent"),
      ),
  }
}

function createProvider(
  { url, headers, serviceName, ratio }: Options,
  exportMs: number,
  log: Logger,
): TracerProvider {
  const exporter = complainOnce(new OTLPTraceExporter({ url, headers }), log)
  return new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "service.version": VERSION }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeValueLengthLimit: 200 },
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: exportMs })],
  })
}

/** Says when spans begin to get lost, not for every batch. */
function complainOnce(exporter: OTLPTraceExporter, log: Logger): SpanExporter {
  let isSilent = false
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error && !isSilent) log.warn({ err: result.error }, "spans can't be sent")
        isSilent = result.error !== undefined
        done(result)
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

function begin(tracer: Tracer, name: string, options: SpanOptions, parent: Context): OtelSpan {
  const { kind = "internal", attributes } = options
  return tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent)
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

async function runIn<T>(span: OtelSpan, work: (span: Span) => Promise<T>): Promise<T> {
  const handle = toHandle(span)
  try {
    return await work(handle)
  } catch (error) {
    handle.fail(typeOf(error))
    throw error
  } finally {
    span.end()
  }
}

function toHandle(span: OtelSpan): Span {
  return {
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes(attributes),
    mark: (what) => void span.addEvent(what),
    fail: (type) => {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute("error.type", type)
    },
    traceId: span.spanContext().traceId,
  }
}

/** Messages of errors may quote what people wrote; codes and names don't. */
function typeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (typeof code === "string") return code
  return typeof name === "string" ? name : "unknown"
}

/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00 */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** @returns undefined for what is no `traceparent` */
function readParent(traceparent: string): Context | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? []
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
