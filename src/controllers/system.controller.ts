import type { Context } from "../services/context.ts"
import { checkHealth } from "../services/platform/health.ts"
import { readMetrics } from "../services/platform/read-metrics.ts"
import { ok, type PublicInput, type Reply } from "./endpoint.ts"
import { page } from "./presenters/page.ts"

/** The brief's words; a browser gets them on a page that says where to go. */
export function home(_ctx: Context, { header }: PublicInput): Reply {
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
export function live(): Reply {
  return ok({ status: "live" })
}

export async function ready(ctx: Context): Promise<Reply> {
  const health = await checkHealth(ctx)
  return { status: health.status === "unavailable" ? 503 : 200, body: health }
}

/** In Prometheus's text format. */
export async function metrics(ctx: Context): Promise<Reply> {
  return { status: 200, ...(await readMetrics(ctx)) }
}
