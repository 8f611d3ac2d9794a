import { createHash } from "node:crypto"
import { escapeHtml } from "../../utils/escape-html.ts"
import type { presentShared } from "./share.ts"

type Shared = ReturnType<typeof presentShared>
type SharedMessage = Shared["messages"][number]

const STYLE = `
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 3rem auto; padding: 0 1rem; color: #1f2937; background: #fff }
  article { margin: 1.5rem 0; padding: .5rem 1rem; border-left: .25rem solid #d1d5db }
  article.user { border-color: #1d4ed8 }
  h2 { font-size: .875rem; margin: 0; color: #6b7280 }
  .text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate }
  footer, ul, .note { font-size: .875rem; color: #6b7280 }
  a { color: #1d4ed8; overflow-wrap: anywhere }
  @media (prefers-color-scheme: dark) { body { color: #e5e7eb; background: #111827 } a { color: #93c5fd } }
`

/** The Content-Security-Policy of the page: its one style, by its hash, and nothing else. */
export const SHARED_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ")

/**
 * Renders a page of a shared conversation for browsers, as text: no script, no image, nothing loaded.
 * @param next the path of the next page
 */
export function renderShared(
  { title, createdAt, messageCount, messages }: Shared,
  next: string | null,
): string {
  const name = escapeHtml(title)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex, nofollow, noarchive">
<meta name="referrer" content="no-referrer">
<title>${name}</title>
<style>${STYLE}</style>
<h1 dir="auto">${name}</h1>
<p class="note">A conversation with an AI model, as its author shared it on ${createdAt.slice(0, 10)}: ${messageCount} messages. It may be wrong.</p>
${messages.map(renderMessage).join("\n")}
<footer>${next === null ? "" : `<p><a href="${escapeHtml(next)}" rel="next">Next page</a></p>`}</footer>
</html>
`
}

function renderMessage({
  role,
  content,
  attachments,
  citations,
  searchQueries,
  model,
}: SharedMessage): string {
  const author = role === "user" ? "User" : escapeHtml(model ?? "Model")
  return `<article class="${role}">
<h2>${author}</h2>
<div class="text" dir="auto">${escapeHtml(content)}</div>
${list(attachments.map(({ name }) => `Attached: <span dir="auto">${escapeHtml(name)}</span>`))}${list(citations.flatMap(renderCitation))}${list(searchQueries.map((query) => `Searched: <span dir="auto">${escapeHtml(query)}</span>`))}</article>`
}

function list(items: string[]): string {
  return items.length === 0 ? "" : `<ul>${items.map((item) => `<li>${item}</li>`).join("")}</ul>\n`
}

/** Sources are what a model has said, so only addresses of the web become links. */
function renderCitation({ uri, title }: SharedMessage["citations"][number]): string[] {
  const name = escapeHtml(title ?? uri ?? "")
  if (name === "") return []
  const isWeb = uri !== null && /^https?:$/.test(URL.parse(uri)?.protocol ?? "")
  return [isWeb ? `<a href="${escapeHtml(uri)}" rel="nofollow noopener noreferrer ugc">${name}</a>` : name]
}
