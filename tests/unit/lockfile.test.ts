import { expect, test } from "vitest"
// @ts-expect-error the launcher is plain JavaScript, without types
import { reasonToInstall } from "../../bin/lockfile.mjs"

const express = { version: "5.0.0", integrity: "sha512-a" }
const vitest = { version: "5.1.0", integrity: "sha512-b", dev: true }
const forMac = { version: "1.0.0", integrity: "sha512-c", optional: true }
const locked = {
  "": {},
  "node_modules/express": express,
  "node_modules/vitest": vitest,
  "node_modules/mac": forMac,
}
const production = { "node_modules/express": express }
const complete = { ...production, "node_modules/vitest": vitest }

test.each([
  ["nothing is installed", undefined, true, "incomplete"],
  ["all but another platform's package is there", complete, true, undefined],
  ["dev packages are missing and not needed", production, false, undefined],
  ["dev packages are missing and needed", production, true, "vitest is missing"],
  ["a package is missing", { "node_modules/vitest": vitest }, false, "express is missing"],
  [
    "a version differs",
    { ...complete, "node_modules/express": { ...express, version: "4.0.0" } },
    true,
    "4.0.0",
  ],
  [
    "the content differs",
    { ...complete, "node_modules/express": { ...express, integrity: "x" } },
    true,
    "express",
  ],
  [
    "a dev version differs and isn't needed",
    { ...production, "node_modules/vitest": express },
    false,
    undefined,
  ],
  ["an optional version differs", { ...complete, "node_modules/mac": { version: "0.9.0" } }, true, "mac"],
])("when %s", (_, installed, dev, reason) => {
  const given = reasonToInstall(locked, installed, { dev })
  if (reason) expect(given).toContain(reason)
  else expect(given).toBeUndefined()
})
