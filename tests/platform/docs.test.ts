import { expect, test } from "vitest"
import { describeService } from "../../src/routes/docs.routes.ts"
import { rows } from "../../src/routes/index.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })

test("/openapi.json is the contract of the rows that route", async () => {
  const { status, headers, body } = await app.http.get("/openapi.json")
  expect(status).toBe(200)
  expect(headers.get("content-type")).toBe("application/json; charset=utf-8")
  expect(body).toEqual(JSON.parse(JSON.stringify(describeService(rows))))
})

test("/docs is a page whose every part is here, and which runs no other script", async () => {
  const { headers, body } = await app.http.get("/docs")
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8")
  const parts = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part)
  expect(parts).toHaveLength(5)
  for (const part of parts) expect((await app.http.get(part)).status, part).toBe(200)
  const policy = headers.get("content-security-policy")
  for (const rule of ["default-src 'none'", "script-src 'self';", "connect-src 'self'"])
    expect(policy).toContain(rule)
  expect(body).not.toMatch(/<script>|<style|\son\w+=/)
})

test("other files of the package are not served", async () => {
  for (const file of ["package.json", "swagger-ui.js.map", "..%2fpackage.json"])
    expect((await app.http.get(`/docs/${file}`)).status).toBe(400)
})
