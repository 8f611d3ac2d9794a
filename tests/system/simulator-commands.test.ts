import { once } from "node:events"
import { describe, expect, test } from "vitest"
import { commandOf, launch, outputOf, start } from "../simulators/kit.ts"
import { run } from "./programs.ts"

describe.each([
  ["gemini", "--chunk-delay MS"],
  ["stripe", "--webhook-url URL"],
] as const)("the command of %s", (name, option) => {
  test("sends its address by IPC, serves, and stops on SIGTERM", async () => {
    const { child, url } = await start(name)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await isUp(url)).toBe(true)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  test("explains itself, and refuses a port that isn't a number", async () => {
    const printed = expect.stringContaining(option)
    expect(await outputOf(launch(name, ["--help"]))).toEqual({ code: 0, printed })
    expect(await outputOf(launch(name, ["--port", "x"]))).toMatchObject({ code: 1 })
  })
})

test("a command stops at once although a call is stalled", async () => {
  const { child, url } = await start("gemini")
  const response = await fetch(`${url}/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse&key=k`, {
    method: "POST",
    body: JSON.stringify({ contents: [{ parts: [{ text: "[[gemini: stall after=0]]" }] }] }),
  })
  const body = response.text().catch((error: Error) => error.name)
  child.kill("SIGINT")
  await once(child, "exit")
  expect(await body).toBe("TypeError")
})

test("a command dies with a parent that was killed", async () => {
  const script = `require("node:child_process").fork(${JSON.stringify(commandOf("gemini"))}).on("message", ({ url }) => console.log(url))`
  const parent = run(["-e", script])
  const url = await parent.line("http:")
  expect(await isUp(url)).toBe(true)
  parent.child.kill("SIGKILL")
  await expect.poll(() => isUp(url)).toBe(false)
})

const isUp = (url: string) =>
  fetch(`${url}/__admin/calls`).then(
    ({ ok }) => ok,
    () => false,
  )
