import type { Reply } from "../idempotency.ts"
import { Html, html } from "./html.ts"

const STYLE = new Html(`
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #596171; --line: #d5dbe1; --back: #f6f8fa; --card: #fff; --do: #0055bc; --on: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #a9b1bd; --line: #3a4150; --back: #14171e; --card: #1d222c; --do: #7ab4ff; --on: #101318 }
}
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
.notice { margin: 0; padding: .6rem 1rem; text-align: center; background: #ffd966; color: #332a00; font-weight: 600 }
main { max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 0 .25rem } h2 { font-size: 1.1rem; margin: 0 0 .75rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem; margin: 1rem 0 }
.price { font-size: 2rem; font-weight: 700; margin: 0 } .soft { color: var(--soft) }
label.choice { display: flex; gap: .6rem; align-items: baseline; padding: .45rem 0 }
label.field { display: block; margin: 0 0 1rem } label.field input { width: 100%; margin-top: .25rem }
fieldset { border: 0; padding: 0; margin: 0 0 1rem } legend { font-weight: 600; padding: 0; margin-bottom: .25rem }
input[type=email], input[type=text] { font: inherit; padding: .6rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: transparent; color: inherit }
button, a.button { display: inline-block; font: inherit; font-weight: 600; padding: .65rem 1.1rem; border: 1px solid var(--line); border-radius: 8px; background: transparent; color: inherit; cursor: pointer; text-decoration: none }
button.do { background: var(--do); border-color: var(--do); color: var(--on) } button.wide { width: 100% }
a { color: var(--do) } :focus-visible { outline: 3px solid var(--do); outline-offset: 2px }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center } .alert { border-left: 4px solid #d1383d }
table { width: 100%; border-collapse: collapse } td, th { text-align: left; padding: .4rem .3rem; border-bottom: 1px solid var(--line) }
code { font-size: .85em; overflow-wrap: anywhere }
`)

/** A whole page. It says that it is simulated, needs nothing from elsewhere and runs no script. */
export function pageOf(title: string, content: Html, status = 200): Reply {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – simulated Stripe</title>
<style>${STYLE}</style>
</head>
<body>
<p class="notice" role="note">Simulated Stripe – no money moves</p>
<main>
${content}
</main>
</body>
</html>
`
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
      "referrer-policy": "no-referrer",
    },
    body: page.text,
  }
}

/** A page that says why there is nothing to do. */
export function messagePage(
  title: string,
  text: string,
  status: number,
  link?: { href: string; text: string },
) {
  const way = link && html`<p><a class="button" href="${link.href}">${link.text}</a></p>`
  return pageOf(title, html`<section><h1>${title}</h1><p>${text}</p>${way}</section>`, status)
}

/** The page of something that never was. */
export function missingPage(what: string): Reply {
  return messagePage(`No such ${what}`, `This ${what} doesn't exist.`, 404)
}

/** Sends the browser elsewhere; what it sent isn't sent again. */
export function redirectTo(location: string): Reply {
  return { status: 303, headers: { location }, body: "" }
}

/** Cents as people write them. */
export function money(cents: number, currency: string): string {
  return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(cents / 100)
}

/** Unix seconds as people write them. */
export function date(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`
}
