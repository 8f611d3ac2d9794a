import { expect, test } from "vitest"
import { think } from "../../packages/client/examples/thinking.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp()

test("the example prints thoughts and reply as they come", async () => {
  let printed = ""
  const heard = await think({ url: app.url, number: newMobileNumber(), message: "Why?" }, (text) => {
    printed += text
  })
  expect(heard.thoughts).toContain("Why?")
  expect(heard.text).toContain("Simulated reply")
  expect(printed).toBe(heard.thoughts + heard.text)
})
