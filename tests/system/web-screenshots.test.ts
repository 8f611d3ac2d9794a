import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { chromium } from "../../tools/lib/chromium.ts"
import { ROOT, testFolder } from "./programs.ts"

test.skipIf(chromium === null)("npm run screenshots takes pictures (Chromium is on the PATH)", async () => {
  const folder = testFolder()
  const args = ["tools/screenshots/run.ts", "--only", "sign-in", "--folder", folder]
  await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  const names = ["desk-dark", "desk-light", "phone-dark", "phone-light"].map((name) => `sign-in-${name}.webp`)
  expect(readdirSync(folder).sort()).toEqual(names)
  for (const name of names)
    expect(readFileSync(join(folder, name)).toString("latin1", 0, 12)).toMatch(/^RIFF.{4}WEBP$/s)
})

test("the pictures of the documentation take 1.5 MB at the most", () => {
  const folder = join(ROOT, "docs/screenshots")
  const bytes = readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0)
  expect(bytes).toBeLessThan(1_500_000)
})
