/** The Content-Security-Policy of pages with scripts: only files and the API of this server, nothing inline. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ")

/** The policy of the web client, which also shows images that it has in memory, and nothing from elsewhere. */
export const APP_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ")

/** The same for its page in pages of these origins; nobody else may frame it. */
export function embedPolicy(origins: readonly string[]): string {
  const ancestors = origins.length > 0 ? origins.join(" ") : "'none'"
  return APP_POLICY.replace("frame-ancestors 'none'", `frame-ancestors ${ancestors}`)
}
/** The policy of the web client's service worker, which asks this server for files of the page, and for nothing else. */
export const WORKER_POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ")

/** Renders a small page that has no script and loads nothing. `body` is HTML; neither argument is escaped. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; color: #1f2937; background: #fff }
  code { background: #f3f4f6; padding: .1rem .3rem; border-radius: .25rem }
  a { color: #1d4ed8 }
  @media (prefers-color-scheme: dark) { body { color: #e5e7eb; background: #111827 } code { background: #1f2937 } a { color: #93c5fd } }
</style>
<h1>${title}</h1>
${body}
</html>
`
}
