import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { COLLECTION_FILE, ENVIRONMENT_FILE } from "../../tools/contract/outputs.ts"
import { WALK } from "../../tools/contract/postman/walk.ts"
import { contract } from "../../tools/lib/contract.ts"
import { ADMIN_TOKEN, type TestApp } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { ROOT, testFolder } from "./programs.ts"

interface Execution {
  item: { name: string }
  response?: { code: number }
  assertions?: { assertion: string; error?: unknown }[]
}

const app = useTestApp({ stripe: true })
beforeAll(() => ensureWebBuilt(ROOT, { node: process.execPath }))

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
  // Every other request succeeds. The number has been verified, only Stripe can sign, and what operators act on is for
  // them to fill in.
  expect(refused(executions)).toEqual({
    // The walk's reply is complete.
    409: ["POST /auth/signup", "POST /chatroom/{id}/message/{messageId}/continue"].map(summaryOf),
    400: ["POST /webhook/stripe"].map(summaryOf),
    // Prompts alone can be changed, and the walk's message is a reply. An asset's name is known from its page alone.
    404: ["PATCH /chatroom/{id}/message/{messageId}", ...OPERATORS_CHOOSE, "GET /app/assets/{file}"].map(
      summaryOf,
    ),
  })
  // The stream of a reply was heard to its end; that of a room has none.
  expect(names).toContain(summaryOf("GET /chatroom/{id}/message/{messageId}/stream"))
  expect(names).not.toContain(summaryOf("GET /chatroom/{id}/events"))
})

const OPERATORS_CHOOSE = [
  "POST /admin/replies/{id}/retry",
  "GET /admin/users/{id}",
  "POST /admin/users/{id}/suspend",
  "POST /admin/users/{id}/unsuspend",
  "POST /admin/users/{id}/role",
  "POST /admin/shares/withdraw",
  "POST /admin/billing/events/{id}/replay",
]

/** The names of the requests that didn't succeed, by status. */
function refused(executions: Execution[]): Record<string, string[] | undefined> {
  const responses = executions.flatMap(({ item, response }) =>
    response ? { name: item.name, ...response } : [],
  )
  const byStatus = Object.groupBy(
    responses.filter(({ code }) => code >= 400),
    ({ code }) => code,
  )
  return Object.fromEntries(
    Object.entries(byStatus).map(([code, group]) => [code, group?.map(({ name }) => name)]),
  )
}

function summaryOf(endpoint: string): string | undefined {
  const [method = "", path = ""] = endpoint.split(" ")
  return contract().document.paths[path]?.[method.toLowerCase()]?.summary
}

async function runNewman({ url }: TestApp): Promise<{ code: number; executions: Execution[] }> {
  const report = join(testFolder(), "report.json")
  const variables = { base_url: url, admin_token: ADMIN_TOKEN }
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
