import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, onTestFinished, test } from "vitest"
import { commandOf, launch, outputOf, start } from "./kit.ts"

describe("the command", () => {
  test("tells its address by IPC, serves, and stops on SIGTERM", async () => {
    const { child, url } = await start("gemini", ["--chunk-delay", "0"])
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await isUp(url)).toBe(true)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  test("stops at once although a call is stalled", async () => {
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

  test("dies with a parent that was killed", async () => {
    const script = `require("node:child_process").fork(${JSON.stringify(commandOf("gemini"))}).on("message", ({ url }) => console.log("url=" + url + "."))`
    const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
    onTestFinished(() => void parent.kill("SIGKILL"))
    let printed = ""
    parent.stdout.on("data", (data) => {
      printed += data
    })
    await expect.poll(() => printed).toMatch(/url=\S+\./)
    const url = /url=(\S+)\./.exec(printed)?.[1] ?? ""
    expect(await isUp(url)).toBe(true)
    parent.kill("SIGKILL")
    await expect.poll(() => isUp(url)).toBe(false)
  })

  test("explains itself", async () => {
    expect(await outputOf(launch("gemini", ["--help"]))).toEqual({
      code: 0,
      printed: expect.stringContaining("--chunk-delay MS"),
    })
  })
})

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/models?key=k`)).ok
  } catch {
    return false
  }
}
