import { expect, test } from "vitest"
import { TIMING } from "../../src/config/timing.ts"
import { createCircuitBreaker } from "../../src/services/replies/provider/circuit-breaker.ts"

test("five overloads in a row open a model's circuit; each failed probe lengthens the cool-down", () => {
  let now = 0
  const breaker = createCircuitBreaker(TIMING.gemini, () => now)
  for (let i = 0; i < 5; i++) {
    expect(breaker.allows("m")).toBe(true)
    breaker.failed("m")
  }
  expect(breaker.allows("m")).toBe(false)
  expect(breaker.cooldownMs("m")).toBe(2_000)
  expect(breaker.allows("other")).toBe(true)
  now = 2_000
  expect(breaker.allows("m")).toBe(true)
  expect(breaker.allows("m")).toBe(false)
  breaker.failed("m")
  expect(breaker.cooldownMs("m")).toBe(4_000)
  for (let i = 0; i < 20; i++) {
    now += breaker.cooldownMs("m")
    expect(breaker.allows("m")).toBe(true)
    breaker.failed("m")
  }
  expect(breaker.cooldownMs("m")).toBe(30_000)
  breaker.succeeded("m")
  expect(breaker.cooldownMs("m")).toBe(0)
  expect(breaker.allows("m")).toBe(true)
})

test("a success in between resets the count", () => {
  const breaker = createCircuitBreaker(TIMING.gemini, () => 0)
  for (let i = 0; i < 20; i++) {
    breaker.failed("m")
    if (i % 3 === 0) breaker.succeeded("m")
  }
  expect(breaker.allows("m")).toBe(true)
})

test("calls in flight when the circuit opened don't lengthen the cool-down", () => {
  const breaker = createCircuitBreaker(TIMING.gemini, () => 0)
  for (let i = 0; i < 20; i++) breaker.failed("m")
  expect(breaker.cooldownMs("m")).toBe(2_000)
})

test("a longer wait that the provider asks for is kept, even if a call that was in flight brings it", () => {
  const breaker = createCircuitBreaker(TIMING.gemini, () => 0)
  for (let i = 0; i < 5; i++) breaker.failed("m", 50_000)
  expect(breaker.cooldownMs("m")).toBe(50_000)
  breaker.failed("m", 60_000)
  expect(breaker.cooldownMs("m")).toBe(60_000)
  breaker.failed("m", 1_000)
  expect(breaker.cooldownMs("m")).toBe(60_000)
})

test("a reply's last call probes only if for a long time no other call has", () => {
  let now = 0
  const breaker = createCircuitBreaker(TIMING.gemini, () => now)
  for (let i = 0; i < 5; i++) breaker.failed("m")
  expect(breaker.cooldownMs("m", true)).toBe(2_000)
  now = 2_000
  expect(breaker.allows("m", true)).toBe(false)
  // It looks again, because another reply's call may have closed the circuit.
  expect(breaker.cooldownMs("m", true)).toBe(2_000)
  now = 2_000 + TIMING.gemini.longestCooldownMs
  expect(breaker.cooldownMs("m", true)).toBe(0)
  expect(breaker.allows("m", true)).toBe(true)
})

test("an exhausted model rests, and its circuit stays closed", () => {
  let now = 0
  const breaker = createCircuitBreaker(TIMING.gemini, () => now)
  breaker.exhausted("m")
  expect(breaker.allows("m")).toBe(true)
  expect(breaker.isExhausted("m")).toBe(true)
  expect(breaker.cooldownMs("m")).toBe(TIMING.gemini.exhaustedMs)
  now = TIMING.gemini.exhaustedMs
  expect(breaker.isExhausted("m")).toBe(false)
})
