/** A small page of one's own: no script, and nothing that is loaded. `body` is HTML; neither part is escaped. */
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
