import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// Real bodies of the Gemini API, in the folder that RECORDINGS names. Each must give the text or the failure it holds.
const folder = process.env.RECORDINGS ? join(process.env.RECORDINGS, "gemini") : ""
const recordings = existsSync(folder)
  ? readdirSync(folder).filter((file) => /(?<!meta)\.(sse|json)$/.test(file))
  : []

const app = useTestApp({
  config: { gemini: { idleTimeoutMs: 5_000 } },
  timing: { replies: { firstRetryMs: 200 } },
})
const ann = useUser(app, { pro: true })

/** What a body holds, read independently of the code under test: by the wire format's documentation. */
interface Held {
  text: string
  thoughts: string
  /** What was searched for, and what the text says by whom, of the last chunk that says so. */
  queries: string[]
  supported: [title: string, said: string][]
  toolTokens: number
  ending: "text" | "blocked" | "empty" | "truncated" | "error"
  error?: RecordedError
}

interface Chunk {
  candidates?: {
    content?: { parts?: { text?: string; thought?: boolean }[] }
    finishReason?: string
    groundingMetadata?: Grounding
  }[]
  usageMetadata?: { toolUsePromptTokenCount?: number }
  promptFeedback?: { blockReason?: string }
  error?: RecordedError
}

interface Grounding {
  webSearchQueries?: string[]
  groundingChunks?: { web: { title: string } }[]
  groundingSupports?: { segment: { text: string }; groundingChunkIndices: number[] }[]
}

/** Google's envelope. */
interface RecordedError {
  code: number
  status?: string
  details?: {
    "@type"?: string
    reason?: string
    violations?: { quotaId?: string; quotaValue?: string }[]
  }[]
}

function readHeld(file: string): Held {
  const body = readFileSync(join(folder, file), "utf8")
  const chunks: Chunk[] = file.endsWith(".sse")
    ? body
        .split(/\r?\n\r?\n/)
        .flatMap((event) => (event.startsWith("data: ") ? [JSON.parse(event.slice(6))] : []))
    : [JSON.parse(body)].flat()
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
  const textOf = (thought: boolean) =>
    parts.flatMap((part) => ((part.thought ?? false) === thought ? (part.text ?? []) : [])).join("")
  const grounding = chunks.flatMap((chunk) => chunk.candidates?.[0]?.groundingMetadata ?? []).at(-1) ?? {}
  const held = { text: textOf(false), thoughts: textOf(true), ...readSources(grounding), toolTokens: 0 }
  for (const { usageMetadata } of chunks)
    held.toolTokens = usageMetadata?.toolUsePromptTokenCount ?? held.toolTokens
  const finish = chunks.flatMap((chunk) => chunk.candidates?.[0]?.finishReason ?? []).at(-1)
  const error = chunks.flatMap((chunk) => chunk.error ?? [])[0]
  if (error) return { ...held, ending: "error", error }
  if (chunks.some((chunk) => chunk.promptFeedback?.blockReason) || finish === "SAFETY")
    return { ...held, ending: "blocked" }
  if (finish === "MAX_TOKENS" && held.text === "") return { ...held, ending: "truncated" }
  return { ...held, ending: held.text === "" ? "empty" : "text" }
}

function readSources({ webSearchQueries = [], groundingChunks = [], groundingSupports = [] }: Grounding) {
  const supported = groundingSupports.flatMap(({ segment, groundingChunkIndices }) =>
    groundingChunkIndices.map((at): [string, string] => [groundingChunks[at]?.web.title ?? "", segment.text]),
  )
  return { queries: webSearchQueries, supported }
}

/** The body as a stream gives it: unary replies are one chunk, errors stay what they are. */
function toReplay(file: string, held: Held) {
  const bytes = readFileSync(join(folder, file))
  const meta = file.replace(/\.(sse|json)$/, ".meta.json")
  if (held.ending === "error") {
    const { code } = JSON.parse(bytes.toString()).error
    return { body: bytes, contentType: "application/json; charset=UTF-8", status: code as number }
  }
  if (file.endsWith(".sse")) {
    const whole = /\n\r?\n$/.test(bytes.toString()) ? bytes : Buffer.concat([bytes, Buffer.from("\r\n\r\n")])
    return { body: whole, contentType: "text/event-stream" }
  }
  expect(existsSync(join(folder, meta))).toBe(true)
  return {
    body: Buffer.from(`data: ${JSON.stringify(JSON.parse(bytes.toString()))}\r\n\r\n`),
    contentType: "text/event-stream",
  }
}

/** The code that a user gets, by what the API's documentation says about status and reason. */
function codeOf({ ending, error }: Held): string {
  if (!error) return ending
  const details = error.details ?? []
  if (error.code === 429) return isUsedUp(details) ? "provider_exhausted" : "provider_busy"
  if (error.code >= 500) return "provider_busy"
  const isOurs =
    [401, 403, 404].includes(error.code) ||
    error.status === "FAILED_PRECONDITION" ||
    details.some(({ reason }) => reason === "API_KEY_INVALID")
  return isOurs ? "misconfigured" : "provider_refused"
}

/** A quota of the day or of nothing. */
function isUsedUp(details: NonNullable<RecordedError["details"]>): boolean {
  const violations = details.flatMap((detail) => detail.violations ?? [])
  return violations.some(({ quotaId, quotaValue }) => quotaId?.includes("PerDay") || quotaValue === "0")
}

describe.skipIf(recordings.length === 0)(
  "a recorded body gives the text or the failure that it holds",
  () => {
    test.concurrent.each(recordings.filter((file) => !file.includes("countTokens")))("%s", async (file) => {
      const held = readHeld(file)
      const prompt = `replay ${file}`
      app.gemini.replay({ ...toReplay(file, held), text: prompt, calls: 3 })
      const reply = await ask(app, ann, await createRoom(app, ann), prompt)
      expect(reply.thoughts).toBe(held.thoughts)
      if (held.ending === "text") {
        expect(reply).toMatchObject({ status: "completed", error: null })
        expect(["STOP", "MAX_TOKENS"]).toContain(reply.finishReason)
        expect(reply.content).toBe(held.text)
        const counted = readFileSync(join(folder, file), "utf8").includes("usageMetadata")
        expect(reply.usage !== null).toBe(counted)
        if (counted) expect(reply.usage.toolTokens).toBe(held.toolTokens)
        expect(reply.searchQueries).toEqual(held.queries)
        const supported = reply.citations.map((one: { title: string; start: number; end: number }) => [
          one.title,
          reply.content.slice(one.start, one.end),
        ])
        expect(supported.toSorted()).toEqual(held.supported.toSorted())
      } else {
        expect(reply.status).toBe("failed")
        expect(reply.error.code).toBe(codeOf(held))
        expect(reply.content).toBe(held.text)
      }
    })
  },
)
