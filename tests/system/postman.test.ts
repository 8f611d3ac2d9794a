import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { COLLECTION_FILE, ENVIRONMENT_FILE } from "../../tools/contract/outputs.ts"
import { WALK } from "../../tools/contract/postman/walk.ts"
import { contract } from "../../tools/lib/contract.ts"
import { ADMIN_TOKEN, newMobileNumber, type TestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { ROOT, testFolder } from "./programs.ts"

interface Execution {
  item: { name: string }
  response?: { code: number }
  assertions?: { assertion: string; error?: unknown }[]
}

const app = useTestApp({ stripe: true })

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
  const steps = WALK.filter(({ endpoint }) => summaryOf(endpoint) !== undefined)
  expect(steps.length).toBeGreaterThanOrEqual(10)
  expect([...new Set(names)].slice(0, steps.length)).toEqual(steps.map(({ name }) => name))
  const answered = (code: number) =>
    executions.filter(({ response }) => response?.code === code).map(({ item }) => item.name)
  // Only Stripe can sign.
  expect(answered(400)).toEqual([summaryOf("POST /webhook/stripe")])
  // The walk's session is good until the endings. Its code has been used, and the last ending comes after the logout.
  const strangers = ["POST /auth/verify-otp", "POST /auth/reset-password", "DELETE /user/me"]
  expect(answered(401)).toEqual(strangers.map(summaryOf))
})

function summaryOf(endpoint: string): string | undefined {
  const [method = "", path = ""] = endpoint.split(" ")
  return contract().document.paths[path]?.[method.toLowerCase()]?.summary
}

async function runNewman({ url }: TestApp): Promise<{ code: number; executions: Execution[] }> {
  const report = join(testFolder(), "report.json")
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
