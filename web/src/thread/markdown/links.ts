import { escapeHtml } from "./safe-html.ts"

/** A link to the web or to mail, as HTML; one to other places is its label. `label` and `more` attributes are HTML. */
export function toLink(href: string, label: string, more = ""): string {
  if (!/^(?:https?:\/\/|mailto:)/i.test(href)) return label
  return `<a href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer nofollow"${more}>${label}</a>`
}
