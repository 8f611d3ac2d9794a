import { expect, test } from "vitest"
import { createBreaker } from "../../src/services/generation/breaker.ts"

test("a model is called until five overloads in a row, then rests longer and longer, and is tried by one at a time", () => {
  let now = 0
  const breaker = createBreaker(() => now)
  for (let i = 0; i < 5; i++) {
    expect(breaker.mayCall("m")).toBe(true)
    breaker.overloaded("m")
  }
  expect(breaker.mayCall("m")).toBe(false)
  expect(breaker.restMs("m")).toBe(2_000)
  expect(breaker.mayCall("other")).toBe(true)
  now = 2_000
  expect(breaker.mayCall("m")).toBe(true)
  expect(breaker.mayCall("m")).toBe(false)
  breaker.overloaded("m")
  expect(breaker.restMs("m")).toBe(4_000)
  for (let i = 0; i < 20; i++) {
    now += breaker.restMs("m")
    expect(breaker.mayCall("m")).toBe(true)
    breaker.overloaded("m")
  }
  expect(breaker.restMs("m")).toBe(30_000)
  breaker.answered("m")
  expect(breaker.restMs("m")).toBe(0)
  expect(breaker.mayCall("m")).toBe(true)
})

test("an answer in between starts the count anew", () => {
  const breaker = createBreaker(() => 0)
  for (let i = 0; i < 20; i++) {
    breaker.overloaded("m")
    if (i % 3 === 0) breaker.answered("m")
  }
  expect(breaker.mayCall("m")).toBe(true)
})

test("calls that were on their way when the rest began don't make it longer", () => {
  const breaker = createBreaker(() => 0)
  for (let i = 0; i < 20; i++) breaker.overloaded("m")
  expect(breaker.restMs("m")).toBe(2_000)
})

test("what the provider asks for counts when it is longer, also when a call brings it that was on its way", () => {
  const breaker = createBreaker(() => 0)
  for (let i = 0; i < 5; i++) breaker.overloaded("m", 50_000)
  expect(breaker.restMs("m")).toBe(50_000)
  breaker.overloaded("m", 60_000)
  expect(breaker.restMs("m")).toBe(60_000)
  breaker.overloaded("m", 1_000)
  expect(breaker.restMs("m")).toBe(60_000)
})
