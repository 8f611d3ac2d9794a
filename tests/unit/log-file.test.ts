import { appendFileSync, existsSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { boundLog, tailOf } from "../../src/embedded/postgres/log-file.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { testStack } from "../helpers/stack.ts"

test("a full log becomes the former log, a small one stays", async () => {
  const file = join(await openFolder(testStack()), "log")
  writeFileSync(file, "short\n")
  await boundLog(file)
  expect(existsSync(`${file}.1`)).toBe(false)
  appendFileSync(file, "x".repeat(5 * 2 ** 20))
  await boundLog(file)
  expect(statSync(file).size).toBe(0)
  expect(statSync(`${file}.1`).size).toBeGreaterThan(5 * 2 ** 20)
})

test("the tail begins where this start began", async () => {
  const file = join(await openFolder(testStack()), "log")
  writeFileSync(file, "of yesterday\n")
  const offset = statSync(file).size
  appendFileSync(file, "one\ntwo\n")
  expect(await tailOf(file, offset)).toBe("one\ntwo")
  expect(await tailOf(`${file}.missing`, 0)).toBe("")
})
