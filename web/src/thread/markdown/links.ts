import { escapeHtml } from "./safe-html.ts"

/** A link to the web or to mail, as HTML; one to other places is its label. `label` is HTML. */
export function toLink(href: string, label: string): string {
  if (!/^(?:https?:\/\/|mailto:)/i.test(href)) return label
  return `<a href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer nofollow">${label}</a>`
}
