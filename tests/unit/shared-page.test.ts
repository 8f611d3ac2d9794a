import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { fillClientPage } from "../../src/controllers/presenters/shared-client-page.ts"
import {
  renderNotShared,
  renderShared,
  SHARED_PAGE_POLICY,
} from "../../src/controllers/presenters/shared-page.ts"

const ATTACK = `</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)>"'& $& $1`

const shared = {
  title: ATTACK,
  createdAt: "2026-03-01T09:30:00.000Z",
  messageCount: 1,
  messages: [
    {
      role: "user" as const,
      content: ATTACK,
      attachments: [{ name: ATTACK, type: null, bytes: null }],
      citations: [],
      searchQueries: [ATTACK],
      status: "completed" as const,
      model: null,
      createdAt: "2026-03-01T09:30:00.000Z",
    },
  ],
}

test("where the client isn't built, a page of text runs and loads nothing", () => {
  for (const page of [renderShared(shared, null), renderNotShared()]) {
    expect(page).not.toMatch(/<script|<img|<link/)
    const style = /<style>([^<]*)<\/style>/.exec(page)?.[1] as string
    const hash = createHash("sha256").update(style).digest("base64")
    expect(SHARED_PAGE_POLICY).toContain(`style-src 'sha256-${hash}'`)
  }
  expect(SHARED_PAGE_POLICY).not.toMatch(/unsafe|script-src|\*/)
  expect(renderShared(shared, null)).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;")
})

test("the client's page has the conversation as text and as data, which ends where it should", () => {
  const template = readFileSync(new URL("../../web/shared.html", import.meta.url), "utf8")
  const page = fillClientPage(template, shared, "/shared/token?cursor=x")
  const scripts = page.match(/<script[^>]*>/g)
  expect(scripts).toEqual([
    '<script type="application/json" id="data">',
    '<script type="module" src="/src/shared/main.tsx">',
  ])
  const data = /id="data">(.*)<\/script>/.exec(page)?.[1] as string
  expect(JSON.parse(data)).toEqual({ shared, next: "/shared/token?cursor=x" })
  expect(page).toContain('<a href="/shared/token?cursor=x" rel="next">')
  expect(page).not.toMatch(/<!--(?!.*-->)|<img/)
})

test("of a link that leads nowhere the client's page says so", () => {
  const page = fillClientPage("<title><!--title--></title><!--text--><!--data-->", null, null)
  expect(page).toContain("<title>Nothing is shared here</title><h1>")
  expect(page).toContain('{"shared":null,"next":null}')
})
