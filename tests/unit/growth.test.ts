import { expect, test } from "vitest"
import { rows } from "../../src/routes/index.ts"
import { LEFT_OUT, TIMED } from "../../tools/bench/helpers/growth-endpoints.ts"

test("the measure of growth times every endpoint, or says why not", () => {
  const timed = TIMED.filter((name) => !name.startsWith("…"))
  const named = [...timed, ...Object.values(LEFT_OUT).flat()]
  const endpoints = rows.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  expect(named.toSorted()).toEqual(endpoints.toSorted())
})
