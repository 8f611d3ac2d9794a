import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"
import { failed } from "./kit.ts"

const folder = process.env.RECORDINGS && join(process.env.RECORDINGS, "gemini")
const names = folder ? readdirSync(folder).filter((name) => !name.endsWith(".meta.json")) : []
const streams = names.filter((name) => name.endsWith(".sse"))
const objects = names.filter((name) => name.endsWith(".json"))

type Recorded = {
  error?: { code: number; status: string }
  totalTokens?: number
  candidates?: Array<{
    content?: { parts?: Array<{ text?: string; thought?: boolean }> }
    finishReason?: string
  }>
}

const { simulator, models, streamed, generated, post } = await useGemini()

describe.skipIf(!folder)("recorded streams (RECORDINGS names the folder)", () => {
  test.each(streams)("%s arrives the same whole, in single bytes and in odd pieces", async (name) => {
    const body = whole(recorded(name))
    const expected = textsOf(body.toString())
    for (const sizes of [undefined, [1], [7, 64, 3]]) {
      simulator.replay({ body, sizes })
      const { texts, error } = await streamed("hi")
      expect(error).toBeUndefined()
      expect(texts).toEqual(expected)
    }
  })

  test("a stream without its last blank line fails in the SDK", async () => {
    const body = Buffer.from(
      whole(recorded(streams[0] ?? ""))
        .toString()
        .trimEnd(),
    )
    simulator.replay({ body })
    expect((await streamed("hi")).error?.message).toBe("Incomplete JSON segment at the end")
  })

  test("a simulated stream says nothing that no recording says", async () => {
    const path = `/v1/models/${MODEL}:streamGenerateContent?alt=sse`
    const response = await post(path, { contents: [user("hi")] })
    const known = new Set(streams.flatMap((name) => keyPaths(eventsOf(whole(recorded(name)).toString()))))
    const unknown = keyPaths(eventsOf(await response.text())).filter((path) => !known.has(path))
    // Only the 3.x models sign their thoughts; the recordings are of earlier ones.
    expect(unknown).toEqual([".candidates.content.parts.thoughtSignature"])
  })
})

describe.skipIf(!folder)("recorded objects (RECORDINGS names the folder)", () => {
  test.each(objects)("%s arrives through the SDK", async (name) => {
    const body = recorded(name)
    const object = JSON.parse(body.toString()) as Recorded
    const replay = { body, contentType: "application/json; charset=UTF-8" }
    if (object.error) {
      simulator.replay({ ...replay, status: object.error.code })
      const error = await failed(generated("hi"))
      expect(error.status).toBe(object.error.code)
      expect(JSON.parse(error.message)).toEqual(object)
    } else if (object.totalTokens !== undefined) {
      simulator.replay({ ...replay, method: "countTokens" })
      const counted = await models.countTokens({ model: MODEL, contents: "hi" })
      expect(counted.totalTokens).toBe(object.totalTokens)
    } else {
      simulator.replay(replay)
      const reply = await generated("hi")
      expect(reply.text).toBe(textOf(object))
      expect(reply.candidates?.[0]?.finishReason).toBe(object.candidates?.[0]?.finishReason)
    }
  })
})

function recorded(name: string): Buffer {
  return readFileSync(join(folder ?? "", name))
}

/** Some recordings lack the blank line after the last event. */
function whole(body: Buffer): Buffer {
  return Buffer.from(`${body.toString().trimEnd()}\r\n\r\n`)
}

function eventsOf(body: string): Recorded[] {
  return body
    .split("\r\n\r\n")
    .filter((event) => event.startsWith("data:"))
    .map((event) => JSON.parse(event.slice("data:".length)))
}

function textsOf(body: string) {
  return eventsOf(body).map(textOf)
}

/** What `response.text` promises: the text of the parts that aren't thoughts, or undefined without any. */
function textOf({ candidates }: Recorded): string | undefined {
  const texts = (candidates?.[0]?.content?.parts ?? []).filter(
    (part) => !part.thought && part.text !== undefined,
  )
  return texts.length > 0 ? texts.map((part) => part.text).join("") : undefined
}

/** Where the keys of an object stand, list indexes left out. */
function keyPaths(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keyPaths(item, at))
  if (value === null || typeof value !== "object") return [at]
  return Object.entries(value).flatMap(([key, inner]) => keyPaths(inner, `${at}.${key}`))
}
