import { expect, test } from "vitest"
import { InvalidOptions, readReconcileOptions } from "../../src/cli/reconcile-options.ts"

test.each([
  [[], { scope: "all", json: false }],
  [["--all", "--json"], { scope: "all", json: true }],
  [["--recent"], { scope: "recent", json: false }],
  [["--customer", "cus_1"], { scope: { customer: "cus_1" }, json: false }],
  [["--user", "u"], { scope: { user: "u" }, json: false }],
  [["--help", "--all"], "help"],
])("%j", (argv, wishes) => {
  expect(readReconcileOptions(argv)).toEqual(wishes)
})

test.each([
  [["--all", "--recent"], "only one"],
  [["--user", "u", "--customer", "c"], "only one"],
  [["--nonsense"], "--nonsense"],
  [["--customer"], "--customer"],
  [["cus_1"], "cus_1"],
])("%j is refused", (argv, why) => {
  expect(() => readReconcileOptions(argv)).toThrow(InvalidOptions)
  expect(() => readReconcileOptions(argv)).toThrow(why)
})
