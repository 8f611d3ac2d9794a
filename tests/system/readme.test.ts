import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { beforeAll, describe, expect, test } from "vitest"
import { freePort } from "../../tools/lib/redis-server.ts"
import { read } from "../deploy/kit.ts"
import { openDatabase, sharedStack, startProcess } from "./kit.ts"

const HAS_SHELL = ["bash", "curl"].every((program) => spawnSync(program, ["--version"]).status === 0)

describe.skipIf(!HAS_SHELL)("the README's walk, pasted into bash", () => {
  const stack = sharedStack()
  let url: string

  beforeAll(async () => {
    url = `http://127.0.0.1:${await freePort()}`
    // As at a start without any configuration: with the simulators.
    const env = {
      DATABASE_URL: await openDatabase(stack),
      PORT: new URL(url).port,
      GEMINI_API_KEY: "",
    }
    const server = await startProcess(stack, { entry: "src/server.ts", env })
    await server.answers(`${url}/health/ready`)
  })

  test.each(["once", "and again on the same day"])("works from the first block to the last, %s", async () => {
    const { stdout, stderr } = await paste(...walk())
    expect(stderr).toBe("")
    const found = WHAT_IT_SHOWS.filter((part) => part.test(stdout))
    expect(found, stdout).toEqual(WHAT_IT_SHOWS)
  })

  test("pick says why a request was refused, and why there was no response", async () => {
    const [definitions = ""] = walk()
    const refused = await paste(definitions, 'curl -s $URL/user/me | pick .name; echo "code $?"')
    expect(refused).toEqual({
      stdout: "code 1\n",
      stderr: expect.stringMatching(/^Send a valid access token .*\n$/),
    })
    const silent = await paste(definitions, "printf '' | pick .name")
    expect(silent).toEqual({ stdout: "", stderr: "There was no response: is the server running?\n" })
  })

  /** The walk's blocks, for this server. */
  function walk(): string[] {
    const part = /^## A walk with curl\n[\s\S]*?^## Endpoints$/m.exec(read("README.md"))?.[0] ?? ""
    const blocks = [...part.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block)
    return blocks.map((block) => block.replace("http://localhost:3000", url))
  }
})

/** What can be read on the way, in this order in the README. */
const WHAT_IT_SHOWS = [
  /"name":"Ada"/,
  /^x-cache: hit/im,
  /"status":"completed"/,
  /^event: delta$/m,
  /^event: done$/m,
  /^event: chatroom$/m,
  /^cancelled$/m,
  /^http:\/\/\S+\/c\/pay\/cs_test_\w+$/m,
  /"tier":"basic"/,
  /^204$/m,
  /^blocked$/m,
  /"current":true/,
  /"code":"unauthenticated"/,
]

async function paste(...blocks: string[]): Promise<{ stdout: string; stderr: string }> {
  const bash = spawn("bash", ["--norc"], { stdio: ["pipe", "pipe", "pipe"] })
  bash.stdin.end(blocks.join("\n"))
  const [stdout, stderr] = await Promise.all([text(bash.stdout), text(bash.stderr), once(bash, "close")])
  return { stdout, stderr }
}
