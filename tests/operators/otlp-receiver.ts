import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll } from "vitest"
import { z } from "zod"

const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: z.array(Attribute).default([]),
  events: z.array(z.object({ name: z.string() })).default([]),
  status: z.object({ code: z.number().optional() }),
})
const Export = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(Span) })) })),
})

export interface ReceivedSpan {
  traceId: string
  spanId: string
  parent: string | null
  name: string
  attributes: Record<string, unknown>
  events: string[]
  failed: boolean
}

/** Starts a receiver before the tests and until after them. @returns an object that is it as soon as the first runs */
export function useOtlpReceiver(): OtlpReceiver {
  const receiver = {} as OtlpReceiver
  beforeAll(async () => void Object.assign(receiver, await startOtlpReceiver()))
  afterAll(() => receiver.close())
  return receiver
}

type OtlpReceiver = Awaited<ReturnType<typeof startOtlpReceiver>>

/** A collector that speaks OTLP over HTTP in JSON, and keeps what it gets. */
async function startOtlpReceiver() {
  const bodies: string[] = []
  const headers: Record<string, unknown>[] = []
  const server = createServer(async (req, res) => {
    bodies.push(await text(req))
    headers.push(req.headers)
    res.setHeader("Content-Type", "application/json")
    res.end("{}")
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    headers,
    raw: () => bodies.join("\n"),
    spans: () => bodies.flatMap((body) => readSpans(Export.parse(JSON.parse(body)))),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function readSpans({ resourceSpans }: z.infer<typeof Export>): ReceivedSpan[] {
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  return spans.map(({ parentSpanId, attributes, events, status, ...span }) => ({
    ...span,
    parent: parentSpanId || null,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    events: events.map(({ name }) => name),
    failed: status.code === 2,
  }))
}
