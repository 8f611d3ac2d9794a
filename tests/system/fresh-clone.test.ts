import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, symlinkSync } from "node:fs"
import { delimiter, join } from "node:path"
import { expect, onTestFinished, type TestContext, test } from "vitest"
import { MINUTE, SECOND } from "../../src/utils/time.ts"
import { isOk } from "../../tools/lib/child.ts"
import { createHttp } from "../../tools/lib/http.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { until } from "../../tools/lib/until.ts"
import { walk } from "./kit.ts"
import { ROOT, testFolder } from "./programs.ts"

/** 120 s to the first reply are promised; a machine that runs the rest of the suite meanwhile may need more. */
const SERVES_WITHIN_MS = 5 * MINUTE

/** npm's when it has neither a registry nor the package. */
const NO_WAY_TO_INSTALL = /\b(?:ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT)\b/

// How long it takes is printed, and judged by nobody but the test's own patience.
test("npm start on a fresh clone with nothing but Node and npm leads to a reply, and the next start finds it", async (context) => {
  const clone = makeClone()
  const url = `http://127.0.0.1:${await freePort()}`
  const first = start(clone, url)
  await serves(first, url, context)
  const http = createHttp(url)
  const { path, token, text } = await walk(http)
  report("first reply", first.began)
  process.stdout.write(
    `${/Dependencies installed in.*/.exec(first.output())?.[0] ?? "nothing was installed"}\n`,
  )
  await first.stop()

  const second = start(clone, url)
  await serves(second, url, context)
  report("second start", second.began)
  const kept = await http.get(path, { token })
  expect(kept.body).toMatchObject({ status: "completed", content: text })
  await second.stop()
})

/** What a clone of this working tree would hold: no packages, no data, nothing that git ignores. */
function makeClone(): string {
  const clone = testFolder()
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
  const listed = execFileSync("git", list, { cwd: ROOT, encoding: "utf8" }).split("\0")
  for (const file of listed.filter((name) => name && existsSync(join(ROOT, name))))
    cpSync(join(ROOT, file), join(clone, file))
  return clone
}

function start(clone: string, url: string) {
  const began = performance.now()
  const dataDir = join(clone, "data")
  const env = { ...bareEnvironment(), PORT: new URL(url).port, DATA_DIR: dataDir }
  const child = spawn("npm", ["start"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "close")
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  /** By SIGTERM, as a terminal or a supervisor does it. */
  async function stop() {
    if (hasEnded()) return
    child.kill("SIGTERM")
    await ended // closed by the last process that writes there, which is the server
    expect(existsSync(join(dataDir, "postgres", "cluster", "postmaster.pid"))).toBe(false)
  }
  onTestFinished(stop)
  return { began, output: () => output, hasEnded, stop }
}

/** Of what this machine has, Node, npm and the shell that npm needs; of its variables, where npm finds packages. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const bin = testFolder()
  for (const name of ["node", "npm", "sh"]) symlinkSync(find(name), join(bin, name))
  const kept =
    /^(?:HOME|TMPDIR|(?:https?|no)_proxy|NODE_EXTRA_CA_CERTS|npm_config_(?:cache|registry|userconfig))$/i
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name))), PATH: bin }
}

/** The machine's own, not what `npm test` puts before it. */
function find(program: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter)
  const files = folders.filter((name) => !name.includes("node_modules")).map((name) => join(name, program))
  const file = files.find((candidate) => existsSync(candidate))
  if (file === undefined) throw new Error(`no ${program} on the PATH`)
  return file
}

async function serves(server: ReturnType<typeof start>, url: string, context: TestContext): Promise<void> {
  const isDone = async () => server.hasEnded() || (await isOk(`${url}/health/ready`))
  await until("the server serves", isDone, { timeoutMs: SERVES_WITHIN_MS })
  if (!server.hasEnded()) return
  if (NO_WAY_TO_INSTALL.test(server.output())) context.skip("npm has neither a registry nor these packages")
  throw new Error(`npm start has ended:\n${server.output()}`)
}

function report(what: string, began: number): void {
  process.stdout.write(`${what} after ${((performance.now() - began) / SECOND).toFixed(1)} s\n`)
}
