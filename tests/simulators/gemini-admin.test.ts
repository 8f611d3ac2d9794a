import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"
import { failed } from "./kit.ts"

const { simulator, models, streamed, generated, post } = await useGemini()

function admin(verb: string, path: string, body?: unknown) {
  return fetch(`${simulator.url}/__admin/${path}`, {
    method: verb,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

describe("the script", () => {
  test("is for the next calls, in order, then over", async () => {
    await admin("POST", "script", [{ directive: "unavailable", calls: 2 }, { directive: "region" }])
    const codes = []
    for (let turn = 0; turn < 4; turn++) codes.push((await streamed("hi")).error?.status)
    expect(codes).toEqual([503, 503, 400, undefined])
  })

  test("waits for a text or a model", async () => {
    simulator.script(
      { directive: "internal", text: "needle" },
      { directive: "region", model: "gemma-3-27b-it" },
    )
    expect((await streamed("hay")).error).toBeUndefined()
    expect((await streamed("a needle")).error?.status).toBe(500)
    const other = models.generateContent({ model: "gemma-3-27b-it", contents: "hi" })
    expect((await failed(other)).status).toBe(400)
  })

  test("stands above the prompt's directives and can last", async () => {
    simulator.script({ directive: "echo=scripted", calls: "all" })
    expect((await generated("[[gemini: echo]]asked")).text).toBe("scripted")
    expect((await generated("hi")).text).toBe("scripted")
    await admin("DELETE", "script")
    expect((await generated("[[gemini: echo]]asked")).text).toBe("asked")
  })

  test("reaches countTokens and models when it names them", async () => {
    simulator.script(
      { directive: "unavailable", method: "countTokens" },
      { directive: "forbidden", method: "getModel" },
    )
    expect((await generated("hi")).text).toMatch(/Simulated/)
    expect((await failed(models.countTokens({ model: MODEL, contents: "hi" }))).status).toBe(503)
    expect((await failed(models.get({ model: MODEL }))).status).toBe(403)
  })

  test.each([
    { directive: "stal" },
    { directive: "stall after=x" },
    { directive: "stall", call: 2 },
    { directive: "stall times=2", calls: 3 },
    {},
  ])("refuses %j", async (entry) => {
    const response = await admin("POST", "script", entry)
    expect(response.status).toBe(400)
    expect(await (await admin("GET", "script")).json()).toEqual({ waiting: 0 })
  })
})

describe("the log of calls", () => {
  test("has what was sent", async () => {
    const contents = [user("one"), { role: "model", parts: [{ text: "two" }] }, user("three")]
    const config = { systemInstruction: "Be kind" }
    await models.generateContent({ model: MODEL, contents, config })
    const { calls } = (await (await admin("GET", "calls")).json()) as { calls: unknown[] }
    expect(calls).toMatchObject([
      {
        method: "generateContent",
        version: "v1",
        model: MODEL,
        prompt: "three",
        contents,
        request: { systemInstruction: { parts: [{ text: "Be kind" }] } },
        status: 200,
        aborted: false,
      },
    ])
  })

  test("has refused calls too, and is empty after a reset", async () => {
    await post(`/v1/models/${MODEL}:generateContent`, {}, "")
    expect(simulator.calls()).toMatchObject([{ status: 403 }])
    await admin("POST", "reset")
    expect(simulator.calls()).toEqual([])
  })
})

describe("a replay", () => {
  const event =
    'data: {"candidates": [{"content": {"parts": [{"text": "Grüße"}]},"finishReason": "STOP"}]}\r\n\r\n'

  test("serves the bytes as they are, in writes of the sizes asked for", async () => {
    const body = Buffer.from(event).toString("base64")
    await admin("POST", "replay", { body, sizes: [5, 3] })
    expect(await streamed("hi")).toMatchObject({ text: "Grüße", finishReason: "STOP" })
    expect(simulator.calls()[0]?.chunksSent).toBe(Math.ceil((Buffer.byteLength(event) / 8) * 2))
  })

  test("can be cut off, and have another status", async () => {
    simulator.replay({ body: Buffer.from(event), ending: "cut" })
    expect((await streamed("hi")).error?.name).toBe("TypeError")
    simulator.replay({ body: Buffer.from("<h1>Bad gateway</h1>"), contentType: "text/html", status: 502 })
    expect((await streamed("hi")).error?.status).toBe(502)
  })

  test("refuses what isn't base64", async () => {
    expect((await admin("POST", "replay", { body: "%%%" })).status).toBe(400)
  })
})
