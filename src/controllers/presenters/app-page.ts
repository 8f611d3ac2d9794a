import type { Context } from "../../services/context.ts"
import { escapeHtml } from "../../utils/escape-html.ts"

/**
 * Names the service in a page of the build, and where its policies are: in the head, where the page's script reads them
 * and search engines the title. Nothing is inline, so the page's policy needs no exception.
 */
export function presentAppPage(
  html: string,
  { name, privacyUrl, imprintUrl }: Context["config"]["app"],
): string {
  const facts = { "app-name": name, "privacy-url": privacyUrl, "imprint-url": imprintUrl }
  const metas = Object.entries(facts).flatMap(([fact, value]) =>
    value === null ? [] : [`<meta name="${fact}" content="${escapeHtml(value)}" />`],
  )
  const title = `<title>${escapeHtml(name)}</title>`
  // By functions: in a text, `$&` would stand for what was found.
  return html
    .replace(/<title>[^<]*<\/title>/, () => title)
    .replace("</head>", () => `  ${metas.join("\n    ")}\n  </head>`)
}
