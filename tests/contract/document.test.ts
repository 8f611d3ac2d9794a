import { describe, expect, test } from "vitest"
import { z } from "zod"
import { ok } from "../../src/controllers/http.ts"
import { describeService } from "../../src/routes/docs.routes.ts"
import { get, post } from "../../src/routes/endpoint.ts"
import { rows } from "../../src/routes/index.ts"
import { describeApi } from "../../src/routes/openapi/document.ts"
import { type Content, operationsOf, type ReplyObject, resolve } from "../../src/routes/openapi/types.ts"
import { findGaps } from "../../tools/contract/lint.ts"
import { createContract } from "../../tools/lib/contract.ts"

const document = describeService(rows)
const contract = createContract(document)

const operations = operationsOf(document)
const repliesOf = (operation: (typeof operations)[number]["operation"]) =>
  Object.values(operation.responses).map((reply): ReplyObject => resolve(document, reply))

describe("the document", () => {
  test("has every endpoint, each with a summary and a description", () => {
    expect(operations).toHaveLength(rows.length)
    expect(findGaps(document)).toEqual([])
  })

  test("has only references that lead somewhere", () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
    expect(refs.length).toBeGreaterThan(100)
    for (const [, kind, name] of refs) {
      const place = document.components[kind as "schemas"]
      expect(place[name as string], `${kind}/${name}`).toBeDefined()
    }
  })

  test.each(operations)("$name has examples that its own schemas accept", ({ operation }) => {
    const contents: Content[] = [
      ...Object.values(operation.requestBody?.content ?? {}),
      ...repliesOf(operation).flatMap(({ content }) => Object.values(content ?? {})),
    ]
    const examples = contents.flatMap((content) => [
      ...("example" in content ? [{ content, value: content.example }] : []),
      ...Object.values(content.examples ?? {}).map(({ value }) => ({ content, value })),
    ])
    for (const { content, value } of examples) expect(contract.validate(content.schema, value)).toEqual([])
  })

  test.each(operations)("$name lists the codes of each error", ({ operation }) => {
    const errors = repliesOf(operation).flatMap(({ content }) => content?.["application/problem+json"] ?? [])
    expect(errors.length).toBeGreaterThan(0)
    for (const { schema, examples } of errors) {
      const { enum: codes } = (schema.properties as { code: { enum: string[] } }).code
      expect(Object.keys(examples ?? {})).toEqual(codes)
    }
  })

  test("keeps the bounds of texts, which zod's own conversion loses", () => {
    const body = document.paths["/chatroom/{id}/message"]?.post?.requestBody?.content["application/json"]
    expect(body?.schema.properties).toMatchObject({ message: { minLength: 1, maxLength: 32_000 } })
  })
})

describe("findGaps", () => {
  const run = () => ok({})
  const row = {
    summary: "Do",
    description: "It does.",
    auth: "none",
    reply: { 200: z.object({}) },
    run,
  } as const

  test("finds rows without a summary or a description, and controllers of two rows", () => {
    const gaps = (...rows: Parameters<typeof describeApi>[0]) => findGaps(describeApi(rows, "1.0.0"))
    expect(gaps(get("/health/a", row))).toEqual([])
    expect(gaps(get("/health/a", { ...row, summary: " " }))).toEqual(["GET /health/a: no summary"])
    expect(gaps(get("/health/a", { ...row, description: "" }))).toEqual(["GET /health/a: no description"])
    expect(gaps(get("/health/a", { ...row, run: () => ok({}) }))).toEqual([])
    expect(gaps(get("/health/a", row), post("/health/b", row))).toHaveLength(2)
  })

  test("a path without a tag is refused", () => {
    expect(() => describeApi([get("/elsewhere", row)], "1.0.0")).toThrow("no tag")
  })
})
