import { escapeHtml } from "../../utils/escape-html.ts"
import { NOT_SHARED, renderSharedText, type Shared } from "./shared-page.ts"

/**
 * Fills the web client's page (`web/shared.html`) with a page of a conversation: as text, for readers without scripts, and as
 * data, so that the client needn't ask for what was read already. `null`: there is nothing behind the link.
 * @param next the path of the next page
 */
export function fillClientPage(template: string, shared: Shared | null, next: string | null): string {
  const text = shared
    ? renderSharedText(shared, next)
    : `<h1>${NOT_SHARED.title}</h1>\n<p>${NOT_SHARED.text}</p>`
  return template
    .replace("<!--title-->", () => escapeHtml(shared?.title ?? NOT_SHARED.title))
    .replace("<!--text-->", () => text)
    .replace("<!--data-->", () => toData({ shared, next }))
}

/** JSON that no text in it can end: in a script element `<` alone begins something. */
function toData(value: unknown): string {
  const json = JSON.stringify(value).replaceAll("<", "\\u003c")
  return `<script type="application/json" id="data">${json}</script>`
}
