import { expect, test } from "vitest"
import { Slots } from "../../src/utils/slots.ts"

const named = (name: string) => ({ name })
const namesOf = (slots: Slots<{ name: string }>) => [...slots].map(({ name }) => name).toSorted()

test("holds what was added until it is removed, and uses its place again", () => {
  const slots = new Slots<{ name: string }>()
  const [removeA, removeB] = [slots.add(named("a")), slots.add(named("b"))]
  slots.add(named("c"))
  expect([slots.size, namesOf(slots)]).toEqual([3, ["a", "b", "c"]])
  removeB()
  expect([slots.size, namesOf(slots)]).toEqual([2, ["a", "c"]])
  slots.add(named("d"))
  removeA()
  expect([slots.size, namesOf(slots)]).toEqual([2, ["c", "d"]])
})

test("a second removal takes nothing away from what has the place now, the same object included", () => {
  const slots = new Slots<{ name: string }>()
  const a = named("a")
  const remove = slots.add(a)
  remove()
  remove()
  slots.add(a)
  remove()
  slots.add(named("b"))
  expect([slots.size, namesOf(slots)]).toEqual([2, ["a", "b"]])
})

test("the same object may be there twice", () => {
  const slots = new Slots<{ name: string }>()
  const one = named("a")
  const [remove] = [slots.add(one), slots.add(one)]
  remove()
  expect([slots.size, namesOf(slots)]).toEqual([1, ["a"]])
})

test("items may be removed during an iteration", () => {
  const slots = new Slots<{ end(): void }>()
  for (let n = 0; n < 5; n++) {
    const item = { end: () => remove() }
    const remove = slots.add(item)
  }
  for (const item of slots) item.end()
  expect([slots.size, [...slots]]).toEqual([0, []])
})
