/** Answers of the provider as they come on the wire, and what a reply must become of each. */
export interface ProviderAnswer {
  name: string
  /** Of each call in turn; the last one of all further calls. */
  calls: Sent[]
  expected: {
    status: "completed" | "failed"
    code?: string
    content?: string
    finishReason?: string
    /** What the user reads matches, and must not match. */
    message?: RegExp
    never?: RegExp
    calls: number
    used: number
    /** In the log. */
    logged?: string
    /** In the reply. */
    usage?: object
    citations?: object[]
    searchQueries?: string[]
    withinMs?: number
  }
}

export interface Sent {
  body: string
  status?: number
  contentType?: string
  ending?: "end" | "cut" | "stall"
  sizes?: number[]
}

interface ChunkOptions {
  finish?: string
  [field: string]: unknown
}

/** One chunk as an event. `finishReason`, `usageMetadata` and further fields of the candidate as given. */
export function event(text: string | null, { finish, usage, ...candidate }: ChunkOptions = {}): string {
  const content = text === null ? { role: "model" } : { parts: [{ text }], role: "model" }
  const chunk = {
    candidates: [{ content, ...(finish ? { finishReason: finish } : {}), index: 0, ...candidate }],
    ...(usage ? { usageMetadata: usage } : {}),
    modelVersion: "gemini-3.8-flash",
    responseId: "resp-1",
  }
  return `data: ${JSON.stringify(chunk)}\r\n\r\n`
}

export const sse = (...events: string[]): Sent => ({ body: events.join("") })
export const error = (status: number, error: object, framing = (json: string) => json): Sent => ({
  status,
  contentType: "application/json; charset=UTF-8",
  body: framing(JSON.stringify({ error })),
})
export const completed = (content: string, more: object = {}) => ({
  status: "completed" as const,
  content,
  calls: 1,
  used: 1,
  ...more,
})
export const failed = (code: string, more: object = {}) => ({
  status: "failed" as const,
  code,
  calls: 1,
  used: 0,
  ...more,
})
