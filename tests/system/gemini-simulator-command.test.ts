import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { afterEach, describe, expect, test } from "vitest"

const MAIN = fileURLToPath(new URL("../../simulators/gemini/main.ts", import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
})

describe("the command", () => {
  test("tells its address by IPC, serves, and stops on SIGTERM", async () => {
    const child = start(fork(MAIN, ["--chunk-delay", "0"], { silent: true }))
    const [{ url }] = (await once(child, "message")) as [{ url: string }]
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await isUp(url)).toBe(true)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  test("stops at once although a call is stalled", async () => {
    const child = start(fork(MAIN, [], { silent: true }))
    const [{ url }] = (await once(child, "message")) as [{ url: string }]
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
    const script = `require("node:child_process").fork(${JSON.stringify(MAIN)}).on("message", ({ url }) => console.log("url=" + url + "."))`
    const parent = start(spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] }))
    let printed = ""
    parent.stdout?.on("data", (data) => {
      printed += data
    })
    await expect.poll(() => printed, { timeout: 30_000 }).toMatch(/url=\S+\./)
    const url = /url=(\S+)\./.exec(printed)?.[1] ?? ""
    expect(await isUp(url)).toBe(true)
    parent.kill("SIGKILL")
    await expect.poll(() => isUp(url)).toBe(false)
  })

  test("explains itself", async () => {
    const child = start(fork(MAIN, ["--help"], { silent: true }))
    let printed = ""
    child.stdout?.on("data", (data) => {
      printed += data
    })
    expect(await once(child, "close")).toEqual([0, null])
    expect(printed).toContain("--chunk-delay MS")
  })
})

function start(child: ChildProcess): ChildProcess {
  children.push(child)
  return child
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/models?key=k`)).ok
  } catch {
    return false
  }
}
