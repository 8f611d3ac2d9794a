import type { Context } from "../services/context.ts"
import { checkHealth } from "../services/platform/health.ts"
import { readMetrics } from "../services/platform/read-metrics.ts"
import { html, ok, type PublicInput } from "./http.ts"
import { page } from "./presenters/page.ts"

/** Returns the words `Home Route`; browsers get them on a page with links. */
export function getHome(_ctx: Context, { header }: PublicInput) {
  if (header("accept")?.includes("text/html")) return html(PAGE)
  return { status: 200, text: "Home Route", type: "text/plain; charset=utf-8" }
}

const PAGE = page(
  "Home Route",
  `<p><a href="/app">Open the chat</a>: sign in by phone and talk with Gemini.</p>
<p>The same is a JSON API, which starts with <code>POST /auth/signup</code>. The README has a walk-through, <a href="/docs">/docs</a> describes every endpoint, and <a href="/health/ready">/health/ready</a> shows the service's health.</p>`,
)

/** Reports that the process runs. Checks nothing else, so that an outage elsewhere doesn't cause a restart. */
export function getLiveness() {
  return ok({ status: "live" })
}

export async function getReadiness(ctx: Context) {
  const health = await checkHealth(ctx)
  return { status: health.status === "unavailable" ? 503 : 200, body: health }
}

/** Returns the metrics in the Prometheus text format. */
export async function getMetrics(ctx: Context) {
  return { status: 200, ...(await readMetrics(ctx)) }
}
