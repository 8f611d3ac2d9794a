import { createHash } from "node:crypto"
import { escapeHtml } from "../../utils/escape-html.ts"
import type { presentShared } from "./share.ts"

export type Shared = ReturnType<typeof presentShared>
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
 * Renders a page of a shared conversation for browsers, as text: no script, no image, nothing loaded. It serves where the
 * web client isn't built.
 * @param next the path of the next page
 */
export function renderShared(shared: Shared, next: string | null): string {
  return toPage(shared.title, renderSharedText(shared, next))
}

/** Renders the page of a link that leads nowhere. */
export function renderNotShared(): string {
  return toPage(NOT_SHARED.title, `<h1>${NOT_SHARED.title}</h1>\n<p>${NOT_SHARED.text}</p>`)
}

export const NOT_SHARED = {
  title: "Nothing is shared here",
  text: "This link was withdrawn, or it has never existed. Ask whoever sent it for another one.",
}

function toPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex, nofollow, noarchive">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
${body}
</html>
`
}

/** A page of a conversation as HTML of its own, without scripts and styles. */
export function renderSharedText(
  { title, createdAt, messageCount, messages }: Shared,
  next: string | null,
): string {
  return `<h1 dir="auto">${escapeHtml(title)}</h1>
<p class="note">A conversation with an AI model, as its author shared it on ${createdAt.slice(0, 10)}: ${messageCount} messages. It may be wrong.</p>
${messages.map(renderMessage).join("\n")}
<footer>${next === null ? "" : `<p><a href="${escapeHtml(next)}" rel="next">Next page</a></p>`}</footer>`
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
