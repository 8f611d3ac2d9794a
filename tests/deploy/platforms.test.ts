import { parse as parseToml } from "smol-toml"
import { expect, test } from "vitest"
import { z } from "zod"
import { read, readAsProduction, readYaml } from "./kit.ts"

const seconds = z.number().int().min(11)

/** https://fly.io/docs/reference/configuration/: the part that is used here, and nothing unknown. */
const Fly = z.strictObject({
  app: z.string(),
  primary_region: z.string().length(3),
  kill_signal: z.literal("SIGTERM"),
  kill_timeout: seconds,
  build: z.strictObject({ dockerfile: z.literal("Dockerfile") }),
  deploy: z.strictObject({
    release_command: z.string(),
    strategy: z.enum(["rolling", "bluegreen", "canary"]),
  }),
  env: z.record(z.string(), z.string()),
  processes: z.strictObject({ api: z.string(), worker: z.string() }),
  http_service: z.strictObject({
    processes: z.tuple([z.literal("api")]),
    internal_port: z.number(),
    force_https: z.boolean(),
    auto_stop_machines: z.enum(["off", "stop", "suspend"]),
    auto_start_machines: z.boolean(),
    min_machines_running: z.number(),
    concurrency: z.strictObject({
      type: z.enum(["connections", "requests"]),
      soft_limit: z.number(),
      hard_limit: z.number(),
    }),
    checks: z.array(
      z.strictObject({
        method: z.string(),
        path: z.literal("/health/ready"),
        interval: z.string(),
        timeout: z.string(),
        grace_period: z.string(),
      }),
    ),
  }),
  vm: z.array(z.strictObject({ size: z.string(), memory: z.string() })),
})

/** https://docs.railway.com/config-as-code/reference. Durations are numbers, whatever its examples say. */
const Railway = z.strictObject({
  $schema: z.literal("https://railway.com/railway.schema.json"),
  build: z.strictObject({ builder: z.literal("DOCKERFILE"), dockerfilePath: z.literal("Dockerfile") }),
  deploy: z.strictObject({
    preDeployCommand: z.array(z.string()).optional(),
    startCommand: z.string(),
    healthcheckPath: z.string().optional(),
    healthcheckTimeout: z.number().optional(),
    restartPolicyType: z.enum(["ON_FAILURE", "ALWAYS", "NEVER"]),
    overlapSeconds: z.number().optional(),
    drainingSeconds: seconds,
  }),
})

const Variable = z.union([
  z.strictObject({ key: z.string(), value: z.string() }),
  z.strictObject({ key: z.string(), sync: z.literal(false) }),
  z.strictObject({ key: z.string(), generateValue: z.literal(true) }),
  z.strictObject({
    key: z.string(),
    fromDatabase: z.strictObject({ name: z.string(), property: z.string() }),
  }),
  z.strictObject({
    key: z.string(),
    fromService: z.strictObject({
      type: z.string(),
      name: z.string(),
      property: z.string().optional(),
      envVarKey: z.string().optional(),
    }),
  }),
  z.strictObject({ fromGroup: z.string() }),
])

/** https://render.com/docs/blueprint-spec */
const Render = z.strictObject({
  services: z.array(
    z.discriminatedUnion("type", [
      z.strictObject({
        type: z.enum(["web", "pserv"]),
        name: z.string(),
        runtime: z.literal("docker"),
        dockerfilePath: z.string(),
        dockerCommand: z.string().optional(),
        plan: z.string(),
        healthCheckPath: z.string().optional(),
        preDeployCommand: z.string().optional(),
        maxShutdownDelaySeconds: seconds.max(300),
        envVars: z.array(Variable),
      }),
      z.strictObject({
        type: z.literal("keyvalue"),
        name: z.string(),
        plan: z.string(),
        maxmemoryPolicy: z.literal("noeviction"),
        ipAllowList: z.array(z.unknown()),
      }),
    ]),
  ),
  databases: z.array(
    z.strictObject({
      name: z.string(),
      plan: z.string(),
      postgresMajorVersion: z.string(),
      ipAllowList: z.array(z.unknown()),
    }),
  ),
  envVarGroups: z.array(z.strictObject({ name: z.string(), envVars: z.array(Variable) })),
})

const guide = read("docs/DEPLOY.md")

test("fly.toml is understood, and its processes start with its variables and the guide's secrets", () => {
  const fly = Fly.parse(parseToml(read("fly.toml")))
  const [command = ""] = /^fly secrets set (?:.*\\\n)*.*$/m.exec(guide) ?? []
  const secrets = namesIn(command, /\b[A-Z][A-Z_]+(?==)/g)
  expect(fly.env.PORT).toBe(String(fly.http_service.internal_port))
  // The names of its private network are of IPv6 addresses alone.
  expect(readAsProduction({ ...secrets, ...fly.env, ROLE: "api" }).http).toMatchObject({
    host: "::",
    trustProxy: 2,
  })
})

test.each(["railway.json", "deploy/railway.worker.json"])("%s is understood", (file) => {
  Railway.parse(JSON.parse(read(file)))
})

test("both services start with the variables that the guide names, which is all that Railway gives", () => {
  const table = /^## Variables that every platform needs\n(?:(?!^## ).*\n)*/m.exec(guide)?.[0] ?? ""
  const firstCells = table.match(/^\| `[^|]*/gm)?.join() ?? ""
  const given = namesIn(firstCells, /[A-Z][A-Z_]+/g)
  readAsProduction({ ...given, ROLE: "api" })
  readAsProduction({ ...given, ROLE: "worker" })
})

test("render.yaml is understood, refers to what it defines, and each service starts with its variables", () => {
  const { services, databases, envVarGroups } = Render.parse(readYaml("render.yaml")[0])
  const groups = new Map(envVarGroups.map(({ name, envVars }) => [name, envVars]))
  const names = [...services, ...databases].map(({ name }) => name)
  const keysOf = (name: string) =>
    services.flatMap((each) => (each.name === name && "envVars" in each ? each.envVars.map(keyOf) : []))
  for (const service of services) {
    if (service.type === "keyvalue") continue
    const variables = service.envVars.flatMap((each) =>
      "fromGroup" in each ? (groups.get(each.fromGroup) ?? []) : [each],
    )
    const given: Record<string, string | null> = {}
    for (const variable of variables) {
      if ("fromGroup" in variable) continue
      given[variable.key] = "value" in variable ? variable.value : null
      const source =
        "fromDatabase" in variable
          ? variable.fromDatabase
          : "fromService" in variable
            ? variable.fromService
            : null
      if (source) expect(names).toContain(source.name)
      if (source && "envVarKey" in source) expect(keysOf(source.name)).toContain(source.envVarKey)
    }
    readAsProduction({ ...given, ROLE: service.type === "web" ? "api" : "worker" })
  }
})

const keyOf = (variable: z.infer<typeof Variable>) => ("key" in variable ? variable.key : undefined)

/** Variables that a part of the guide tells to fill in. */
function namesIn(part: string, pattern: RegExp): Record<string, null> {
  const names = part.match(pattern)
  if (!names) throw new Error("docs/DEPLOY.md hasn't the part any more that this test reads")
  return Object.fromEntries(names.map((name) => [name, null]))
}
