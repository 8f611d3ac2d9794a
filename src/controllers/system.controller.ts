import type { Context } from "../services/context.ts"
import { checkHealth } from "../services/platform/health.ts"
import { ok, type PublicInput, type Reply } from "./endpoint.ts"

/** The brief's words; a browser gets them on a page that says where to go. */
export function home(_ctx: Context, { header }: PublicInput): Reply {
  if (header("accept")?.includes("text/html"))
    return { status: 200, text: PAGE, type: "text/html; charset=utf-8" }
  return { status: 200, text: "Home Route", type: "text/plain; charset=utf-8" }
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gemini chat backend</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; color: #1f2937; background: #fff }
  code { background: #f3f4f6; padding: .1rem .3rem; border-radius: .25rem }
  a { color: #1d4ed8 }
  @media (prefers-color-scheme: dark) { body { color: #e5e7eb; background: #111827 } code { background: #1f2937 } a { color: #93c5fd } }
</style>
<h1>Home Route</h1>
<p>This is a chat backend: sign in by phone, open a chatroom, ask Gemini. It speaks JSON over HTTP.</p>
<p>Start with <code>POST /auth/signup</code>; the README has the whole walk. Its health is at <a href="/health/ready">/health/ready</a>.</p>
</html>
`

/** The process runs: nothing else is looked at, so that trouble elsewhere doesn't get it restarted. */
export function live(): Reply {
  return ok({ status: "live" })
}

export async function ready(ctx: Context): Promise<Reply> {
  const health = await checkHealth(ctx)
  return { status: health.status === "unavailable" ? 503 : 200, body: health }
}
