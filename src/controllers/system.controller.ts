import type { Context } from "../services/context.ts"
import { checkHealth } from "../services/platform/health.ts"
import { readMetrics } from "../services/platform/read-metrics.ts"
import { type HttpResponse, ok, type PublicInput } from "./http.ts"
import { page } from "./presenters/page.ts"

/** The brief's words; a browser gets them on a page that says where to go. */
export function getHome(_ctx: Context, { header }: PublicInput): HttpResponse {
  if (header("accept")?.includes("text/html"))
    return { status: 200, text: PAGE, type: "text/html; charset=utf-8" }
  return { status: 200, text: "Home Route", type: "text/plain; charset=utf-8" }
}

const PAGE = page(
  "Home Route",
  `<p>This is a chat backend: sign in by phone, open a chatroom, ask Gemini. It speaks JSON over HTTP.</p>
<p>Start with <code>POST /auth/signup</code>; the README has the whole walk, <a href="/docs">/docs</a> every endpoint. Its health is at <a href="/health/ready">/health/ready</a>.</p>`,
)

/** The process runs: nothing else is looked at, so that trouble elsewhere doesn't get it restarted. */
export function getLiveness(): HttpResponse {
  return ok({ status: "live" })
}

export async function getReadiness(ctx: Context): Promise<HttpResponse> {
  const health = await checkHealth(ctx)
  return { status: health.status === "unavailable" ? 503 : 200, body: health }
}

/** In Prometheus's text format. */
export async function getMetrics(ctx: Context): Promise<HttpResponse> {
  return { status: 200, ...(await readMetrics(ctx)) }
}
