import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { forkServer, run } from "./programs.ts"

const MAIN = fileURLToPath(new URL("../../simulators/gemini/main.ts", import.meta.url))

describe("the command", () => {
  test("tells its address by IPC, serves, and stops on SIGTERM", async () => {
    const { child, url } = await forkServer(MAIN, ["--chunk-delay", "0"])
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await isUp(url)).toBe(true)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  test("stops at once although a call is stalled", async () => {
    const { child, url } = await forkServer(MAIN)
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
    const script = `require("node:child_process").fork(${JSON.stringify(MAIN)}).on("message", ({ url }) => console.log("url=" + url))`
    const parent = run(["-e", script])
    const url = (await parent.line("url=")).slice("url=".length)
    expect(await isUp(url)).toBe(true)
    parent.child.kill("SIGKILL")
    await expect.poll(() => isUp(url)).toBe(false)
  })

  test("explains itself", async () => {
    const program = run([MAIN, "--help"])
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(program.lines.join("\n")).toContain("--chunk-delay MS")
  })
})

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/models?key=k`)).ok
  } catch {
    return false
  }
}
