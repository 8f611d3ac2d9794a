import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { AxeResults } from "axe-core"
import type { Page } from "playwright-core"
import { expect } from "vitest"

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

/** The rules that look at colours. */
const COLOURS = ["color-contrast", "link-in-text-block"]

interface Looks {
  /** Whether only the colours have changed since the page was last looked at. */
  recoloured?: boolean
}

/** @throws where axe finds something that bars somebody, or where something has to be scrolled sideways */
export async function expectSound(page: Page, { recoloured = false }: Looks = {}): Promise<void> {
  const isWider = "document.documentElement.scrollWidth > innerWidth"
  expect(await page.evaluate(isWider), `${page.url()} is wider than its window`).toBe(false)
  if (await page.evaluate("!globalThis.axe")) await page.evaluate(AXE)
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(${JSON.stringify(recoloured ? { runOnly: COLOURS } : {})})`,
  )
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
  ).toEqual([])
}
