import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { isOk } from "../../tools/lib/child.ts"
import { chromium, launchChromium } from "../../tools/lib/chromium.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { until } from "../../tools/lib/until.ts"
import { ROOT } from "./programs.ts"

/** Patience for a machine that runs the rest of the suite meanwhile. */
const WITHIN_MS = 2 * MINUTE

const GREETING = "src/controllers/system.controller.ts"
const WORDS = "web/src/i18n/en.ts"

test("npm run dev starts the service, and again with what has changed", async () => {
  const project = copyProject()
  const url = `http://127.0.0.1:${await freePort()}`
  const dev = startDev(project, url)
  await dev.serves()
  expect(await greeting(url)).toBe("Home Route")
  const source = readFileSync(join(project, GREETING), "utf8")
  writeFileSync(join(project, GREETING), source.replaceAll("Home Route", "Changed Route"))
  await dev.reaches("the change is served", async () => (await greeting(url)) === "Changed Route")
  await dev.serves()
  await dev.stop()
})

test.skipIf(chromium === null)(
  "npm run dev serves the web client, which a page loads again as it changes (Chromium is on the PATH)",
  async () => {
    const project = copyProject()
    const dev = startDev(project, `http://127.0.0.1:${await freePort()}`)
    await dev.serves()
    const browser = await launchChromium(chromium as string)
    onTestFinished(() => browser.close())
    const page = await browser.newPage({ locale: "en-US" })
    page.setDefaultTimeout(WITHIN_MS)
    await page.goto(dev.webUrl())
    await page.getByRole("heading", { name: "Sign in" }).waitFor()
    const words = readFileSync(join(project, WORDS), "utf8")
    writeFileSync(join(project, WORDS), words.replace('title: "Sign in"', 'title: "Come in"'))
    await page.getByRole("heading", { name: "Come in" }).waitFor()
    // The API is behind the same address.
    expect(await greeting(new URL(dev.webUrl()).origin)).toBe("Home Route")
    await dev.stop()
  },
)

/** A copy of what `npm run dev` runs and watches, to be changed. */
function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "dev-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  for (const name of [
    "bin",
    "src",
    "simulators",
    "tools",
    "packages",
    "web",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
  ])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  return folder
}

function startDev(project: string, url: string) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: new URL(url).port }
  const child = spawn("npm", ["run", "dev"], { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "close")
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    if (!hasEnded()) child.kill("SIGTERM")
    await ended // closed by the last process that writes there
  }
  onTestFinished(stop)
  async function reaches(what: string, holds: () => Promise<boolean>) {
    const isDone = async () => hasEnded() || (await holds())
    await until(what, isDone, { timeoutMs: WITHIN_MS }).catch(({ message }) =>
      expect.fail(`${message}\n${output}`),
    )
    expect(hasEnded(), output).toBe(false)
  }
  return {
    stop,
    reaches,
    /** Where the web client is served from its sources. */
    webUrl: () => /http:\S+\/app\//.exec(output)?.[0] ?? expect.fail(output),
    serves: () => reaches("the service serves", () => isOk(`${url}/health/ready`)),
  }
}

async function greeting(url: string): Promise<string | undefined> {
  return (await fetch(url).catch(() => undefined))?.text()
}
