import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { COLLECTION_FILE, ENVIRONMENT_FILE } from "../../tools/contract/outputs.ts"
import { WALK } from "../../tools/contract/postman/walk.ts"
import { contract } from "../../tools/lib/contract.ts"
import { ADMIN_TOKEN, newMobileNumber, type TestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const ROOT = resolve(import.meta.dirname, "../..")

interface Execution {
  item: { name: string }
  response?: { code: number }
  assertions?: { assertion: string; error?: unknown }[]
}

let folder: string

const app = useTestApp({ stripe: true })
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "newman-"))
})
afterAll(() => rm(folder, { recursive: true }))

test("newman walks the collection and finds every endpoint as documented", async () => {
  const { code, executions } = await runNewman(app)
  const failed = executions.flatMap(({ item, response, assertions = [] }) =>
    assertions
      .filter(({ error }) => error)
      .map(({ assertion }) => `${item.name}: ${assertion} (${response?.code})`),
  )
  expect(failed).toEqual([])
  expect(code).toBe(0)
  const names = executions.map(({ item }) => item.name)
  const steps = WALK.filter(({ endpoint }) => hasEndpoint(endpoint))
  expect(steps.length).toBeGreaterThanOrEqual(10)
  expect([...new Set(names)].slice(0, steps.length)).toEqual(steps.map(({ name }) => name))
  const refused = executions.filter(({ response }) => response?.code === 400).map(({ item }) => item.name)
  // Only Stripe can sign.
  expect(refused).toEqual([contract().document.paths["/webhook/stripe"]?.post?.summary])
  // The walk's session is good until the endings. Its code has been used, and the last ending comes after the logout.
  const strangers = executions.filter(({ response }) => response?.code === 401).map(({ item }) => item.name)
  const { paths } = contract().document
  const expected = [
    paths["/auth/verify-otp"]?.post,
    paths["/auth/reset-password"]?.post,
    paths["/user/me"]?.delete,
  ]
  expect(strangers).toEqual(expected.map((operation) => operation?.summary))
})

function hasEndpoint(endpoint: string): boolean {
  const [method = "", path = ""] = endpoint.split(" ")
  return method.toLowerCase() in (contract().document.paths[path] ?? {})
}

async function runNewman({ url }: TestApp): Promise<{ code: number; executions: Execution[] }> {
  const report = join(folder, "report.json")
  const variables = {
    base_url: url,
    mobile_number: newMobileNumber(),
    admin_token: ADMIN_TOKEN,
    session_id: crypto.randomUUID(),
    reply_id: crypto.randomUUID(),
    user_id: crypto.randomUUID(),
    event_id: "evt_unknown",
    skip_streams: "true",
  }
  const args = [
    "run",
    join(ROOT, COLLECTION_FILE),
    ...["--environment", join(ROOT, ENVIRONMENT_FILE)],
    ...Object.entries(variables).flatMap(([name, value]) => ["--env-var", `${name}=${value}`]),
    ...["--reporters", "json", "--reporter-json-export", report],
  ]
  const newman = join(ROOT, "node_modules/newman/bin/newman.js")
  const code = await new Promise<number>((resolve) =>
    execFile(process.execPath, [newman, ...args], (error) => resolve(Number(error?.code ?? 0))),
  )
  const { run } = JSON.parse(await readFile(report, "utf8"))
  return { code, executions: run.executions }
}
