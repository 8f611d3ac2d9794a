import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { describeService } from "../../src/routes/docs.routes.ts"
import { rows } from "../../src/routes/index.ts"
import { generateOutputs } from "../../tools/contract/outputs.ts"

test.each(Object.entries(generateOutputs(describeService(rows))))("%s is up to date", (file, text) => {
  const committed = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")
  expect(committed === text, "run npm run openapi").toBe(true)
})
